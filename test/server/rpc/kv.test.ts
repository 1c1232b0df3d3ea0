import t from "tap";
import { STATUS, messages } from "../../../src/wire/index.ts";
import { bytes, refuses, withServer } from "../server-fixture.ts";

t.test("Range reads any revision between the compacted and the newest", async (t) => {
  await withServer(async ({ client }) => {
    for (const value of ["1", "2", "3"]) await client.kv.put("k", value);
    await client.kv.compact(3);
    const valueAt = async (revision: number): Promise<string | undefined> =>
      (await client.kv.get("k", { revision })).kvs[0]?.value.toString();
    t.equal(await valueAt(3), "2");
    t.equal(await valueAt(4), "3");
    t.equal(await valueAt(0), "3");
    t.equal(await valueAt(-7), "3");
    await refuses(valueAt(2), "compacted");
    await refuses(valueAt(5), "futureRevision");
    const { header } = await client.kv.get("k", { revision: 3 });
    t.equal(header?.revision, 4, "the header is of now");
  });
});

t.test("Range checks its request before anything else", async (t) => {
  await withServer(async ({ client }) => {
    await refuses(client.unary("range", { revision: 99 }), "emptyKey");
    const sort = { key: bytes("k"), sortOrder: 5, revision: 99 };
    await refuses(client.unary("range", sort), "invalidSortOption");
    await refuses(client.unary("range", { ...sort, sortOrder: 2 }), "futureRevision");
    t.equal((await client.unary("range", { ...sort, sortOrder: 2, revision: 1 })).count, 0);
  });
});

for (const valueBytesMax of [1_000_000, 0]) {
  t.test(`Range answers from memory or disk alike, ${String(valueBytesMax)} bytes`, async (t) => {
    await withServer(
      async ({ client }) => {
        for (const key of ["a", "b", "c", "d"]) await client.kv.put(key, key.repeat(3));
        const { kvs, more, count } = await client.kv.get("", { prefix: true, limit: 3 });
        t.same(
          kvs.map(({ value }) => value.toString()),
          ["aaa", "bbb", "ccc"],
        );
        t.equal(more, true);
        t.equal(count, 4);
      },
      { valueBytesMax },
    );
  });
}

t.test("Put, DeleteRange and Txn answer with the revision they made", async (t) => {
  await withServer(async ({ client }) => {
    t.equal((await client.kv.put("k", "1")).header?.revision, 2);
    t.equal((await client.kv.put("k", "1")).header?.revision, 3, "the same value again");
    const deleted = await client.kv.delete("k", { prevKv: true });
    t.match(deleted, { deleted: 1, header: { revision: 4 } });
    t.equal(deleted.prevKvs[0]?.modRevision, 3);
    t.match(await client.kv.delete("k"), { deleted: 0, header: { revision: 4 } });
    const { header } = await client.unary("txn", {});
    t.equal(header?.revision, 4);
  });
});

t.test("Put, DeleteRange and a writing Txn are refused when they are too large", async (t) => {
  const limits = { maxRequestBytes: 1_000, maxTxnOps: 128, quotaBytes: 1e12 };
  await withServer(
    async ({ client }) => {
      const large = Buffer.alloc(1_000, "k");
      await refuses(client.kv.put("k", large), "requestTooLarge");
      await refuses(client.kv.delete(large), "requestTooLarge");
      const read = { requestRange: { key: large } };
      const write = { requestPut: { key: bytes("k") } };
      await refuses(client.unary("txn", { success: [read, write] }), "requestTooLarge");
      await t.resolves(client.unary("txn", { success: [read] }), "reading has no limit");
      await refuses(client.kv.put("", large), "emptyKey");
    },
    { options: { limits } },
  );
});

t.test("Txn of ranges only does not wait for the disk", async (t) => {
  await withServer(async ({ client, engine }) => {
    await client.kv.put("k", "1");
    engine.holdWrites();
    const write = client.kv.put("k", "2");
    await engine.heldWrite();
    const txn = await client.unary("txn", {
      compare: [{ key: bytes("k"), target: messages.CompareTarget.value, value: bytes("1") }],
      success: [{ requestRange: { key: bytes("k") } }],
    });
    t.equal(txn.succeeded, true);
    t.equal(txn.header?.revision, 2);
    engine.releaseWrites();
    await write;
  });
});

t.test("Txn of more operations than allowed is refused", async (t) => {
  const limits = { maxRequestBytes: 1_572_864, maxTxnOps: 3, quotaBytes: 1e12 };
  await withServer(
    async ({ client }) => {
      const success = [1, 2, 3, 4].map(() => ({ requestRange: { key: bytes("k") } }));
      await refuses(client.unary("txn", { success }), "tooManyOps");
      await t.resolves(client.unary("txn", { success: success.slice(1) }));
    },
    { options: { limits } },
  );
});

t.test("Compact answers at the newest revision and takes none", async (t) => {
  await withServer(async ({ client, store }) => {
    for (const value of ["1", "2"]) await client.kv.put("k", value);
    t.equal((await client.kv.compact(2))?.revision, 3);
    t.equal(store.visibleRevision, 3);
    await refuses(client.kv.compact(2), "compacted");
    await refuses(client.kv.compact(4), "futureRevision");
    await refuses(client.kv.compact(-1), "compacted");
  });
});

t.test("A long range answers as of its start, though a compaction comes meanwhile", async (t) => {
  await withServer(
    async ({ client, store }) => {
      for (const key of ["k1", "k2", "k3", "k4"]) await client.kv.put(key, "old");
      const reading = client.kv.get("k", { prefix: true });
      for (const key of ["k1", "k2", "k3", "k4"]) await client.kv.put(key, "new");
      await client.kv.compact(9);
      const { kvs, count, more, header } = await reading;
      t.same(
        kvs.map(({ key, value }) => `${key.toString()}=${value.toString()}`),
        ["k1=old", "k2=old", "k3=old", "k4=old"],
      );
      t.match({ count, more, revision: header?.revision }, { count: 4, more: false, revision: 5 });
      await refuses(client.kv.get("k", { prefix: true, revision: 5 }), "compacted");
      const stopped = client.kv.get("k", { prefix: true });
      store.stopLongReads();
      await refuses(stopped, "stopped");
    },
    { turnWork: 4 },
  );
});

t.test(
  "A long range or transaction ends with its call, and gives its place to others",
  async (t) => {
    await withServer(
      async ({ client, store }) => {
        for (const key of ["k1", "k2", "k3", "k4"]) await client.kv.put(key, "value");
        const all = { key: bytes("k"), rangeEnd: bytes("l") };
        const controller = new AbortController();
        const { signal } = controller;
        // As many as there are places, of both kinds.
        const calls: Promise<unknown>[] = Array.from({ length: 8 }, () => [
          client.unary("range", all, { signal }),
          client.unary("txn", { success: [{ requestRange: all }] }, { signal }),
        ]).flat();
        t.ok(store.longReadCount >= calls.length);
        const refused = calls.map((call) => t.rejects(call, { code: STATUS.canceled }));
        controller.abort();
        const { kvs } = await client.kv.get("k", { prefix: true });
        t.equal(kvs.length, 4);
        await Promise.all(refused);
        t.equal(store.longReadCount, 0);
      },
      { turnWork: 4 },
    );
  },
);

t.test("A short range, transaction or put does not ask for a signal", async (t) => {
  await withServer(async ({ server }) => {
    const context = {
      metadata: () => undefined,
      get signal(): AbortSignal {
        t.fail("it asks");
        return AbortSignal.abort();
      },
    };
    const all = { key: bytes("k"), rangeEnd: bytes("l") };
    await server.unary("put", messages.encodePutRequest({ key: bytes("k") }), context);
    const answer = await server.unary("range", messages.encodeRangeRequest(all), context);
    t.equal(messages.decodeRangeResponse(answer).kvs.length, 1);
    const txn = messages.encodeTxnRequest({ success: [{ requestRange: all }] });
    t.equal(messages.decodeTxnResponse(await server.unary("txn", txn, context)).succeeded, true);
  });
});
