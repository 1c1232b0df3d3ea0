import t from "tap";
import type { AutoCompaction } from "../../src/server/index.ts";
import { FaultyEngine } from "../../src/testing/index.ts";
import { VirtualClock, settle } from "../../src/testing/virtual-clock.ts";
import { startServer, withServer } from "./server-fixture.ts";
import type { Fixture, LogEntry } from "./server-fixture.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

function periodic(periodMs: number): { options: { autoCompaction: AutoCompaction } } {
  return { options: { autoCompaction: { mode: "periodic", periodMs } } };
}

function revisions(count: number): { options: { autoCompaction: AutoCompaction } } {
  return { options: { autoCompaction: { mode: "revision", revisions: count } } };
}

/** Lets time pass in steps, with a put at the beginning of each; answers what is compacted after each. */
async function compactedAfter(
  { client, clock, store }: Fixture,
  step: { readonly ms: number; readonly count: number },
): Promise<number[]> {
  const compacted: number[] = [];
  for (let index = 0; index < step.count; index++) {
    await client.kv.put("k", String(index));
    await clock.advance(step.ms);
    compacted.push(store.compactedRevision);
  }
  return compacted;
}

function automatic(log: readonly LogEntry[]): string[] {
  return log.map(({ message }) => message).filter((message) => message.includes(" auto "));
}

t.test("AutoCompactor by period compacts what is one period old, once a period", async (t) => {
  await withServer(
    async (fixture) => {
      // Samples at every tenth: revision 1 at the start, then 2 after the first put, and so on.
      const compacted = await compactedAfter(fixture, { ms: MINUTE_MS, count: 32 });
      t.same(compacted.slice(0, 9), Array(9).fill(-1), "nothing before a period has passed");
      t.same(compacted.slice(9, 19), Array(10).fill(1), "then what was newest at the start");
      t.same(compacted.slice(19, 29), Array(10).fill(10), "then what the oldest sample says");
      t.same(compacted.slice(29), Array(3).fill(20));
    },
    periodic(10 * MINUTE_MS),
  );
});

t.test("AutoCompactor by a long period compacts every hour", async (t) => {
  await withServer(
    async (fixture) => {
      const compacted = await compactedAfter(fixture, { ms: HOUR_MS, count: 6 });
      t.same(compacted, [-1, -1, 1, 2, 3, 4]);
    },
    periodic(3 * HOUR_MS),
  );
});

t.test("AutoCompactor by period says what it does, as etcd", async (t) => {
  await withServer(async ({ client, clock, log }) => {
    await client.kv.put("k", "1");
    await clock.advance(90_000);
    t.match(
      log.filter(({ message }) => message.includes(" auto ")),
      [
        {
          level: "info",
          message: "starting auto periodic compaction",
          fields: { revision: 1, "compact-period": "1m30s" },
        },
        {
          level: "info",
          message: "completed auto periodic compaction",
          fields: { revision: 1, "compact-period": "1m30s", took: "0s" },
        },
      ],
    );
    await clock.advance(90_000);
    t.equal(automatic(log).length, 4);
    await clock.advance(900_000);
    t.equal(automatic(log).length, 4, "nothing new, nothing to compact");
  }, periodic(90_000));
});

t.test("AutoCompactor by revision looks every five minutes", async (t) => {
  await withServer(async (fixture) => {
    const { client, clock, store, log } = fixture;
    for (let index = 0; index < 20; index++) await client.kv.put("k", String(index));
    await clock.advance(5 * MINUTE_MS - 1);
    t.equal(store.compactedRevision, -1);
    await clock.advance(1);
    t.equal(store.compactedRevision, 11);
    const fields = { revision: 11, "revision-compaction-retention": 10 };
    t.match(log, [
      { message: "starting auto revision compaction", fields },
      { message: "completed auto revision compaction", fields: { ...fields, took: "0s" } },
    ]);
    await clock.advance(30 * MINUTE_MS);
    t.equal(automatic(log).length, 2, "once for one revision");
    await client.kv.put("k", "more");
    await clock.advance(5 * MINUTE_MS);
    t.equal(store.compactedRevision, 12);
  }, revisions(10));
});

t.test("AutoCompactor by revision compacts nothing while there are too few", async (t) => {
  await withServer(async ({ client, clock, store, log }) => {
    await client.kv.put("k", "1");
    await clock.advance(HOUR_MS);
    t.equal(store.compactedRevision, -1);
    t.same(automatic(log), []);
  }, revisions(2));
});

t.test("AutoCompactor takes a client's later compaction for its own", async (t) => {
  await withServer(async ({ client, clock, store, log }) => {
    for (let index = 0; index < 9; index++) await client.kv.put("k", String(index));
    await client.kv.compact(9);
    await clock.advance(5 * MINUTE_MS);
    t.same(automatic(log), [
      "starting auto revision compaction",
      "completed auto revision compaction",
    ]);
    t.equal(store.compactedRevision, 9);
  }, revisions(5));
});

t.test("AutoCompactor tries again after a failure, and says so", async (t) => {
  await withServer(
    async ({ client, clock, store, log }) => {
      await client.kv.put("k", "1");
      await client.maintenance.alarmActivate({ memberId: 1n, alarm: "corrupt" });
      await clock.advance(10 * MINUTE_MS);
      t.match(
        log.find(({ level }) => level === "warn"),
        {
          message: "failed auto periodic compaction",
          fields: {
            revision: 1,
            "compact-period": "10m0s",
            "retry-interval": "1m0s",
            error: "etcdserver: corrupt cluster",
          },
        },
      );
      await client.maintenance.alarmDeactivate({ memberId: 1n, alarm: "corrupt" });
      await clock.advance(MINUTE_MS);
      t.equal(store.compactedRevision, 1);
    },
    periodic(10 * MINUTE_MS),
  );
});

t.test("AutoCompactor removes the rows too, also after a restart", async (t) => {
  const engine = new FaultyEngine();
  const first = await startServer({ engine, ...revisions(1) });
  for (let index = 0; index < 5; index++) await first.client.kv.put("k", String(index));
  await first.clock.advance(5 * MINUTE_MS);
  t.equal(first.store.isCompacting, false);
  await first.client.kv.put("k", "5");
  const crashed = await engine.crash();
  await first.server.close();
  const clock = new VirtualClock();
  const given = { engine: crashed, clock, ...revisions(1) };
  await withServer(async ({ store }) => {
    t.equal(store.compactedRevision, 5);
    await clock.advance(5 * MINUTE_MS);
    t.equal(store.compactedRevision, 6, "goes on where it was");
    t.equal(store.isCompacting, false);
  }, given);
});

t.test("AutoCompactor.close() leaves no timer", async (t) => {
  for (const given of [periodic(HOUR_MS), revisions(1)]) {
    const fixture = await startServer(given);
    await fixture.clock.advance(2 * HOUR_MS);
    await fixture.server.close();
    await settle();
    t.equal(fixture.clock.timerCount, 0);
  }
});
