import assert from "node:assert/strict";
import fc from "fast-check";
import t from "tap";
import { checkProposalSize, putCost, txnCost } from "../../src/server/limits.ts";
import { EtcdError, messages } from "../../src/wire/index.ts";
import { bytes } from "./server-fixture.ts";

const LIMITS = { maxRequestBytes: 1_572_864, maxTxnOps: 128, quotaBytes: Number.POSITIVE_INFINITY };

t.test("checkProposalSize() refuses where etcd does", async (t) => {
  // Source: seen on etcd 3.7.3 with a key of three bytes.
  const put = (valueBytes: number): Uint8Array =>
    messages.encodePutRequest({ key: bytes("key"), value: Buffer.alloc(valueBytes) });
  t.doesNotThrow(() => checkProposalSize(put(1_572_834), LIMITS));
  t.throws(() => checkProposalSize(put(1_572_844), LIMITS), new EtcdError("requestTooLarge"));
});

t.test("checkProposalSize() counts what etcd wraps around a request", async (t) => {
  const property = fc.property(fc.nat(20_000), fc.nat(20_000), (length, max) => {
    const limits = { ...LIMITS, maxRequestBytes: max };
    const lengthBytes = Math.max(1, Math.ceil(length.toString(2).length / 7));
    const fits = length + lengthBytes + 15 <= max;
    const check = (): void => checkProposalSize(Buffer.alloc(length), limits);
    if (fits) assert.doesNotThrow(check);
    else assert.throws(check);
  });
  t.doesNotThrow(() => fc.assert(property));
});

function put(key: string, value: string): messages.RequestOpInit {
  return { requestPut: { key: bytes(key), value: bytes(value) } };
}

function costOf(request: messages.TxnRequestInit): number {
  return txnCost(messages.decodeTxnRequest(messages.encodeTxnRequest(request)));
}

t.test("putCost() and txnCost() are etcd's", async (t) => {
  const request = messages.encodePutRequest({ key: bytes("abc"), value: bytes("12345") });
  t.equal(putCost(messages.decodePutRequest(request)), 256 + 3 + 5);
  t.equal(costOf({}), 0);
  t.equal(costOf({ success: [{ requestDeleteRange: { key: bytes("k") } }] }), 0);
  t.equal(costOf({ success: [put("a", "1"), put("b", "22")], failure: [put("c", "333")] }), 517);
  t.equal(costOf({ success: [put("a", "1")], failure: [put("c", "333"), put("d", "")] }), 517);
  const nested = { requestTxn: { success: [put("a", "1")], failure: [put("b", "22")] } };
  t.equal(costOf({ success: [nested, put("c", "")] }), 259 + 257);
});
