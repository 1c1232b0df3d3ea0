/** One watcher: what it wants to hear of, and how far it has been told. */
import type { Change } from "./change.ts";
import type { KeyRange } from "./key-range.ts";

/** Where a watcher's events go. Calls are made in order and must not throw. */
export interface WatchSink {
  /** Whether more would be read soon; when not, the watcher falls back to reading history. */
  readonly writable: boolean;
  /**
   * Events of whole revisions, in order. `changes` is only lent. `revision` is the store's revision
   * that the events are part of: their own when live, the newest when they come from history.
   */
  events(watcher: Watcher, changes: readonly Change[], revision: number): void;
  /** The watcher wanted history that is gone; it hears nothing more. */
  compacted(watcher: Watcher, compactRevision: number): void;
}

/** What to watch. */
export interface WatchSpec {
  readonly range: KeyRange;
  /** First revision to hear of; 0 for the next one. */
  readonly startRevision: number;
  readonly noPut: boolean;
  readonly noDelete: boolean;
  readonly sink: WatchSink;
}

/**
 * - `synced`: told of everything visible; hears of changes as they are published;
 * - `behind`: needs history, or room in its sink;
 * - `compacted`: wanted history that is gone;
 * - `cancelled`: hears nothing any more.
 */
type WatcherState = "synced" | "behind" | "compacted" | "cancelled";

export class Watcher {
  readonly range: KeyRange;
  readonly sink: WatchSink;
  /** As asked for; 0 for the next one. */
  readonly startRevision: number;
  readonly #noPut: boolean;
  readonly #noDelete: boolean;
  /** Everything below was told, or is not wanted. */
  nextRevision: number;
  state: WatcherState = "behind";
  /** Changes of the revision being published. */
  readonly pending: Change[] = [];

  constructor(spec: WatchSpec, nextRevision: number) {
    this.range = spec.range;
    this.sink = spec.sink;
    this.startRevision = spec.startRevision;
    this.#noPut = spec.noPut;
    this.#noDelete = spec.noDelete;
    this.nextRevision = nextRevision;
  }

  /** Whether a change of a key in its range is one to tell of. */
  wants(change: Change): boolean {
    return change.main >= this.nextRevision && !(change.deleted ? this.#noDelete : this.#noPut);
  }

  /** Whether its range has the key. */
  covers(key: string): boolean {
    return key >= this.range.begin && (this.range.end === undefined || key < this.range.end);
  }
}
