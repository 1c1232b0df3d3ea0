import t from "tap";
import { StoreCounts } from "../../src/mvcc/store-counts.ts";
import { withServer } from "../server/server-fixture.ts";

t.test("StoreCounts has a transaction for requests with more than one operation", async (t) => {
  const counts = new StoreCounts();
  for (const operationCount of [0, 1, 2, 5]) counts.requestDone(operationCount);
  t.equal(counts.txns, 2);
});

t.test("StoreCounts counts operations, wherever they are", async (t) => {
  await withServer(async ({ client, store, clock }) => {
    const { counts } = store;
    await client.kv.put("a", "123");
    await client.kv.get("a");
    t.same([counts.puts, counts.putBytes, counts.ranges, counts.txns], [1, 4, 1, 0]);
    await client.unary("txn", {
      compare: [{ key: Buffer.from("a"), target: 0, result: 0, version: 1 }],
      success: [
        { requestPut: { key: Buffer.from("b"), value: Buffer.from("1") } },
        { requestRange: { key: Buffer.from("a") } },
        { requestDeleteRange: { key: Buffer.from("a") } },
      ],
    });
    t.same([counts.puts, counts.deletes, counts.ranges, counts.txns], [2, 1, 3, 1]);
    const { id } = await client.lease.grant(60);
    await client.kv.put("c", "1", { lease: id });
    await client.kv.put("d", "1", { lease: id });
    t.equal(store.liveKeyCount, 3);
    await client.lease.revoke(id);
    t.same([counts.leasesGranted, counts.leasesRevoked, counts.leaseTtls.sum], [1, 1, 60]);
    t.same([counts.deletes, counts.txns], [3, 2], "its keys are deleted in one transaction");
    t.equal(store.liveKeyCount, 1);
    t.equal(store.keyCount, 4, "history included");
    await client.lease.grant(2);
    await clock.advance(5000);
    t.equal(counts.leasesRevoked, 2);
  });
});

t.test("StoreCounts counts events that watchers were told", async (t) => {
  const { WatchProbe, bytes } = await import("../server/server-fixture.ts");
  await withServer(async ({ client, server, store }) => {
    await client.kv.put("k", "1");
    const probe = new WatchProbe(server);
    const other = new WatchProbe(server);
    probe.create({ key: bytes("k") });
    other.create({ key: bytes("k"), startRevision: 1 });
    await client.kv.put("k", "2");
    for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
    t.equal(store.counts.events, 3);
    probe.stopReading();
    await client.kv.put("k", "3");
    await client.kv.put("k", "4");
    t.equal(store.watchers.pendingEventCount, 1, "the first filled the far end up");
    probe.readOn();
    t.equal(store.watchers.pendingEventCount, 0);
    t.equal(store.counts.events, 7);
  });
});
