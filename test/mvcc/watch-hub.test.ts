import assert from "node:assert/strict";
import fc from "fast-check";
import t from "tap";
import { keyRange } from "../../src/mvcc/index.ts";
import type { Store, Watcher } from "../../src/mvcc/index.ts";
import { ModelStore } from "../harness/model-store.ts";
import type { ModelChange } from "../harness/model-store.ts";
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
import { applyGroup, randomGroups, randomKeys } from "./random-commands.ts";
import type { RandomGroup } from "./random-commands.ts";
import { RecordingSink, nameOf } from "./recording-sink.ts";

type Step =
  | { readonly type: "group"; readonly group: RandomGroup }
  | {
      readonly type: "watch";
      readonly begin: string;
      readonly end: string | undefined;
      /** Revisions from the newest to the start; undefined is from now on. */
      readonly back: number | undefined;
      readonly noPut: boolean;
      readonly noDelete: boolean;
    }
  | { readonly type: "block"; readonly index: number; readonly calls: number }
  | { readonly type: "unblock"; readonly index: number }
  | { readonly type: "cancel"; readonly index: number }
  | { readonly type: "compact"; readonly back: number }
  /** Lets what waits go on: a little, or as far as it can. */
  | { readonly type: "turn" }
  | { readonly type: "settle" };

const indexes = fc.nat(5);
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({ type: fc.constant("group" as const), group: randomGroups }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        type: fc.constant("watch" as const),
        begin: randomKeys,
        end: fc.option(randomKeys, { nil: undefined }),
        back: fc.option(fc.integer({ min: -3, max: 12 }), { nil: undefined }),
        noPut: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, fc.boolean()),
        noDelete: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, fc.boolean()),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({ type: fc.constant("block" as const), index: indexes, calls: fc.nat(2) }),
    },
    {
      weight: 4,
      arbitrary: fc.record({ type: fc.constant("unblock" as const), index: indexes }),
    },
    { weight: 1, arbitrary: fc.record({ type: fc.constant("cancel" as const), index: indexes }) },
    {
      weight: 1,
      arbitrary: fc.record({ type: fc.constant("compact" as const), back: fc.nat(10) }),
    },
    { weight: 3, arbitrary: fc.record({ type: fc.constant("turn" as const) }) },
    { weight: 2, arbitrary: fc.record({ type: fc.constant("settle" as const) }) },
  ),
  { maxLength: 50 },
);

/** One watcher with what it must hear. */
interface Watched {
  readonly watcher: Watcher;
  readonly sink: RecordingSink;
  readonly from: number;
  readonly wanted: (change: ModelChange) => boolean;
  cancelled: boolean;
}

/** Every watcher of a run, and the model that knows what they must hear. */
class Run {
  readonly store: Store;
  readonly model = new ModelStore();
  readonly watched: Watched[] = [];

  constructor(store: Store) {
    this.store = store;
  }

  async step(step: Step): Promise<void> {
    const chosen = "index" in step ? this.watched[step.index % this.watched.length] : undefined;
    if (step.type === "group") {
      await applyGroup(this.store, this.model, step.group, { repeats: false });
    } else if (step.type === "watch") {
      this.#watch(step);
    } else if (step.type === "compact") {
      const revision = this.model.revision - step.back;
      if (revision <= Math.max(1, this.model.compactedRevision)) return;
      this.model.compactedRevision = revision;
      await compactNow(this.store, revision);
    } else if (step.type === "turn") {
      await new Promise((resolve) => setImmediate(resolve));
    } else if (step.type === "settle") {
      await settle();
    } else if (chosen !== undefined) {
      this.#touch(step, chosen);
    }
  }

  /** Holds at any moment. */
  check(): void {
    for (const { watcher, sink, from, wanted, cancelled } of this.watched) {
      const expected = this.model.changes.filter((change) => change.main >= from && wanted(change));
      const names = expected.map(nameOf);
      const { heard } = sink;
      assert.deepEqual(heard, names.slice(0, heard.length), "in order, without loss or repeat");
      assertWholeRevisions(sink, expected);
      if (cancelled || sink.compactRevision !== undefined) {
        assert.equal(this.store.watchers.isUpToDate(watcher), false);
      } else if (watcher.state === "synced") {
        assert.equal(heard.length, names.length, "synced means told of everything");
        const started = watcher.startRevision <= this.model.revision;
        assert.equal(this.store.watchers.isUpToDate(watcher), started);
      } else {
        assert.equal(this.store.watchers.isUpToDate(watcher), false);
      }
      assert.equal(watcher.pending.length, 0, "nothing is queued");
    }
  }

  /** Everybody reads: then everybody must have heard all there is. */
  async finish(): Promise<void> {
    for (const { sink } of this.watched) {
      sink.callsUntilBlocked = Number.POSITIVE_INFINITY;
      sink.writable = true;
    }
    this.store.watchers.wake();
    for (let turn = 0; turn < 20 && this.store.watchers.counts.behind > 0; turn++) await settle();
    this.check();
    assert.equal(this.store.watchers.counts.behind, 0);
    for (const { watcher, sink, cancelled } of this.watched) {
      const ended = cancelled || sink.compactRevision !== undefined;
      assert.equal(watcher.state === "synced", !ended, watcher.state);
      if (sink.compactRevision === undefined) continue;
      const last = sink.calls.at(-1)?.changes.at(-1)?.main ?? 0;
      assert.ok(sink.compactRevision > last, "told of history that it was then said to lack");
    }
  }

  #watch(step: Extract<Step, { type: "watch" }>): void {
    const { begin, end, back, noPut, noDelete } = step;
    const range = { begin, end, single: false };
    const startRevision = back === undefined ? 0 : Math.max(1, this.model.revision - back);
    const sink = new RecordingSink();
    const spec = { range, startRevision, noPut, noDelete, sink };
    const watcher = this.store.watchers.watch(spec);
    assert.deepEqual(sink.heard, [], "nothing before the caller's next await");
    const from = startRevision === 0 ? this.model.revision + 1 : startRevision;
    const wanted = ({ key, deleted }: ModelChange): boolean =>
      key >= begin && (end === undefined || key < end) && !(deleted ? noDelete : noPut);
    this.watched.push({ watcher, sink, from, wanted, cancelled: false });
  }

  #touch(step: Extract<Step, { index: number }>, chosen: Watched): void {
    if (step.type === "block") {
      chosen.sink.callsUntilBlocked = step.calls;
      if (step.calls === 0) chosen.sink.writable = false;
    } else if (step.type === "unblock") {
      chosen.sink.callsUntilBlocked = Number.POSITIVE_INFINITY;
      chosen.sink.writable = true;
      this.store.watchers.wake();
    } else {
      this.store.watchers.cancel(chosen.watcher);
      chosen.cancelled = true;
    }
  }
}

/** A revision's changes come in one call, all of them. */
function assertWholeRevisions(sink: RecordingSink, expected: readonly ModelChange[]): void {
  let previous = 0;
  for (const { changes, revision } of sink.calls) {
    const mains = changes.map(({ main }) => main);
    assert.ok(mains[0]! > previous, "a revision in two calls");
    previous = mains.at(-1)!;
    assert.ok(revision >= previous);
    const all = expected.filter(({ main }) => main >= mains[0]! && main <= previous);
    assert.equal(changes.length, all.length);
  }
}

for (const valueBytesMax of [1_000_000, 0]) {
  t.test(`WatchHub tells every watcher everything, ${String(valueBytesMax)} bytes in memory`, async (t) => {
    const property = fc.asyncProperty(steps, async (list) => {
      await withStore(
        async (store) => {
          const run = new Run(store);
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
  });
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

t.test("WatchHub keeps nothing for a watcher that does not read, and others do not wait", async (t) => {
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
});

t.test("WatchHub events of history share one previous value with live ones", async (t) => {
  await withStore(
    async (store) => {
      const live = await watching(store, "k");
      await commit(store, putting("k", "1"), putting("k", "2"), deleting("k"));
      const late = await watching(store, "k", { startRevision: 2 });
      const read = (main: number, sub: number): Uint8Array | undefined =>
        store.previousValue(main, sub);
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
  store.watchers.watch({ range: EVERYTHING, startRevision: 2, noPut: false, noDelete: false, sink });
  await store.close();
  const { length } = sink.heard;
  store.watchers.wake();
  await settle();
  t.equal(sink.heard.length, length);
});
