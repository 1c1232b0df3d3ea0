/** One watcher: what it wants to hear of, and how far it has been told. */
import type { Interest } from "./interest.ts";
import type { KeyRange } from "./key-range.ts";

/** What the watchers of one stream share: room for what they are told. */
export interface WatchOutlet {
  /** Whether more would be read soon; when not, nothing is told until {@link WatchHub.wake}. */
  readonly writable: boolean;
}

/** Where a watcher's events go. Calls are made in order and must not throw. */
export interface WatchSink {
  readonly outlet: WatchOutlet;
  /**
   * Events of whole revisions, in order, as `encodeEvents` makes them; never changed, and shared with
   * other watchers. `revision` is that of the last of them when they are live, and the newest when
   * they come from history.
   */
  events(blocks: readonly Uint8Array[], revision: number): void;
  /** The watcher wanted history that is gone; it hears nothing more. */
  compacted(compactRevision: number): void;
  /** What the watcher is to be told next cannot be read; it hears nothing more. */
  failed(error: unknown): void;
}

/** What to watch. */
export interface WatchSpec {
  readonly range: KeyRange;
  /** First revision to hear of; 0 for the next one. */
  readonly startRevision: number;
  readonly noPut: boolean;
  readonly noDelete: boolean;
  /** Events have the previous KeyValue, where there is one. */
  readonly previous: boolean;
  readonly sink: WatchSink;
}

/**
 * - `synced`: told of everything visible, or about to be; hears of changes as they are published;
 * - `lagging`: as synced, but its outlet has no room for what its interest keeps for it;
 * - `behind`: needs history, or room for it;
 * - `over`: hears nothing any more.
 */
type WatcherState = "synced" | "lagging" | "behind" | "over";

export class Watcher {
  readonly sink: WatchSink;
  readonly interest: Interest;
  /** As asked for; 0 for the next one. */
  readonly startRevision: number;
  /** Everything below was told, or is not wanted. */
  nextRevision: number;
  state: WatcherState = "behind";

  constructor(spec: WatchSpec, interest: Interest, nextRevision: number) {
    this.sink = spec.sink;
    this.interest = interest;
    this.startRevision = spec.startRevision;
    this.nextRevision = nextRevision;
  }
}
