/**
 * The engine without a disk: for tests, and for servers that live as long as their process. Keeps
 * copies of the values it is given: those may be parts of something larger, or be lent.
 */

import assert from "node:assert/strict";

import { StorageError, visitByScan } from "./engine.ts";
import type { Batch, Engine, Row, RowVisitor, ScanRange } from "./engine.ts";
import { SortedRows } from "./sorted-rows.ts";
import type { RowsSnapshot } from "./sorted-rows.ts";

/** What a row takes beside its bytes: key string, Buffer object, map and chunk; measured. */
const ROW_OVERHEAD_BYTES = 200;

/** An ordered store in memory. A write is done when write() returns; its promise is for form. */
export class MemoryEngine implements Engine {
  #rows = new SortedRows();
  #sizeBytes = 0;
  #closed = false;

  batch(): Batch {
    this.#assertOpen();
    return new MemoryBatch((changes) => {
      this.#write(changes);
    });
  }

  getSync(key: Uint8Array): Uint8Array | undefined {
    this.#assertOpen();
    return this.#rows.get(keyText(key));
  }

  async getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    return keys.map((key) => this.getSync(key));
  }

  scan(range: ScanRange): AsyncIterableIterator<Row[]> {
    this.#assertOpen();
    return new MemoryScan(this.#rows.snapshot(), range, () => {
      this.#assertOpen();
    });
  }

  async visitAll(range: { start: Uint8Array; end: Uint8Array }, visit: RowVisitor): Promise<void> {
    await visitByScan(this, range, visit);
  }

  sizeBytes(): number {
    return this.#sizeBytes;
  }

  setApart(): void {
    this.#assertOpen();
  }

  async defragment(): Promise<void> {
    this.#assertOpen();
    this.#rows.repack();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#rows = new SortedRows();
  }

  // Whole: no await, so nobody sees half of a batch.
  #write(changes: readonly Change[]): void {
    this.#assertOpen();
    for (const { key, value } of changes) {
      const before = this.#rows.get(key);
      if (before !== undefined) this.#sizeBytes -= rowBytes(key, before);
      if (value === undefined) {
        this.#rows.delete(key);
      } else {
        this.#rows.put(key, value);
        this.#sizeBytes += rowBytes(key, value);
      }
    }
  }

  #assertOpen(): void {
    if (this.#closed) throw new StorageError("closed", "Cannot use store in memory: it is closed");
  }
}

/** A value, or undefined for a removal. */
interface Change {
  readonly key: string;
  readonly value: Uint8Array | undefined;
}

class MemoryBatch implements Batch {
  readonly #apply: (changes: readonly Change[]) => void;
  /** Undefined once written or given up. */
  #changes: Change[] | undefined = [];

  constructor(apply: (changes: readonly Change[]) => void) {
    this.#apply = apply;
  }

  get length(): number {
    return this.#changes?.length ?? 0;
  }

  put(key: Uint8Array, value: Uint8Array): void {
    assert(this.#changes !== undefined, "batch is done");
    this.#changes.push({ key: keyText(key), value: copyOf(value) });
  }

  delete(key: Uint8Array): void {
    assert(this.#changes !== undefined, "batch is done");
    this.#changes.push({ key: keyText(key), value: undefined });
  }

  async write(): Promise<void> {
    assert(this.#changes !== undefined, "batch is done");
    const changes = this.#changes;
    this.#changes = undefined;
    this.#apply(changes);
  }

  discard(): void {
    this.#changes = undefined;
  }
}

class MemoryScan implements AsyncIterableIterator<Row[]> {
  #snapshot: RowsSnapshot | undefined;
  readonly #pageRows: number;
  readonly #end: string;
  readonly #assertOpen: () => void;
  #start: string;

  constructor(snapshot: RowsSnapshot, range: ScanRange, assertOpen: () => void) {
    this.#snapshot = snapshot;
    this.#pageRows = range.pageRows;
    this.#start = keyText(range.start);
    this.#end = keyText(range.end);
    this.#assertOpen = assertOpen;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Row[], undefined>> {
    if (this.#snapshot === undefined) return { done: true, value: undefined };
    this.#assertOpen();
    const rows = this.#snapshot.read({
      start: this.#start,
      end: this.#end,
      limit: this.#pageRows,
    });
    const last = rows.at(-1);
    if (last === undefined) return this.return();
    this.#start = `${last[0]}\0`;
    return { done: false, value: rows.map(([key, value]) => [keyBytes(key), value]) };
  }

  async return(): Promise<IteratorReturnResult<undefined>> {
    this.#snapshot = undefined;
    return { done: true, value: undefined };
  }
}

function rowBytes(key: string, value: Uint8Array): number {
  return key.length + value.length + ROW_OVERHEAD_BYTES;
}

function copyOf(value: Uint8Array): Uint8Array {
  // Not from the pool: a small value that is kept long would keep eight kilobytes of others.
  const copy = Buffer.allocUnsafeSlow(value.length);
  copy.set(value);
  return copy;
}

function keyText(key: Uint8Array): string {
  const buffer = Buffer.isBuffer(key)
    ? key
    : Buffer.from(key.buffer, key.byteOffset, key.byteLength);
  return buffer.toString("latin1");
}

function keyBytes(key: string): Buffer {
  return Buffer.from(key, "latin1");
}
