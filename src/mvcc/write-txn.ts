/**
 * A group of commands on its way to the disk.
 *
 * Every command that changes something takes one main revision; its changes are numbered by
 * sub-revisions. Changes go into the tree at once, so that later commands of the group see them,
 * and into one batch of the engine. Readers outside do not see them, because they ask at the
 * store's visible revision, which only moves when the batch is on disk.
 *
 * Whole: nothing in here awaits, except {@link WriteTxn.commit}.
 */
import type { Batch } from "../storage/index.ts";
import { messages } from "../wire/index.ts";
import type { KeyValueFields } from "../wire/index.ts";
import { Change } from "./change.ts";
import { compactKeys } from "./compaction.ts";
import type { CompactionStep } from "./compaction.ts";
import { KeyHistory } from "./key-history.ts";
import type { KeyVersion } from "./key-history.ts";
import type { KeyRange } from "./key-range.ts";
import type { KeySpace } from "./key-space.ts";
import type { Lease, Lessor } from "./lessor.ts";
import type { Mark } from "./mark.ts";
import { readRangeSync } from "./range.ts";
import type { RangeQuery, RangeResult } from "./range.ts";
import { resetTo } from "./reset.ts";
import type { View } from "./view.ts";
import { FORMAT, META, encodeId, encodeNumber, leaseKey, revisionKey } from "./tables.ts";

export class WriteTxn implements View {
  /** All changes of the group, in order. */
  readonly changes: Change[] = [];
  readonly #space: KeySpace;
  readonly #lessor: Lessor;
  readonly #batch: Batch;
  /** The newest revision used up by commands that are complete. */
  #revision: number;
  #compactedRevision: number;
  /** Changes made by the command under way. */
  #sub = 0;
  /** Its operations, as etcd counts them. */
  #operations = 0;

  /** `before` is a group that is on its way, with nothing more to come. */
  constructor(space: KeySpace, lessor: Lessor, before?: WriteTxn) {
    this.#space = space;
    this.#lessor = lessor;
    this.#batch = space.engine.batch();
    this.#revision = before?.revision ?? space.visibleRevision;
    this.#compactedRevision = before?.compactedRevision ?? space.compactedRevision;
  }

  /** The revision that the command under way sees: a new one as soon as it has changed something. */
  get revision(): number {
    return this.#sub === 0 ? this.#revision : this.#revision + 1;
  }

  /** The revision before the command under way. */
  get baseRevision(): number {
    return this.#revision;
  }

  get compactedRevision(): number {
    return this.#compactedRevision;
  }

  /** The command under way is complete. */
  endCommand(): void {
    if (this.#sub > 0) this.#revision++;
    this.#sub = 0;
    this.#space.counts.requestDone(this.#operations);
    this.#operations = 0;
  }

  /** The newest version of a key; undefined when it does not exist. */
  get(key: string): KeyVersion | undefined {
    this.#countRange();
    const history = this.#space.tree.get(key);
    return history === undefined || history.version === 0 ? undefined : history;
  }

  /** The encoded KeyValue of a version. Throws StorageError. */
  load(version: KeyVersion): Uint8Array {
    return this.#space.loadSync(version);
  }

  /** Keys of a range as they are now. */
  select(range: KeyRange): KeyVersion[] {
    this.#countRange();
    return this.#select(range);
  }

  #select(range: KeyRange): KeyVersion[] {
    return this.#space.select(range, this.revision, Number.POSITIVE_INFINITY).versions;
  }

  range(query: RangeQuery): RangeResult {
    this.#countRange();
    // Whole, however long it takes: nothing bounds it, so there is a result.
    return readRangeSync(this.#space, query, Number.POSITIVE_INFINITY)!.result;
  }

  /** Writes a key. The lease, where there is one, must exist. */
  put(key: string, keyBytes: Uint8Array, value: Uint8Array, lease: bigint): void {
    const { counts } = this.#space;
    counts.puts++;
    counts.putBytes += keyBytes.length + value.length;
    this.#operations++;
    const history = this.#space.tree.getOrAdd(key, newHistory);
    const main = this.#revision + 1;
    const creates = history.version === 0;
    const createRevision = creates ? main : history.createMain;
    const version = creates ? 1 : history.version + 1;
    const modRevision = main;
    this.#record(history, { key: keyBytes, createRevision, modRevision, version, value, lease });
    this.#lessor.attach(key, lease);
  }

  /** Deletes every key of a range, in order, and answers how many there were. */
  deleteRange(range: KeyRange): number {
    this.#space.counts.deletes++;
    this.#operations++;
    const versions = this.#select(range);
    for (const { key } of versions) this.deleteKey(key);
    return versions.length;
  }

  /** Deletes a key that exists. */
  deleteKey(key: string): void {
    const history = this.#space.tree.getOwn(key)!;
    this.#record(history, { ...TOMBSTONE, key: Buffer.from(key, "latin1") });
    this.#lessor.detach(key);
  }

  /** The lease of that id. */
  lease(id: bigint): Lease | undefined {
    return this.#lessor.get(id);
  }

  /** Adds a lease; the id must be free. */
  grantLease(id: bigint, ttl: number, deadlineMs: number): Lease {
    const { counts } = this.#space;
    counts.leasesGranted++;
    counts.leaseTtls.observe(ttl);
    this.putRecord(leaseKey(id), messages.encodeLease({ id, ttl }));
    return this.#lessor.grant(id, ttl, deadlineMs);
  }

  /** Adds a lease, or gives the one of that id another time to live and end; its keys stay. */
  setLease(id: bigint, ttl: number, deadlineMs: number): void {
    const lease = this.lease(id);
    if (lease === undefined) {
      this.grantLease(id, ttl, deadlineMs);
    } else if (lease.ttl === ttl) {
      if (lease.remainingTtl > 0) this.checkpointLease(lease, 0);
      this.#lessor.renew(lease, deadlineMs);
    } else {
      this.putRecord(leaseKey(id), messages.encodeLease({ id, ttl }));
      this.#lessor.regrant(id, ttl, deadlineMs);
    }
  }

  /** All leases, the one that ends first in front. */
  leases(): Lease[] {
    return this.#lessor.list();
  }

  /** Notes what is left of a lease, seconds, for the next start; 0 for all of it. */
  checkpointLease(lease: Lease, remainingTtl: number): void {
    const { id, ttl } = lease;
    this.putRecord(leaseKey(id), messages.encodeLease({ id, ttl, remainingTtl }));
    lease.remainingTtl = remainingTtl;
  }

  /** Removes a lease that exists, with all its keys in byte order. */
  revokeLease(lease: Lease): void {
    const { counts } = this.#space;
    counts.leasesRevoked++;
    counts.deletes += lease.keys.size;
    this.#operations += lease.keys.size;
    for (const key of [...lease.keys].sort()) this.deleteKey(key);
    this.#lessor.remove(lease.id);
    this.#batch.delete(leaseKey(lease.id));
  }

  leaseOf(key: string): bigint {
    return this.#lessor.leaseOf(key);
  }

  /** From now on reads below `revision` are refused; the rows go later, by {@link compactStep}. */
  compact(revision: number): void {
    this.#compactedRevision = revision;
    this.putRecord(META.scheduledCompaction, encodeNumber(revision));
  }

  /** Removes a part of what the compaction at `revision` made superfluous. */
  compactStep(part: {
    revision: number;
    from: string;
    keysMax: number;
    removalsMax: number;
  }): CompactionStep {
    const step = compactKeys(this.#space, part, (main, sub) => {
      this.#batch.delete(revisionKey(main, sub));
    });
    this.#space.counts.compactedRows += step.removed;
    if (step.next === undefined) {
      this.putRecord(META.finishedCompaction, encodeNumber(part.revision));
    }
    return step;
  }

  /** Brings keys and leases back to what a mark has: see reset.ts. Answers how many keys differed. */
  resetTo(mark: Mark, nowMs: number): number {
    return resetTo(mark, { space: this.#space, txn: this, nowMs });
  }

  /** Writes a row, in the same batch. */
  putRecord(key: Uint8Array, value: Uint8Array): void {
    this.#space.counts.writtenBytes += key.length + value.length;
    this.#batch.put(key, value);
  }

  /** Notes who this member is, and the layout that everything is written in. */
  putIdentity(ids: { readonly memberId: bigint; readonly clusterId: bigint }): void {
    this.putRecord(META.format, Buffer.from(FORMAT));
    this.putRecord(META.memberId, encodeId(ids.memberId));
    this.putRecord(META.clusterId, encodeId(ids.clusterId));
  }

  deleteRecord(key: Uint8Array): void {
    this.#batch.delete(key);
  }

  /** Nothing was written: there is nothing to wait for. */
  get isEmpty(): boolean {
    return this.#batch.length === 0;
  }

  /** Gives up the group unwritten: then, too, the tree is ahead for good. */
  discard(): void {
    this.#batch.discard();
  }

  /** Makes all of it durable, or rejects with StorageError: then the tree is ahead for good. */
  async commit(): Promise<void> {
    if (this.isEmpty) {
      this.discard();
      return;
    }
    await this.#batch.write();
  }

  /** The batch is on disk: readers may see it. Only the store calls this. */
  publish(): void {
    const space = this.#space;
    space.visibleRevision = this.#revision;
    space.compactedRevision = this.#compactedRevision;
  }

  #countRange(): void {
    this.#space.counts.ranges++;
    this.#operations++;
  }

  #record(history: KeyHistory, fields: KeyValueFields): void {
    const main = this.#revision + 1;
    const sub = this.#sub++;
    const { createRevision, version } = fields;
    const { values } = this.#space;
    values.release(history);
    history.push(main, sub, createRevision, version);
    const row = values.write(history, fields, main);
    history.rowBytes = this.#space.countRow(row.length);
    this.putRecord(revisionKey(main, sub), row);
    const { key } = history;
    const deleted = version === 0;
    const creates = !deleted && createRevision === main;
    if (deleted) this.#space.liveKeyCount--;
    else if (version === 1) this.#space.liveKeyCount++;
    this.changes.push(new Change(this.#space, { key, main, sub, deleted, creates }, history));
  }
}

/** What etcd stores for a deletion: the key and nothing else. */
const TOMBSTONE = {
  createRevision: 0,
  modRevision: 0,
  version: 0,
  value: new Uint8Array(0),
  lease: 0n,
} as const;

function newHistory(key: string): KeyHistory {
  return new KeyHistory(key);
}
