import t from "tap";
import { messages } from "../../src/wire/index.ts";
import { bytes, refuses, withServer } from "./server-fixture.ts";

const FULL = { limits: { maxRequestBytes: 1_572_864, maxTxnOps: 128, quotaBytes: 20_000 } };
const BIG = "v".repeat(9_000);

t.test("Quota refuses what does not fit, and raises the alarm", async (t) => {
  await withServer(
    async ({ server, client, store }) => {
      await client.kv.put("a", BIG);
      await refuses(client.kv.put("b", "v".repeat(20_000)), "noSpace");
      t.equal(store.visibleRevision, 2);
      const { alarms } = await client.unary("alarm", {});
      t.same(alarms, [{ memberId: server.member.memberId, alarm: messages.AlarmType.nospace }]);
      await refuses(client.kv.put("a", ""), "noSpace");
      await refuses(client.unary("leaseGrant", { ttl: 5 }), "noSpace");
      const put = { requestPut: { key: bytes("k") } };
      await refuses(client.unary("txn", { success: [put] }), "noSpace");
      const untaken = client.unary("txn", { failure: [put] });
      await refuses(untaken, "noSpace");
    },
    { options: FULL },
  );
});

t.test("Quota lets what frees space through, and reading", async (t) => {
  await withServer(
    async ({ server, client, clock }) => {
      await client.unary("leaseGrant", { id: 1n, ttl: 50 });
      await client.kv.put("a", BIG, { lease: 1n });
      await refuses(client.kv.put("b", "v".repeat(20_000)), "noSpace");
      t.equal((await client.kv.get("a")).count, 1);
      await t.resolves(
        client.unary("txn", { success: [{ requestDeleteRange: { key: bytes("x") } }] }),
      );
      await t.resolves(client.unary("leaseRevoke", { id: 1n }));
      await t.resolves(client.kv.delete("a"));
      const compaction = client.kv.compact(3, { physical: true });
      await clock.advance(100);
      await compaction;
      const alarm = messages.AlarmType.nospace;
      const { memberId } = server.member;
      const action = messages.AlarmAction.deactivate;
      await client.unary("alarm", { action, memberId, alarm });
      await t.resolves(client.kv.put("b", BIG));
    },
    { options: FULL },
  );
});

t.test("Quota comes before every other check of a put", async (t) => {
  await withServer(
    async ({ client }) => {
      await client.kv.put("a", BIG);
      await refuses(client.kv.put("", "v".repeat(20_000)), "noSpace");
      const { alarms } = await client.unary("alarm", {});
      t.equal(alarms.length, 1);
    },
    { options: FULL },
  );
});

t.test("Quota raised again when the alarm alone is dropped", async (t) => {
  await withServer(
    async ({ server, client }) => {
      await client.kv.put("a", BIG);
      const large = client.kv.put("b", "v".repeat(20_000));
      await refuses(large, "noSpace");
      const { memberId } = server.member;
      const alarm = messages.AlarmType.nospace;
      const action = messages.AlarmAction.deactivate;
      await client.unary("alarm", { action, memberId, alarm });
      await refuses(client.kv.put("b", "v".repeat(20_000)), "noSpace");
      t.equal((await client.unary("alarm", {})).alarms.length, 1);
    },
    { options: FULL },
  );
});

t.test("Quota is in Status, -1 for none", async (t) => {
  await withServer(
    async ({ client }) => {
      t.equal((await client.maintenance.status()).dbSizeQuota, 20_000);
    },
    { options: FULL },
  );
  await withServer(async ({ client }) => {
    t.equal((await client.maintenance.status()).dbSizeQuota, -1);
    await t.resolves(client.kv.put("a", BIG));
  });
});
