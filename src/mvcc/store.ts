/**
 * The store: keys at every revision, leases, and watchers, over one engine.
 *
 * Reading is done here at {@link Store.visibleRevision}. Changing is done by a {@link WriteTxn},
 * of which one at a time is open, and one may be on its way to the disk; after its commit,
 * {@link Store.publish} makes it visible and tells the watchers, in one step.
 */
import type { Engine, Row } from "../storage/index.ts";
import { EtcdError } from "../wire/index.ts";
import { HashCache, hashKeyValues } from "./hash.ts";
import { KeySpace } from "./key-space.ts";
import { Lessor } from "./lessor.ts";
import { loadCompactions, loadIdentity, loadKeys, loadLeases } from "./load.ts";
import type { StoredIdentity } from "./load.ts";
import { LongRead } from "./long-read.ts";
import type { Reader } from "./long-read.ts";
import { Mark } from "./mark.ts";
import { readRange } from "./range.ts";
import type { RangeQuery, RangeResult } from "./range.ts";
import type { StoreCounts } from "./store-counts.ts";
import { recordsRange, revisionsBetween, tableRange } from "./tables.ts";
import type { TableName } from "./tables.ts";
import { ReadView } from "./view.ts";
import { WatchHub } from "./watch-hub.ts";
import { WriteTxn } from "./write-txn.ts";

/**
 * Bytes of newest values kept in memory unless told otherwise: with a million keys of 256 bytes the
 * server then takes less memory than etcd does.
 */
export const VALUE_BYTES_MAX = 256 * 1024 * 1024;

/**
 * What {@link Store.reclaim} has the engine rewrite in one go: about a second's work of a disk, and
 * what it needs beside the store meanwhile.
 */
const RECLAIM_PART_BYTES = 64 * 1024 * 1024;

export interface StoreOptions {
  /** Bytes of newest values kept in memory; the others are read from the engine. */
  readonly valueBytesMax?: number | undefined;
  /** What one turn of a long read may cost: for tests. Default {@link TURN_WORK}. */
  readonly turnWork?: number | undefined;
  /** Overwrites what was lent when it is no longer: for tests. */
  readonly poison?: boolean | undefined;
  readonly nowMs: number;
  /** Added to every lease's time to live at the start. */
  readonly leaseExtensionMs: number;
  /** Hears of history that watchers need and that could not be read. */
  readonly onReadFailure: (error: unknown) => void;
}

/** HashKV's answer. */
export interface KeyValueHash {
  readonly hash: number;
  readonly hashRevision: number;
  readonly compactRevision: number;
  /** The store's revision when it was hashed. */
  readonly currentRevision: number;
}

export class Store {
  readonly lessor: Lessor = new Lessor();
  readonly watchers: WatchHub;
  readonly identity: StoredIdentity;
  readonly #space: KeySpace;
  readonly #hashes = new HashCache();
  #finishedCompaction: number;
  /** Hashing and removing rows exclude each other: whoever comes waits for this. */
  #exclusive: Promise<unknown> = Promise.resolve();

  /** Reads everything the engine has. Throws StorageError; the engine stays open then. */
  static async open(engine: Engine, options: StoreOptions): Promise<Store> {
    const store = new Store(engine, options);
    const time = { nowMs: options.nowMs, extensionMs: options.leaseExtensionMs };
    await loadLeases(engine, store.lessor, time);
    await loadKeys(store.#space, store.lessor);
    // What a compaction before the stop has removed may still be there.
    store.#space.removedBytes = Math.max(0, engine.sizeBytes() - store.#space.rowBytes);
    return store;
  }

  /**
   * A store with what a mark has, on an engine that stands on the mark's rows; the mark must be held
   * while the store is used. Reads nothing but the leases of keys.
   */
  static onMark(mark: Mark, engine: Engine, options: StoreOptions): Store {
    const store = new Store(engine, options, mark);
    for (const { id, ttl, keys } of mark.leases) {
      store.lessor.grant(id, ttl, options.nowMs + ttl * 1000 + options.leaseExtensionMs);
      for (const key of keys) store.lessor.attach(key, id);
    }
    return store;
  }

  private constructor(engine: Engine, options: StoreOptions, mark?: Mark) {
    const values = { bytesMax: options.valueBytesMax ?? VALUE_BYTES_MAX, poison: options.poison };
    this.#space = new KeySpace(engine, values, options.turnWork, mark);
    this.identity = loadIdentity(engine);
    const compactions = loadCompactions(engine);
    this.#space.compactedRevision = Math.max(compactions.scheduled, compactions.finished);
    this.#finishedCompaction = compactions.finished;
    this.watchers = new WatchHub(this.#space, options.onReadFailure);
  }

  /** What was done since the start. */
  get counts(): StoreCounts {
    return this.#space.counts;
  }

  get visibleRevision(): number {
    return this.#space.visibleRevision;
  }

  /** Reads below this are refused; -1 when never compacted. */
  get compactedRevision(): number {
    return this.#space.compactedRevision;
  }

  /** Whether rows are still to be removed for {@link compactedRevision}. */
  get isCompacting(): boolean {
    return this.#finishedCompaction !== this.#space.compactedRevision;
  }

  /** Number of keys, deleted ones with history included. */
  get keyCount(): number {
    return this.#space.tree.size;
  }

  /** Number of keys that exist; a group on its way to the disk counts already. */
  get liveKeyCount(): number {
    return this.#space.liveKeyCount;
  }

  /** Bytes on disk or in the memory engine, approximately. */
  get sizeBytes(): number {
    return this.#space.engine.sizeBytes();
  }

  /** Of {@link sizeBytes}, what rows that are there take. */
  get sizeInUseBytes(): number {
    return Math.min(this.sizeBytes, this.#space.rowBytes);
  }

  /** How much of the store is rows that are gone: from 0 to 1; and their bytes. */
  get garbage(): { readonly part: number; readonly bytes: number } {
    const { rowBytes, removedBytes: bytes } = this.#space;
    return { part: bytes / Math.max(1, rowBytes + bytes), bytes };
  }

  /** Reads in many turns that are under way. */
  get longReadCount(): number {
    return this.#space.pins.count;
  }

  /**
   * Reads at a revision between the compacted and the visible one: at once when memory has all.
   * Undefined for what would take more than one turn: that is for a {@link LongRead}.
   */
  range(query: RangeQuery): RangeResult | Promise<RangeResult> | undefined {
    this.#space.counts.ranges++;
    return readRange(this.#space, query);
  }

  /**
   * Reads in many turns at a revision between the compacted and the visible one; to be closed. It ends
   * by itself when its reader is gone.
   */
  longRead(revision: number, reader?: Reader): LongRead {
    return new LongRead(this.#space, revision, reader);
  }

  /** Runs a job that gathers a long answer. Rejects with EtcdError `tooManyRequests`, `stopped`. */
  gather<T>(job: () => Promise<T>): Promise<T> {
    return this.#space.turns.gather(job);
  }

  /** Resolves when no long read is under way below a revision. */
  noneReadsBelow(revision: number): Promise<void> {
    return this.#space.pins.noneBelow(revision);
  }

  /** Resolves when it is the caller's turn among all long work. Rejects with EtcdError `stopped`. */
  turn(): Promise<void> {
    return this.#space.turns.next();
  }

  /** The visible revision, for reading without an await. */
  view(): ReadView {
    return new ReadView(this.#space);
  }

  /**
   * Opens a group of changes: on what is visible, or on a group that is being written. At most one at
   * a time; groups are written and published in the order in which they were opened.
   */
  begin(before?: WriteTxn): WriteTxn {
    return new WriteTxn(this.#space, this.lessor, before);
  }

  /** What is in the store now. Nothing may be ahead of the disk: see CommitQueue.read. */
  mark(): Mark {
    return new Mark(this.#space, this.lessor);
  }

  /** A committed group becomes visible, and its changes go to the watchers. Whole: no await. */
  publish(txn: WriteTxn): void {
    txn.publish();
    this.watchers.publish(txn.changes);
    // Last: watchers take the values of the changes, which may be gone afterwards.
    this.#space.values.evict(this.#space.visibleRevision);
  }

  /** The newest compaction of which all rows are removed; -1 when there was none. */
  get finishedCompaction(): number {
    return this.#finishedCompaction;
  }

  /** The rows of a table as of now, in order; see {@link Engine.scan}. */
  scanTable(table: TableName, pageRows: number): AsyncIterableIterator<Row[]> {
    return this.#space.engine.scan({ ...tableRange(table), pageRows });
  }

  /** The rows of a small table. */
  async readTable(table: "alarm" | "auth" | "authUser" | "authRole"): Promise<Row[]> {
    const rows: Row[] = [];
    for await (const page of this.scanTable(table, 100)) rows.push(...page);
    return rows;
  }

  /**
   * Hash over the rows up to a revision, 0 for the newest; it must not be in the future, nor be
   * compacted unless {@link keepsHashAt}. Rejects with EtcdError `compacted` when it has become so
   * while others were waited for, and with StorageError.
   */
  async hashKeyValues(revision: number): Promise<KeyValueHash> {
    return this.exclusively(async () => {
      const { visibleRevision: currentRevision, compactedRevision } = this;
      const hashRevision = revision === 0 ? currentRevision : revision;
      const cached = this.#hashes.get(revision);
      if (cached !== undefined) return { ...cached, hashRevision: revision, currentRevision };
      if (revision > 0 && revision < compactedRevision) throw new EtcdError("compacted");
      const scope = { revision: hashRevision, compactedRevision };
      const hash = await hashKeyValues(this.#space, scope);
      return { hash, hashRevision, compactRevision: compactedRevision, currentRevision };
    });
  }

  /** Whether a compaction left the hash at this revision: it is known even when compacted by now. */
  keepsHashAt(revision: number): boolean {
    return this.#hashes.get(revision) !== undefined;
  }

  /**
   * Hashes what a compaction is about to remove, as etcd does while it compacts, so that HashKV at
   * that revision answers as etcd would. Within {@link exclusively}.
   */
  async hashBeforeCompaction(): Promise<void> {
    const revision = this.compactedRevision;
    const previous = this.#finishedCompaction;
    const scope = { revision, compactedRevision: previous, tombstonesKeptAt: revision };
    const hash = await hashKeyValues(this.#space, scope);
    this.#hashes.set(revision, hash, previous);
  }

  /** The rows of the compaction at `revision` are gone, and that is on disk. */
  compactionFinished(revision: number): void {
    this.#finishedCompaction = revision;
  }

  /** Runs one job at a time of those that must not see rows vanish. */
  async exclusively<T>(job: () => Promise<T>): Promise<T> {
    const result = this.#exclusive.then(job);
    // A failed job is its caller's; the next one runs all the same.
    this.#exclusive = result.catch(() => undefined);
    return result;
  }

  /**
   * Keeps the small tables' rows apart from revisions that come later. One table of LevelDB with both
   * reaches over all revisions to come, so that each of those would be merged with it and written twice.
   */
  setRecordsApart(): void {
    this.#space.engine.setApart(recordsRange());
  }

  async defragment(): Promise<void> {
    await this.#space.engine.defragment();
    this.#space.removedBytes = 0;
  }

  /**
   * Gives back the space of rows that are gone: as {@link defragment}, a part after the other, so that
   * neither writing nor the engine's own housekeeping waits for long. Ends early when `isStopped`.
   * Rejects with StorageError.
   */
  async reclaim(isStopped: () => boolean): Promise<void> {
    const { engine, removedBytes, visibleRevision } = this.#space;
    const partCount = Math.ceil(engine.sizeBytes() / RECLAIM_PART_BYTES);
    for (let part = 0; part < partCount; part++) {
      if (isStopped()) return;
      const startAt = Math.floor((visibleRevision * part) / partCount);
      const endAt = Math.floor((visibleRevision * (part + 1)) / partCount) + 1;
      await engine.defragment(revisionsBetween(startAt, endAt));
    }
    this.#space.removedBytes -= removedBytes;
  }

  /** Ends reads in many turns: they are refused with EtcdError `stopped`. */
  stopLongReads(): void {
    this.#space.turns.close();
  }

  /** Stops telling watchers; the engine is its owner's to close. */
  async close(): Promise<void> {
    await this.watchers.close();
  }

  /**
   * Checks that memory and engine agree: every version in the tree has its row with the same
   * numbers, and every row its version. For tests; reads everything. Throws Error.
   */
  async checkConsistency(): Promise<void> {
    const { checkConsistency } = await import("./consistency.ts");
    await checkConsistency(this.#space, this.lessor);
  }
}
