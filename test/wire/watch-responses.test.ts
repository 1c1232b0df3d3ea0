/** Answers of a watch that are put together by hand, held against the generated encoders. */
import assert from "node:assert/strict";
import fc from "fast-check";
import t from "tap";
import {
  HeaderFrames,
  encodeEvents,
  encodeKeyValue,
  endOfFrame,
  latin1,
  messages,
  watchHead,
  watchIdField,
} from "../../src/wire/index.ts";
import type { EventSource } from "../../src/wire/index.ts";
import { ids, keyValues, revisions } from "./arbitraries.ts";

/** An event, as what it is made of and as a message. */
const events = fc
  .record({ kv: keyValues, deleted: fc.boolean(), before: fc.option(keyValues) })
  .map(({ kv, deleted, before }) => {
    const source: EventSource = {
      deleted,
      key: latin1(kv.key),
      main: kv.modRevision,
      get value() {
        assert.equal(deleted, false, "asked for the value of a deletion");
        return encodeKeyValue(kv);
      },
    };
    const message: messages.EventInit = {
      ...(deleted
        ? { type: messages.EventType.delete, kv: { key: kv.key, modRevision: kv.modRevision } }
        : { kv }),
      ...(before === null ? {} : { prevKv: before }),
    };
    return { source, previous: before === null ? undefined : encodeKeyValue(before), message };
  });

function sameBytes(found: Uint8Array, wanted: Uint8Array): void {
  assert.equal(Buffer.from(found).toString("hex"), Buffer.from(wanted).toString("hex"));
}

function encoded(
  many: readonly { source: EventSource; previous: Uint8Array | undefined }[],
): Buffer {
  const sources = many.map(({ source }) => source);
  if (many.every(({ previous }) => previous === undefined)) return encodeEvents(sources);
  return encodeEvents(
    sources,
    many.map(({ previous }) => previous),
  );
}

t.test("encodeEvents() and watchHead() are a WatchResponse, whatever its id", async (t) => {
  const property = fc.property(
    fc.record({ clusterId: ids, memberId: ids, term: fc.integer({ min: 1 }), revision: revisions }),
    fc.oneof(fc.constantFrom(0, 1, -1, 127, 128), fc.maxSafeInteger()),
    fc.array(events, { maxLength: 4 }),
    fc.boolean(),
    ({ revision, ...member }, watchId, many, fragment) => {
      const header = new HeaderFrames(member).at(revision);
      const head = watchHead(header, watchIdField(watchId), fragment);
      const found = Buffer.concat([head, encoded(many)]);
      const { clusterId, memberId, term: raftTerm } = member;
      const wanted = messages.encodeWatchResponse({
        header: { clusterId, memberId, revision, raftTerm },
        watchId,
        events: many.map(({ message }) => message),
        fragment,
      });
      sameBytes(found, wanted);
      assert.equal(messages.decodeWatchResponse(found).watchId, watchId);
    },
  );
  t.doesNotThrow(() => fc.assert(property, { numRuns: 500 }));
});

t.test("endOfFrame() finds every event of a block", async (t) => {
  const property = fc.property(fc.array(events, { maxLength: 5 }), (many) => {
    const block = encoded(many);
    let start = 0;
    for (const one of many) {
      const end = endOfFrame(block, start);
      sameBytes(block.subarray(start, end), encoded([one]));
      start = end;
    }
    assert.equal(start, block.length);
  });
  t.doesNotThrow(() => fc.assert(property, { numRuns: 200 }));
});
