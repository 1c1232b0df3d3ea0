/** An engine that fails on demand: for what a disk does too rarely to wait for it. */

import { MemoryEngine, StorageError } from "../storage/index.ts";
import type {
  Batch,
  Engine,
  EngineSnapshot,
  Row,
  RowVisitor,
  ScanRange,
} from "../storage/index.ts";

/** How a write fails. */
export interface WriteFault {
  /** Which write fails, counted from now: 1 is the next. */
  readonly write: number;
  /**
   * What a crash later finds of it: nothing (a short write, the default), or all of it (written,
   * but the sync failed). Reads never see it before a crash.
   */
  readonly kept?: boolean;
}

/** What there is of an engine after a crash. */
export interface CrashOptions {
  /** Whether the write that is being held reached the disk; by default it did not. */
  readonly keepHeldWrite?: boolean;
}

interface Held {
  readonly batch: FaultyBatch;
  release(): void;
}

/**
 * Passes everything on to another engine, by default one in memory, but for what it is told.
 * After a failed write it refuses all later ones, as {@link Engine} promises.
 */
export class FaultyEngine implements Engine {
  readonly #inner: Engine;
  /** Counts down with every write that begins. */
  #fault: { writesLeft: number; kept: boolean } | undefined;
  #failure: StorageError | undefined;
  /** Writes that failed but are on disk all the same. */
  readonly #kept: FaultyBatch[] = [];
  #holding = false;
  #held: Held | undefined;
  #onHeld: (() => void)[] = [];
  /** Settles when every write that was asked for is done. */
  #writing: Promise<void> = Promise.resolve();
  #crashed = false;
  #writeCount = 0;

  constructor(inner: Engine = new MemoryEngine()) {
    this.#inner = inner;
  }

  /** Writes that have begun, failed ones too. */
  get writeCount(): number {
    return this.#writeCount;
  }

  /** Lets a write to come fail. */
  failWrite({ write, kept = false }: WriteFault): void {
    this.#fault = { writesLeft: write, kept };
  }

  /** Stops every write from now on just before it reaches the disk, until {@link releaseWrites}. */
  holdWrites(): void {
    this.#holding = true;
  }

  /** Resolves when a write is being held; at once if one is. */
  async heldWrite(): Promise<void> {
    if (this.#held !== undefined) return;
    await new Promise<void>((resolve) => {
      this.#onHeld.push(resolve);
    });
  }

  /** Lets the held write go on, and no other be held. */
  releaseWrites(): void {
    this.#holding = false;
    this.#release();
  }

  /** Lets the held write go on; the next one is held again. */
  releaseOneWrite(): void {
    this.#release();
  }

  /**
   * Ends as with a loss of power: whoever waits for a write gets "closed", nothing can be read any
   * more, and the result is a new engine with what had reached the disk.
   */
  async crash({ keepHeldWrite = false }: CrashOptions = {}): Promise<FaultyEngine> {
    const held = this.#held?.batch;
    this.#crashed = true;
    this.#holding = false;
    this.#release();
    await this.#writing;
    const disk = new MemoryEngine();
    const rows = disk.batch();
    const everything = { start: Buffer.of(0), end: Buffer.of(0xff), pageRows: 1000 };
    for await (const page of this.#inner.scan(everything)) {
      for (const [key, value] of page) rows.put(key, value);
    }
    await rows.write();
    for (const batch of this.#kept) await batch.replay(disk.batch()).write();
    if (keepHeldWrite && held !== undefined) await held.replay(disk.batch()).write();
    await this.#inner.close();
    return new FaultyEngine(disk);
  }

  batch(): Batch {
    this.#assertAlive();
    return new FaultyBatch(this.#inner.batch(), (batch) => this.#write(batch));
  }

  getSync(key: Uint8Array): Uint8Array | undefined {
    this.#assertAlive();
    return this.#inner.getSync(key);
  }

  async getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    this.#assertAlive();
    return this.#inner.getMany(keys);
  }

  scan(range: ScanRange): AsyncIterableIterator<Row[]> {
    this.#assertAlive();
    return this.#inner.scan(range);
  }

  snapshot(): EngineSnapshot {
    this.#assertAlive();
    return this.#inner.snapshot();
  }

  visitAll(range: { start: Uint8Array; end: Uint8Array }, visit: RowVisitor): Promise<void> {
    this.#assertAlive();
    return this.#inner.visitAll(range, visit);
  }

  sizeBytes(): number {
    return this.#inner.sizeBytes();
  }

  setApart(range: { readonly start: Uint8Array; readonly end: Uint8Array }): void {
    this.#assertAlive();
    this.#inner.setApart(range);
  }

  async defragment(range?: { start: Uint8Array; end: Uint8Array }): Promise<void> {
    this.#assertAlive();
    this.#assertWritable();
    await this.#inner.defragment(range);
  }

  async close(): Promise<void> {
    await this.#writing;
    await this.#inner.close();
  }

  #write(batch: FaultyBatch): Promise<void> {
    const written = this.#writing.then(() => this.#writeNow(batch));
    this.#writing = written.catch(() => undefined);
    return written;
  }

  async #writeNow(batch: FaultyBatch): Promise<void> {
    this.#assertAlive();
    this.#assertWritable();
    this.#writeCount++;
    if (this.#holding) await this.#hold(batch);
    this.#assertAlive();
    if (this.#fault !== undefined && --this.#fault.writesLeft === 0) {
      if (this.#fault.kept) this.#kept.push(batch);
      batch.discard();
      this.#failure = new StorageError("write-failed", "Cannot write: told to fail");
      throw this.#failure;
    }
    await batch.inner.write();
  }

  async #hold(batch: FaultyBatch): Promise<void> {
    await new Promise<void>((release) => {
      this.#held = { batch, release };
      for (const tell of this.#onHeld.splice(0)) tell();
    });
  }

  #release(): void {
    const held = this.#held;
    this.#held = undefined;
    held?.release();
  }

  #assertAlive(): void {
    if (this.#crashed) throw new StorageError("closed", "Cannot use store: it has crashed");
  }

  #assertWritable(): void {
    if (this.#failure === undefined) return;
    const cause = this.#failure;
    throw new StorageError("write-failed", "Cannot write after a failed write", { cause });
  }
}

/** Remembers its changes, so that they can be made again on another disk. */
class FaultyBatch implements Batch {
  readonly inner: Batch;
  readonly #write: (batch: FaultyBatch) => Promise<void>;
  readonly #changes: ((to: Batch) => void)[] = [];

  constructor(inner: Batch, write: (batch: FaultyBatch) => Promise<void>) {
    this.inner = inner;
    this.#write = write;
  }

  get length(): number {
    return this.inner.length;
  }

  put(key: Uint8Array, value: Uint8Array): void {
    this.inner.put(key, value);
    this.#changes.push((to) => {
      to.put(key, value);
    });
  }

  delete(key: Uint8Array): void {
    this.inner.delete(key);
    this.#changes.push((to) => {
      to.delete(key);
    });
  }

  write(): Promise<void> {
    return this.#write(this);
  }

  discard(): void {
    this.inner.discard();
  }

  /** Makes the same changes in another batch. */
  replay(to: Batch): Batch {
    for (const change of this.#changes) change(to);
    return to;
  }
}
