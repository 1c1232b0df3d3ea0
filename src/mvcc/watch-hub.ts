/**
 * Tells watchers of changes: at once those that are up to date, from history the others.
 *
 * The simple version: each change goes to every watcher whose range has its key. With a thousand
 * watchers nearly all of that is done a thousand times alike, so:
 * - watchers that want the same share an {@link Interest}, which stands in an index by key and by
 *   range. A published group is matched and encoded once for each interest;
 * - a watcher is told of a group with one response, whatever the number of its revisions;
 * - a delivery is done in slices, so that nobody else waits while ten thousand watchers are told.
 *
 * A watcher is synced, lagging or behind. A synced one whose outlet has no room when its turn comes is
 * lagging: its interest keeps what it missed, for all who did, and when there is room it is told,
 * several groups in one response. When too much is kept, the watchers that it is kept for fall behind:
 * nothing is kept for them, they will read the same events from history. So a slow reader costs a
 * bounded amount of memory and holds up nobody.
 *
 * Source of the rules: etcd server/storage/mvcc/watchable_store.go.
 */
import { CatchUp } from "./catch-up.ts";
import type { Change } from "./change.ts";
import { Interest } from "./interest.ts";
import type { KeySpace } from "./key-space.ts";
import { RangeIndex } from "./range-index.ts";
import { Slice } from "./slice.ts";
import { Watcher } from "./watcher.ts";
import type { WatchOutlet, WatchSpec } from "./watcher.ts";

/** Events kept for those that have no room, bytes: some hundred groups of writes. */
export const KEPT_BYTES_MAX = 16 * 1024 * 1024;

export class WatchHub {
  readonly #space: KeySpace;
  readonly #byKey = new Map<string, Set<Interest>>();
  readonly #byRange = new RangeIndex<Interest>();
  readonly #catchUp: CatchUp;
  /** Synced and lagging. */
  #currentCount = 0;
  /** Who waits for room, by where it waits. */
  readonly #lagging = new Map<WatchOutlet, Set<Watcher>>();
  /** What the group being published is of interest to. */
  readonly #touched: Interest[] = [];
  /** Those whose watchers are still to be told, in order. */
  readonly #due = new Set<Interest>();
  /** Those that keep something, the oldest first. */
  readonly #keeping = new Set<Interest>();
  #keptBytes = 0;
  readonly #slice = new Slice();
  #isDelivering = false;
  #closed = false;
  readonly #onFailure: (error: unknown) => void;

  /** `onFailure` hears of what could not be read; the watchers that it was for are over. */
  constructor(space: KeySpace, onFailure: (error: unknown) => void) {
    this.#space = space;
    this.#onFailure = onFailure;
    this.#catchUp = new CatchUp(space, {
      caughtUp: (watcher) => this.#attach(watcher),
      compacted: (watcher) => this.#compacted(watcher),
      failed: (watchers, error) => this.#fail(watchers, error),
    });
  }

  /** Number of watchers, and of those that are behind. */
  get counts(): { readonly total: number; readonly behind: number } {
    const behind = this.#catchUp.count;
    return { total: this.#currentCount + behind, behind };
  }

  /** Events that are kept for watchers until they can be told. Goes through all that wait. */
  get pendingEventCount(): number {
    let count = 0;
    for (const watchers of this.#lagging.values()) {
      for (const { interest, nextRevision } of watchers) {
        count += interest.eventCountFrom(nextRevision);
      }
    }
    return count;
  }

  /** Adds a watcher. Its sink hears nothing before the caller's next await. */
  watch(spec: WatchSpec): Watcher {
    const visible = this.#space.visibleRevision;
    const next = spec.startRevision === 0 ? visible + 1 : spec.startRevision;
    const watcher = new Watcher(spec, this.#interestFor(spec, next > visible + 1 ? next : 0), next);
    watcher.interest.memberCount++;
    if (next > visible) this.#attach(watcher);
    else this.#catchUp.add(watcher);
    return watcher;
  }

  /** The watcher hears nothing more. */
  cancel(watcher: Watcher): void {
    if (watcher.state === "over") return;
    if (watcher.state === "behind") this.#catchUp.remove(watcher);
    else this.#detach(watcher);
    watcher.state = "over";
    this.#leave(watcher.interest);
  }

  /** Whether the watcher was told of everything visible, and starts at or before it. */
  isUpToDate(watcher: Watcher): boolean {
    return (
      watcher.state === "synced" &&
      watcher.nextRevision > watcher.interest.lastRevision &&
      watcher.startRevision <= this.#space.visibleRevision
    );
  }

  /** As {@link isUpToDate}, after telling it what a delivery under way has for it. */
  bringUpToDate(watcher: Watcher): boolean {
    if (watcher.state === "synced") this.#tellOrWait(watcher);
    return this.isUpToDate(watcher);
  }

  /** An outlet has room again. */
  wake(outlet: WatchOutlet): void {
    if (this.#closed) return;
    for (const watcher of this.#lagging.get(outlet) ?? []) {
      if (!this.#tell(watcher)) break;
      // Told, it may have gone.
      if (watcher.state !== "lagging") continue;
      this.#stopLagging(watcher);
      watcher.state = "synced";
      watcher.interest.synced.add(watcher);
      this.#forgetIfTold(watcher.interest);
    }
    this.#catchUp.wake();
  }

  /** Tells synced watchers of changes that became visible just now. Whole: no await. */
  publish(changes: readonly Change[]): void {
    if (this.#currentCount === 0 || this.#closed) return;
    for (const change of changes) this.#match(change);
    const failures: { readonly watchers: readonly Watcher[]; readonly error: unknown }[] = [];
    for (const interest of this.#touched) {
      try {
        this.#keep(interest);
      } catch (error) {
        failures.push({ watchers: [...interest.synced, ...interest.lagging], error });
      }
    }
    this.#touched.length = 0;
    // When all is kept: who hears of it may ask at once whether other watchers are up to date.
    for (const { watchers, error } of failures) this.#fail(watchers, error);
    if (!this.#isDelivering) this.#deliver();
    while (this.#keptBytes > KEPT_BYTES_MAX) this.#forgetOldest();
  }

  /** No watcher hears anything any more. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#catchUp.close();
  }

  #match(change: Change): void {
    const note = (interest: Interest): void => {
      if (interest.synced.size + interest.lagging.size === 0 || !interest.wants(change)) return;
      if (interest.pending.length === 0) this.#touched.push(interest);
      interest.pending.push(change);
    };
    this.#byKey.get(change.key)?.forEach(note);
    this.#byRange.forEachContaining(change.key, note);
  }

  /** Throws StorageError; nothing is kept then. */
  #keep(interest: Interest): void {
    this.#keptBytes -= interest.keptBytes;
    try {
      interest.keepPending(this.#space);
    } catch (error) {
      interest.forget();
      throw error;
    } finally {
      this.#keptBytes += interest.keptBytes;
    }
    if (interest.keptBytes === 0) return;
    this.#keeping.add(interest);
    this.#due.add(interest);
  }

  /** Tells as many as a slice allows; the others later, in their turn. */
  readonly #deliver = (): void => {
    this.#isDelivering = true;
    this.#slice.begin();
    for (const interest of this.#due) {
      if (this.#closed) return;
      if (!this.#deliverTo(interest)) {
        setImmediate(this.#deliver);
        return;
      }
      this.#due.delete(interest);
      this.#forgetIfTold(interest);
    }
    this.#isDelivering = false;
  };

  /** `false` when the slice is used up before everybody has been told. */
  #deliverTo(interest: Interest): boolean {
    for (;;) {
      if (interest.pass === undefined) {
        // A set's iterator goes on where it was left, and sees who comes and goes meanwhile.
        interest.pass = interest.synced.values();
        interest.passRevision = interest.lastRevision;
      }
      for (const watcher of interest.pass) {
        if (watcher.nextRevision > interest.lastRevision) continue;
        this.#tellOrWait(watcher);
        if (this.#slice.isOver) return false;
      }
      interest.pass = undefined;
      if (interest.passRevision === interest.lastRevision) return true;
    }
  }

  #tellOrWait(watcher: Watcher): void {
    if (this.#tell(watcher) || watcher.state !== "synced") return;
    const { interest, sink } = watcher;
    watcher.state = "lagging";
    watcher.nextRevision = firstMissed(watcher);
    interest.synced.delete(watcher);
    interest.lagging.add(watcher);
    const waiting = this.#lagging.get(sink.outlet);
    if (waiting === undefined) this.#lagging.set(sink.outlet, new Set([watcher]));
    else waiting.add(watcher);
  }

  /** `false` when there is no room for all that it has to be told. */
  #tell(watcher: Watcher): boolean {
    const { interest, sink } = watcher;
    while (watcher.nextRevision <= interest.lastRevision && watcher.state !== "over") {
      if (!sink.outlet.writable) return false;
      const told = interest.from(watcher.nextRevision);
      watcher.nextRevision = told.lastRevision + 1;
      this.#slice.spend(told.bytes);
      this.#space.counts.events += told.eventCount;
      sink.events(told.blocks, told.lastRevision);
    }
    return true;
  }

  #attach(watcher: Watcher): void {
    watcher.state = "synced";
    watcher.interest.synced.add(watcher);
    this.#currentCount++;
  }

  #detach(watcher: Watcher): void {
    this.#currentCount--;
    if (watcher.state === "lagging") this.#stopLagging(watcher);
    else watcher.interest.synced.delete(watcher);
    this.#forgetIfTold(watcher.interest);
  }

  #stopLagging(watcher: Watcher): void {
    const { outlet } = watcher.sink;
    watcher.interest.lagging.delete(watcher);
    const waiting = this.#lagging.get(outlet)!;
    waiting.delete(watcher);
    if (waiting.size === 0) this.#lagging.delete(outlet);
  }

  #forgetIfTold(interest: Interest): void {
    if (interest.lagging.size === 0 && !this.#due.has(interest)) this.#forget(interest);
  }

  #forget(interest: Interest): void {
    this.#keptBytes -= interest.keptBytes;
    interest.forget();
    this.#keeping.delete(interest);
  }

  /** What has been kept for the longest time: those who have not been told will read it again. */
  #forgetOldest(): void {
    const [interest] = this.#keeping;
    for (const watcher of [...interest!.lagging, ...interest!.synced]) {
      if (watcher.nextRevision > interest!.lastRevision) continue;
      watcher.nextRevision = firstMissed(watcher);
      this.#detach(watcher);
      this.#catchUp.add(watcher);
    }
    this.#forget(interest!);
  }

  #compacted(watcher: Watcher): void {
    watcher.state = "over";
    this.#leave(watcher.interest);
    watcher.sink.compacted(this.#space.compactedRevision);
  }

  #fail(watchers: readonly Watcher[], error: unknown): void {
    this.#onFailure(error);
    for (const watcher of watchers) {
      if (watcher.state === "over") continue;
      this.cancel(watcher);
      watcher.sink.failed(error);
    }
  }

  #interestFor(spec: WatchSpec, fromRevision: number): Interest {
    const { begin, end, single } = spec.range;
    const known = single ? this.#byKey.get(begin) : this.#byRange.membersOf(begin, end);
    for (const interest of known ?? []) {
      if (interest.fits(spec, fromRevision)) return interest;
    }
    const interest = new Interest(spec, fromRevision);
    if (!single) this.#byRange.add(begin, end, interest);
    else if (known === undefined) this.#byKey.set(begin, new Set([interest]));
    else this.#byKey.get(begin)!.add(interest);
    return interest;
  }

  /** One watcher less has it. */
  #leave(interest: Interest): void {
    if (--interest.memberCount > 0) return;
    this.#due.delete(interest);
    this.#forget(interest);
    const { begin, end, single } = interest.range;
    if (!single) {
      this.#byRange.delete(begin, end, interest);
      return;
    }
    const interests = this.#byKey.get(begin)!;
    interests.delete(interest);
    if (interests.size === 0) this.#byKey.delete(begin);
  }
}

/** The first revision that a watcher still has to be told of; there is one. */
function firstMissed(watcher: Watcher): number {
  const { firstRevision } = watcher.interest.from(watcher.nextRevision);
  return Math.max(watcher.nextRevision, firstRevision);
}
