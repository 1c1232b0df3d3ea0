/**
 * The answers that are put together by hand, held against the generated encoders: the same bytes.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import t from "tap";
import {
  EMPTY_HEADER,
  HeaderFrames,
  RESPONSE_OP,
  encodeDeleteRangeResponse,
  encodeKeyValue,
  encodePutResponse,
  encodeRangeResponse,
  encodeRangeStreamResponse,
  encodeResponseOp,
  encodeTxnResponse,
  framesOf,
  innerHeader,
  messages,
} from "../../src/wire/index.ts";
import { ids, keyValues, revisions } from "./arbitraries.ts";

const NOTHING = new Uint8Array(0);

const counts = fc.oneof(fc.constant(0), fc.nat(300), fc.maxSafeNat());
const members = fc.record({ clusterId: ids, memberId: ids, term: fc.integer({ min: 1 }) });
const manyKeyValues = fc.array(keyValues, { maxLength: 5 });
/** A header as a message, and as the frame that a response begins with; or none. */
const headers = fc
  .option(fc.record({ member: members, revision: fc.oneof(fc.constant(0), revisions) }))
  .map((header) => {
    if (header === null) return { header: undefined, frame: NOTHING };
    const { member, revision } = header;
    return {
      header: messageOf(member, revision),
      frame: new HeaderFrames(member).at(revision),
    };
  });

type Ids = Readonly<{ clusterId: bigint; memberId: bigint; term: number }>;

function messageOf(member: Ids, revision: number): messages.ResponseHeader {
  const { clusterId, memberId, term: raftTerm } = member;
  return { clusterId, memberId, revision, raftTerm };
}

/** Only what an answer has of a header goes into its Init. */
function withHeader<Rest extends object>(
  header: messages.ResponseHeader | undefined,
  rest: Rest,
): Rest & { header?: messages.ResponseHeader } {
  return header === undefined ? rest : { header, ...rest };
}

function sameBytes(found: Uint8Array, wanted: Uint8Array): void {
  assert.equal(Buffer.from(found).toString("hex"), Buffer.from(wanted).toString("hex"));
}

t.test("HeaderFrames.at() frames the header as every response begins", async (t) => {
  const property = fc.property(
    members,
    fc.array(fc.oneof(fc.constant(0), revisions)),
    (member, many) => {
      const frames = new HeaderFrames(member);
      // The same frame is handed out again for a revision that is asked for twice.
      for (const revision of [...many, ...many.toReversed()]) {
        const header = messageOf(member, revision);
        sameBytes(frames.at(revision), messages.encodePutResponse({ header }));
      }
    },
  );
  t.doesNotThrow(() => fc.assert(property, { numRuns: 300 }));
});

t.test("HeaderFrames.at() leaves frames alone that it gave before", async (t) => {
  const frames = new HeaderFrames({ clusterId: 1n, memberId: 2n ** 64n - 1n, term: 2 });
  const first = frames.at(7);
  const text = first.toString("hex");
  frames.at(Number.MAX_SAFE_INTEGER);
  t.equal(first.toString("hex"), text);
  t.equal(frames.at(7).toString("hex"), text);
  // Two ids and a revision of ten bytes at most, and a term: the length is one byte.
  t.ok(frames.at(Number.MAX_SAFE_INTEGER).length < 128);
});

t.test("innerHeader() has only a revision, EMPTY_HEADER nothing", async (t) => {
  const property = fc.property(revisions, (revision) => {
    sameBytes(innerHeader(revision), messages.encodePutResponse({ header: { revision } }));
  });
  t.doesNotThrow(() => fc.assert(property, { numRuns: 300 }));
  sameBytes(EMPTY_HEADER, messages.encodeTxnResponse({ header: {} }));
});

t.test("encodeRangeResponse() is a RangeResponse, also inside of a stream", async (t) => {
  const property = fc.property(
    headers,
    manyKeyValues,
    fc.boolean(),
    counts,
    ({ header, frame }, kvs, more, count) => {
      const result = { kvs: framesOf(kvs.map(encodeKeyValue)), more, count };
      const found = encodeRangeResponse(frame, result);
      const wanted = withHeader(header, { kvs, more, count });
      sameBytes(found, messages.encodeRangeResponse(wanted));
      sameBytes(
        encodeRangeStreamResponse(found),
        messages.encodeRangeStreamResponse({ rangeResponse: wanted }),
      );
    },
  );
  t.doesNotThrow(() => fc.assert(property, { numRuns: 500 }));
});

t.test("encodePutResponse() is a PutResponse, with or without what was there", async (t) => {
  const property = fc.property(headers, fc.option(keyValues), ({ header, frame }, before) => {
    const previous = before === null ? undefined : encodeKeyValue(before);
    const wanted = withHeader(header, before === null ? {} : { prevKv: before });
    sameBytes(encodePutResponse(frame, previous), messages.encodePutResponse(wanted));
  });
  t.doesNotThrow(() => fc.assert(property, { numRuns: 500 }));
});

t.test("encodeDeleteRangeResponse() is a DeleteRangeResponse", async (t) => {
  const property = fc.property(
    headers,
    counts,
    manyKeyValues,
    ({ header, frame }, deleted, prevKvs) => {
      const found = encodeDeleteRangeResponse(frame, deleted, prevKvs.map(encodeKeyValue));
      sameBytes(
        found,
        messages.encodeDeleteRangeResponse(withHeader(header, { deleted, prevKvs })),
      );
    },
  );
  t.doesNotThrow(() => fc.assert(property, { numRuns: 500 }));
});

/** An answer of one operation, as bytes and as a message. */
type Operation = readonly [bytes: Uint8Array, message: messages.ResponseOpInit];

const { operation } = fc.letrec<{ operation: Operation }>((tie) => ({
  operation: fc.oneof(
    { maxDepth: 3, depthSize: "small" },
    fc.tuple(headers, keyValues, counts).map(([{ header, frame }, kv, count]): Operation => {
      const kvs = framesOf([encodeKeyValue(kv)]);
      const range = encodeRangeResponse(frame, { kvs, more: true, count });
      const responseRange = withHeader(header, { kvs: [kv], more: true, count });
      return [encodeResponseOp(RESPONSE_OP.range, range), { responseRange }];
    }),
    fc.tuple(headers, keyValues).map(([{ header, frame }, prevKv]): Operation => {
      const put = encodePutResponse(frame, encodeKeyValue(prevKv));
      const responsePut = withHeader(header, { prevKv });
      return [encodeResponseOp(RESPONSE_OP.put, put), { responsePut }];
    }),
    fc.tuple(headers, counts).map(([{ header, frame }, deleted]): Operation => {
      const response = encodeDeleteRangeResponse(frame, deleted, []);
      const responseDeleteRange = withHeader(header, { deleted });
      return [encodeResponseOp(RESPONSE_OP.deleteRange, response), { responseDeleteRange }];
    }),
    fc
      .tuple(fc.boolean(), fc.array(tie("operation"), { maxLength: 3 }))
      .map(([succeeded, operations]): Operation => {
        const txn = encodeTxnResponse(
          EMPTY_HEADER,
          succeeded,
          operations.map(([bytes]) => bytes),
        );
        const responses = operations.map(([, message]) => message);
        const responseTxn = { header: {}, succeeded, responses };
        return [encodeResponseOp(RESPONSE_OP.txn, txn), { responseTxn }];
      }),
  ),
}));

t.test("encodeTxnResponse() is a TxnResponse, with all that may be in it", async (t) => {
  const property = fc.property(
    headers,
    fc.boolean(),
    fc.array(operation, { maxLength: 4 }),
    ({ header, frame }, succeeded, operations) => {
      const found = encodeTxnResponse(
        frame,
        succeeded,
        operations.map(([bytes]) => bytes),
      );
      const responses = operations.map(([, message]) => message);
      sameBytes(found, messages.encodeTxnResponse(withHeader(header, { succeeded, responses })));
    },
  );
  t.doesNotThrow(() => fc.assert(property, { numRuns: 500 }));
});
