import assert from "node:assert/strict";
import fc from "fast-check";
import t from "tap";
import {
  decodeKeyValueHead,
  encodeKeyValue,
  encodeTombstone,
  EtcdError,
  messages,
  taggedBytesLength,
  withoutValue,
  writeFrame,
} from "../../src/wire/index.ts";
import type { KeyValueFields } from "../../src/wire/index.ts";
import { PROTOS, referenceEncode } from "./reference.ts";

const KEY_VALUE = PROTOS.lookupType("mvccpb.KeyValue");

const bytes = fc
  .oneof(fc.uint8Array({ maxLength: 200 }), fc.uint8Array({ maxLength: 2_000 }))
  .map((array) => Buffer.from(array));
const counts = fc.oneof(fc.nat(300), fc.maxSafeNat());
const leases = fc.oneof(fc.constant(0n), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }));
const keyValues: fc.Arbitrary<KeyValueFields> = fc.record({
  key: bytes,
  createRevision: counts,
  modRevision: counts,
  version: counts,
  value: bytes,
  lease: leases,
});

t.test("encodeKeyValue() writes the bytes that the reference writes", async (t) => {
  const property = fc.property(keyValues, (fields) => {
    const encoded = encodeKeyValue(fields);
    const expected = referenceEncode(KEY_VALUE, { ...fields });
    assert.equal(encoded.toString("hex"), expected.toString("hex"));
  });
  t.doesNotThrow(() => fc.assert(property, { numRuns: 1_000 }));
});

t.test("encodeKeyValue() writes the bytes that etcd 3.7.3 wrote for the same put", async (t) => {
  // Read from a database file: put a=b under a negative lease, as the first write.
  const encoded = encodeKeyValue({
    key: Buffer.from("a"),
    createRevision: 2,
    modRevision: 2,
    version: 1,
    value: Buffer.from("b"),
    lease: -1n,
  });
  t.equal(encoded.toString("hex"), "0a0161100218022001" + "2a0162" + "30ffffffffffffffffff01");
});

t.test("decodeKeyValueHead() finds what encodeKeyValue() wrote", async (t) => {
  const property = fc.property(keyValues, (fields) => {
    const encoded = encodeKeyValue(fields);
    const head = decodeKeyValueHead(encoded);
    const { keyStart, keyEnd, valueStart, valueEnd, ...rest } = head;
    const { key, value, ...numbers } = fields;
    assert.deepEqual(rest, numbers);
    assert.deepEqual(encoded.subarray(keyStart, keyEnd), key);
    assert.deepEqual(encoded.subarray(valueStart, valueEnd), value);
  });
  t.doesNotThrow(() => fc.assert(property, { numRuns: 500 }));
});

t.test("decodeKeyValueHead() agrees with the full decoder on any bytes", async (t) => {
  const damaged = fc
    .tuple(keyValues, fc.nat(), fc.integer({ min: 0, max: 255 }))
    .map(([fields, where, byte]) => {
      const encoded = encodeKeyValue(fields);
      if (encoded.length > 0) encoded[where % encoded.length] = byte;
      return encoded;
    });
  const property = fc.property(fc.oneof(damaged, fc.uint8Array({ maxLength: 30 })), (input) => {
    let head;
    try {
      head = decodeKeyValueHead(input);
    } catch (error) {
      assert.ok(error instanceof EtcdError);
      return;
    }
    const full = messages.decodeKeyValue(input);
    const { keyStart, keyEnd, valueStart, valueEnd, ...numbers } = head;
    const { key, value, ...expected } = full;
    assert.deepEqual(numbers, expected);
    assert.deepEqual(Buffer.from(input.subarray(keyStart, keyEnd)), Buffer.from(key));
    assert.deepEqual(Buffer.from(input.subarray(valueStart, valueEnd)), Buffer.from(value));
  });
  t.doesNotThrow(() => fc.assert(property, { numRuns: 1_000 }));
});

t.test("decodeKeyValueHead() takes an unknown field for damage", async (t) => {
  const encoded = Buffer.concat([encodeTombstone(Buffer.from("a")), Buffer.from("3801", "hex")]);
  t.throws(() => decodeKeyValueHead(encoded), { code: 13 });
});

t.test("encodeTombstone() writes the key and nothing else", async (t) => {
  const property = fc.property(bytes, (key) => {
    assert.deepEqual(encodeTombstone(key), referenceEncode(KEY_VALUE, { key }));
  });
  t.doesNotThrow(() => fc.assert(property));
});

t.test("withoutValue() leaves the value out", async (t) => {
  const property = fc.property(keyValues, (fields) => {
    const { key, createRevision, modRevision, version, lease } = fields;
    const head = { key, createRevision, modRevision, version };
    const expected = referenceEncode(KEY_VALUE, { ...head, lease });
    assert.deepEqual(withoutValue(encodeKeyValue(fields)), expected);
  });
  t.doesNotThrow(() => fc.assert(property, { numRuns: 500 }));
});

t.test("writeFrame() takes the room that taggedBytesLength() tells", async (t) => {
  const property = fc.property(bytes, (value) => {
    const target = Buffer.alloc(3_000);
    if (value.length === 0) assert.equal(taggedBytesLength(0), 0);
    else assert.equal(writeFrame(target, 3, 0x0a, value), 3 + taggedBytesLength(value.length));
  });
  t.doesNotThrow(() => fc.assert(property));
});
