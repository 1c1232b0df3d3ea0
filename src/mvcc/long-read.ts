/**
 * Reading what is too much for one turn of the event loop, at one revision.
 *
 * MVCC itself hides what is written between two turns; and what a compaction would remove stays until
 * the read is over, because it pins its revision. A version that was found is good until the next
 * await only, since a newest one is the live history: after that it is looked up by its key again.
 */
import {
  EtcdError,
  HeadFrames,
  RecordFrames,
  STATUS,
  contentLengthAt,
  withoutValue,
} from "../wire/index.ts";
import type { KeyValueFrames } from "../wire/index.ts";
import type { KeyVersion } from "./key-history.ts";
import type { KeyRange } from "./key-range.ts";
import type { KeySpace, SelectedPart } from "./key-space.ts";
import {
  fetchMax,
  hasFilter,
  isInKeyOrder,
  limitOf,
  needsNoValues,
  passes,
  sortOf,
} from "./range.ts";
import type { RangeQuery } from "./range.ts";
import { sortInTurns } from "./sort-in-turns.ts";
import { KEY_WORK, TURN_BYTES, TURN_ROWS } from "./turns.ts";
import { ValueRows, compareValues } from "./value-rows.ts";
import type { ValueRow } from "./value-rows.ts";

/** Where KeyValues go to. They are only lent. */
export interface KeyValueSink {
  add(kvs: KeyValueFrames): void;
}

/** Whether somebody still waits for what is read; an AbortSignal is one. */
export interface Reader {
  readonly aborted: boolean;
}

/** What a long range comes to, beside its KeyValues; see RangeResult. */
export interface LongResult {
  readonly count: number;
  readonly more: boolean;
}

/** A key, and what it is sorted by. */
interface Entry {
  readonly key: string;
  readonly number: number;
}

export class LongRead {
  readonly revision: number;
  readonly #space: KeySpace;
  readonly #unpin: () => void;
  readonly #reader: Reader | undefined;
  /** Keys that one turn may read. */
  readonly #turnKeys: number;

  /** At a revision that can be read now; it can be until {@link close}, to be called once. */
  constructor(space: KeySpace, revision: number, reader: Reader | undefined) {
    this.#reader = reader;
    this.revision = revision;
    this.#space = space;
    this.#turnKeys = Math.ceil(space.turns.work / KEY_WORK);
    this.#unpin = space.pins.add(revision);
  }

  close(): void {
    this.#unpin();
  }

  /**
   * Lets others have their turn. Rejects with EtcdError: `stopped` when the store is closed, and
   * code 1 when nobody waits for the answer any more.
   */
  readonly turn = async (): Promise<void> => {
    await this.#space.turns.next();
    // Source: gRPC's answer to a call whose context was cancelled.
    if (this.#reader?.aborted === true) throw new EtcdError(STATUS.canceled, "context canceled");
  };

  /**
   * Reads a range at this revision; its KeyValues go to `sink`, in their order. Rejects with
   * EtcdError, StorageError.
   */
  async range(query: RangeQuery, sink: KeyValueSink): Promise<LongResult> {
    if (query.countOnly) return { count: await this.#count(query.range), more: false };
    if (isInKeyOrder(query)) return this.#inKeyOrder(query, sink);
    return this.#sorted(query, sink);
  }

  /** Whether all keys of a range satisfy a condition; undefined when there are none. */
  async every(
    range: KeyRange,
    holds: (version: KeyVersion) => boolean,
  ): Promise<boolean | undefined> {
    let found = false;
    let from: string | undefined = range.begin;
    while (from !== undefined) {
      await this.turn();
      // The condition may read a value from the disk.
      const part = this.#part(range, {
        from,
        workMax: Math.min(this.#space.turns.work, TURN_ROWS * KEY_WORK),
      });
      found ||= part.versions.length > 0;
      if (!part.versions.every(holds)) return false;
      from = part.next;
    }
    return found ? true : undefined;
  }

  async #count(range: KeyRange): Promise<number> {
    let count = 0;
    let from: string | undefined = range.begin;
    while (from !== undefined) {
      await this.turn();
      const part = this.#part(range, { from, max: 0 });
      count += part.count;
      from = part.next;
    }
    return count;
  }

  async #inKeyOrder(query: RangeQuery, sink: KeyValueSink): Promise<LongResult> {
    const limit = limitOf(query);
    let found = 0;
    const count = await this.#select(query, async (versions) => {
      const taken = versions.slice(0, Math.max(0, limit - found));
      found += versions.length;
      await this.#add(query, taken, sink);
    });
    return { count, more: found > limit };
  }

  async #sorted(query: RangeQuery, sink: KeyValueSink): Promise<LongResult> {
    const { target, sign } = sortOf(query);
    if (target === "value") return this.#byValue(query, sign, sink);
    const entries: Entry[] = [];
    const count = await this.#select(query, (versions) => {
      for (const version of versions) {
        entries.push({ key: version.key, number: target === "key" ? 0 : target(version) });
      }
    });
    const sorted =
      target === "key"
        ? entries.reverse()
        : await sortInTurns(entries, (a, b) => sign * (a.number - b.number), this.turn);
    const end = Math.min(sorted.length, limitOf(query));
    for (let start = 0; start < end; start += this.#turnKeys) {
      await this.turn();
      const part = sorted.slice(start, Math.min(start + this.#turnKeys, end));
      await this.#add(
        query,
        part.map(({ key }) => this.#at(key)),
        sink,
      );
    }
    return { count, more: sorted.length > end };
  }

  async #byValue(query: RangeQuery, sign: number, sink: KeyValueSink): Promise<LongResult> {
    const copies = new ValueRows();
    const count = await this.#select(query, (versions) => this.#addValues(versions, copies));
    const compare = (a: ValueRow, b: ValueRow): number => sign * compareValues(a, b);
    const sorted = await sortInTurns(copies.rows, compare, this.turn);
    const end = Math.min(sorted.length, limitOf(query));
    let frames = new RecordFrames();
    let share = 1;
    for (const { chunk, start, end: endOfRow } of sorted.slice(0, end)) {
      if (share >= 1) {
        sink.add(frames);
        frames = new RecordFrames();
        await this.turn();
        share = 0;
      }
      if (query.keysOnly) {
        const kvStart = endOfRow - contentLengthAt(chunk, start);
        frames.addKeyValue(withoutValue(chunk.subarray(kvStart, endOfRow)));
      } else {
        frames.add(chunk, start, endOfRow);
      }
      share += 1 / this.#turnKeys + (endOfRow - start) / TURN_BYTES;
    }
    sink.add(frames);
    return { count, more: sorted.length > end };
  }

  /** Hands out the keys that pass, a part in every turn; answers with the number of all. */
  async #select(
    query: RangeQuery,
    visit: (versions: KeyVersion[]) => Promise<void> | void,
  ): Promise<number> {
    const filtered = hasFilter(query);
    let max = fetchMax(query, filtered);
    let count = 0;
    let from: string | undefined = query.range.begin;
    while (from !== undefined) {
      await this.turn();
      const part = this.#part(query.range, { from, max, countAll: query.countAll !== false });
      count += part.count;
      max -= part.versions.length;
      from = part.next;
      const { versions } = part;
      await visit(filtered ? versions.filter((version) => passes(version, query)) : versions);
    }
    return count;
  }

  #part(
    range: KeyRange,
    part: { from: string; max?: number; countAll?: boolean; workMax?: number },
  ): SelectedPart {
    const {
      from,
      max = Number.POSITIVE_INFINITY,
      countAll = true,
      workMax = this.#space.turns.work,
    } = part;
    return this.#space.selectPart(range, this.revision, { from, max, countAll, workMax });
  }

  /** A key that was found at this revision. */
  #at(key: string): KeyVersion {
    // Its revision is pinned.
    return this.#space.at(key, this.revision)!;
  }

  /** The versions must be fresh: looked up since the last await. */
  async #add(
    query: RangeQuery,
    versions: readonly KeyVersion[],
    sink: KeyValueSink,
  ): Promise<void> {
    if (!needsNoValues(query)) return this.#addValues(versions, sink);
    sink.add(new HeadFrames(versions));
  }

  /** As {@link #add}. Takes further turns where values are large, or not in memory. */
  async #addValues(versions: readonly KeyVersion[], sink: KeyValueSink): Promise<void> {
    const { values } = this.#space;
    let fresh = true;
    for (let index = 0; index < versions.length;) {
      if (index > 0) {
        await this.turn();
        fresh = false;
      }
      const frames = new RecordFrames();
      while (index < versions.length && frames.bytes < TURN_BYTES) {
        const version = fresh ? versions[index]! : this.#at(versions[index]!.key);
        if (!values.addTo(frames, version)) break;
        index++;
      }
      sink.add(frames);
      if (index === versions.length || frames.bytes >= TURN_BYTES) continue;
      const rest = versions.slice(index, index + TURN_ROWS);
      const rows = fresh ? rest : rest.map(({ key }) => this.#at(key));
      sink.add(await this.#space.loadRows(rows));
      index += rows.length;
    }
  }
}
