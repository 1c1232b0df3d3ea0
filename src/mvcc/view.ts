/** The keys as they are at one moment: inside a group of changes, or at the visible revision. */
import type { KeyVersion } from "./key-history.ts";
import type { KeyRange } from "./key-range.ts";
import type { KeySpace } from "./key-space.ts";
import { readRangeSync } from "./range.ts";
import type { RangeQuery, RangeResult } from "./range.ts";
import { TURN_BYTES } from "./turns.ts";

/**
 * Reads without awaiting: from memory, or from the disk at once. What it answers with is only lent
 * until the next await. Throws StorageError.
 */
export interface View {
  /** The revision that is read at. */
  readonly revision: number;
  /** The revision before the command under way; the same as `revision` when nothing is changed. */
  readonly baseRevision: number;
  readonly compactedRevision: number;
  /** A key; undefined when it does not exist. */
  get(key: string): KeyVersion | undefined;
  /** Keys of a range, in order. */
  select(range: KeyRange): KeyVersion[];
  /** The encoded KeyValue of a version, lent until the next await. */
  load(version: KeyVersion): Uint8Array;
  range(query: RangeQuery): RangeResult;
}

/** Thrown by a {@link ReadView} that would need more than one turn: a LongRead has to answer. */
export class TurnExceeded extends Error {
  override readonly name = "TurnExceeded";
}

/**
 * The visible revision, for as long as nothing awaits (or a LongRead keeps it readable), and for one
 * turn's work in all.
 */
export class ReadView implements View {
  readonly revision: number;
  readonly #space: KeySpace;
  #workLeft: number;
  #operations = 0;

  constructor(space: KeySpace) {
    this.#space = space;
    this.revision = space.visibleRevision;
    this.#workLeft = space.turns.work;
  }

  get baseRevision(): number {
    return this.revision;
  }

  get compactedRevision(): number {
    return this.#space.compactedRevision;
  }

  /** Nothing more will be read. */
  done(): void {
    const { counts } = this.#space;
    counts.ranges += this.#operations;
    counts.requestDone(this.#operations);
  }

  get(key: string): KeyVersion | undefined {
    this.#operations++;
    return this.#space.at(key, this.revision);
  }

  /** Throws {@link TurnExceeded}. */
  select(range: KeyRange): KeyVersion[] {
    this.#operations++;
    const part = { from: range.begin, max: Number.POSITIVE_INFINITY, countAll: true };
    const workMax = this.#workLeft;
    const { versions, work, next } = this.#space.selectPart(range, this.revision, {
      ...part,
      workMax,
    });
    if (next !== undefined) throw new TurnExceeded();
    this.#workLeft -= work;
    return versions;
  }

  load(version: KeyVersion): Uint8Array {
    return this.#space.loadSync(version);
  }

  /** Throws {@link TurnExceeded}. */
  range(query: RangeQuery): RangeResult {
    this.#operations++;
    const read = readRangeSync(this.#space, query, this.#workLeft);
    if (read === undefined) throw new TurnExceeded();
    this.#workLeft -= read.work + (read.result.kvs.bytes / TURN_BYTES) * this.#space.turns.work;
    return read.result;
  }
}
