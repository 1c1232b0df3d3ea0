/**
 * What the store needs of a disk: ordered bytes, batches that are written whole or not at all, and
 * readings that do not see later writes. Keys are ordered bytewise.
 */

/**
 * Ordered bytes, kept. Reads at any time between open and close; writes one after the other, in the
 * order in which {@link Batch.write} was called.
 *
 * Keys have at least one byte, and the first is not 0xff. Bytes that a batch was given stay as they
 * are until its write() has settled; bytes that were read stay so for good. After close() everything
 * but sizeBytes() and close() fails with {@link StorageError} "closed", reads that return a promise
 * by rejecting.
 */
export interface Engine {
  /** Begins a batch. Nothing is written before {@link Batch.write}. */
  batch(): Batch;
  /**
   * The value of a key, or undefined. May block for a disk read; meant for single reads. Throws
   * {@link StorageError}.
   */
  getSync(key: Uint8Array): Uint8Array | undefined;
  /**
   * The values of many keys, undefined where a key is missing, in the order asked for, all as of
   * the moment of the call.
   */
  getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]>;
  /**
   * Rows with `start <= key < end` in ascending order, as of the moment of the call: later writes
   * are not seen. A page has at least one row and at most `pageRows`; fewer where rows are large.
   * The caller must finish or return() the iterator. Throws {@link StorageError} "closed" at once;
   * "read-failed" and "corrupt" where the broken rows would be.
   */
  scan(range: ScanRange): AsyncIterableIterator<Row[]>;
  /**
   * Visits the rows with `start <= key < end` in ascending order: the fastest way to read all of a
   * store that was just opened. Nothing may be written before it resolves. Rejects with
   * {@link StorageError}, and with what `visit` throws.
   */
  visitAll(range: { start: Uint8Array; end: Uint8Array }, visit: RowVisitor): Promise<void>;
  /**
   * The rows as they are at the moment of the call, for as long as the snapshot is open. Throws
   * {@link StorageError} "closed".
   */
  snapshot(): EngineSnapshot;
  /** Bytes on disk (or in memory), approximately. Cheap: may be asked for on every write. */
  sizeBytes(): number;
  /**
   * Keeps the rows of a range that are there apart from rows beside it that come later, where the
   * engine would store them together. In the background; if it fails, a later write says why.
   */
  setApart(range: { readonly start: Uint8Array; readonly end: Uint8Array }): void;
  /**
   * Gives space of removed rows back, where the engine keeps it: of all rows, or of those of a range,
   * whose two ends must be no row's keys.
   */
  defragment(range?: { readonly start: Uint8Array; readonly end: Uint8Array }): Promise<void>;
  /** Waits for the write under way and releases the files. Idempotent. */
  close(): Promise<void>;
}

/**
 * Rows as they were at one moment; whoever took it closes it. It reads as an {@link Engine} does. One
 * of an engine in memory outlives the engine; one of an engine on disk is of no use without it.
 */
export interface EngineSnapshot extends Pick<Engine, "getSync" | "getMany" | "scan"> {
  /** Bytes of the rows, approximately. */
  readonly sizeBytes: number;
  /** Layers of changes that a read may have to go through, one above the other. At least 1. */
  readonly depth: number;
  /** As {@link Engine.visitAll}, where that is faster than a scan. */
  visitAll?(range: { start: Uint8Array; end: Uint8Array }, visit: RowVisitor): Promise<void>;
  close(): Promise<void>;
}

/** Changes that are written together. */
export interface Batch {
  put(key: Uint8Array, value: Uint8Array): void;
  delete(key: Uint8Array): void;
  /** Number of puts and deletes so far. */
  readonly length: number;
  /**
   * Writes all or nothing; resolves when it is durable (when the engine syncs at all), from when on
   * reads see it. Rejects with {@link StorageError}; after "write-failed" the batch may or may not
   * be there at the next open, and every later write is refused with the same reason, while reads
   * go on. At most once per batch; a batch without changes is written without touching the disk.
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

/** Takes a row; both parts of it are only lent, until it returns. */
export type RowVisitor = (key: Uint8Array, value: Uint8Array) => void;

/** What {@link Engine.visitAll} does, by scanning. */
export async function visitByScan(
  engine: Engine,
  range: { start: Uint8Array; end: Uint8Array },
  visit: RowVisitor,
): Promise<void> {
  for await (const page of engine.scan({ ...range, pageRows: VISIT_PAGE_ROWS })) {
    for (const [key, value] of page) visit(key, value);
  }
}

const VISIT_PAGE_ROWS = 1000;

/** Why the disk did not do as asked. */
export type StorageErrorReason =
  /** Somebody else has the store open. */
  | "locked"
  /** What is on disk is not what was written there. */
  | "corrupt"
  /** The store could not be opened: no permission, no space, not a directory. */
  | "open-failed"
  | "write-failed"
  | "read-failed"
  /** Used after close(). */
  | "closed";

/** The disk (or what stands for it) broke, or may not be used. */
export class StorageError extends Error {
  readonly reason: StorageErrorReason;
  override readonly name = "StorageError";
  constructor(reason: StorageErrorReason, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.reason = reason;
  }
}
