/**
 * Rows in memory as they were at one moment, alone or on top of another snapshot.
 *
 * On top of another, a row of its own hides the row of that key below, and a removed row is kept as
 * {@link REMOVED}, to hide it too.
 */
import type { EngineSnapshot, Row, ScanRange } from "./engine.ts";
import type { RowsSnapshot } from "./sorted-rows.ts";

/** Stands for a row that was removed; told from others by being this very object. */
export const REMOVED: Uint8Array = new Uint8Array(0);

export interface MemorySnapshotParts {
  readonly rows: RowsSnapshot;
  readonly base: EngineSnapshot | undefined;
  readonly sizeBytes: number;
  /** Throws StorageError when the rows may not be read any more. */
  readonly assertOpen: () => void;
}

export class MemorySnapshot implements EngineSnapshot {
  readonly sizeBytes: number;
  readonly depth: number;
  readonly #rows: RowsSnapshot;
  readonly #base: EngineSnapshot | undefined;
  readonly #assertOpen: () => void;

  /** The base stays its owner's to close. */
  constructor(parts: MemorySnapshotParts) {
    this.sizeBytes = parts.sizeBytes;
    this.depth = 1 + (parts.base?.depth ?? 0);
    this.#rows = parts.rows;
    this.#base = parts.base;
    this.#assertOpen = parts.assertOpen;
  }

  getSync(key: Uint8Array): Uint8Array | undefined {
    const value = this.#rows.get(keyText(key));
    if (value === undefined) return this.#base?.getSync(key);
    return value === REMOVED ? undefined : value;
  }

  async getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    return getManyOnTop(keys, (key) => this.#rows.get(key), this.#base);
  }

  scan(range: ScanRange): AsyncIterableIterator<Row[]> {
    const own = new RowsReader(this.#rows, range);
    const base = this.#base?.scan(range);
    return new LayeredScan({ own, base, pageRows: range.pageRows, assertOpen: this.#assertOpen });
  }

  async close(): Promise<void> {}
}

/** Values of rows on top of a base, in the order asked for. */
export async function getManyOnTop(
  keys: readonly Uint8Array[],
  own: (key: string) => Uint8Array | undefined,
  base: EngineSnapshot | undefined,
): Promise<(Uint8Array | undefined)[]> {
  const values = keys.map((key) => own(keyText(key)));
  if (base !== undefined) {
    const missing = [...values.keys()].filter((index) => values[index] === undefined);
    const found = await base.getMany(missing.map((index) => keys[index]!));
    missing.forEach((index, position) => (values[index] = found[position]));
  }
  return values.map((value) => (value === REMOVED ? undefined : value));
}

/** A key as rows in memory have it: it compares and hashes in byte order. */
export function keyText(key: Uint8Array): string {
  const buffer = Buffer.isBuffer(key)
    ? key
    : Buffer.from(key.buffer, key.byteOffset, key.byteLength);
  return buffer.toString("latin1");
}

/** Rows of a snapshot, one by one, read so many at a time. */
class RowsReader {
  readonly #rows: RowsSnapshot;
  readonly #end: string;
  readonly #limit: number;
  #start: string;
  #page: [key: string, value: Uint8Array][] = [];
  #index = 0;

  constructor(rows: RowsSnapshot, range: ScanRange) {
    this.#rows = rows;
    this.#start = keyText(range.start);
    this.#end = keyText(range.end);
    this.#limit = range.pageRows;
  }

  /** The row to be taken next; undefined at the end. */
  peek(): [key: string, value: Uint8Array] | undefined {
    if (this.#index === this.#page.length) {
      this.#page = this.#rows.read({ start: this.#start, end: this.#end, limit: this.#limit });
      this.#index = 0;
      const last = this.#page.at(-1);
      if (last !== undefined) this.#start = `${last[0]}\0`;
    }
    return this.#page[this.#index];
  }

  take(): void {
    this.#index++;
  }
}

/** A class and not a generator: return() before the first next() must close the base's scan, too. */
class LayeredScan implements AsyncIterableIterator<Row[]> {
  readonly #own: RowsReader;
  readonly #base: AsyncIterableIterator<Row[]> | undefined;
  readonly #pageRows: number;
  readonly #assertOpen: () => void;
  #basePage: readonly Row[] = [];
  #baseIndex = 0;
  #isBaseOver: boolean;
  #done = false;

  constructor(parts: {
    own: RowsReader;
    base: AsyncIterableIterator<Row[]> | undefined;
    pageRows: number;
    assertOpen: () => void;
  }) {
    this.#own = parts.own;
    this.#base = parts.base;
    this.#isBaseOver = parts.base === undefined;
    this.#pageRows = parts.pageRows;
    this.#assertOpen = parts.assertOpen;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Row[], undefined>> {
    if (this.#done) return { done: true, value: undefined };
    this.#assertOpen();
    const rows: Row[] = [];
    while (rows.length < this.#pageRows) {
      if (this.#baseIndex === this.#basePage.length && !this.#isBaseOver) await this.#readBase();
      const below = this.#basePage[this.#baseIndex];
      const own = this.#own.peek();
      if (below === undefined && own === undefined) break;
      const belowKey = below === undefined ? undefined : keyText(below[0]);
      if (own === undefined || (belowKey !== undefined && belowKey < own[0])) {
        this.#baseIndex++;
        rows.push(below!);
        continue;
      }
      this.#own.take();
      if (belowKey === own[0]) this.#baseIndex++;
      if (own[1] !== REMOVED) rows.push([Buffer.from(own[0], "latin1"), own[1]]);
    }
    return rows.length > 0 ? { done: false, value: rows } : this.return();
  }

  async return(): Promise<IteratorReturnResult<undefined>> {
    this.#done = true;
    await this.#base?.return?.();
    return { done: true, value: undefined };
  }

  async #readBase(): Promise<void> {
    const page = await this.#base?.next();
    this.#isBaseOver = page === undefined || page.done === true;
    this.#basePage = page?.value ?? [];
    this.#baseIndex = 0;
  }
}
