/** Compact: what can no longer be asked for, and what stays. Each test has a server of its own. */
import { randomBytes } from "node:crypto";
import { op } from "../../src/client/index.ts";
import type { Client } from "../../src/client/index.ts";
import { bytes, currentRevision, REFUSALS, refuses, revisionOf, rows } from "./checks.ts";
import type { SuiteTests } from "./scene.ts";
import { told, withProbe } from "./watch-probe.ts";

const COMPACTED_TEXT = "etcdserver: mvcc: required revision has been compacted";

/** Puts a key so many times; returns the revision of the first. */
async function putTimes(client: Client, key: string, times: number): Promise<number> {
  const first = revisionOf(await client.kv.put(key, "1"));
  for (let time = 2; time <= times; time += 1) {
    await client.kv.put(key, String(time));
  }
  return first;
}

export const compactionTests: SuiteTests = {
  "Compact refuses reads of before at once, and none from there on": async ({ t, fresh }) => {
    const { client } = await fresh();
    const first = await putTimes(client, "a", 5);
    const header = await client.kv.compact(first + 2);
    t.equal(header?.revision, first + 4, "the header is of now");
    for (const revision of [1, first, first + 1]) {
      await refuses(t, client.kv.get("a", { revision }), REFUSALS.compacted, `at ${revision}`);
    }
    for (const [revision, value] of [
      [first + 2, "3"],
      [first + 3, "4"],
      [0, "5"],
    ] as const) {
      t.strictSame(rows((await client.kv.get("a", { revision })).kvs), [`a=${value}`]);
    }
    t.equal(await currentRevision(client), first + 4, "it uses no revision");
  },

  "Compact refuses every kind of read of before": async ({ t, fresh }) => {
    const { client } = await fresh();
    const first = await putTimes(client, "a", 3);
    await client.kv.compact(first + 1);
    const revision = first;
    for (const options of [
      { countOnly: true },
      { keysOnly: true },
      { serializable: true },
      { limit: 1 },
    ]) {
      const read = client.kv.get("a", { ...options, revision });
      await refuses(t, read, REFUSALS.compacted, JSON.stringify(options));
    }
    const stream = client.kv.getStream("a", { revision });
    await refuses(t, stream.next(), REFUSALS.compacted, "RangeStream");
    const txn = client.kv.txn().then(op.put("b", "1"), op.get("a", { revision }));
    await refuses(t, txn.commit(), REFUSALS.compacted, "Txn");
    t.equal((await client.kv.get("b")).count, 0, "and nothing of the Txn is done");
    const last = client.kv.txn().then(op.get("a", { revision: first + 1 }));
    t.equal((await last.commit()).succeeded, true, "the compacted revision itself is there");
  },

  "Compact refuses the future, what is compacted already, and below zero": async (scene) => {
    const { t, fresh } = scene;
    const { client } = await fresh();
    const first = await putTimes(client, "a", 3);
    await refuses(t, client.kv.compact(first + 3), REFUSALS.future);
    await refuses(t, client.kv.compact(-1), REFUSALS.compacted);
    await client.kv.compact(first + 1);
    for (const revision of [first + 1, first, 1, 0, -1]) {
      await refuses(t, client.kv.compact(revision), REFUSALS.compacted, `at ${revision}`);
    }
    await client.kv.compact(first + 2);
    t.equal((await client.kv.get("a")).count, 1, "the newest revision can be compacted");
  },

  "Compact at zero succeeds once and changes nothing": async ({ t, fresh }) => {
    const { client } = await fresh();
    const first = await putTimes(client, "a", 3);
    t.equal((await client.kv.compact(0))?.revision, first + 2);
    t.strictSame(rows((await client.kv.get("a", { revision: first })).kvs), ["a=1"]);
    await refuses(t, client.kv.compact(0), REFUSALS.compacted);
    await client.kv.compact(first);
  },

  "Txn reads below zero are refused where Range takes them": async ({ t, fresh }) => {
    const { client } = await fresh();
    const first = await putTimes(client, "a", 3);
    const read = (revision: number) => client.kv.txn().then(op.get("a", { revision })).commit();
    await refuses(t, read(-2), REFUSALS.compacted);
    const [before] = (await read(-1)).responses;
    t.strictSame(before?.type === "get" && rows(before.kvs), ["a=3"], "-1 before a compaction");
    await client.kv.compact(first);
    await refuses(t, read(-1), REFUSALS.compacted, "-1 after a compaction");
    await refuses(t, read(-2), REFUSALS.compacted);
    t.strictSame(rows((await client.kv.get("a", { revision: -1 })).kvs), ["a=3"]);
  },

  "Compact keeps the newest of every key, however old": async ({ t, fresh }) => {
    const { client } = await fresh();
    const first = revisionOf(await client.kv.put("old", "1"));
    await putTimes(client, "a", 4);
    await client.kv.put("gone", "1");
    await client.kv.delete("gone");
    const last = await putTimes(client, "b", 2);
    await client.kv.compact(last, { physical: true });
    const at = await client.kv.get("a", { fromKey: true, revision: last });
    t.strictSame(rows(at.kvs), ["a=4", "b=1", "old=1"]);
    t.equal(at.count, 3);
    const old = at.kvs.find(({ key }) => key.toString() === "old");
    t.strictSame([old?.createRevision, old?.modRevision, old?.version], [first, first, 1]);
    t.equal(at.kvs[0]?.version, 4, "versions are counted on");
    await client.kv.put("a", "5");
    t.equal((await client.kv.get("a")).kvs[0]?.version, 5);
  },

  "Compact at a delete keeps the delete for those who watch from there": async (scene) => {
    const { t, fresh } = scene;
    const { client } = await fresh();
    await putTimes(client, "a", 2);
    const deleted = revisionOf(await client.kv.delete("a"));
    await client.kv.put("b", "1");
    await client.kv.compact(deleted, { physical: true });
    t.equal((await client.kv.get("a", { revision: deleted })).count, 0);
    await withProbe(client, async (probe) => {
      await probe.create({ key: "a", rangeEnd: "c", startRevision: deleted });
      const answers = await probe.take(2);
      t.equal(answers.map((answer) => told(answer, "")).join(" "), "-a +b=1");
    });
  },

  "Compact after a delete forgets the key, and a new put begins again": async ({ t, fresh }) => {
    const { client } = await fresh();
    await putTimes(client, "a", 3);
    await client.kv.delete("a");
    const last = await putTimes(client, "b", 1);
    await client.kv.compact(last, { physical: true });
    t.equal((await client.kv.get("a", { revision: last })).count, 0);
    await client.kv.put("a", "again");
    const { kvs } = await client.kv.get("a");
    t.strictSame([kvs[0]?.version, kvs[0]?.createRevision], [1, last + 1]);
  },

  "Compact gives the room back of what it removed": async ({ t, fresh }) => {
    const { client } = await fresh();
    const value = randomBytes(100_000);
    for (let times = 0; times < 50; times += 1) {
      await client.kv.put("a", value);
    }
    const last = await currentRevision(client);
    await client.maintenance.defragment();
    const before = await client.maintenance.status();
    t.ok(before.dbSizeInUse > 4_000_000, `history takes room: ${before.dbSizeInUse}`);
    await client.kv.compact(last, { physical: true });
    await client.maintenance.defragment();
    const after = await client.maintenance.status();
    t.ok(after.dbSize < 1_000_000, `and then no more: ${after.dbSize}`);
    t.ok((await client.kv.get("a")).kvs[0]?.value.equals(value));
  },

  "Compact comes by itself after a period": async ({ t, fresh }) => {
    const { client } = await fresh({ autoCompaction: { mode: "periodic", periodMs: 500 } });
    const first = revisionOf(await client.kv.put("a", "0"));
    const startMs = performance.now();
    let refusal: unknown;
    for (let count = 1; refusal === undefined; count += 1) {
      await client.kv.put("a", String(count));
      await client.kv.get("a", { revision: first }).catch((error: unknown) => {
        refusal = error;
      });
    }
    const [code, message] = REFUSALS.compacted;
    t.match(refusal, { code, message });
    t.ok(performance.now() - startMs > 300, "not at once");
    t.equal((await client.kv.get("a")).count, 1);
  },

  "Compact of much in small steps holds nobody up": async ({ t, fresh }) => {
    const { client } = await fresh({ compactionBatchLimit: 10 });
    const first = await putTimes(client, "a", 500);
    const compacting = client.kv.compact(first + 400, { physical: true });
    for (let revision = first + 499; revision < first + 520; revision += 1) {
      t.equal(revisionOf(await client.kv.put("b", "1")), revision + 1);
    }
    await compacting;
    t.strictSame(rows((await client.kv.get("a", { revision: first + 400 })).kvs), ["a=401"]);
    await refuses(t, client.kv.get("a", { revision: first + 399 }), REFUSALS.compacted);
  },

  "Compact can be asked for again while one is under way": async ({ t, fresh }) => {
    const { client } = await fresh({ compactionBatchLimit: 10 });
    const first = await putTimes(client, "a", 100);
    await client.kv.compact(first + 50);
    await client.kv.compact(first + 60);
    await client.kv.compact(first + 70, { physical: true });
    await refuses(t, client.kv.get("a", { revision: first + 69 }), REFUSALS.compacted);
    t.strictSame(rows((await client.kv.get("a", { revision: first + 70 })).kvs), ["a=71"]);
  },
};

export const watchCompactionTests: SuiteTests = {
  "Watch from a compacted revision is made, and then cancelled with the revision": async (
    scene,
  ) => {
    const { t, fresh } = scene;
    const { client } = await fresh();
    const first = await putTimes(client, "a", 5);
    const compactRevision = first + 3;
    await client.kv.compact(compactRevision);
    await withProbe(client, async (probe) => {
      const created = await probe.create({ key: "a", startRevision: first + 1 });
      t.match(created, { created: true, canceled: false, watchId: 0 });
      t.equal(created.header?.revision, first + 4);
      t.strictSame(await probe.next("the watch to be cancelled"), {
        ...created,
        header: { ...created.header, revision: 0 },
        created: false,
        canceled: true,
        compactRevision,
      });
    });
  },

  "Watch that was compacted keeps its id until the client cancels it": async ({ t, fresh }) => {
    const { client } = await fresh();
    const first = await putTimes(client, "a", 5);
    await client.kv.compact(first + 3);
    await withProbe(client, async (probe) => {
      await probe.create({ key: "a", startRevision: first, watchId: 9 });
      t.match(await probe.next(), { watchId: 9, canceled: true });
      t.match(await probe.create({ key: "a", watchId: 9 }), {
        watchId: -1,
        created: true,
        canceled: true,
        cancelReason: "mvcc: duplicate watch ID provided on the WatchStream",
      });
      probe.cancel(9);
      t.match(await probe.next(), { watchId: 9, canceled: true, compactRevision: 0 });
      t.match(await probe.create({ key: "a", watchId: 9 }), { watchId: 9, canceled: false });
    });
  },

  "Watch from the compacted revision itself is served": async ({ t, fresh }) => {
    const { client } = await fresh();
    const first = await putTimes(client, "a", 5);
    await client.kv.compact(first + 3, { physical: true });
    await withProbe(client, async (probe) => {
      await probe.create({ key: "a", startRevision: first + 3 });
      const answers = await probe.take(2);
      t.equal(answers.map((answer) => told(answer, "")).join(" "), "+a=4 +a=5");
    });
  },

  "Watch that is up to date does not notice a compaction": async ({ t, fresh }) => {
    const { client } = await fresh();
    await withProbe(client, async (probe) => {
      await probe.create({ key: "a" });
      const first = await putTimes(client, "a", 3);
      await client.kv.compact(first + 2, { physical: true });
      await client.kv.put("a", "4");
      const answers = await probe.take(4);
      t.equal(answers.map((answer) => told(answer, "")).join(" "), "+a=1 +a=2 +a=3 +a=4");
    });
  },

  "Watch leaves out what was before where that is compacted": async ({ t, fresh }) => {
    const { client } = await fresh();
    const first = await putTimes(client, "a", 3);
    await client.kv.compact(first + 1, { physical: true });
    await withProbe(client, async (probe) => {
      await probe.create({ key: "a", startRevision: first + 1, prevKv: true });
      const events = (await probe.take(2)).flatMap((answer) => answer.events);
      t.strictSame(
        events.map(({ prevKv }) => prevKv?.modRevision),
        [undefined, first + 1],
      );
    });
  },

  "Watch of the client is refused as compacted and says how far": async ({ t, fresh }) => {
    const { client } = await fresh();
    const first = await putTimes(client, "a", 3);
    await client.kv.compact(first + 2);
    const watch = client.watch("a", { startRevision: first });
    await watch.created;
    await refuses(t, watch.next(), [11, COMPACTED_TEXT]);
    t.equal(watch.compactRevision, first + 2);
  },
};

export const compactionRestartTests: SuiteTests = {
  "Compact is remembered over a restart": async ({ t, fresh }) => {
    const own = await fresh();
    const first = await putTimes(own.client, "a", 5);
    await own.client.kv.put("b", "1");
    await own.client.kv.delete("b");
    await own.client.kv.compact(first + 3, { physical: true });
    await own.restart();
    const { client } = own;
    await refuses(t, client.kv.get("a", { revision: first + 2 }), REFUSALS.compacted);
    await refuses(t, client.kv.compact(first + 3), REFUSALS.compacted);
    t.strictSame(rows((await client.kv.get("a", { revision: first + 3 })).kvs), ["a=4"]);
    t.equal((await client.kv.get("a")).kvs[0]?.version, 5);
    t.equal((await client.unary("hashKV", {})).compactRevision, first + 3);
  },

  "Compact that was not waited for is finished after a restart": async ({ t, fresh }) => {
    const own = await fresh({ compactionBatchLimit: 10 });
    const first = await putTimes(own.client, "a", 200);
    await own.client.kv.compact(first + 150);
    await own.restart();
    const { client } = own;
    await refuses(t, client.kv.get("a", { revision: first + 149 }), REFUSALS.compacted);
    t.strictSame(rows((await client.kv.get("a", { revision: first + 150 })).kvs), ["a=151"]);
    const stream = client.unary("range", { key: bytes("a"), revision: first + 199 });
    t.strictSame(rows((await stream).kvs), ["a=200"]);
  },
};
