/**
 * What one kind of watchers wants: those that want the same share one, so that a change is matched
 * and encoded once for all of them.
 *
 * An interest keeps what was published until all of its watchers that are not behind have been told:
 * a few blocks, while a delivery is under way or some of them have no room.
 */
import { encodeEvents } from "../wire/index.ts";
import type { Change } from "./change.ts";
import type { KeyRange } from "./key-range.ts";
import type { KeySpace } from "./key-space.ts";
import type { Watcher, WatchSpec } from "./watcher.ts";

/**
 * Bytes of events in one live response; a single revision may have more. Large enough that what a
 * response costs beside its events does not count, small enough for the message limits of clients
 * that have been told one revision at a time so far.
 */
export const RESPONSE_BYTES_MAX = 64 * 1024;

/** What a kept block costs beside its bytes. */
const BLOCK_COST_BYTES = 256;

/** Events of whole revisions, to be told in one response. */
export interface Told {
  readonly blocks: readonly Uint8Array[];
  readonly bytes: number;
  readonly eventCount: number;
  readonly firstRevision: number;
  readonly lastRevision: number;
}

export class Interest {
  readonly range: KeyRange;
  readonly #noPut: boolean;
  readonly #noDelete: boolean;
  readonly #previous: boolean;
  /** Of a watch that begins in the future; what comes earlier is not wanted. */
  readonly #fromRevision: number;
  /** All watchers that have it, in whatever state. */
  memberCount = 0;
  readonly synced: Set<Watcher> = new Set();
  readonly lagging: Set<Watcher> = new Set();
  /** Changes of the group being published. */
  readonly pending: Change[] = [];
  /** The newest revision that was published for it. */
  lastRevision = 0;
  /** What is kept costs so much, bytes. */
  keptBytes = 0;
  /** The delivery under way: who is still to be looked at, and the newest revision at its beginning. */
  pass: Iterable<Watcher> | undefined = undefined;
  passRevision = 0;
  #kept: Told[] = [];

  constructor(spec: WatchSpec, fromRevision: number) {
    this.range = spec.range;
    this.#noPut = spec.noPut;
    this.#noDelete = spec.noDelete;
    this.#previous = spec.previous;
    this.#fromRevision = fromRevision;
  }

  /** Whether a watcher of this range has this interest. */
  fits(spec: WatchSpec, fromRevision: number): boolean {
    return (
      spec.noPut === this.#noPut &&
      spec.noDelete === this.#noDelete &&
      spec.previous === this.#previous &&
      fromRevision === this.#fromRevision
    );
  }

  /** Whether a change of a key in its range is one to tell of. */
  wants(change: Change): boolean {
    return change.main >= this.#fromRevision && !(change.deleted ? this.#noDelete : this.#noPut);
  }

  /** The events of changes. Throws StorageError. */
  encode(changes: readonly Change[], space: KeySpace): Uint8Array {
    return encodeEvents(changes, this.#valuesBefore(changes, space));
  }

  /** Keeps the events of what is pending. Throws StorageError. */
  keepPending(space: KeySpace): void {
    const { pending } = this;
    const previous = this.#valuesBefore(pending, space);
    let start = 0;
    let bytes = 0;
    for (let index = 0; index < pending.length; index++) {
      const next = pending[index + 1];
      const end = index + 1;
      if (next !== undefined) {
        bytes += pending[index]!.value.length + (previous?.[index]?.length ?? 0);
        if (bytes < RESPONSE_BYTES_MAX || next.main === pending[index]!.main) continue;
      }
      this.#keep(pending.slice(start, end), previous?.slice(start, end));
      start = end;
      bytes = 0;
    }
    pending.length = 0;
  }

  /** Only lent until the next await; undefined when they are not wanted. Throws StorageError. */
  #valuesBefore(
    changes: readonly Change[],
    space: KeySpace,
  ): (Uint8Array | undefined)[] | undefined {
    return this.#previous ? changes.map((change) => space.valueBefore(change)) : undefined;
  }

  #keep(
    changes: readonly Change[],
    previous: readonly (Uint8Array | undefined)[] | undefined,
  ): void {
    const block = encodeEvents(changes, previous);
    const firstRevision = changes[0]!.main;
    const lastRevision = changes.at(-1)!.main;
    const { length: eventCount } = changes;
    const bytes = block.length;
    this.#kept.push({ blocks: [block], bytes, eventCount, firstRevision, lastRevision });
    this.keptBytes += block.length + BLOCK_COST_BYTES;
    this.lastRevision = lastRevision;
  }

  /** What to tell who has been told up to `nextRevision`, which must be in what is kept. */
  from(nextRevision: number): Told {
    const kept = this.#kept;
    let index = kept.length - 1;
    // Nearly always it is the last one.
    while (index > 0 && kept[index - 1]!.lastRevision >= nextRevision) index--;
    const first = kept[index]!;
    if (index === kept.length - 1) return first;
    const blocks = [...first.blocks];
    let { bytes, eventCount, lastRevision } = first;
    for (index++; index < kept.length; index++) {
      const next = kept[index]!;
      if (bytes + next.bytes > RESPONSE_BYTES_MAX) break;
      bytes += next.bytes;
      eventCount += next.eventCount;
      blocks.push(...next.blocks);
      lastRevision = next.lastRevision;
    }
    return { blocks, bytes, eventCount, firstRevision: first.firstRevision, lastRevision };
  }

  /** Number of events kept for who has been told up to `nextRevision`. */
  eventCountFrom(nextRevision: number): number {
    let count = 0;
    for (const told of this.#kept) if (told.lastRevision >= nextRevision) count += told.eventCount;
    return count;
  }

  /** Nobody is to be told of what is kept, or pending. */
  forget(): void {
    this.pending.length = 0;
    this.#kept = [];
    this.keptBytes = 0;
  }
}
