import assert from "node:assert/strict";
import fc from "fast-check";
import t from "tap";
import { keyRange } from "../../src/mvcc/index.ts";
import type { Store, Watcher } from "../../src/mvcc/index.ts";
import {
  EVERYTHING,
  commit,
  compactNow,
  deleting,
  openStore,
  putting,
  withStore,
} from "../harness/store-fixture.ts";
import { settle } from "../../src/testing/virtual-clock.ts";
import { MemoryEngine } from "../../src/storage/index.ts";
import { RecordingSink, TestOutlet } from "./recording-sink.ts";
import { revisionKey } from "../../src/mvcc/tables.ts";
import { KEPT_BYTES_MAX } from "../../src/mvcc/watch-hub.ts";
import { WatchRun, watchSteps } from "./watch-run.ts";

for (const valueBytesMax of [1_000_000, 0]) {
  t.test(
    `WatchHub tells every watcher everything, ${String(valueBytesMax)} bytes in memory`,
    async (t) => {
      const property = fc.asyncProperty(watchSteps, async (list) => {
        await withStore(
          async (store) => {
            const run = new WatchRun(store);
            for (const step of list) {
              await run.step(step);
              run.check();
            }
            await run.finish();
          },
          { valueBytesMax },
        );
      });
      await t.resolves(fc.assert(property, { numRuns: 150 }));
    },
  );
}

async function watching(
  store: Store,
  key: string,
  spec: { rangeEnd?: string; startRevision?: number; previous?: boolean; outlet?: TestOutlet } = {},
): Promise<{ watcher: Watcher; sink: RecordingSink }> {
  const sink = new RecordingSink(spec.outlet);
  const watcher = store.watchers.watch({
    range: keyRange(key, spec.rangeEnd ?? ""),
    startRevision: spec.startRevision ?? 0,
    noPut: false,
    noDelete: false,
    previous: spec.previous ?? false,
    sink,
  });
  await settle();
  return { watcher, sink };
}

t.test(
  "WatchHub tells live watchers once a group, with the revision of the last event",
  async (t) => {
    await withStore(async (store) => {
      const { sink } = await watching(store, "k");
      await commit(store, putting("k"), putting("other"), deleting("k"));
      await commit(store, putting("k"), putting("other"));
      t.same(
        sink.calls.map(({ revision }) => revision),
        [4, 5],
      );
      t.same(sink.heard, ["k@2", "-k@4", "k@5"]);
    });
  },
);

t.test("WatchHub encodes events once for all who want the same", async (t) => {
  await withStore(async (store) => {
    const [one, other] = [await watching(store, "k"), await watching(store, "k")];
    const different = await watching(store, "k", { previous: true });
    await commit(store, putting("k"), putting("k"));
    t.equal(one.sink.calls[0]!.blocks[0], other.sink.calls[0]!.blocks[0]);
    t.not(different.sink.calls[0]!.blocks[0], other.sink.calls[0]!.blocks[0]);
    store.watchers.cancel(one.watcher);
    await commit(store, putting("k"));
    t.same(one.sink.heard, ["k@2", "k@3"]);
    t.same(other.sink.heard, ["k@2", "k@3", "k@4"]);
  });
});

t.test("WatchHub tells previous values as they were before the revision", async (t) => {
  await withStore(async (store) => {
    await commit(store, putting("k", "old"));
    const { sink } = await watching(store, "k", { previous: true });
    await commit(store, (txn) => {
      deleting("k")(txn);
      putting("k", "new")(txn);
      deleting("k")(txn);
    });
    const previous = sink.calls.flatMap(({ events }) => events.map((event) => event.previous));
    t.same(previous, ["old", undefined, "old"]);
  });
});

t.test("WatchHub tells no previous value that compaction took", async (t) => {
  await withStore(async (store) => {
    await commit(store, putting("k", "1"), putting("k", "2"), putting("k", "3"));
    await compactNow(store, 3);
    const { sink } = await watching(store, "k", { startRevision: 3, previous: true });
    t.match(sink.calls[0]!.events, [
      { value: "2", previous: undefined },
      { value: "3", previous: "2" },
    ]);
  });
});

t.test("WatchHub replays history by the thousand revisions, at the newest revision", async (t) => {
  await withStore(async (store) => {
    await commit(store, ...Array.from({ length: 2_300 }, () => putting("k")));
    const { sink } = await watching(store, "k", { startRevision: 2 });
    t.same(
      sink.calls.map(({ events, revision }) => [events.length, revision]),
      [
        [1_000, 2_301],
        [1_000, 2_301],
        [300, 2_301],
      ],
    );
  });
});

t.test("WatchHub lets a watcher from the future wait for its revision", async (t) => {
  await withStore(async (store) => {
    const { watcher, sink } = await watching(store, "k", { startRevision: 4 });
    t.equal(store.watchers.isUpToDate(watcher), false);
    await commit(store, putting("k"), putting("k"));
    t.same(sink.heard, []);
    t.equal(store.watchers.isUpToDate(watcher), false);
    await commit(store, putting("k"));
    t.same(sink.heard, ["k@4"]);
    t.equal(store.watchers.isUpToDate(watcher), true);
  });
});

t.test("WatchHub lets a watcher from the future miss nothing while it is blocked", async (t) => {
  await withStore(async (store) => {
    const { sink } = await watching(store, "k", { startRevision: 4 });
    sink.outlet.writable = false;
    await commit(store, putting("k"), putting("k"), putting("k"), putting("k"));
    await settle();
    t.same(sink.heard, []);
    sink.outlet.writable = true;
    store.watchers.wake(sink.outlet);
    await settle();
    t.same(sink.heard, ["k@4", "k@5"]);
  });
});

t.test("WatchHub says that history is gone, once, and forgets the watcher", async (t) => {
  await withStore(async (store) => {
    await commit(store, putting("k"), putting("k"), putting("k"));
    await compactNow(store, 3);
    const late = await watching(store, "k", { startRevision: 2 });
    t.equal(late.sink.compactRevision, 3);
    t.same(late.sink.heard, []);
    t.equal(late.watcher.state, "over");
    t.same(store.watchers.counts, { total: 0, behind: 0 });
    const just = await watching(store, "k", { startRevision: 3 });
    t.same(just.sink.heard, ["k@3", "k@4"], "the compacted revision itself is there");
    await commit(store, putting("k"));
    t.same(late.sink.heard, []);
  });
});

t.test("WatchHub overtaken by a compaction while it reads history loses nothing", async (t) => {
  await withStore(async (store) => {
    await commit(store, ...Array.from({ length: 1_500 }, () => putting("k")));
    const sink = new RecordingSink();
    const range = EVERYTHING;
    const filters = { noPut: false, noDelete: false, previous: false };
    store.watchers.watch({ range, startRevision: 2, ...filters, sink });
    while (sink.calls.length === 0) await new Promise((resolve) => setImmediate(resolve));
    t.equal(sink.heard.length, 1_000);
    await compactNow(store, 1_500);
    await settle();
    // Either the rest was read before the rows went, or the watcher hears that it is too late.
    const whole = sink.heard.length === 1_500;
    t.equal(whole, sink.compactRevision === undefined);
    if (!whole) t.equal(sink.compactRevision, 1_500);
  });
});

t.test(
  "WatchHub keeps for one that does not read what all share, and others do not wait",
  async (t) => {
    await withStore(async (store) => {
      const slow = await watching(store, "k");
      const fast = await watching(store, "k");
      slow.sink.outlet.writable = false;
      for (let index = 0; index < 50; index++) {
        await commit(store, putting("k", "v".repeat(100)));
        t.equal(fast.sink.calls.length, index + 1, "told in the same step");
      }
      t.equal(slow.watcher.state, "lagging");
      t.equal(store.watchers.isUpToDate(slow.watcher), false);
      t.same(store.watchers.counts, { total: 2, behind: 0 });
      slow.sink.outlet.writable = true;
      store.watchers.wake(slow.sink.outlet);
      t.same(slow.sink.heard, fast.sink.heard);
      t.equal(slow.sink.calls.length, 1, "in one response");
      t.equal(slow.watcher.state, "synced");
      await commit(store, putting("k"));
      t.same(slow.sink.heard, fast.sink.heard);
    });
  },
);

t.test("WatchHub keeps only so much: then who does not read has to read history", async (t) => {
  await withStore(async (store) => {
    const slow = await watching(store, "k");
    const fast = await watching(store, "k");
    const elsewhere = await watching(store, "other");
    slow.sink.outlet.writable = false;
    elsewhere.sink.outlet.writable = false;
    await commit(store, putting("other"));
    const value = "v".repeat(1024 * 1024);
    const most = KEPT_BYTES_MAX / value.length;
    for (let index = 0; index < most + 1; index++) await commit(store, putting("k", value));
    await settle();
    t.equal(slow.watcher.state, "behind");
    t.equal(elsewhere.watcher.state, "behind", "what was kept for the longest time went first");
    t.same(store.watchers.counts, { total: 3, behind: 2 });
    for (const { sink } of [slow, elsewhere]) {
      sink.outlet.writable = true;
      store.watchers.wake(sink.outlet);
    }
    while (store.watchers.counts.behind > 0) await settle();
    t.same(slow.sink.heard, fast.sink.heard);
    t.same(elsewhere.sink.heard, ["other@2"]);
  });
});

t.test("WatchHub tells very many in slices, each of them everything", async (t) => {
  await withStore(async (store) => {
    const outlet = new TestOutlet();
    const all: { sink: RecordingSink; watcher: Watcher }[] = [];
    for (let index = 0; index < 3_000; index++) {
      const sink = new RecordingSink(outlet);
      const spec = { range: EVERYTHING, startRevision: 0, noPut: false, noDelete: false };
      all.push({ sink, watcher: store.watchers.watch({ ...spec, previous: false, sink }) });
    }
    const toldCount = (): number => all.filter(({ sink }) => sink.calls.length > 0).length;
    await commit(store, putting("a"));
    const first = toldCount();
    t.ok(first > 100 && first < 2_000, `${String(first)} told at once`);
    const last = all.at(-1)!;
    t.equal(store.watchers.isUpToDate(last.watcher), false);
    t.equal(store.watchers.bringUpToDate(last.watcher), true, "out of turn");
    t.same(last.sink.heard, ["a@2"]);
    await commit(store, putting("b"));
    store.watchers.cancel(all[2_500]!.watcher);
    await settle();
    t.equal(toldCount(), 2_999);
    for (const [index, { sink, watcher }] of all.entries()) {
      if (index === 2_500) continue;
      assert.deepEqual(sink.heard, ["a@2", "b@3"]);
      assert.ok(store.watchers.isUpToDate(watcher));
    }
    t.equal(all[2_000]!.sink.calls.length, 1, "both groups in one response");
  });
});

t.test("WatchHub events of history have the bytes of live ones", async (t) => {
  await withStore(
    async (store) => {
      const live = await watching(store, "k", { previous: true });
      await commit(store, putting("k", "1"), putting("k", "2"), deleting("k"));
      const late = await watching(store, "k", { startRevision: 2, previous: true });
      const bytes = ({ sink }: { sink: RecordingSink }): Buffer =>
        Buffer.concat(sink.calls.flatMap(({ blocks }) => blocks));
      t.same(bytes(late), bytes(live));
      t.match(live.sink.calls[0]!.events, [
        { value: "1", previous: undefined },
        { value: "2", previous: "1" },
        { deleted: true, previous: "2" },
      ]);
    },
    { valueBytesMax: 0 },
  );
});

t.test("WatchHub ends watches whose history cannot be read, and no others", async (t) => {
  const engine = new MemoryEngine();
  const failures: unknown[] = [];
  const store = await openStore(engine, { onReadFailure: (error) => failures.push(error) });
  await commit(store, putting("k"));
  const live = await watching(store, "k");
  const scan = engine.scan.bind(engine);
  const broken = new Error("broken disk");
  engine.scan = () => {
    throw broken;
  };
  const { sink, watcher } = await watching(store, "k", { startRevision: 2 });
  t.same(failures, [broken]);
  t.equal(sink.failure, broken);
  t.equal(watcher.state, "over");
  t.same(store.watchers.counts, { total: 1, behind: 0 });
  engine.scan = scan;
  await commit(store, putting("k"));
  t.same(sink.heard, []);
  t.same(live.sink.heard, ["k@3"]);
  const again = await watching(store, "k", { startRevision: 2 });
  t.same(again.sink.heard, ["k@2", "k@3"]);
});

t.test("WatchHub ends watches whose previous values cannot be read, and no others", async (t) => {
  const engine = new MemoryEngine();
  const failures: unknown[] = [];
  const store = await openStore(engine, {
    valueBytesMax: 0,
    onReadFailure: (error) => failures.push(error),
  });
  await commit(store, putting("k", "1"), putting("k", "2"));
  const plain = await watching(store, "k");
  const previous = await watching(store, "k", { previous: true });
  const getSync = engine.getSync.bind(engine);
  engine.getSync = () => {
    throw new Error("broken disk");
  };
  const late = await watching(store, "k", { startRevision: 2, previous: true });
  const latePlain = await watching(store, "k", { startRevision: 2 });
  t.match(late.sink.failure, /broken disk/);
  t.same(latePlain.sink.heard, ["k@2", "k@3"]);
  engine.getSync = getSync;
  await commit(store, putting("k", "3"));
  t.same(previous.sink.heard, ["k@4"]);
  engine.getSync = (key) => {
    if (revisionKey(4, 0).equals(key)) throw new Error("broken disk");
    return getSync(key);
  };
  await commit(store, putting("k", "4"));
  t.match(previous.sink.failure, /broken disk/);
  t.equal(failures.length, 2);
  t.same(plain.sink.heard, ["k@4", "k@5"]);
  t.same(store.watchers.counts, { total: 2, behind: 0 });
});

t.test(
  "WatchHub keeps all of a group before anybody hears that a part is unreadable",
  async (t) => {
    const engine = new MemoryEngine();
    const store = await openStore(engine, { valueBytesMax: 0, onReadFailure: () => undefined });
    await commit(store, putting("k", "1"));
    const broken = await watching(store, "k", { previous: true });
    const other = await watching(store, "k");
    let isUpToDate: boolean | undefined;
    broken.sink.failed = () => (isUpToDate = store.watchers.isUpToDate(other.watcher));
    const getSync = engine.getSync.bind(engine);
    engine.getSync = (key) => {
      if (revisionKey(2, 0).equals(key)) throw new Error("broken disk");
      return getSync(key);
    };
    await commit(store, putting("k", "2"));
    t.equal(isUpToDate, false);
    t.same(other.sink.heard, ["k@3"]);
    await store.close();
  },
);

t.test("WatchHub.close() waits for the reading under way, and tells nobody any more", async (t) => {
  const store = await openStore();
  await commit(store, putting("k"));
  const sink = new RecordingSink();
  store.watchers.watch({
    range: EVERYTHING,
    startRevision: 2,
    noPut: false,
    noDelete: false,
    previous: false,
    sink,
  });
  await store.close();
  const { length } = sink.heard;
  store.watchers.wake(sink.outlet);
  await settle();
  t.equal(sink.heard.length, length);
});
