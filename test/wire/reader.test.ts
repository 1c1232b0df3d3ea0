import assert from "node:assert/strict";
import fc from "fast-check";
import protobuf from "protobufjs";
import t from "tap";
import { EtcdError, messages } from "../../src/wire/index.ts";
import {
  decodeErrorInStream,
  EMPTY_BYTES,
  malformed,
  MESSAGE_DEPTH_MAX,
  Reader,
} from "../../src/wire/reader.ts";

const MALFORMED = "grpc: error unmarshalling request: proto: cannot parse invalid wire-format data";

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(" ", ""), "hex");

// Each of these was sent to etcd 3.7.3, which refused it with this very text.
const REFUSED: readonly [name: string, bytes: string][] = [
  ["varint that ends too early", "1880"],
  ["bytes that end too early", "0a0501"],
  ["field number 0", "0000"],
  ["field number 0 with another wire type", "0200"],
  ["wire type 6", "0e00"],
  ["wire type 7", "0f"],
  ["end of a group without a start", "0c"],
  ["group without an end", "a306"],
  ["group with the end of another", "a306 ac06"],
  ["fixed64 that ends too early", "1901"],
  ["varint of 11 bytes", "18 ffffffffffffffffffff 01"],
  ["varint of 65 bits", "18 ffffffffffffffffff 02"],
  ["field number 2^29", "8080808010 00"],
  ["tag of more than 32 bits", "8a80808010 0161"],
  ["tag of 35 bits", "8a808080c000 0161"],
  ["length of 2^32 + 1", "0a8180808010 01"],
];

// And these it took.
const TAKEN: readonly [name: string, bytes: string][] = [
  ["unknown group", "0a0161 a306 0801 a406"],
  ["group in place of bytes", "0b 0c 0a0161"],
  ["varint in place of bytes", "0801 0a0161"],
  ["bytes in place of a varint", "0a0161 1a0101"],
  ["varint of 64 bits", "0a0161 18 ffffffffffffffffff 01"],
  ["varint longer than needed", "0a0161 18818000"],
  ["tag longer than needed", "8a8000 0161"],
  ["field number 2^29 - 1", "0a0161 f8ffffff0f 00"],
];

t.test("malformed bytes are refused as etcd refuses them", async (t) => {
  for (const [name, bytes] of REFUSED) {
    t.throws(() => messages.decodeRangeRequest(hex(bytes)), { code: 13, message: MALFORMED }, name);
  }
  const beyond = hex("1204 0a05 0a0161626364");
  t.throws(() => messages.decodeTxnRequest(beyond), { message: MALFORMED }, "past its message");
});

t.test("odd but legal bytes are taken as etcd takes them", async (t) => {
  for (const [name, bytes] of TAKEN) {
    t.strictSame(messages.decodeRangeRequest(hex(bytes)).key, Buffer.from("a"), name);
  }
});

t.test("Reader.string() refuses what is not UTF-8", async (t) => {
  const message = "grpc: error unmarshalling request: string field contains invalid UTF-8";
  for (const bytes of ["0a01ff", "0a03eda080", "0a01c3", "0a01ff0a05"]) {
    t.throws(() => messages.decodeAuthUserGetRequest(hex(bytes)), { code: 13, message }, bytes);
  }
  t.equal(messages.decodeAuthUserGetRequest(hex("0a0100")).name, "\0");
});

t.test("Reader reads numbers as the reference does", async (t) => {
  const numbers = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
  const property = fc.property(fc.oneof(numbers, fc.bigInt(0n, 300n)), (value) => {
    const bytes = protobuf.Writer.create().uint64(String(value)).finish();
    const signed = BigInt.asIntN(64, value);
    assert.equal(new Reader(bytes).bigUint64(), value);
    assert.equal(new Reader(bytes).bigInt64(), signed);
    assert.equal(new Reader(bytes).uint64(), Number(value));
    assert.equal(new Reader(bytes).int64(), Number(signed));
    assert.equal(new Reader(bytes).uint32(), Number(BigInt.asUintN(32, value)));
    assert.equal(new Reader(bytes).enum(), Number(BigInt.asIntN(32, value)));
    assert.equal(new Reader(bytes).bool(), value !== 0n);
  });
  t.doesNotThrow(() => fc.assert(property, { numRuns: 2_000 }));
});

t.test("Reader.int64() rounds beyond 2^53 and only there", async (t) => {
  const read = (value: bigint): number =>
    new Reader(protobuf.Writer.create().int64(String(value)).finish()).int64();
  t.equal(read(2n ** 53n - 1n), Number.MAX_SAFE_INTEGER);
  t.equal(read(-(2n ** 53n) + 1n), Number.MIN_SAFE_INTEGER);
  t.equal(read(2n ** 63n - 1n), 2 ** 63);
  t.equal(read(-(2n ** 63n)), -(2 ** 63));
  t.equal(read(-1n), -1);
});

t.test("Reader.bytes() hands out parts of the input", async (t) => {
  const input = new Uint8Array([0, 2, 7, 8, 0]).subarray(1, 5);
  const reader = new Reader(input);
  const bytes = reader.bytes();
  t.strictSame([...bytes], [7, 8]);
  t.equal(bytes.buffer, input.buffer, "no copy");
  t.equal(reader.bytes(), EMPTY_BYTES);
  t.equal(reader.position, reader.end);
});

t.test("messages within messages are bounded", async (t) => {
  const message = "grpc: error unmarshalling request: proto: exceeded maximum recursion depth";
  // A TxnRequest holds a RequestOp holds a TxnRequest: two levels each time, and one to begin with.
  const deepest = Math.floor((MESSAGE_DEPTH_MAX - 1) / 2);
  const taken = messages.decodeTxnRequest(nestedTxn(deepest));
  t.strictSame(messages.encodeTxnRequest(taken), nestedTxn(deepest));
  t.throws(() => messages.decodeTxnRequest(nestedTxn(deepest + 1)), { code: 13, message });
  t.throws(() => messages.decodeTxnRequest(nestedTxn(100_000)), { code: 13, message });
});

t.test("unknown groups within groups are bounded and cost no stack", async (t) => {
  const groups = (depth: number): Buffer =>
    hex(`${"a306".repeat(depth)}${"a406".repeat(depth)}0a0161`);
  t.strictSame(messages.decodeRangeRequest(groups(10_001)).key, Buffer.from("a"));
  t.throws(() => messages.decodeRangeRequest(groups(10_002)), { message: MALFORMED });
  t.throws(() => messages.decodeRangeRequest(groups(300_000)), { message: MALFORMED });
});

t.test("decodeErrorInStream() words a refusal as streams do", async (t) => {
  const worded = decodeErrorInStream(malformed());
  t.type(worded, EtcdError);
  t.match(worded, {
    code: 13,
    message:
      "grpc: failed to unmarshal the received message: proto: cannot parse invalid wire-format data",
  });
  const other = new EtcdError("compacted");
  t.equal(decodeErrorInStream(other), other);
  const bug = new TypeError("x");
  t.equal(decodeErrorInStream(bug), bug);
});

function nestedTxn(depth: number): Buffer {
  // From the inside out: each level is a tag and a length in front.
  const fronts: Uint8Array[] = [];
  let length = 0;
  for (let level = 0; level < depth; level += 1) {
    for (const tag of [0x22, 0x12]) {
      const front = protobuf.Writer.create().uint32(tag).uint32(length).finish();
      length += front.length;
      fronts.push(front);
    }
  }
  return Buffer.concat(fronts.reverse());
}
