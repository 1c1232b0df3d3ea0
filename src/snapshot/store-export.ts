/** A store as etcd's own database file, at one moment, while it goes on being written to. */
import { AUTH, etcdRowKey, isTombstone, mainOf, recordName, subOf } from "../mvcc/index.ts";
import type { Store, TableName } from "../mvcc/index.ts";
import type { Row } from "../storage/index.ts";
import { CLUSTER_VERSION } from "../wire/index.ts";
import { planBolt } from "./bolt-writer.ts";
import type { BoltPlan, BoltRow, BucketSource, RowPages } from "./bolt-writer.ts";
import { BUCKET, CLUSTER_KEY, META_KEY, encodeUint64 } from "./etcd-buckets.ts";

/** What the server knows of itself, and the file is to say. */
export interface ExportedMember {
  readonly memberId: bigint;
  readonly term: number;
  readonly appliedIndex: number;
  readonly name: string;
  readonly peerUrls: readonly string[];
  readonly clientUrls: readonly string[];
}

/** A store, as far as it is read. */
export type ExportedStore = Pick<
  Store,
  "compactedRevision" | "finishedCompaction" | "scanTable" | "turn"
>;

/** Rows made at a time: one or two milliseconds, unless a page of the engine has fewer. */
const PAGE_ROWS = 500;
/** Source: etcd auth/store.go: what a store has in which nothing about users was ever changed. */
const FIRST_AUTH_REVISION = 1;

export class StoreExport {
  readonly #store: ExportedStore;
  readonly #member: ExportedMember;
  readonly #compactions: { readonly scheduled: number; readonly finished: number };
  /** Of the engine: what they have not read yet stays as it was when this was made. */
  readonly #scans: AsyncIterableIterator<Row[]>[] = [];
  readonly #buckets: readonly BucketSource[];

  /**
   * The store as it is now; nothing may be under way to the disk. What is removed afterwards stays on
   * disk, or in the memory that is the disk, until {@link close}.
   */
  constructor(store: ExportedStore, member: ExportedMember) {
    this.#store = store;
    this.#member = member;
    const { compactedRevision: scheduled, finishedCompaction: finished } = store;
    this.#compactions = { scheduled, finished };
    // Whole: no await until all tables are taken.
    this.#buckets = this.#allBuckets();
  }

  /** Reads all rows once; then the file is known in all but those, which are read again. */
  plan(): Promise<BoltPlan> {
    return planBolt(this.#buckets, () => this.#store.turn());
  }

  /** Ends reading, at any time. */
  async close(): Promise<void> {
    for (const scan of this.#scans) await scan.return?.();
  }

  #allBuckets(): BucketSource[] {
    return [
      this.#bucket(BUCKET.alarm, () => this.#sortedValues("alarm")),
      this.#bucket(BUCKET.auth, () => this.#authTable()),
      this.#bucket(BUCKET.authRoles, () => this.#table("authRole", recordRow)),
      this.#bucket(BUCKET.authUsers, () => this.#table("authUser", recordRow)),
      this.#bucket(BUCKET.cluster, () => inOnePage(clusterRows())),
      this.#bucket(BUCKET.key, () => this.#table("revision", revisionRow)),
      this.#bucket(BUCKET.lease, () => this.#table("lease", recordRow)),
      this.#bucket(BUCKET.members, () => inOnePage([memberRow(this.#member)])),
      this.#bucket(BUCKET.membersRemoved, () => inOnePage([])),
      this.#bucket(BUCKET.meta, () => inOnePage(metaRows(this.#member, this.#compactions))),
    ];
  }

  #bucket(name: string, rows: () => RowPages): BucketSource {
    return { name, planned: rows(), written: rows() };
  }

  /** A table's rows, each made one of etcd's, in the same order. */
  #table(table: TableName, rowOf: (row: Row) => BoltRow): RowPages {
    const scan = this.#scan(table);
    const store = this.#store;
    return (async function* pages() {
      for await (const page of scan) {
        await store.turn();
        yield page.map(rowOf);
      }
    })();
  }

  /** A small table of which the values are etcd's keys. */
  #sortedValues(table: TableName): RowPages {
    const scan = this.#scan(table);
    return (async function* page() {
      const keys: Uint8Array[] = [];
      for await (const rows of scan) keys.push(...rows.map(([, value]) => value));
      yield keys.sort((a, b) => Buffer.compare(a, b)).map((key): BoltRow => [key, NOTHING]);
    })();
  }

  /** Until something about users is changed there is nothing; etcd has their first revision all the same. */
  #authTable(): RowPages {
    const scan = this.#scan("auth");
    return (async function* page() {
      const rows: BoltRow[] = [];
      for await (const page of scan) rows.push(...page.map(recordRow));
      if (rows.length === 0) {
        rows.push(recordRow([AUTH.revision, encodeUint64(FIRST_AUTH_REVISION)]));
      }
      yield rows;
    })();
  }

  #scan(table: TableName): AsyncIterableIterator<Row[]> {
    const scan = this.#store.scanTable(table, PAGE_ROWS);
    this.#scans.push(scan);
    return scan;
  }
}

const NOTHING = Buffer.alloc(0);

function revisionRow([key, value]: Row): BoltRow {
  const row = { main: mainOf(key), sub: subOf(key), isTombstone: isTombstone(value) };
  return [etcdRowKey(row), value];
}

/** Behind the table's mark the key is etcd's. */
function recordRow([key, value]: Row): BoltRow {
  return [recordName(key), value];
}

function clusterRows(): BoltRow[] {
  return [textRow(CLUSTER_KEY.version, CLUSTER_VERSION)];
}

/** JSON by hand: an id is a number of 64 bits. Source: etcd api/membership/member.go. */
function memberRow(member: ExportedMember): BoltRow {
  const { memberId, name, peerUrls, clientUrls } = member;
  const rest = JSON.stringify({ peerURLs: peerUrls, name, clientURLs: clientUrls }).slice(1);
  return textRow(memberId.toString(16), `{"id":${String(memberId)},${rest}`);
}

function metaRows(
  { memberId, term, appliedIndex }: ExportedMember,
  { scheduled, finished }: { scheduled: number; finished: number },
): BoltRow[] {
  const compaction = (key: string, main: number): BoltRow[] =>
    main < 0 ? [] : [textRow(key, etcdRowKey({ main, sub: 0, isTombstone: false }))];
  return [
    textRow(META_KEY.confState, `{"voters":[${String(memberId)}],"auto_leave":false}`),
    textRow(META_KEY.consistentIndex, encodeUint64(appliedIndex)),
    ...compaction(META_KEY.finishedCompaction, finished),
    ...compaction(META_KEY.scheduledCompaction, scheduled),
    textRow(META_KEY.storageVersion, CLUSTER_VERSION),
    textRow(META_KEY.term, encodeUint64(term)),
  ];
}

function textRow(key: string, value: string | Buffer): BoltRow {
  return [Buffer.from(key), typeof value === "string" ? Buffer.from(value) : value];
}

async function* inOnePage(rows: readonly BoltRow[]): AsyncGenerator<readonly BoltRow[], void> {
  yield rows;
}
