/**
 * A database of etcd to read, 3.4 to 3.7: a snapshot, or `member/snap/db` of a data directory. What it
 * keeps outside of its revisions is small, and is given as rows of ours.
 */
import {
  NEVER_COMPACTED,
  RowCheck,
  alarmKey,
  encodeNumber,
  etcdRowKey,
  etcdRowOf,
  META,
  FORMAT,
  recordKey,
} from "../mvcc/index.ts";
import type { EtcdRow, RowPlace } from "../mvcc/index.ts";
import type { Row } from "../storage/index.ts";
import { CLUSTER_VERSION, messages } from "../wire/index.ts";
import { corruptFile } from "./bolt-elements.ts";
import type { LeafRow } from "./bolt-elements.ts";
import { BoltFile } from "./bolt-file.ts";
import { BUCKET, META_KEY } from "./etcd-buckets.ts";
import type { ReadOptions } from "./page-file.ts";

/** Largest sub-revision that a row of ours can have. */
const SUB_MAX = 0xffff_ffff;

/** A row of the bucket `key`. */
export interface RevisionRow extends EtcdRow {
  /** The encoded KeyValue. */
  readonly value: Buffer;
}

export class EtcdDatabase {
  readonly file: BoltFile;
  /** Revisions compacted at, -1 for never. They differ while rows are still to be removed. */
  readonly scheduledCompaction: number;
  readonly finishedCompaction: number;
  /** Index of raft's log up to which all is in the file. */
  readonly consistentIndex: bigint;
  readonly term: bigint;
  /** Empty before 3.6. */
  readonly storageVersion: string;

  /** Throws StorageError, and what the system says about the file. */
  static open(path: string, options: ReadOptions = {}): EtcdDatabase {
    const file = BoltFile.open(path, options);
    try {
      return new EtcdDatabase(file);
    } catch (error) {
      file.close();
      throw error;
    }
  }

  private constructor(file: BoltFile) {
    this.file = file;
    for (const bucket of [BUCKET.key, BUCKET.meta]) {
      if (!file.bucketNames.includes(bucket)) this.#refuse(`it has no bucket "${bucket}"`);
    }
    this.scheduledCompaction = this.#compaction(META_KEY.scheduledCompaction);
    this.finishedCompaction = this.#compaction(META_KEY.finishedCompaction);
    this.consistentIndex = this.#number(META_KEY.consistentIndex);
    this.term = this.#number(META_KEY.term);
    this.storageVersion = file.get(BUCKET.meta, META_KEY.storageVersion)?.toString() ?? "";
    const [major, minor] = this.storageVersion.split(".").map(Number);
    const [ownMajor, ownMinor] = CLUSTER_VERSION.split(".").map(Number);
    const isNewer = major! > ownMajor! || (major === ownMajor && minor! > ownMinor!);
    if (isNewer)
      this.#refuse(`it is of etcd ${this.storageVersion}, newer than ${CLUSTER_VERSION}`);
  }

  /** Reads below this are refused; -1 for never. */
  get compactedRevision(): number {
    return Math.max(this.scheduledCompaction, this.finishedCompaction);
  }

  /** All rows of revisions, in order, each checked. Throws StorageError "corrupt". */
  *revisions(): Generator<RevisionRow, void> {
    const check = new RowCheck(this.compactedRevision);
    for (const row of this.revisionsFrom({ main: 0, sub: 0 })) {
      const { version } = check.next(row, row.value);
      if ((version === 0) !== row.isTombstone) {
        this.#refuse(`revision ${String(row.main)}.${String(row.sub)} is no deletion, or no put`);
      }
      yield row;
    }
  }

  /** Rows of revisions from one on, in order. Throws StorageError "corrupt". */
  *revisionsFrom(first: RowPlace): Generator<RevisionRow, void> {
    const cursor = this.file.cursor(BUCKET.key);
    const start = etcdRowKey({ ...first, isTombstone: false });
    for (let found = cursor?.seek(start); found !== undefined; found = cursor?.next()) {
      const row = this.#revisionRow(found);
      if (row !== undefined) yield row;
    }
  }

  /** The encoded KeyValue of a row; undefined where there is none. Throws StorageError "corrupt". */
  revision({ main, sub }: RowPlace): Buffer | undefined {
    const found = this.file.cursor(BUCKET.key)?.seek(etcdRowKey({ main, sub, isTombstone: false }));
    const row = found === undefined ? undefined : this.#revisionRow(found);
    return row?.main === main && row.sub === sub ? row.value : undefined;
  }

  /** Everything else that a store of ours has, as its rows. Throws StorageError. */
  *records(): Generator<Row, void> {
    yield [META.format, Buffer.from(FORMAT)];
    const { scheduledCompaction, finishedCompaction } = this;
    if (scheduledCompaction !== NEVER_COMPACTED) {
      yield [META.scheduledCompaction, encodeNumber(scheduledCompaction)];
    }
    if (finishedCompaction !== NEVER_COMPACTED) {
      yield [META.finishedCompaction, encodeNumber(finishedCompaction)];
    }
    yield* this.#leases();
    yield* this.#users();
    for (const { key } of this.file.rows(BUCKET.alarm)) {
      const alarm = this.#decoded("alarm", () => messages.decodeAlarmMember(key));
      yield [alarmKey(alarm.memberId, alarm.alarm), messages.encodeAlarmMember(alarm)];
    }
  }

  close(): void {
    this.file.close();
  }

  /**
   * Undefined for what `restore --bump-revision` leaves of the revision that it goes to: the compaction
   * says the same.
   */
  #revisionRow({ key, value, isBucket }: LeafRow): RevisionRow | undefined {
    const row = isBucket ? undefined : etcdRowOf(key);
    if (row === undefined || row.sub > SUB_MAX) {
      this.#refuse(`strange key of a revision: ${key.toString("hex")}`);
    }
    if (value.length === 0 && row.main <= this.compactedRevision) return undefined;
    const { main, sub, isTombstone } = row;
    return { main, sub, isTombstone, value };
  }

  *#leases(): Generator<Row, void> {
    for (const { key, value } of this.file.rows(BUCKET.lease)) {
      const { id, ttl, remainingTtl } = this.#decoded("lease", () => messages.decodeLease(value));
      if (key.length !== 8 || key.readBigInt64BE(0) !== id) {
        this.#refuse(`strange key of a lease: ${key.toString("hex")}`);
      }
      yield [recordKey("lease", key), messages.encodeLease({ id, ttl, remainingTtl })];
    }
  }

  /** Rows about users are etcd's own, behind the mark of their table. */
  *#users(): Generator<Row, void> {
    for (const { key, value } of this.file.rows(BUCKET.auth)) {
      yield [recordKey("auth", key), value];
    }
    for (const { key, value } of this.file.rows(BUCKET.authUsers)) {
      this.#decoded("user", () => messages.decodeUser(value));
      yield [recordKey("authUser", key), value];
    }
    for (const { key, value } of this.file.rows(BUCKET.authRoles)) {
      this.#decoded("role", () => messages.decodeRole(value));
      yield [recordKey("authRole", key), value];
    }
  }

  #compaction(name: string): number {
    const value = this.file.get(BUCKET.meta, name);
    if (value === undefined) return NEVER_COMPACTED;
    const row = etcdRowOf(value);
    return row?.main ?? this.#refuse(`strange ${name}: ${value.toString("hex")}`);
  }

  #number(name: string): bigint {
    const value = this.file.get(BUCKET.meta, name);
    if (value === undefined) return 0n;
    return value.length === 8
      ? value.readBigUInt64BE(0)
      : this.#refuse(`strange ${name}: ${value.toString("hex")}`);
  }

  #decoded<T>(what: string, decode: () => T): T {
    try {
      return decode();
    } catch (error) {
      throw corruptFile(`Cannot read "${this.file.path}": unreadable ${what}`, { cause: error });
    }
  }

  #refuse(problem: string): never {
    throw corruptFile(`Cannot read "${this.file.path}": ${problem}`);
  }
}
