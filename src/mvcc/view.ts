/** The keys as they are at one moment: inside a group of changes, or at the visible revision. */
import type { KeyVersion } from "./key-history.ts";
import type { KeyRange } from "./key-range.ts";
import type { KeySpace } from "./key-space.ts";
import { readRangeSync } from "./range.ts";
import type { RangeQuery, RangeResult } from "./range.ts";

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

/** The visible revision, for as long as nothing awaits. */
export class ReadView implements View {
  readonly revision: number;
  readonly #space: KeySpace;

  constructor(space: KeySpace) {
    this.#space = space;
    this.revision = space.visibleRevision;
  }

  get baseRevision(): number {
    return this.revision;
  }

  get compactedRevision(): number {
    return this.#space.compactedRevision;
  }

  get(key: string): KeyVersion | undefined {
    return this.#space.at(key, this.revision);
  }

  select(range: KeyRange): KeyVersion[] {
    return this.#space.select(range, this.revision, Number.POSITIVE_INFINITY).versions;
  }

  load(version: KeyVersion): Uint8Array {
    return this.#space.loadSync(version);
  }

  range(query: RangeQuery): RangeResult {
    return readRangeSync(this.#space, query);
  }
}
