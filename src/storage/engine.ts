/**
 * What the store needs of a disk: ordered bytes, batches that are written whole or not at all, and
 * readings that do not see later writes. Keys are ordered bytewise.
 */

/** Ordered bytes, kept. One writer at a time; reads at any time between open and close. */
export interface Engine {
  /** Begins a batch. Nothing is written before {@link Batch.write}. */
  batch(): Batch;
  /** The value of a key, or undefined. May block for a disk read; meant for single reads. */
  getSync(key: Uint8Array): Uint8Array | undefined;
  /** The values of many keys, undefined where a key is missing, in the order asked for. */
  getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]>;
  /**
   * Rows with `start <= key < end` in ascending order, in pages of at most `limit` rows, as of the
   * moment of the call: later writes are not seen. The caller must finish or return() the iterator.
   */
  scan(range: ScanRange): AsyncIterableIterator<Row[]>;
  /** Bytes on disk (or in memory), approximately. Cheap: may be asked for on every write. */
  sizeBytes(): number;
  /** Gives space of removed rows back, where the engine keeps it. */
  defragment(): Promise<void>;
  /** Waits for the write under way and releases the files. Idempotent. */
  close(): Promise<void>;
}

/** Changes that are written together. */
export interface Batch {
  put(key: Uint8Array, value: Uint8Array): void;
  delete(key: Uint8Array): void;
  /** Number of puts and deletes so far. */
  readonly length: number;
  /**
   * Writes all or nothing; resolves when it is durable (when the engine syncs at all).
   * Rejects with {@link StorageError}. At most once per batch.
   */
  write(): Promise<void>;
  /** Gives up the batch unwritten. */
  discard(): void;
}

export interface ScanRange {
  readonly start: Uint8Array;
  readonly end: Uint8Array;
  /** Rows per page, at least 1. */
  readonly pageRows: number;
}

export type Row = readonly [key: Uint8Array, value: Uint8Array];

/** Why the disk did not do as asked. */
export type StorageErrorReason = "locked" | "corrupt" | "write-failed" | "read-failed" | "closed";

/** The disk (or what stands for it) broke, or may not be used. */
export class StorageError extends Error {
  readonly reason: StorageErrorReason;
  override readonly name = "StorageError";
  constructor(reason: StorageErrorReason, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.reason = reason;
  }
}
