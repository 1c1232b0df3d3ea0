import t from "tap";
import { Etcd } from "../../../src/embed/index.ts";
import type { WriteTxn } from "../../../src/mvcc/index.ts";
import { checkPutTarget, deleteRange, put, queryOf } from "../../../src/server/txn/operations.ts";
import { EtcdError, innerHeader, messages } from "../../../src/wire/index.ts";
import { commit, plainKeyValue, putting, withStore } from "../../harness/store-fixture.ts";
import { bytes } from "../server-fixture.ts";

function putRequest(key: string, fields: messages.PutRequestInit = {}): messages.PutRequest {
  return messages.decodePutRequest(messages.encodePutRequest({ key: bytes(key), ...fields }));
}

function deleteRequest(fields: messages.DeleteRangeRequestInit): messages.DeleteRangeRequest {
  return messages.decodeDeleteRangeRequest(messages.encodeDeleteRangeRequest(fields));
}

function putWith(txn: WriteTxn, request: messages.PutRequest): messages.PutResponse {
  return messages.decodePutResponse(put(request, txn, innerHeader));
}

/** `a` with value "1" under lease 7. */
async function withLeasedKey(body: (txn: WriteTxn) => void): Promise<void> {
  await withStore(async (store) => {
    await commit(store, (txn) => {
      txn.grantLease(7n, 10, 10_000);
    });
    await commit(store, putting("a", "1", 7n));
    await commit(store, body);
  });
}

function newest(txn: WriteTxn, key: string): ReturnType<typeof plainKeyValue> {
  return plainKeyValue(txn.load(txn.get(key)!));
}

t.test("queryOf() takes a request over as it is, but for the revision", async (t) => {
  const fields = {
    limit: 3,
    sortOrder: 2,
    sortTarget: 4,
    keysOnly: true,
    countOnly: true,
    minModRevision: 1,
    maxModRevision: 2,
    minCreateRevision: 3,
    maxCreateRevision: 4,
  } as const;
  const request = messages.encodeRangeRequest({
    key: bytes("a\xff"),
    rangeEnd: bytes("\0"),
    revision: 9,
    ...fields,
  });
  const query = queryOf(messages.decodeRangeRequest(request), 5);
  const range = { begin: "a\xff", end: undefined, single: false };
  t.same(query, { range, revision: 5, ...fields });
});

t.test("checkPutTarget() asks for the lease before the key", async (t) => {
  await withLeasedKey((txn) => {
    const check = (request: messages.PutRequest): void =>
      checkPutTarget(request, txn, (id) => id === 7n);
    const unknownLease = putRequest("missing", { lease: 5n, ignoreValue: true });
    t.throws(() => check(unknownLease), new EtcdError("leaseNotFound"));
    for (const keep of [{ ignoreValue: true }, { ignoreLease: true }]) {
      t.throws(() => check(putRequest("missing", keep)), new EtcdError("keyNotFound"));
      t.doesNotThrow(() => check(putRequest("a", keep)));
    }
    t.doesNotThrow(() => check(putRequest("missing", { lease: 7n })));
  });
});

t.test("put() answers with the previous KeyValue only when asked for", async (t) => {
  await withLeasedKey((txn) => {
    const plain = putWith(txn, putRequest("a", { value: bytes("2") }));
    t.equal(plain.prevKv, undefined);
    t.equal(plain.header?.revision, 3);
    const asked = putWith(txn, putRequest("a", { value: bytes("3"), prevKv: true }));
    t.equal(Buffer.from(asked.prevKv!.value).toString(), "2");
    const fresh = putWith(txn, putRequest("b", { prevKv: true }));
    t.equal(fresh.prevKv, undefined);
  });
});

t.test("put() keeps the value, the lease, or both", async (t) => {
  await withLeasedKey((txn) => {
    putWith(txn, putRequest("a", { ignoreLease: true, value: bytes("2") }));
    t.match(newest(txn, "a"), { value: "2", lease: 7n, version: 2 });
    putWith(txn, putRequest("a", { ignoreLease: true, ignoreValue: true }));
    t.match(newest(txn, "a"), { value: "2", lease: 7n, version: 3 });
    const { prevKv } = putWith(txn, putRequest("a", { ignoreValue: true, prevKv: true }));
    t.equal(prevKv?.lease, 7n);
    t.match(newest(txn, "a"), { value: "2", lease: 0n, version: 4 });
    t.equal(txn.leaseOf("a"), 0n);
  });
});

t.test("deleteRange() answers how many, and what they were, in order", async (t) => {
  await withStore(async (store) => {
    await commit(store, putting("c", "3"), putting("a", "1"), putting("b", "2"));
    await commit(store, (txn) => {
      const range = { key: bytes("a"), rangeEnd: bytes("c"), prevKv: true };
      const response = messages.decodeDeleteRangeResponse(
        deleteRange(deleteRequest(range), txn, innerHeader),
      );
      t.equal(response.deleted, 2);
      t.equal(response.header?.revision, 5);
      t.same(
        response.prevKvs.map(({ value }) => Buffer.from(value).toString()),
        ["1", "2"],
      );
    });
    await commit(store, (txn) => {
      const nothing = deleteRange(deleteRequest({ key: bytes("a") }), txn, innerHeader);
      const { deleted, header } = messages.decodeDeleteRangeResponse(nothing);
      t.equal(deleted, 0);
      t.equal(header?.revision, 5, "no revision is used up");
    });
    await commit(store, (txn) => {
      const inverted = deleteRequest({ key: bytes("d"), rangeEnd: bytes("c") });
      const { deleted } = messages.decodeDeleteRangeResponse(
        deleteRange(inverted, txn, innerHeader),
      );
      t.equal(deleted, 0);
    });
    t.equal(store.visibleRevision, 5);
  });
});

t.test(
  "A put that keeps the value of a key deleted in the same transaction begins anew",
  async (t) => {
    // etcd 3.7.3 panics here; what a client sends must never end the server's writing.
    await using etcd = await Etcd.start();
    const { client } = etcd;
    await client.kv.put("k", "value");
    const all = Buffer.of(0);
    const answer = await client.unary("txn", {
      success: [
        { requestDeleteRange: { key: all, rangeEnd: all } },
        { requestPut: { key: bytes("k"), ignoreValue: true } },
      ],
    });
    t.equal(answer.succeeded, true);
    const { kvs } = await client.kv.get("k");
    t.equal(kvs[0]?.version, 1);
    t.equal(kvs[0]?.value.length, 0);
    const next = await client.kv.put("k", "next");
    t.equal(next.header?.revision, 4, "and writing goes on");
  },
);
