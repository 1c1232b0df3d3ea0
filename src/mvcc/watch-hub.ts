/**
 * Tells watchers of changes: at once those that are up to date, from history the others.
 *
 * A watcher is synced or behind. Synced ones stand in an index by key and by range, and each
 * published revision goes to those that match. A watcher whose sink has no room when an event comes
 * falls behind: nothing is queued for it, it will read the same event from history when there is
 * room again. So a slow reader costs no memory and holds up nobody.
 *
 * One loop reads history for all that are behind, in chunks of whole revisions, beginning with the
 * one furthest behind. A watcher becomes synced in the same step in which it is told of the newest
 * visible revision: between the two nothing can be published, because nothing awaits.
 *
 * Source of the rules: etcd server/storage/mvcc/watchable_store.go.
 */
import type { Change } from "./change.ts";
import { readHistory } from "./history-reader.ts";
import type { KeySpace } from "./key-space.ts";
import { RangeIndex } from "./range-index.ts";
import { Watcher } from "./watcher.ts";
import type { WatchSpec } from "./watcher.ts";

/** Watchers served by one reading of history. Source: watchable_store.go, maxWatchersPerSync. */
const SYNC_WATCHERS_MAX = 512;

export class WatchHub {
  readonly #space: KeySpace;
  readonly #byKey = new Map<string, Set<Watcher>>();
  readonly #byRange = new RangeIndex<Watcher>();
  readonly #behind = new Set<Watcher>();
  readonly #touched: Watcher[] = [];
  #syncedCount = 0;
  #catchingUp: Promise<void> | undefined = undefined;
  #closed = false;
  readonly #onFailure: (error: unknown) => void;

  /** `onFailure` hears of a history that could not be read; watchers behind then stay behind. */
  constructor(space: KeySpace, onFailure: (error: unknown) => void) {
    this.#space = space;
    this.#onFailure = onFailure;
  }

  /** Number of watchers, and of those that are behind. */
  get counts(): { readonly total: number; readonly behind: number } {
    return { total: this.#syncedCount + this.#behind.size, behind: this.#behind.size };
  }

  /** Adds a watcher. Its sink hears nothing before the caller's next await. */
  watch(spec: WatchSpec): Watcher {
    const visible = this.#space.visibleRevision;
    const next = spec.startRevision === 0 ? visible + 1 : spec.startRevision;
    const watcher = new Watcher(spec, next);
    if (next > visible) this.#sync(watcher);
    else this.#fallBehind(watcher, next);
    return watcher;
  }

  /** The watcher hears nothing more. */
  cancel(watcher: Watcher): void {
    if (watcher.state === "synced") this.#removeSynced(watcher);
    this.#behind.delete(watcher);
    watcher.state = "cancelled";
  }

  /** Whether the watcher was told of everything visible, and starts at or before it. */
  isUpToDate(watcher: Watcher): boolean {
    return watcher.state === "synced" && watcher.startRevision <= this.#space.visibleRevision;
  }

  /** A sink has room again. */
  wake(): void {
    if (this.#closed || this.#behind.size === 0) return;
    this.#catchingUp ??= this.#catchUp();
  }

  /** Tells synced watchers of changes that became visible just now. Whole: no await. */
  publish(changes: readonly Change[]): void {
    if (this.#syncedCount === 0) return;
    let index = 0;
    while (index < changes.length) {
      const { main } = changes[index]!;
      for (; index < changes.length && changes[index]!.main === main; index++) {
        this.#collect(changes[index]!);
      }
      for (const watcher of this.#touched) this.#tell(watcher, main);
      this.#touched.length = 0;
    }
  }

  /** No watcher hears anything any more. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#catchingUp;
  }

  #collect(change: Change): void {
    const { key } = change;
    this.#byKey.get(key)?.forEach((watcher) => this.#note(watcher, change));
    this.#byRange.forEachContaining(key, (watcher) => this.#note(watcher, change));
  }

  #note(watcher: Watcher, change: Change): void {
    if (!watcher.wants(change)) return;
    if (watcher.pending.length === 0) this.#touched.push(watcher);
    watcher.pending.push(change);
  }

  #tell(watcher: Watcher, main: number): void {
    if (watcher.state === "synced") {
      if (watcher.sink.writable) {
        watcher.nextRevision = main + 1;
        watcher.sink.events(watcher, watcher.pending, main);
      } else {
        this.#removeSynced(watcher);
        this.#fallBehind(watcher, main);
      }
    }
    watcher.pending.length = 0;
  }

  #sync(watcher: Watcher): void {
    watcher.state = "synced";
    this.#syncedCount++;
    const { begin, end, single } = watcher.range;
    if (!single) {
      this.#byRange.add(begin, end, watcher);
      return;
    }
    const watchers = this.#byKey.get(begin);
    if (watchers === undefined) this.#byKey.set(begin, new Set([watcher]));
    else watchers.add(watcher);
  }

  #removeSynced(watcher: Watcher): void {
    this.#syncedCount--;
    const { begin, end, single } = watcher.range;
    if (!single) {
      this.#byRange.delete(begin, end, watcher);
      return;
    }
    const watchers = this.#byKey.get(begin)!;
    watchers.delete(watcher);
    if (watchers.size === 0) this.#byKey.delete(begin);
  }

  #fallBehind(watcher: Watcher, nextRevision: number): void {
    watcher.state = "behind";
    watcher.nextRevision = nextRevision;
    this.#behind.add(watcher);
    this.wake();
  }

  async #catchUp(): Promise<void> {
    // The caller of watch() first says that the watcher was created.
    await turn();
    for (;;) {
      const watchers = this.#closed ? [] : this.#nextBehind();
      if (watchers.length === 0) {
        // In the same step as the look: a wake() from here on begins anew.
        this.#catchingUp = undefined;
        return;
      }
      const from = watchers[0]!.nextRevision;
      try {
        const history = await readHistory(this.#space, from);
        for (const watcher of watchers) this.#tellHistory(watcher, history);
      } catch (error) {
        this.#catchingUp = undefined;
        this.#onFailure(error);
        return;
      }
      await turn();
    }
  }

  /** Watchers that can be told something, the one furthest behind first. */
  #nextBehind(): Watcher[] {
    const ready: Watcher[] = [];
    for (const watcher of this.#behind) {
      if (!watcher.sink.writable) continue;
      if (watcher.nextRevision < this.#space.compactedRevision) {
        this.#behind.delete(watcher);
        watcher.state = "compacted";
        watcher.sink.compacted(watcher, this.#space.compactedRevision);
      } else {
        ready.push(watcher);
      }
    }
    ready.sort((a, b) => a.nextRevision - b.nextRevision);
    return ready.slice(0, SYNC_WATCHERS_MAX);
  }

  /** Whole: no await from the events to the step into the index. */
  #tellHistory(
    watcher: Watcher,
    history: { readonly changes: readonly Change[]; readonly through: number },
  ): void {
    if (watcher.state !== "behind" || !watcher.sink.writable) return;
    if (watcher.nextRevision > history.through) return;
    const changes = history.changes.filter(
      (change) => watcher.covers(change.key) && watcher.wants(change),
    );
    watcher.nextRevision = history.through + 1;
    if (watcher.nextRevision > this.#space.visibleRevision) {
      this.#behind.delete(watcher);
      this.#sync(watcher);
    }
    if (changes.length > 0) {
      watcher.sink.events(watcher, changes, this.#space.visibleRevision);
    }
  }
}

/** Lets everything else that waits have its turn. */
async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}
