/** A watcher's sink that keeps what it hears, and blocks when it is told to. */
import assert from "node:assert/strict";
import type { Change, WatchSink, Watcher } from "../../src/mvcc/index.ts";

/** One call of {@link WatchSink.events}. */
export interface HeardEvents {
  readonly changes: readonly Change[];
  readonly revision: number;
}

export class RecordingSink implements WatchSink {
  writable = true;
  /** Calls after which the sink blocks by itself, as a full socket does. */
  callsUntilBlocked: number = Number.POSITIVE_INFINITY;
  readonly calls: HeardEvents[] = [];
  /** Where history began when the watcher was told that it is too late. */
  compactRevision: number | undefined = undefined;

  /** `watcher main.sub` of everything heard, `-` before a deletion. */
  get heard(): string[] {
    return this.calls.flatMap(({ changes }) => changes.map(nameOf));
  }

  events(_watcher: Watcher, changes: readonly Change[], revision: number): void {
    assert.ok(this.writable, "told although there is no room");
    assert.equal(this.compactRevision, undefined, "told after the end");
    assert.ok(changes.length > 0);
    // The list is only lent.
    this.calls.push({ changes: [...changes], revision });
    if (--this.callsUntilBlocked <= 0) this.writable = false;
  }

  compacted(_watcher: Watcher, compactRevision: number): void {
    assert.equal(this.compactRevision, undefined, "told twice");
    this.compactRevision = compactRevision;
  }
}

/** What tells one change from every other. */
export function nameOf(change: {
  key: string;
  main: number;
  sub: number;
  deleted: boolean;
}): string {
  const { key, main, sub, deleted } = change;
  return `${deleted ? "-" : ""}${key}@${String(main)}.${String(sub)}`;
}
