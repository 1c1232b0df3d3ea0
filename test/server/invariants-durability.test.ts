/** Invariants of what is on disk and in line: each a test of its name. See docs/architecture.md. */
import t from "tap";
import type { EtcdError } from "../../src/wire/index.ts";
import { settle } from "../../src/testing/virtual-clock.ts";
import { WatchProbe, bytes, pageOf, refuses, withServer } from "./server-fixture.ts";
import type { Fixture } from "./server-fixture.ts";

async function get(fixture: Fixture, key: string): Promise<string | undefined> {
  const { kvs } = await fixture.client.kv.get(key);
  return kvs[0]?.value.toString();
}

t.test("Nothing is seen before it is on disk: keys", async (t) => {
  await withServer(async (fixture) => {
    const { client, engine } = fixture;
    await client.kv.put("k", "old");
    await client.kv.put("gone", "old");
    engine.holdWrites();
    let answered = 0;
    const writes = [
      client.kv.put("k", "new"),
      client.kv.put("added", "new"),
      client.kv.delete("gone"),
    ].map((call) => call.then(() => answered++));
    await engine.heldWrite();
    await settle();
    t.equal(answered, 0);
    t.equal(await get(fixture, "k"), "old");
    t.equal(await get(fixture, "gone"), "old");
    t.equal(await get(fixture, "added"), undefined);
    const { header, count } = await client.kv.get("", { prefix: true });
    t.equal(header?.revision, 3);
    t.equal(count, 2);
    const txn = await client.unary("txn", { success: [{ requestRange: { key: bytes("k") } }] });
    const [read] = txn.responses[0]!.responseRange!.kvs;
    t.equal(Buffer.from(read!.value).toString(), "old");
    const future = client.kv.get("k", { revision: 4 });
    await refuses(future, "futureRevision");
    engine.releaseWrites();
    await Promise.all(writes);
    t.equal(await get(fixture, "k"), "new");
    t.equal(await get(fixture, "gone"), undefined);
    t.equal(await get(fixture, "added"), "new");
  });
});

t.test("Nothing is seen before it is on disk: events", async (t) => {
  await withServer(async ({ server, client, engine }) => {
    await client.kv.put("k", "old");
    const live = new WatchProbe(server);
    live.create({ key: bytes("k") });
    engine.holdWrites();
    const write = client.kv.put("k", "new");
    await engine.heldWrite();
    const late = new WatchProbe(server);
    late.create({ key: bytes("k"), startRevision: 2 });
    late.create({ key: bytes("k"), startRevision: 3 });
    await settle();
    t.same(WatchProbe.events(live.responses), []);
    t.same(WatchProbe.events(late.responses), ["k=old@2"]);
    live.take();
    live.requestProgress();
    t.equal(live.take()[0]?.header?.revision, 2, "progress is what is on disk");
    engine.releaseWrites();
    await write;
    await settle();
    t.same(WatchProbe.events(live.responses), ["k=new@3"]);
    t.same(WatchProbe.events(late.responses), ["k=old@2", "k=new@3", "k=new@3"]);
  });
});

t.test("Nothing is seen before it is on disk: compaction", async (t) => {
  await withServer(async ({ client, engine }) => {
    await client.kv.put("k", "1");
    await client.kv.put("k", "2");
    engine.holdWrites();
    const compaction = client.kv.compact(3);
    await engine.heldWrite();
    t.equal((await client.kv.get("k", { revision: 2 })).kvs[0]?.value.toString(), "1");
    engine.releaseWrites();
    await compaction;
    await refuses(client.kv.get("k", { revision: 2 }), "compacted");
  });
});

t.test("Nothing is seen before it is on disk: leases, of one group or the next", async (t) => {
  await withServer(async ({ client, engine }) => {
    await client.unary("leaseGrant", { id: 1n, ttl: 100 });
    engine.holdWrites();
    const first = client.unary("leaseGrant", { id: 2n, ttl: 100 });
    await engine.heldWrite();
    // In line for the second group.
    const second = [
      client.unary("leaseGrant", { id: 3n, ttl: 100 }),
      client.unary("leaseRevoke", { id: 1n }),
    ];
    const lists = client.unary("leaseLeases", {});
    const added = client.unary("leaseTimeToLive", { id: 2n });
    const later = client.unary("leaseTimeToLive", { id: 3n });
    const revoked = client.unary("leaseTimeToLive", { id: 1n });
    engine.releaseOneWrite();
    await first;
    await engine.heldWrite();
    t.same(
      (await lists).leases.map(({ id }) => id),
      [1n, 2n],
    );
    t.equal((await added).grantedTtl, 100);
    t.equal((await later).ttl, -1);
    t.equal((await revoked).grantedTtl, 100);
    engine.releaseWrites();
    await Promise.all(second);
    const { leases } = await client.unary("leaseLeases", {});
    t.same(
      leases.map(({ id }) => id),
      [2n, 3n],
    );
  });
});

t.test("Nothing is seen before it is on disk: leases kept alive", async (t) => {
  await withServer(async ({ client, engine }) => {
    await client.unary("leaseGrant", { id: 1n, ttl: 100 });
    engine.holdWrites();
    const writes = [
      client.unary("leaseGrant", { id: 2n, ttl: 100 }),
      client.unary("leaseRevoke", { id: 1n }),
    ];
    await engine.heldWrite();
    const stream = client.stream("leaseKeepAlive");
    stream.send({ id: 2n });
    stream.send({ id: 1n });
    let answered = 0;
    const answers = [stream.next(), stream.next()].map(async (answer) => {
      const { value } = await answer;
      answered++;
      return value;
    });
    await settle();
    t.equal(answered, 0);
    engine.releaseWrites();
    await Promise.all(writes);
    const [granted, revoked] = await Promise.all(answers);
    t.same([granted?.id, granted?.ttl], [2n, 100]);
    t.same([revoked?.id, revoked?.ttl], [1n, 0]);
    stream.cancel();
  });
});

t.test("A failed write ends the server: nobody writes any more, reading goes on", async (t) => {
  await withServer(
    async (fixture) => {
      const { server, client, engine, log } = fixture;
      await client.kv.put("k", "old");
      await client.unary("leaseGrant", { id: 1n, ttl: 100 });
      engine.holdWrites();
      engine.failWrite({ write: 1 });
      const group = [client.kv.put("k", "new"), client.unary("leaseGrant", { id: 2n, ttl: 100 })];
      const failures = Promise.allSettled(group);
      await engine.heldWrite();
      const inLine = Promise.allSettled([client.kv.put("k", "newer")]);
      engine.releaseWrites();
      const refusal = { status: "rejected", reason: { name: "EtcdError", code: 14 } };
      t.match(await failures, [refusal, refusal]);
      t.match(await inLine, [refusal]);
      const later = client.kv.delete("k");
      await t.rejects(later, { code: 14, message: /no more writes are taken: Cannot write/ });
      await t.rejects(client.kv.compact(2), { code: 14 });
      await t.rejects(client.unary("leaseRevoke", { id: 1n }), { code: 14 });
      const { kvs, header } = await client.kv.get("k");
      t.equal(kvs[0]?.value.toString(), "old");
      t.equal(header?.revision, 2);
      const probe = new WatchProbe(server);
      probe.create({ key: bytes("k"), startRevision: 2 });
      await settle();
      t.same(WatchProbe.events(probe.responses), ["k=old@2"]);
      t.match(server.failure, { code: 14 });
      const status = await client.maintenance.status();
      t.match(status.errors, [/no more writes are taken/]);
      const health = await pageOf(server, "/health");
      t.equal(health.status, 503);
      t.match(JSON.parse(health.body), { health: "false", reason: /^RANGE ERROR:.*Cannot write/ });
      t.equal((await pageOf(server, "/readyz")).status, 503);
      t.equal((await pageOf(server, "/livez")).status, 200);
      const errors = log.filter(({ level }) => level === "error");
      t.equal(errors.length, 1);
    },
    { consistent: false },
  );
});

t.test(
  "A failed write ends the server: leases that may not be on disk are not told of",
  async (t) => {
    await withServer(
      async ({ client, engine }) => {
        await client.unary("leaseGrant", { id: 1n, ttl: 100 });
        engine.failWrite({ write: 1 });
        await t.rejects(client.unary("leaseRevoke", { id: 1n }), { code: 14 });
        await t.rejects(client.unary("leaseTimeToLive", { id: 1n }), { code: 14 });
        await t.rejects(client.unary("leaseLeases", {}), { code: 14 });
        const stream = client.stream("leaseKeepAlive");
        stream.send({ id: 1n });
        await t.rejects(stream.next(), { code: 14 });
      },
      { consistent: false },
    );
  },
);

t.test("Every queue is bounded: commands in line and events not read", async (t) => {
  await withServer(
    async ({ server, client, engine }) => {
      const slow = new WatchProbe(server);
      slow.create({ key: bytes("k") });
      slow.stopReading();
      for (let index = 0; index < 20; index++) await client.kv.put("k", String(index));
      t.equal(slow.responses.length, 2, "created, and the one event that filled it");
      engine.holdWrites();
      const first = Promise.allSettled([client.kv.put("k", "held")]);
      await engine.heldWrite();
      const request = { key: bytes("k"), value: Buffer.alloc(1_500_000) };
      const calls: Promise<unknown>[] = [];
      for (let count = 0; count < 200; count++) calls.push(client.unary("put", request));
      const results = Promise.allSettled(calls);
      await settle();
      engine.failWrite({ write: 1 });
      engine.releaseWrites();
      await first;
      const reasons = (await results).map((result) =>
        result.status === "rejected" ? (result.reason as EtcdError).reason : "answered",
      );
      const taken = Math.floor((256 * 1024 * 1024) / 1_500_010);
      t.equal(reasons.indexOf("tooManyRequests"), taken);
      t.equal(reasons.filter((reason) => reason === "tooManyRequests").length, 200 - taken);
    },
    { consistent: false },
  );
});
