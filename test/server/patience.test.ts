import t from "tap";
import { Patience } from "../../src/server/patience.ts";
import { messages } from "../../src/wire/index.ts";
import { FaultyEngine } from "../../src/testing/index.ts";
import { VirtualClock, settle } from "../../src/testing/virtual-clock.ts";
import { pageOf, refuses, startServer, withServer } from "./server-fixture.ts";

/** Whether a call has been answered, either way. */
function watched(call: Promise<unknown>): () => boolean {
  let isSettled = false;
  const settled = (): void => {
    isSettled = true;
  };
  void call.then(settled, settled);
  return () => isSettled;
}

t.test("Patience has one timer while something waits, and none otherwise", async (t) => {
  const clock = new VirtualClock();
  const patience = new Patience(clock, 7_000);
  let isWaiting = true;
  patience.onTick(() => isWaiting);
  for (let count = 0; count < 100; count++) patience.begin();
  t.equal(clock.timerCount, 1);
  await clock.advance(10_000);
  t.equal(clock.timerCount, 1);
  isWaiting = false;
  await clock.advance(500);
  t.equal(clock.timerCount, 0);
  patience.begin();
  patience.close();
  t.equal(clock.timerCount, 0);
});

t.test("Patience is over at the earliest after the time, and at most a tick later", async (t) => {
  for (const lateMs of [0, 499]) {
    const clock = new VirtualClock();
    const patience = new Patience(clock, 7_000);
    patience.onTick(() => true);
    patience.begin();
    await clock.advance(lateMs);
    const begunAt = patience.begin();
    await clock.advance(6_999);
    t.equal(patience.isOver("request", begunAt), false);
    await clock.advance(501);
    t.equal(patience.isOver("request", begunAt), true);
  }
});

t.test("A write whose commit hangs times out, and is applied later all the same", async (t) => {
  const engine = new FaultyEngine();
  await withServer(
    async ({ client, clock, store, server }) => {
      engine.holdWrites();
      const first = client.kv.put("first", "1");
      const isAnswered = watched(first);
      await engine.heldWrite();
      const gathered = client.kv.put("gathered", "1");
      const bothTimeOut = Promise.all([refuses(first, "timeout"), refuses(gathered, "timeout")]);
      await clock.advance(6_999);
      t.equal(isAnswered(), false);
      t.equal((await client.kv.get("first")).count, 0, "reading goes on");
      await clock.advance(1_001);
      await bothTimeOut;
      engine.releaseWrites();
      await settle();
      t.equal((await client.kv.get("first")).count, 1);
      t.equal((await client.kv.get("gathered")).count, 1);
      t.equal(store.visibleRevision, 3);
      await client.kv.put("after", "1");
      t.equal(server.failure, undefined);
    },
    { engine },
  );
});

t.test("What was not applied by its time never is, and makes room in line", async (t) => {
  const engine = new FaultyEngine();
  await withServer(
    async ({ client, clock, store }) => {
      engine.holdWrites();
      const first = client.kv.put("first", "1");
      await engine.heldWrite();
      const keepAlive = client.lease.timeToLive(1n);
      // A reading in line keeps what comes after it from being applied before.
      const waiting = client.kv.put("waiting", "1");
      const overdue = Promise.all([
        refuses(keepAlive, "timeoutWaitAppliedIndex"),
        refuses(waiting, "timeout"),
        refuses(first, "timeout"),
      ]);
      await clock.advance(900);
      const late = client.lease.timeToLive(1n);
      const refusedLate = refuses(late, "timeoutWaitAppliedIndex");
      await clock.advance(7_000);
      await overdue;
      await refusedLate;
      engine.releaseWrites();
      await settle();
      t.equal(store.visibleRevision, 2);
      t.equal((await client.kv.get("waiting")).count, 0);
    },
    { engine },
  );
});

t.test("A reading that waits for the disk has a second, as in etcd", async (t) => {
  const engine = new FaultyEngine();
  await withServer(
    async ({ client, clock }) => {
      engine.holdWrites();
      const write = client.kv.put("k", "1");
      await engine.heldWrite();
      const reading = client.lease.leases();
      const isAnswered = watched(reading);
      await clock.advance(999);
      t.equal(isAnswered(), false);
      await clock.advance(501);
      await refuses(reading, "timeoutWaitAppliedIndex");
      engine.releaseWrites();
      await write;
    },
    { engine },
  );
});

t.test("A compaction outlasts a disk that hangs", async (t) => {
  const engine = new FaultyEngine();
  await withServer(
    async ({ client, clock, store, log }) => {
      await client.kv.put("k", "1");
      await client.kv.put("k", "2");
      await client.kv.compact(3);
      engine.holdWrites();
      await engine.heldWrite();
      await clock.advance(60_000);
      engine.releaseWrites();
      await clock.advance(100);
      t.equal(store.isCompacting, false);
      t.notOk(log.some(({ message }) => message === "Failed compaction"));
    },
    { engine, options: { compaction: { batchLimit: 1, sleepIntervalMs: 10 } } },
  );
});

t.test("A disk that hangs fails /health and /readyz, until it no longer does", async (t) => {
  const engine = new FaultyEngine();
  await withServer(
    async ({ client, clock, server }) => {
      const status = async (path: string): Promise<number> => (await pageOf(server, path)).status;
      engine.holdWrites();
      const refused = refuses(client.kv.put("k", "1"), "timeout");
      await engine.heldWrite();
      await clock.advance(6_500);
      t.equal(await status("/health"), 200);
      await clock.advance(1_500);
      await refused;
      t.equal(await status("/health"), 503);
      t.equal(await status("/readyz/linearizable_read"), 503);
      t.equal(await status("/livez"), 200);
      engine.releaseWrites();
      await settle();
      t.equal(await status("/health"), 200);
    },
    { engine },
  );
});

t.test("An alarm is seen when it is on disk, and no sooner", async (t) => {
  const engine = new FaultyEngine();
  const alarm = { memberId: 7n, alarm: "nospace" } as const;
  await withServer(
    async ({ client, server }) => {
      const health = async () => pageOf(server, "/health");
      const errors = async () => (await client.maintenance.status()).errors;
      engine.holdWrites();
      const first = client.kv.put("k", "1");
      await engine.heldWrite();
      // Applied with the next group, while the first is on its way.
      const raised = client.maintenance.alarmActivate(alarm);
      await settle();
      t.same(await errors(), []);
      t.match(await health(), { status: 200 });
      engine.releaseWrites();
      await Promise.all([first, raised]);
      t.equal((await errors()).length, 1);
      t.match(await health(), { status: 503, body: /ALARM NOSPACE/ });
      engine.holdWrites();
      const dropped = client.maintenance.alarmDeactivate(alarm);
      await engine.heldWrite();
      t.match(await health(), { status: 503 });
      engine.releaseWrites();
      await dropped;
      t.match(await health(), { status: 200 });
    },
    { engine },
  );
});

t.test("An alarm that did not get to the disk is not seen", async (t) => {
  const { server, client, engine } = await startServer();
  engine.failWrite({ write: 1 });
  const raised = client.maintenance.alarmActivate({ memberId: 7n, alarm: "corrupt" });
  await t.rejects(raised, { code: 14 });
  const { body } = await pageOf(server, "/health");
  t.notMatch(body, /ALARM/);
  t.notMatch((await client.maintenance.status()).errors.join(), /CORRUPT/);
  await server.close();
  await engine.close();
  t.equal(messages.AlarmType.corrupt, 2);
});
