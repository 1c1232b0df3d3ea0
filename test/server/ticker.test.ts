import t from "tap";
import { messages } from "../../src/wire/index.ts";
import { FaultyEngine } from "../../src/testing/index.ts";
import { VirtualClock, settle } from "../../src/testing/virtual-clock.ts";
import {
  LEASE_EXTENSION_MS,
  WatchProbe,
  bytes,
  startServer,
  withServer,
} from "./server-fixture.ts";

t.test("Ticker ends a lease when its time is over, and not before", async (t) => {
  await withServer(async ({ client, clock, store }) => {
    await client.unary("leaseGrant", { id: 1n, ttl: 5 });
    await client.kv.put("k", "v", { lease: 1n });
    await clock.advance(4_999);
    t.equal(store.lessor.size, 1);
    t.equal(store.visibleRevision, 2);
    await clock.advance(501);
    t.equal(store.lessor.size, 0);
    t.equal(store.visibleRevision, 3);
    t.equal((await client.kv.get("k")).count, 0);
  });
});

t.test("Ticker ends a lease at the very millisecond when nothing else is sooner", async (t) => {
  await withServer(async ({ client, clock, store }) => {
    await clock.advance(600);
    await client.unary("leaseGrant", { id: 1n, ttl: 2 });
    await clock.advance(2_000);
    t.equal(store.lessor.size, 0);
  });
});

t.test("Ticker deletes all keys of a lease at one revision, in order", async (t) => {
  await withServer(async ({ server, client, clock, store }) => {
    await client.unary("leaseGrant", { id: 1n, ttl: 2 });
    for (const key of ["c", "a", "\xff", "b"]) {
      await client.kv.put(Buffer.from(key, "latin1"), "v", { lease: 1n });
    }
    await client.kv.put("d", "stays");
    const probe = new WatchProbe(server);
    probe.create({ key: bytes("\0"), rangeEnd: bytes("\0"), prevKv: true });
    probe.take();
    await clock.advance(2_500);
    const responses = probe.take();
    t.equal(responses.length, 1);
    t.same(WatchProbe.events(responses), ["-a@7", "-b@7", "-c@7", "-\xff@7"]);
    t.ok(responses[0]!.events.every(({ prevKv }) => prevKv?.lease === 1n));
    t.equal(store.visibleRevision, 7);
  });
});

t.test("Ticker gives every lease a revision of its own", async (t) => {
  await withServer(async ({ server, client, clock }) => {
    for (const id of [1n, 2n, 3n]) {
      await client.unary("leaseGrant", { id, ttl: 2 });
      await client.kv.put(`k${String(id)}`, "v", { lease: id });
    }
    const probe = new WatchProbe(server);
    probe.create({ key: bytes("\0"), rangeEnd: bytes("\0") });
    await clock.advance(2_500);
    // Which of two comes first that end at the same time is nobody's promise.
    const events = WatchProbe.events(probe.responses);
    t.same(
      events.map((event) => event.slice(-2)),
      ["@5", "@6", "@7"],
    );
    t.same(events.map((event) => event.slice(0, 3)).sort(), ["-k1", "-k2", "-k3"]);
  });
});

t.test("Ticker has one timer for ten thousand leases, and ends them all", async (t) => {
  await withServer(async ({ client, clock, store }) => {
    const timerCount = clock.timerCount;
    const calls: Promise<unknown>[] = [];
    for (let id = 1n; id <= 10_000n; id++) {
      calls.push(client.unary("leaseGrant", { id, ttl: 2 + Number(id % 10n) }));
      calls.push(client.kv.put(`k${String(id)}`, "", { lease: id }));
    }
    await Promise.all(calls);
    t.equal(clock.timerCount, timerCount + 1, "and one for all that wait for the disk");
    t.equal(timerCount, 1);
    // At most 500 at a time, the next a hundredth of a second later.
    await clock.advance(6_100);
    t.equal(store.lessor.size, 5_000);
    await clock.advance(6_000);
    t.equal(store.lessor.size, 0);
    const { count } = await client.kv.get("", { prefix: true, countOnly: true });
    t.equal(count, 0);
    t.equal(clock.timerCount, timerCount);
  });
});

t.test("Ticker leaves a lease that is kept alive", async (t) => {
  await withServer(async ({ client, clock, store }) => {
    await client.unary("leaseGrant", { id: 1n, ttl: 5 });
    const stream = client.stream("leaseKeepAlive");
    for (let round = 0; round < 5; round++) {
      await clock.advance(4_000);
      stream.send({ id: 1n });
      await stream.next();
    }
    t.equal(store.lessor.size, 1);
    stream.cancel();
    await clock.advance(5_500);
    t.equal(store.lessor.size, 0);
  });
});

t.test("Ticker gives leases their whole time and an election after a restart", async (t) => {
  const clock = new VirtualClock();
  const engine = new FaultyEngine();
  const first = await startServer({ engine, clock });
  await first.client.unary("leaseGrant", { id: 1n, ttl: 60 });
  await first.client.kv.put("k", "v", { lease: 1n });
  await clock.advance(50_000);
  await first.server.close();
  await clock.advance(500_000);
  await withServer(
    async ({ client, store }) => {
      const { ttl, grantedTtl } = await client.unary("leaseTimeToLive", { id: 1n });
      t.equal(grantedTtl, 60);
      t.equal(ttl, 60 + LEASE_EXTENSION_MS / 1_000);
      await clock.advance(60_999);
      t.equal(store.lessor.size, 1);
      await clock.advance(501);
      t.equal(store.lessor.size, 0);
      t.equal((await client.kv.get("k")).count, 0);
    },
    { clock, engine },
  );
});

t.test("Ticker does not try over and over where leases may not end", async (t) => {
  await withServer(async ({ client, clock, store, log }) => {
    await client.unary("leaseGrant", { id: 1n, ttl: 2 });
    const corrupt = { memberId: 1n, alarm: messages.AlarmType.corrupt };
    await client.unary("alarm", { action: messages.AlarmAction.activate, ...corrupt });
    await clock.advance(2_000 + 10_000);
    t.equal(store.lessor.size, 1);
    const warnings = log.filter(({ message }) => message === "failed to revoke lease");
    t.ok(warnings.length >= 10 && warnings.length <= 21, String(warnings.length));
    await client.unary("alarm", { action: messages.AlarmAction.deactivate, ...corrupt });
    await clock.advance(500);
    t.equal(store.lessor.size, 0);
  });
});

t.test("Ticker rests after a failed write", async (t) => {
  await withServer(
    async ({ client, clock, engine, log }) => {
      await client.unary("leaseGrant", { id: 1n, ttl: 2 });
      engine.failWrite({ write: 1 });
      await clock.advance(10_000);
      t.equal(engine.writeCount, 3, "its term, the lease, and the attempt");
      t.equal(log.filter(({ message }) => message === "failed to revoke lease").length, 1);
      await t.rejects(client.kv.put("k", "v"), { code: 14 });
    },
    { consistent: false },
  );
});

t.test("Ticker.close() leaves no timer", async (t) => {
  const { server, clock, client } = await startServer();
  await client.unary("leaseGrant", { id: 1n, ttl: 2 });
  t.equal(clock.timerCount, 2, "for leases, and for what waits for the disk");
  await server.close();
  await settle();
  t.equal(clock.timerCount, 0);
});
