/** A watcher's sink that keeps what it hears, and blocks when it is told to. */
import assert from "node:assert/strict";
import type { WatchOutlet, WatchSink } from "../../src/mvcc/index.ts";
import { latin1, messages } from "../../src/wire/index.ts";

/** Room for what watchers are told. */
export class TestOutlet implements WatchOutlet {
  writable = true;
  /** Calls after which it blocks by itself, as a full socket does. */
  callsUntilBlocked: number = Number.POSITIVE_INFINITY;
}

/** One event, in short. */
export interface HeardEvent {
  readonly key: string;
  readonly main: number;
  readonly deleted: boolean;
  readonly value: string;
  readonly previous: string | undefined;
}

/** One call of {@link WatchSink.events}. */
export interface HeardEvents {
  readonly blocks: readonly Uint8Array[];
  readonly events: readonly HeardEvent[];
  readonly revision: number;
}

export class RecordingSink implements WatchSink {
  readonly outlet: TestOutlet;
  readonly calls: HeardEvents[] = [];
  /** Where history began when the watcher was told that it is too late. */
  compactRevision: number | undefined = undefined;
  /** What the watcher was told that its events could not be read for. */
  failure: unknown = undefined;

  constructor(outlet: TestOutlet = new TestOutlet()) {
    this.outlet = outlet;
  }

  /** `key@revision` of everything heard, `-` before a deletion. */
  get heard(): string[] {
    return this.calls.flatMap(({ events }) => events.map(nameOf));
  }

  events(blocks: readonly Uint8Array[], revision: number): void {
    assert.ok(this.outlet.writable, "told although there is no room");
    assert.equal(this.compactRevision, undefined, "told after the end");
    assert.equal(this.failure, undefined, "told after the end");
    const { events } = messages.decodeWatchResponse(Buffer.concat(blocks));
    assert.ok(events.length > 0);
    this.calls.push({ blocks, events: events.map(heardEvent), revision });
    if (--this.outlet.callsUntilBlocked <= 0) this.outlet.writable = false;
  }

  compacted(compactRevision: number): void {
    assert.equal(this.compactRevision, undefined, "told twice");
    this.compactRevision = compactRevision;
  }

  failed(error: unknown): void {
    assert.equal(this.failure, undefined, "told twice");
    this.failure = error;
  }
}

function heardEvent({ type, kv, prevKv }: messages.Event): HeardEvent {
  return {
    key: latin1(kv!.key),
    main: kv!.modRevision,
    deleted: type === messages.EventType.delete,
    value: latin1(kv!.value),
    previous: prevKv && latin1(prevKv.value),
  };
}

/** What tells one change from nearly every other. */
export function nameOf(change: { key: string; main: number; deleted: boolean }): string {
  const { key, main, deleted } = change;
  return `${deleted ? "-" : ""}${key}@${String(main)}`;
}
