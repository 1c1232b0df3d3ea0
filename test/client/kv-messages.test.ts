import t from "tap";
import {
  deleteRequest,
  deleteResponse,
  getResponse,
  keyValue,
  putRequest,
  putResponse,
  rangeRequest,
} from "../../src/client/kv-messages.ts";
import { messages } from "../../src/wire/index.ts";

const { SortOrder, SortTarget } = messages;

t.test("rangeRequest() leaves everything at its default unless told", async (t) => {
  const bytes = messages.encodeRangeRequest(rangeRequest("a", {}));
  t.strictSame([...bytes], [0x0a, 1, 0x61], "only the key is sent");
});

t.test("rangeRequest() translates every option", async (t) => {
  const request = rangeRequest("a", {
    prefix: true,
    limit: 1,
    revision: 2,
    sortOrder: "descend",
    sortTarget: "value",
    serializable: true,
    keysOnly: true,
    countOnly: true,
    minModRevision: 3,
    maxModRevision: 4,
    minCreateRevision: 5,
    maxCreateRevision: 6,
  });
  t.strictSame(messages.decodeRangeRequest(messages.encodeRangeRequest(request)), {
    key: Buffer.from("a"),
    rangeEnd: Buffer.from("b"),
    limit: 1,
    revision: 2,
    sortOrder: SortOrder.descend,
    sortTarget: SortTarget.value,
    serializable: true,
    keysOnly: true,
    countOnly: true,
    minModRevision: 3,
    maxModRevision: 4,
    minCreateRevision: 5,
    maxCreateRevision: 6,
  });
});

t.test("putRequest() and deleteRequest() translate every option", async (t) => {
  const put = putRequest("a", Uint8Array.of(1), {
    lease: -5n,
    prevKv: true,
    ignoreValue: true,
    ignoreLease: true,
  });
  t.match(messages.decodePutRequest(messages.encodePutRequest(put)), {
    lease: -5n,
    prevKv: true,
    ignoreValue: true,
    ignoreLease: true,
  });
  const remove = deleteRequest("a", { rangeEnd: "c", prevKv: true });
  t.match(remove, { rangeEnd: Buffer.from("c"), prevKv: true });
  t.equal(deleteRequest("a", {}).prevKv, false);
});

t.test("Answers have Buffers for keys and values", async (t) => {
  const stored = { key: Buffer.from("k"), value: Buffer.from("v"), version: 2, lease: 9n };
  const bytes = messages.encodeRangeResponse({ kvs: [stored], more: true, count: 4 });
  const get = getResponse(messages.decodeRangeResponse(bytes));
  t.strictSame([get.kvs[0]?.key.toString(), get.kvs[0]?.value.toString()], ["k", "v"]);
  t.strictSame([get.kvs[0]?.version, get.kvs[0]?.lease], [2, 9n]);
  t.strictSame([get.more, get.count, get.header], [true, 4, undefined]);
  const put = messages.decodePutResponse(messages.encodePutResponse({ prevKv: stored }));
  t.equal(putResponse(put).prevKv?.value.toString(), "v");
  t.equal(putResponse(messages.decodePutResponse(new Uint8Array())).prevKv, undefined);
  const removed = messages.encodeDeleteRangeResponse({ deleted: 1, prevKvs: [stored] });
  const deleted = deleteResponse(messages.decodeDeleteRangeResponse(removed));
  t.strictSame([deleted.deleted, deleted.prevKvs[0]?.key.toString()], [1, "k"]);
});

t.test("keyValue() of an empty message is all zeros", async (t) => {
  const kv = keyValue(messages.decodeKeyValue(new Uint8Array()));
  t.strictSame([kv.key.length, kv.value.length, kv.modRevision, kv.lease], [0, 0, 0, 0n]);
});
