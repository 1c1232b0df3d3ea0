import assert from "node:assert/strict";
import fc from "fast-check";
import protobuf from "protobufjs";
import t from "tap";
import { EtcdError, messages } from "../../src/wire/index.ts";
import {
  arbitraryInit,
  codecOf,
  complete,
  isIdentity,
  MESSAGE_TYPES,
  namedFields,
  referenceEncode,
} from "./reference.ts";

/** Enough for every field to be met many times; there are more than a hundred messages. */
const RUNS = 40;

t.test("every message agrees with the reference, both ways", async (t) => {
  for (const type of MESSAGE_TYPES) {
    const codec = codecOf(type);
    const property = fc.property(arbitraryInit(type), (init) => {
      const expected = referenceEncode(type, init);
      const encoded = codec.encode(init);
      assert.equal(Buffer.from(encoded).toString("hex"), expected.toString("hex"));
      const decoded = codec.decode(expected);
      assert.deepEqual(decoded, complete(type, init));
      assert.deepEqual(codec.encode(decoded), encoded);
    });
    t.doesNotThrow(() => fc.assert(property, { numRuns: RUNS }), type.fullName);
  }
});

t.test("every message takes any bytes, or refuses them with EtcdError", async (t) => {
  for (const type of MESSAGE_TYPES) {
    const codec = codecOf(type);
    const damaged = fc
      .tuple(arbitraryInit(type), fc.nat(), fc.integer({ min: 0, max: 255 }), fc.boolean())
      .map(([init, where, byte, cut]) => {
        const bytes = Buffer.from(codec.encode(init));
        const position = where % (bytes.length + 1);
        if (cut) return bytes.subarray(0, position);
        if (position < bytes.length) bytes[position] = byte;
        return bytes;
      });
    const property = fc.property(fc.oneof(damaged, fc.uint8Array({ maxLength: 40 })), (bytes) => {
      let decoded;
      try {
        decoded = codec.decode(bytes);
      } catch (error) {
        assert.ok(error instanceof EtcdError);
        assert.equal(error.code, 13);
        return;
      }
      // What could be read can be written, and reads back the same.
      assert.deepEqual(codec.decode(codec.encode(decoded)), decoded);
    });
    t.doesNotThrow(() => fc.assert(property, { numRuns: RUNS }), type.fullName);
  }
});

t.test("every decoded field has the type that its kind asks for", async (t) => {
  for (const type of MESSAGE_TYPES) {
    const empty = codecOf(type).decode(new Uint8Array(0));
    for (const [name, field] of namedFields(type)) {
      if (field.partOf !== null) {
        t.equal(empty[name], undefined, `${type.name}.${name}`);
      } else if (!field.repeated && (field.type === "int64" || field.type === "uint64")) {
        const expected = isIdentity(field) ? "bigint" : "number";
        t.equal(typeof empty[name], expected, `${type.name}.${name}`);
      } else if (!field.repeated && !field.map && field.resolvedType instanceof protobuf.Type) {
        t.equal(empty[name], undefined, `${type.name}.${name}`);
      } else {
        t.not(empty[name], undefined, `${type.name}.${name}`);
      }
    }
  }
});

t.test("names are camel case, acronyms included", async (t) => {
  const names = (empty: object): string => Object.keys(empty).join(" ");
  const none = new Uint8Array(0);
  t.equal(names(messages.decodeMember(none)), "id name peerUrls clientUrls isLearner");
  t.equal(names(messages.decodeLeaseTimeToLiveResponse(none)), "header id ttl grantedTtl keys");
  t.equal(names(messages.decodeLeaseCheckpoint(none)), "id remainingTtl");
  t.equal(names(messages.decodeLease(none)), "id ttl remainingTtl");
  t.equal(names(messages.decodeMoveLeaderRequest(none)), "targetId");
  t.equal(names(messages.decodeAlarmMember(none)), "memberId alarm");
  t.equal(names(messages.decodePermission(none)), "permType key rangeEnd");
  t.strictSame(messages.SortOrder, { none: 0, ascend: 1, descend: 2 });
  t.strictSame(messages.CompareResult, { equal: 0, greater: 1, less: 2, notEqual: 3 });
  t.strictSame(messages.PermissionType, { read: 0, write: 1, readwrite: 2 });
});

t.test("a oneof holds the member that came last", async (t) => {
  const put = messages.encodeRequestOp({ requestPut: { key: Buffer.from("a") } });
  const range = messages.encodeRequestOp({ requestRange: { key: Buffer.from("b") } });
  const both = messages.decodeRequestOp(Buffer.concat([put, range]));
  t.equal(both.requestPut, undefined);
  t.strictSame(both.requestRange?.key, Buffer.from("b"));

  const value = messages.encodeCompare({ value: Buffer.from("v") });
  const version = messages.encodeCompare({ version: 0 });
  const compare = messages.decodeCompare(Buffer.concat([value, version]));
  t.equal(compare.value, undefined);
  t.equal(compare.version, 0, "a zero inside a oneof is sent");
});

t.test("a message that comes twice is merged", async (t) => {
  const first = messages.encodeRequestOp({ requestPut: { key: Buffer.from("a") } });
  const second = messages.encodeRequestOp({ requestPut: { value: Buffer.from("v") } });
  const put = messages.decodeRequestOp(Buffer.concat([first, second])).requestPut;
  t.strictSame([put?.key, put?.value], [Buffer.from("a"), Buffer.from("v")]);

  const header = messages.encodePutResponse({ header: { revision: 7 } });
  const term = messages.encodePutResponse({ header: { raftTerm: 2 } });
  const merged = messages.decodePutResponse(Buffer.concat([header, term])).header;
  t.strictSame([merged?.revision, merged?.raftTerm], [7, 2]);
});

t.test("repeated numbers are taken packed and unpacked", async (t) => {
  t.strictSame(messages.decodeWatchCreateRequest(Buffer.from("2a020001", "hex")).filters, [0, 1]);
  t.strictSame(messages.decodeWatchCreateRequest(Buffer.from("28002801", "hex")).filters, [0, 1]);
  t.equal(
    Buffer.from(messages.encodeWatchCreateRequest({ filters: [0, 1] })).toString("hex"),
    "2a020001",
  );
});

t.test("unknown fields and known ones of a wrong type are skipped", async (t) => {
  const unknown = Buffer.from("f80701" + "080c" + "0a0161", "hex");
  t.strictSame(messages.decodeRangeRequest(unknown).key, Buffer.from("a"));
});

t.test("a map entry without its value has an empty one", async (t) => {
  const { statuses } = messages.decodeHealthListResponse(Buffer.from("0a030a0161", "hex"));
  t.strictSame([...statuses], [["a", { status: 0 }]]);
});

t.test("encoders refuse numbers that their field cannot hold", async (t) => {
  t.throws(() => messages.encodeRangeRequest({ limit: 1.5 }), RangeError);
  t.throws(() => messages.encodeRangeRequest({ limit: NaN }), RangeError);
  t.throws(() => messages.encodeRangeRequest({ limit: 2 ** 64 }), RangeError);
  t.throws(() => messages.encodeRangeRequest({ sortOrder: 2 ** 31 }), RangeError);
  t.throws(() => messages.encodeHashResponse({ hash: -1 }), RangeError);
  t.throws(() => messages.encodeStatusResponse({ raftTerm: -1 }), RangeError);
  t.throws(() => messages.encodePutRequest({ lease: 2n ** 63n }), RangeError);
  t.throws(() => messages.encodeMember({ id: -1n }), RangeError);
  // And are of use again at once.
  t.strictSame(messages.encodeRangeRequest({ limit: 1 }), Buffer.from("1801", "hex"));
});

t.test("the limits of 64 bits survive the rounding to a number", async (t) => {
  const most = Buffer.from("18ffffffffffffffff7f", "hex");
  t.strictSame(messages.encodeRangeRequest(messages.decodeRangeRequest(most)), most);
  const all = Buffer.from("28ffffffffffffffffff01", "hex");
  t.strictSame(messages.encodeStatusResponse(messages.decodeStatusResponse(all)), all);
});
