/**
 * Rows in order of their keys, in memory, with snapshots.
 *
 * The simple version is one sorted array. What it is bad at: inserting in the middle (leases) moves
 * half of it, and a snapshot copies all of it. So the array is cut into chunks. An insert moves at
 * most one chunk; a snapshot shares the chunks, and whoever changes a shared chunk first copies it.
 *
 * - Keys are latin1 strings: they compare in byte order at the speed of V8's own strings and take a
 *   third of a Buffer's memory (40 bytes against 123).
 * - Nearly all inserts are appends behind the newest revision, which need not be the end of all
 *   rows. The chunk of the last change is tried first, and a full chunk that is appended to is not
 *   split in halves, as both would stay half full for ever.
 * - A map beside the chunks answers single reads: 0.2 microseconds for a million rows, against 1.4
 *   for a binary search.
 * - Chunks are not joined again when rows are removed; an empty one goes, repack() joins the rest.
 */

/** Bounds what an insert moves and what the first change after a snapshot copies. */
const CHUNK_ROWS_MAX = 512;

interface Chunk {
  readonly keys: string[];
  readonly values: Uint8Array[];
  /** Snapshots that were taken before this chunk was made do not see it. */
  readonly madeAt: number;
}

/** Rows at one moment. Holds their memory until it is dropped. */
export interface RowsSnapshot {
  get(key: string): Uint8Array | undefined;
  /** At most `limit` rows with `start <= key < end`, ascending. */
  read(range: { start: string; end: string; limit: number }): [key: string, value: Uint8Array][];
}

/** See the top of the file. */
export class SortedRows {
  readonly #values = new Map<string, Uint8Array>();
  /** Never empty chunks. The list is replaced, not changed, while a snapshot has it. */
  #chunks: Chunk[] = [];
  #listIsShared = false;
  #snapshotCount = 0;
  /** Index of the chunk that was changed last; a guess, checked at use. */
  #lastIndex = 0;

  get size(): number {
    return this.#values.size;
  }

  get(key: string): Uint8Array | undefined {
    return this.#values.get(key);
  }

  put(key: string, value: Uint8Array): void {
    const isNew = !this.#values.has(key);
    this.#values.set(key, value);
    const index = this.#chunkIndex(key);
    const chunk = this.#chunks[index];
    if (chunk === undefined) {
      this.#spliceChunks(index, 0, [this.#chunk([key], [value])]);
      return;
    }
    const row = rowIndex(chunk.keys, key);
    if (!isNew) {
      this.#ownChunk(index).values[row] = value;
    } else if (chunk.keys.length < CHUNK_ROWS_MAX) {
      insert(this.#ownChunk(index), row, { key, value });
    } else {
      this.#insertInFull(index, row, { key, value });
    }
  }

  delete(key: string): void {
    if (!this.#values.delete(key)) return;
    const index = this.#chunkIndex(key);
    const chunk = this.#ownChunk(index);
    const row = rowIndex(chunk.keys, key);
    chunk.keys.splice(row, 1);
    chunk.values.splice(row, 1);
    if (chunk.keys.length === 0) this.#spliceChunks(index, 1, []);
  }

  /** Costs nothing now; the next changes copy the chunks they touch, once. */
  snapshot(): RowsSnapshot {
    const chunks = this.#chunks;
    this.#listIsShared = true;
    this.#snapshotCount++;
    return {
      get: (key) => valueIn(chunks, key),
      read: (range) => readChunks(chunks, range),
    };
  }

  /** Joins chunks that removals have left with few rows. */
  repack(): void {
    const rows = readChunks(this.#chunks, { start: "", end: undefined, limit: this.size });
    const chunks: Chunk[] = [];
    for (let first = 0; first < rows.length; first += CHUNK_ROWS_MAX) {
      const part = rows.slice(first, first + CHUNK_ROWS_MAX);
      chunks.push(
        this.#chunk(
          part.map(([key]) => key),
          part.map(([, value]) => value),
        ),
      );
    }
    this.#chunks = chunks;
    this.#listIsShared = false;
  }

  /** The chunk that has the key, or that it would go into; 0 where there is none yet. */
  #chunkIndex(key: string): number {
    const guess = this.#chunks[this.#lastIndex];
    const next = this.#chunks[this.#lastIndex + 1];
    const fits =
      guess !== undefined && guess.keys[0]! <= key && (next === undefined || key < next.keys[0]!);
    if (!fits) this.#lastIndex = chunkIndex(this.#chunks, key);
    return this.#lastIndex;
  }

  #chunk(keys: string[], values: Uint8Array[]): Chunk {
    return { keys, values, madeAt: this.#snapshotCount };
  }

  /** The chunk, copied first if a snapshot may have it. */
  #ownChunk(index: number): Chunk {
    const chunk = this.#chunks[index]!;
    if (chunk.madeAt === this.#snapshotCount) return chunk;
    const copy = this.#chunk([...chunk.keys], [...chunk.values]);
    this.#ownList()[index] = copy;
    return copy;
  }

  #ownList(): Chunk[] {
    if (this.#listIsShared) this.#chunks = [...this.#chunks];
    this.#listIsShared = false;
    return this.#chunks;
  }

  #spliceChunks(index: number, removedCount: number, added: Chunk[]): void {
    this.#ownList().splice(index, removedCount, ...added);
  }

  #insertInFull(index: number, row: number, added: { key: string; value: Uint8Array }): void {
    const chunk = this.#chunks[index]!;
    const isAppend = row === chunk.keys.length;
    const from = isAppend ? row : chunk.keys.length / 2;
    const right = this.#chunk(chunk.keys.slice(from), chunk.values.slice(from));
    // When appended to, the old one stays as it is, shared with a snapshot or not.
    const left = isAppend
      ? chunk
      : this.#chunk(chunk.keys.slice(0, from), chunk.values.slice(0, from));
    if (row >= from) insert(right, row - from, added);
    else insert(left, row, added);
    this.#spliceChunks(index, 1, [left, right]);
  }
}

function insert(
  chunk: Chunk,
  row: number,
  { key, value }: { key: string; value: Uint8Array },
): void {
  if (row === chunk.keys.length) {
    chunk.keys.push(key);
    chunk.values.push(value);
  } else {
    chunk.keys.splice(row, 0, key);
    chunk.values.splice(row, 0, value);
  }
}

/** Index of the last chunk whose first key is not behind the key; 0 if there is none. */
function chunkIndex(chunks: readonly Chunk[], key: string): number {
  let low = 0;
  let high = chunks.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (chunks[middle]!.keys[0]! <= key) low = middle + 1;
    else high = middle;
  }
  return Math.max(0, low - 1);
}

/** Index of the first key that is not before the key. */
function rowIndex(keys: readonly string[], key: string): number {
  if (keys.at(-1)! < key) return keys.length;
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (keys[middle]! < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

function valueIn(chunks: readonly Chunk[], key: string): Uint8Array | undefined {
  const chunk = chunks[chunkIndex(chunks, key)];
  if (chunk === undefined) return undefined;
  const row = rowIndex(chunk.keys, key);
  return chunk.keys[row] === key ? chunk.values[row] : undefined;
}

function readChunks(
  chunks: readonly Chunk[],
  range: { start: string; end: string | undefined; limit: number },
): [key: string, value: Uint8Array][] {
  const rows: [string, Uint8Array][] = [];
  for (let index = chunkIndex(chunks, range.start); index < chunks.length; index++) {
    const { keys, values } = chunks[index]!;
    for (let row = rowIndex(keys, range.start); row < keys.length; row++) {
      const key = keys[row]!;
      if (rows.length === range.limit || (range.end !== undefined && key >= range.end)) return rows;
      rows.push([key, values[row]!]);
    }
  }
  return rows;
}
