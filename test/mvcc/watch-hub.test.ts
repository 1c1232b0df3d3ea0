import fc from "fast-check";
import t from "tap";
import { keyRange } from "../../src/mvcc/index.ts";
import type { Change, Store, Watcher } from "../../src/mvcc/index.ts";
import {
  EVERYTHING,
  commit,
  compactNow,
  deleting,
  openStore,
  plainKeyValue,
  putting,
  withStore,
} from "../harness/store-fixture.ts";
import { settle } from "../harness/virtual-clock.ts";
import { MemoryEngine } from "../../src/storage/index.ts";
import { RecordingSink } from "./recording-sink.ts";
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
  spec: { rangeEnd?: string; startRevision?: number } = {},
): Promise<{ watcher: Watcher; sink: RecordingSink }> {
  const sink = new RecordingSink();
  const watcher = store.watchers.watch({
    range: keyRange(key, spec.rangeEnd ?? ""),
    startRevision: spec.startRevision ?? 0,
    noPut: false,
    noDelete: false,
    sink,
  });
  await settle();
  return { watcher, sink };
}

t.test("WatchHub tells live watchers with the revision of the events themselves", async (t) => {
  await withStore(async (store) => {
    const { sink } = await watching(store, "k");
    await commit(store, putting("k"), putting("other"), deleting("k"));
    t.same(
      sink.calls.map(({ revision }) => revision),
      [2, 4],
    );
    t.same(sink.heard, ["k@2.0", "-k@4.0"]);
  });
});

t.test("WatchHub replays history by the thousand revisions, at the newest revision", async (t) => {
  await withStore(async (store) => {
    await commit(store, ...Array.from({ length: 2_300 }, () => putting("k")));
    const { sink } = await watching(store, "k", { startRevision: 2 });
    t.same(
      sink.calls.map(({ changes, revision }) => [changes.length, revision]),
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
    t.same(sink.heard, ["k@4.0"]);
    t.equal(store.watchers.isUpToDate(watcher), true);
  });
});

t.test("WatchHub lets a watcher from the future miss nothing while it is blocked", async (t) => {
  await withStore(async (store) => {
    const { sink } = await watching(store, "k", { startRevision: 4 });
    sink.writable = false;
    await commit(store, putting("k"), putting("k"), putting("k"), putting("k"));
    await settle();
    t.same(sink.heard, []);
    sink.writable = true;
    store.watchers.wake();
    await settle();
    t.same(sink.heard, ["k@4.0", "k@5.0"]);
  });
});

t.test("WatchHub says that history is gone, once, and forgets the watcher", async (t) => {
  await withStore(async (store) => {
    await commit(store, putting("k"), putting("k"), putting("k"));
    await compactNow(store, 3);
    const late = await watching(store, "k", { startRevision: 2 });
    t.equal(late.sink.compactRevision, 3);
    t.same(late.sink.heard, []);
    t.equal(late.watcher.state, "compacted");
    t.same(store.watchers.counts, { total: 0, behind: 0 });
    const just = await watching(store, "k", { startRevision: 3 });
    t.same(just.sink.heard, ["k@3.0", "k@4.0"], "the compacted revision itself is there");
    await commit(store, putting("k"));
    t.same(late.sink.heard, []);
  });
});

t.test("WatchHub overtaken by a compaction while it reads history loses nothing", async (t) => {
  await withStore(async (store) => {
    await commit(store, ...Array.from({ length: 1_500 }, () => putting("k")));
    const sink = new RecordingSink();
    const range = EVERYTHING;
    store.watchers.watch({ range, startRevision: 2, noPut: false, noDelete: false, sink });
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
  "WatchHub keeps nothing for a watcher that does not read, and others do not wait",
  async (t) => {
    await withStore(async (store) => {
      const slow = await watching(store, "k");
      const fast = await watching(store, "k");
      slow.sink.writable = false;
      for (let index = 0; index < 50; index++) {
        await commit(store, putting("k", "v".repeat(1_000)));
        t.equal(slow.watcher.pending.length, 0);
        t.equal(fast.sink.calls.length, index + 1, "told in the same step");
      }
      t.same(store.watchers.counts, { total: 2, behind: 1 });
      slow.sink.writable = true;
      store.watchers.wake();
      await settle();
      t.same(slow.sink.heard, fast.sink.heard);
      t.same(store.watchers.counts, { total: 2, behind: 0 });
    });
  },
);

t.test("WatchHub events of history share one previous value with live ones", async (t) => {
  await withStore(
    async (store) => {
      const live = await watching(store, "k");
      await commit(store, putting("k", "1"), putting("k", "2"), deleting("k"));
      const late = await watching(store, "k", { startRevision: 2 });
      const read = (change: Change): Uint8Array | undefined => store.valueBefore(change);
      const events = ({ sink }: { sink: RecordingSink }): Buffer[] =>
        sink.calls.flatMap(({ changes }) =>
          changes.map((change) => Buffer.from(change.eventWithPrevious(read))),
        );
      t.same(events(late), events(live));
      const [first] = live.sink.calls[0]!.changes;
      t.equal(plainKeyValue(first!.value).value, "1");
    },
    { valueBytesMax: 0 },
  );
});

t.test("WatchHub reports history that cannot be read, and tries again when woken", async (t) => {
  const engine = new MemoryEngine();
  const failures: unknown[] = [];
  const store = await openStore(engine, { onReadFailure: (error) => failures.push(error) });
  await commit(store, putting("k"));
  const scan = engine.scan.bind(engine);
  engine.scan = () => {
    throw new Error("broken disk");
  };
  const { sink, watcher } = await watching(store, "k", { startRevision: 2 });
  t.equal(failures.length, 1);
  t.equal(watcher.state, "behind");
  engine.scan = scan;
  store.watchers.wake();
  await settle();
  t.same(sink.heard, ["k@2.0"]);
  t.equal(watcher.state, "synced");
});

t.test("WatchHub.close() waits for the reading under way, and tells nobody any more", async (t) => {
  const store = await openStore();
  await commit(store, putting("k"));
  const sink = new RecordingSink();
  store.watchers.watch({
    range: EVERYTHING,
    startRevision: 2,
    noPut: false,
    noDelete: false,
    sink,
  });
  await store.close();
  const { length } = sink.heard;
  store.watchers.wake();
  await settle();
  t.equal(sink.heard.length, length);
});
