import t from "tap";
import { crc32c } from "../../src/storage/index.ts";
import { revisionKey, tableRange } from "../../src/mvcc/tables.ts";
import type { Engine } from "../../src/storage/index.ts";
import { FaultyEngine } from "../../src/testing/index.ts";
import { VirtualClock, settle } from "../../src/testing/virtual-clock.ts";
import { WatchProbe, bytes, refuses, startServer, withServer } from "./server-fixture.ts";
import type { Fixture } from "./server-fixture.ts";

/** A compaction in steps of two removals, a tenth of a second apart. */
const SLOW = { compaction: { batchLimit: 2, sleepIntervalMs: 100 } };

/** Every key twice: a compaction at the last revision removes one row of each. */
async function fill({ client }: Fixture, keyCount = 10): Promise<void> {
  for (let round = 0; round < 2; round++) {
    for (let index = 0; index < keyCount; index++) {
      await client.kv.put(`k${String(index).padStart(3, "0")}`, String(round));
    }
  }
}

async function rowCount(engine: Engine): Promise<number> {
  let count = 0;
  for await (const page of engine.scan({ ...tableRange("revision"), pageRows: 1_000 })) {
    count += page.length;
  }
  return count;
}

t.test("Compactor removes in steps, and calls get in between", async (t) => {
  await withServer(
    async (fixture) => {
      const { client, clock, engine, store } = fixture;
      await fill(fixture);
      await client.kv.compact(21);
      await refuses(client.kv.get("k000", { revision: 20 }), "compacted");
      const counts: number[] = [];
      for (let step = 0; step < 5; step++) {
        await settle();
        counts.push(await rowCount(engine));
        await client.kv.put("between", String(step));
        await clock.advance(100);
      }
      t.same(counts, [18, 17, 16, 15, 14], "two fewer with every step, and one more put");
      t.equal(store.isCompacting, false);
      t.equal(store.compactedRevision, 21);
    },
    { options: SLOW },
  );
});

t.test("Compactor makes a physical compaction wait for the last row, and no other", async (t) => {
  await withServer(
    async (fixture) => {
      const { client, clock, engine } = fixture;
      await fill(fixture);
      let done = false;
      const compaction = client.kv.compact(21, { physical: true }).then(() => {
        done = true;
      });
      await clock.advance(399);
      t.equal(done, false);
      t.ok((await rowCount(engine)) > 10);
      await clock.advance(200);
      t.equal(done, true);
      t.equal(await rowCount(engine), 10);
      await compaction;
      await client.kv.put("more", "1");
      await t.resolves(client.kv.compact(22), "does not wait for time");
    },
    { options: SLOW },
  );
});

t.test("Compactor goes on after a restart", async (t) => {
  const engine = new FaultyEngine();
  const first = await startServer({ engine, options: SLOW });
  await fill(first);
  await first.client.kv.compact(21);
  await settle();
  t.equal(first.store.isCompacting, true);
  const crashed = await engine.crash();
  await first.server.close();
  const before = await rowCount(crashed);
  t.ok(before > 10);
  await withServer(
    async ({ client, clock, store }) => {
      t.equal(store.compactedRevision, 21);
      await refuses(client.kv.get("k000", { revision: 20 }), "compacted");
      await clock.advance(2_000);
      t.equal(store.isCompacting, false);
      t.equal(await rowCount(crashed), 10);
    },
    { engine: crashed, options: SLOW },
  );
});

t.test("Compactor takes up a newer compaction when it is done with one", async (t) => {
  await withServer(
    async (fixture) => {
      const { client, clock, engine, store } = fixture;
      await fill(fixture);
      await client.kv.compact(15);
      await settle();
      t.equal(store.isCompacting, true);
      const physical = client.kv.compact(21, { physical: true });
      await settle();
      await refuses(client.kv.compact(21), "compacted");
      await clock.advance(3_000);
      await physical;
      t.equal(store.isCompacting, false);
      t.equal(await rowCount(engine), 10);
      t.equal(engine.getSync(revisionKey(11, 0)), undefined);
      t.ok(engine.getSync(revisionKey(12, 0)));
    },
    { options: SLOW },
  );
});

t.test("Compactor.close() does not wait for time", async (t) => {
  for (const moment of ["during a pause", "during a step"]) {
    const engine = new FaultyEngine();
    const fixture = await startServer({ engine, options: SLOW });
    await fill(fixture);
    await fixture.client.kv.compact(21);
    await settle();
    t.equal(fixture.store.isCompacting, true);
    if (moment === "during a step") {
      engine.holdWrites();
      const advanced = fixture.clock.advance(100);
      await engine.heldWrite();
      await advanced;
    }
    const closing = fixture.server.close();
    engine.releaseWrites();
    await closing;
    t.equal(fixture.clock.timerCount, 0, moment);
    await fixture.store.checkConsistency();
  }
});

t.test("Compactor.close() while it hashes is no failure", async (t) => {
  const fixture = await startServer({ options: SLOW });
  await fill(fixture);
  await fixture.client.kv.compact(21);
  await fixture.server.close();
  t.equal(fixture.store.isCompacting, true, "it was under way");
  t.same(
    fixture.log.filter(({ level }) => level === "warn"),
    [],
  );
});

t.test("Compactor and HashKV wait for each other", async (t) => {
  await withServer(
    async (fixture) => {
      const { client, clock } = fixture;
      await fill(fixture);
      const { hash: before } = await client.unary("hashKV", { revision: 15 });
      await client.kv.compact(15);
      await settle();
      const during = [
        client.unary("hashKV", {}),
        client.unary("hashKV", { revision: 15 }),
        client.unary("hashKV", { revision: 18 }),
      ];
      await clock.advance(3_000);
      const [newest, atCompacted, later] = await Promise.all(during);
      const after = await client.unary("hashKV", {});
      t.equal(newest?.hash, after.hash);
      t.equal(newest?.compactRevision, 15);
      t.equal(newest?.hashRevision, 21);
      // Source: seen on etcd 3.7.3: at the compacted revision the hash is of before.
      t.equal(atCompacted?.hash, before);
      t.equal(atCompacted?.compactRevision, -1);
      t.equal(later?.hashRevision, 18);
      t.equal((await client.unary("hashKV", { revision: 18 })).hash, later?.hash);
      t.not(newest?.hash, crc32c(Buffer.from("key"), 0, 3));
    },
    { options: SLOW },
  );
});

t.test("HashKV refuses a revision that is compacted while it waits", async (t) => {
  await withServer(
    async (fixture) => {
      const { client, clock } = fixture;
      await fill(fixture);
      await client.kv.compact(15);
      await settle();
      let answered = false;
      const refused = refuses(client.unary("hashKV", { revision: 16 }), "compacted").then(() => {
        answered = true;
      });
      await client.kv.compact(20);
      await settle();
      t.equal(answered, false);
      await clock.advance(3_000);
      await refused;
    },
    { options: SLOW },
  );
});

t.test("Compactor does not touch watchers that are up to date", async (t) => {
  await withServer(async (fixture) => {
    const { server, client } = fixture;
    const probe = new WatchProbe(server);
    probe.create({ key: bytes("k"), rangeEnd: bytes("l") });
    await fill(fixture, 3);
    await client.kv.compact(7, { physical: true });
    await client.kv.put("k", "after");
    t.equal(WatchProbe.events(probe.responses).length, 7);
    t.notOk(probe.responses.some(({ canceled }) => canceled));
  });
});

t.test("Compactor says why it stopped, and a later compaction goes on", async (t) => {
  const clock = new VirtualClock();
  await withServer(
    async (fixture) => {
      const { client, engine, log } = fixture;
      await fill(fixture);
      await client.kv.compact(15);
      await settle();
      engine.failWrite({ write: 1 });
      await clock.advance(100);
      t.ok(log.some(({ message }) => message === "Failed compaction"));
      t.equal((await client.kv.get("k000")).count, 1, "reading goes on");
      await t.rejects(client.kv.compact(16), { code: 14 });
    },
    { clock, options: SLOW, consistent: false },
  );
});
