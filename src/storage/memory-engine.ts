/**
 * The engine without a disk: for tests, and for servers that live as long as their process. Keeps
 * copies of the values it is given: those may be parts of something larger, or be lent.
 *
 * It may stand on the snapshot of another engine: then it has all of its rows, and keeps only what is
 * changed.
 */

import assert from "node:assert/strict";

import { StorageError, visitByScan } from "./engine.ts";
import type { Batch, Engine, EngineSnapshot, Row, RowVisitor, ScanRange } from "./engine.ts";
import { MemorySnapshot, REMOVED, getManyOnTop, keyText } from "./memory-snapshot.ts";
import { SortedRows } from "./sorted-rows.ts";

/** What a row takes beside its bytes: key string, Buffer object, map and chunk; measured. */
const ROW_OVERHEAD_BYTES = 200;

/** An ordered store in memory. A write is done when write() returns; its promise is for form. */
export class MemoryEngine implements Engine {
  readonly #base: EngineSnapshot | undefined;
  #rows = new SortedRows();
  /** Of {@link MemoryEngine.#rows}. */
  #rowBytes = 0;
  #closed = false;

  /** On a base it has the base's rows. The base stays its owner's to close. */
  constructor(base?: EngineSnapshot) {
    this.#base = base;
  }

  batch(): Batch {
    this.#assertOpen();
    return new MemoryBatch((changes) => {
      this.#write(changes);
    });
  }

  getSync(key: Uint8Array): Uint8Array | undefined {
    this.#assertOpen();
    const value = this.#rows.get(keyText(key));
    if (value === undefined) return this.#base?.getSync(key);
    return value === REMOVED ? undefined : value;
  }

  async getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    this.#assertOpen();
    return getManyOnTop(keys, (key) => this.#rows.get(key), this.#base);
  }

  scan(range: ScanRange): AsyncIterableIterator<Row[]> {
    this.#assertOpen();
    return this.#snapshot(() => {
      this.#assertOpen();
    }).scan(range);
  }

  async visitAll(range: { start: Uint8Array; end: Uint8Array }, visit: RowVisitor): Promise<void> {
    const [start, end] = [keyText(range.start), keyText(range.end)];
    const isAsBelow = this.#rows.snapshot().read({ start, end, limit: 1 }).length === 0;
    if (isAsBelow && this.#base?.visitAll !== undefined) await this.#base.visitAll(range, visit);
    else await visitByScan(this, range, visit);
  }

  snapshot(): EngineSnapshot {
    this.#assertOpen();
    return this.#snapshot(() => undefined);
  }

  sizeBytes(): number {
    return this.#rowBytes + (this.#base?.sizeBytes ?? 0);
  }

  setApart(): void {
    this.#assertOpen();
  }

  /** What a row took is free when it is removed; only all rows together can be packed better. */
  async defragment(range?: { start: Uint8Array; end: Uint8Array }): Promise<void> {
    this.#assertOpen();
    if (range === undefined) this.#rows.repack();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#rows = new SortedRows();
    this.#rowBytes = 0;
  }

  #snapshot(assertOpen: () => void): MemorySnapshot {
    const rows = this.#rows.snapshot();
    return new MemorySnapshot({ rows, base: this.#base, sizeBytes: this.sizeBytes(), assertOpen });
  }

  // Whole: no await, so nobody sees half of a batch.
  #write(changes: readonly Change[]): void {
    this.#assertOpen();
    for (const { key, value } of changes) {
      const before = this.#rows.get(key);
      if (before !== undefined) this.#rowBytes -= rowBytes(key, before);
      const kept = value ?? (this.#base === undefined ? undefined : REMOVED);
      if (kept === undefined) {
        this.#rows.delete(key);
      } else {
        this.#rows.put(key, kept);
        this.#rowBytes += rowBytes(key, kept);
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

function rowBytes(key: string, value: Uint8Array): number {
  return key.length + value.length + ROW_OVERHEAD_BYTES;
}

function copyOf(value: Uint8Array): Uint8Array {
  // Not from the pool: a small value that is kept long would keep eight kilobytes of others.
  const copy = Buffer.allocUnsafeSlow(value.length);
  copy.set(value);
  return copy;
}
