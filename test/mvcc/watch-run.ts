/** Random watchers over random commands, each compared with what the model says it must hear. */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { Store, Watcher } from "../../src/mvcc/index.ts";
import { ModelStore } from "../harness/model-store.ts";
import type { ModelChange } from "../harness/model-store.ts";
import { compactNow } from "../harness/store-fixture.ts";
import { settle } from "../../src/testing/virtual-clock.ts";
import { applyGroup, randomGroups, randomKeys } from "./random-commands.ts";
import type { RandomGroup } from "./random-commands.ts";
import { RecordingSink, TestOutlet, nameOf } from "./recording-sink.ts";

/** What may happen next. */
export type WatchStep =
  | { readonly type: "group"; readonly group: RandomGroup }
  | {
      readonly type: "watch";
      readonly begin: string;
      readonly end: string | undefined;
      /** Revisions from the newest to the start; undefined is from now on. */
      readonly back: number | undefined;
      readonly noPut: boolean;
      readonly noDelete: boolean;
      readonly outlet: number;
    }
  | { readonly type: "block"; readonly index: number; readonly calls: number }
  | { readonly type: "unblock"; readonly index: number }
  | { readonly type: "cancel"; readonly index: number }
  | { readonly type: "compact"; readonly back: number }
  /** Lets what waits go on: a little, or as far as it can. */
  | { readonly type: "turn" }
  | { readonly type: "settle" };

const indexes = fc.nat(5);
/** As many steps as a run has. */
export const watchSteps: fc.Arbitrary<WatchStep[]> = fc.array(
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
        outlet: fc.nat(2),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        type: fc.constant("block" as const),
        index: indexes,
        calls: fc.nat(2),
      }),
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
export class WatchRun {
  readonly store: Store;
  readonly model = new ModelStore();
  readonly watched: Watched[] = [];
  /** Watchers share these, as those of one stream do. */
  readonly outlets: readonly TestOutlet[] = [0, 1, 2].map(() => new TestOutlet());

  constructor(store: Store) {
    this.store = store;
  }

  async step(step: WatchStep): Promise<void> {
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
    }
  }

  /** Everybody reads: then everybody must have heard all there is. */
  async finish(): Promise<void> {
    for (const outlet of this.outlets) this.#unblock(outlet);
    for (let turn = 0; turn < 20 && this.store.watchers.counts.behind > 0; turn++) await settle();
    this.check();
    assert.equal(this.store.watchers.counts.behind, 0);
    for (const { watcher, sink, cancelled } of this.watched) {
      const ended = cancelled || sink.compactRevision !== undefined;
      assert.equal(watcher.state === "synced", !ended, watcher.state);
      if (sink.compactRevision === undefined) continue;
      const last = sink.calls.at(-1)?.events.at(-1)?.main ?? 0;
      assert.ok(sink.compactRevision > last, "told of history that it was then said to lack");
    }
  }

  #watch(step: Extract<WatchStep, { type: "watch" }>): void {
    const { begin, end, back, noPut, noDelete } = step;
    const range = { begin, end, single: false };
    const startRevision = back === undefined ? 0 : Math.max(1, this.model.revision - back);
    const sink = new RecordingSink(this.outlets[step.outlet]);
    const spec = { range, startRevision, noPut, noDelete, previous: false, sink };
    const watcher = this.store.watchers.watch(spec);
    assert.deepEqual(sink.heard, [], "nothing before the caller's next await");
    const from = startRevision === 0 ? this.model.revision + 1 : startRevision;
    const wanted = ({ key, deleted }: ModelChange): boolean =>
      key >= begin && (end === undefined || key < end) && !(deleted ? noDelete : noPut);
    this.watched.push({ watcher, sink, from, wanted, cancelled: false });
  }

  #touch(step: Extract<WatchStep, { index: number }>, chosen: Watched): void {
    if (step.type === "block") {
      chosen.sink.outlet.callsUntilBlocked = step.calls;
      if (step.calls === 0) chosen.sink.outlet.writable = false;
    } else if (step.type === "unblock") {
      this.#unblock(chosen.sink.outlet);
    } else {
      this.store.watchers.cancel(chosen.watcher);
      chosen.cancelled = true;
    }
  }

  #unblock(outlet: TestOutlet): void {
    outlet.callsUntilBlocked = Number.POSITIVE_INFINITY;
    outlet.writable = true;
    this.store.watchers.wake(outlet);
  }
}

/** A revision's changes come in one call, all of them. */
function assertWholeRevisions(sink: RecordingSink, expected: readonly ModelChange[]): void {
  let previous = 0;
  for (const { events, revision } of sink.calls) {
    const mains = events.map(({ main }) => main);
    assert.ok(mains[0]! > previous, "a revision in two calls");
    previous = mains.at(-1)!;
    assert.ok(revision >= previous);
    const all = expected.filter(({ main }) => main >= mains[0]! && main <= previous);
    assert.equal(events.length, all.length);
  }
}
