/**
 * The engine on LevelDB. What LevelDB does not do by itself, or classic-level does not let us ask
 * for, is done around it:
 *
 * - It opens damaged stores with less data: leveldb-check.ts looks at every file first, and
 *   sync-mark.ts remembers how far the log was acknowledged.
 * - After a write that failed, it takes the next one, which then stands behind a torn record and is
 *   lost at the next open: here, the first failure ends all writing.
 * - It joins batches that are written at once, so that one failure hits them all: here, one batch is
 *   written after the other.
 */

import { StorageError, visitByScan } from "./engine.ts";
import type { Batch, Engine, EngineSnapshot, Row, RowVisitor, ScanRange } from "./engine.ts";
import { DirectorySize } from "./directory-size.ts";
import {
  claimDirectory,
  errorCode,
  errorMessage,
  openDatabase,
  openError,
  releaseDirectory,
} from "./level-database.ts";
import type { ChainedBatch, Database, ReadOptions } from "./level-database.ts";
import { LevelScan } from "./level-scan.ts";
import { visitTableRows } from "./leveldb-rows.ts";
import { SyncMark } from "./sync-mark.ts";

export interface LevelEngineOptions {
  /** Made when missing, for its owner only. */
  readonly directory: string;
  /** Whether a write waits for the disk. Without, a crash of the machine loses what it likes. */
  readonly sync: boolean;
  /** Blocks of tables kept unpacked in memory, in bytes; default 16 MiB. */
  readonly cacheBytes?: number;
}

const CACHE_BYTES_DEFAULT = 16 * 1024 * 1024;
/** What is read ahead for one page of a scan; it bounds a page's memory. */
const PAGE_BYTES_MAX = 1024 * 1024;
/** Changes beside their key and value: about what LevelDB's log adds. */
const CHANGE_OVERHEAD_BYTES = 8;
/** How to read what is newest. */
const NEWEST: ReadOptions = {};
/** Before and behind every key there may be; see {@link Engine}. */
const KEYS_START: Uint8Array = Buffer.alloc(0);
const KEYS_END: Uint8Array = Buffer.of(0xff);

/** An ordered store in a directory. */
export class LevelEngine implements Engine {
  readonly #database: Database;
  readonly #directory: string;
  readonly #size: DirectorySize;
  readonly #mark: SyncMark | undefined;
  /** The last write under way or waiting; never rejects. */
  #writing: Promise<void> | undefined;
  #failure: StorageError | undefined;
  /** Not all rows are in tables any more. */
  #hasWritten = false;
  #closing: Promise<void> | undefined;
  /** The last {@link setApart}; never rejects. */
  #apart: Promise<void> = Promise.resolve();

  private constructor(opened: Opened) {
    this.#database = opened.database;
    this.#directory = opened.directory;
    this.#mark = opened.mark;
    this.#size = opened.size;
  }

  /**
   * Opens the store in a directory, or makes one.
   *
   * Rejects with {@link StorageError}: "locked" at once when another process, or another engine in
   * this one, has it open; "corrupt" when anything is missing or damaged; "open-failed" when the
   * directory cannot be made, read or written.
   */
  static async open(options: LevelEngineOptions): Promise<LevelEngine> {
    const directory = await claimDirectory(options.directory);
    try {
      return new LevelEngine(await openAll(directory, options));
    } catch (error) {
      releaseDirectory(directory);
      throw error;
    }
  }

  batch(): Batch {
    this.#assertOpen();
    return new LevelBatch(this.#database.batch(), (batch, bytes) => this.#write(batch, bytes));
  }

  getSync(key: Uint8Array): Uint8Array | undefined {
    return this.#getSync(key, NEWEST);
  }

  async getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    return this.#getMany(keys, NEWEST);
  }

  scan(range: ScanRange): AsyncIterableIterator<Row[]> {
    return this.#scan(range, NEWEST);
  }

  snapshot(): EngineSnapshot {
    this.#assertOpen();
    const snapshot = this.#database.snapshot();
    const options = { snapshot };
    return {
      sizeBytes: this.sizeBytes(),
      depth: 1,
      getSync: (key) => this.#getSync(key, options),
      getMany: async (keys) => this.#getMany(keys, options),
      scan: (range) => this.#scan(range, options),
      // Closing the database has closed it.
      close: async () => (this.#closing === undefined ? snapshot.close() : undefined),
    };
  }

  async visitAll(range: { start: Uint8Array; end: Uint8Array }, visit: RowVisitor): Promise<void> {
    this.#assertOpen();
    const isRead = !this.#hasWritten && (await visitTableRows(this.#directory, range, visit));
    if (!isRead) await visitByScan(this, range, visit);
  }

  sizeBytes(): number {
    return this.#size.bytes;
  }

  setApart(range: { readonly start: Uint8Array; readonly end: Uint8Array }): void {
    this.#assertOpen();
    // Brings what is in memory, and so all of it, to tables. One after the other, for close() to wait.
    const before = this.#apart;
    this.#apart = before
      .then(() => this.#database.compactRange(range.start, range.end))
      .catch(ignore);
  }

  async defragment(range = { start: KEYS_START, end: KEYS_END }): Promise<void> {
    this.#assertOpen();
    this.#assertWritable();
    const { start, end } = range;
    // Brings what is in memory to a table. LevelDB puts that where it overlaps nothing, which may be
    // the lowest level, and never rewrites the lowest level for its own sake.
    await this.#database.compactRange(end, end);
    // So a table goes on top that overlaps everything, and takes everything with it on its way down.
    const span = this.batch();
    span.delete(start);
    span.delete(end);
    await span.write();
    await this.#database.compactRange(start, end);
    // Not one that began before.
    await this.#size.settled();
    await this.#size.refresh();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #write(batch: ChainedBatch, bytes: number): Promise<void> {
    this.#hasWritten = true;
    if (this.#closing !== undefined) {
      await batch.close();
      throw closed(this.#directory);
    }
    const before = this.#writing;
    const written = before === undefined ? this.#writeNow(batch) : this.#writeAfter(before, batch);
    const settled = written.then(
      () => undefined,
      () => undefined,
    );
    this.#writing = settled;
    try {
      await written;
      this.#size.add(bytes);
    } finally {
      if (this.#writing === settled) this.#writing = undefined;
    }
  }

  async #writeAfter(before: Promise<void>, batch: ChainedBatch): Promise<void> {
    await before;
    await this.#writeNow(batch);
  }

  async #writeNow(batch: ChainedBatch): Promise<void> {
    try {
      this.#assertWritable();
    } catch (error) {
      await batch.close();
      throw error;
    }
    const changed = batch.length > 0;
    try {
      await batch.write({ sync: this.#mark !== undefined });
    } catch (cause) {
      const message = `Cannot write to "${this.#directory}": ${errorMessage(cause)}`;
      this.#failure ??= new StorageError("write-failed", message, { cause });
      throw this.#failure;
    }
    if (changed) this.#mark?.advance();
  }

  async #close(): Promise<void> {
    await this.#writing;
    await this.#apart;
    try {
      await this.#size.settled();
      await this.#database.close();
      this.#mark?.close();
    } finally {
      releaseDirectory(this.#directory);
    }
  }

  #getSync(key: Uint8Array, options: ReadOptions): Uint8Array | undefined {
    this.#assertOpen();
    try {
      return this.#database.getSync(key, options);
    } catch (error) {
      throw this.#readError(error);
    }
  }

  async #getMany(
    keys: readonly Uint8Array[],
    options: ReadOptions,
  ): Promise<(Uint8Array | undefined)[]> {
    this.#assertOpen();
    try {
      // classic-level takes its snapshot before this returns its promise.
      return await this.#database.getMany([...keys], options);
    } catch (error) {
      throw this.#readError(error);
    }
  }

  #scan(range: ScanRange, options: ReadOptions): AsyncIterableIterator<Row[]> {
    this.#assertOpen();
    // The iterator takes its snapshot now, not at the first row.
    const iterator = this.#database.iterator({
      ...options,
      gte: range.start,
      lt: range.end,
      highWaterMarkBytes: PAGE_BYTES_MAX,
    });
    return new LevelScan(iterator, range.pageRows, (error) => this.#readError(error));
  }

  #assertOpen(): void {
    if (this.#closing !== undefined) throw closed(this.#directory);
  }

  #assertWritable(): void {
    if (this.#failure === undefined) return;
    const message = `Cannot write after a failed write: ${this.#failure.message}`;
    throw new StorageError("write-failed", message, { cause: this.#failure });
  }

  #readError(cause: unknown): StorageError {
    if (this.#closing !== undefined) return closed(this.#directory, cause);
    const reason = errorCode(cause) === "LEVEL_CORRUPTION" ? "corrupt" : "read-failed";
    const message = `Cannot read from "${this.#directory}": ${errorMessage(cause)}`;
    return new StorageError(reason, message, { cause });
  }
}

/** Hands every change to LevelDB's own batch at once: no list of changes is kept here. */
class LevelBatch implements Batch {
  readonly #batch: ChainedBatch;
  readonly #write: (batch: ChainedBatch, bytes: number) => Promise<void>;
  #bytes = 0;

  constructor(batch: ChainedBatch, write: (batch: ChainedBatch, bytes: number) => Promise<void>) {
    this.#batch = batch;
    this.#write = write;
  }

  get length(): number {
    return this.#batch.length;
  }

  put(key: Uint8Array, value: Uint8Array): void {
    this.#batch.put(key, value);
    this.#bytes += key.length + value.length + CHANGE_OVERHEAD_BYTES;
  }

  delete(key: Uint8Array): void {
    this.#batch.del(key);
    this.#bytes += key.length + CHANGE_OVERHEAD_BYTES;
  }

  write(): Promise<void> {
    return this.#write(this.#batch, this.#bytes);
  }

  discard(): void {
    // Frees memory only: classic-level's own close of a batch does nothing that can fail.
    void this.#batch.close();
  }
}

/** A table that could not be written fails the next write, too. */
function ignore(): void {}

/** What opening comes to. */
interface Opened {
  readonly database: Database;
  readonly directory: string;
  readonly mark: SyncMark | undefined;
  readonly size: DirectorySize;
}

async function openAll(directory: string, options: LevelEngineOptions): Promise<Opened> {
  const cacheBytes = options.cacheBytes ?? CACHE_BYTES_DEFAULT;
  const database = await openDatabase(directory, { cacheBytes });
  try {
    const mark = options.sync ? new SyncMark(directory) : undefined;
    return { database, directory, mark, size: await DirectorySize.measure(directory) };
  } catch (error) {
    await database.close();
    throw openError(directory, error);
  }
}

function closed(directory: string, cause?: unknown): StorageError {
  const message = `Cannot use data directory: "${directory}" is closed`;
  return new StorageError("closed", message, cause === undefined ? {} : { cause });
}
