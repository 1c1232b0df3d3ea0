/**
 * The revisions of a database of etcd as rows of ours, read when they are asked for. With an engine in
 * memory on top, a server can be started on a backup at once, and the file stays as it is.
 */
import { isRevisionKey, mainOf, revisionKey, subOf, tableRange } from "../mvcc/index.ts";
import { MemoryEngine } from "../storage/index.ts";
import type { EngineSnapshot, Row, RowVisitor, ScanRange } from "../storage/index.ts";
import { EtcdDatabase } from "./etcd-database.ts";
import { refuseLogBehind } from "./etcd-log.ts";
import type { RevisionRow } from "./etcd-database.ts";
import { findDatabase } from "./database-place.ts";

/** Bytes of values after which a page is full. */
const PAGE_BYTES = 1024 * 1024;

/** An engine on a database, and how to close that after it. */
export interface BackupEngine {
  readonly engine: MemoryEngine;
  readonly close: () => Promise<void>;
}

/**
 * Opens a snapshot, or the database in the data directory of an etcd that does not run. Rejects with
 * StorageError, and with what the system says.
 */
export async function openBackup(source: string): Promise<BackupEngine> {
  const { path, walFolder } = await findDatabase(source);
  const database = EtcdDatabase.open(path);
  try {
    if (walFolder !== undefined) await refuseLogBehind(walFolder, database.consistentIndex);
    const engine = new MemoryEngine(new DatabaseRows(database));
    const batch = engine.batch();
    for (const [key, value] of database.records()) batch.put(key, value);
    await batch.write();
    return { engine, close: async () => database.close() };
  } catch (error) {
    database.close();
    throw error;
  }
}

export class DatabaseRows implements EngineSnapshot {
  readonly sizeBytes: number;
  readonly depth: number = 1;
  readonly #database: EtcdDatabase;

  /** The database stays its owner's to close. */
  constructor(database: EtcdDatabase) {
    this.#database = database;
    this.sizeBytes = database.file.databaseBytes;
  }

  getSync(key: Uint8Array): Uint8Array | undefined {
    if (!isRevisionKey(key)) return undefined;
    return this.#database.revision({ main: mainOf(key), sub: subOf(key) });
  }

  async getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    return keys.map((key) => this.getSync(key));
  }

  scan({ start, end, pageRows }: ScanRange): AsyncIterableIterator<Row[]> {
    return pagesOf(this.#from(start), { end, pageRows });
  }

  /** Checks all rows: each by itself, and that none is missing. */
  async visitAll(range: { start: Uint8Array; end: Uint8Array }, visit: RowVisitor): Promise<void> {
    const { start } = tableRange("revision");
    if (Buffer.compare(range.start, start) > 0) throw new RangeError("Only all can be visited");
    const lending = EtcdDatabase.open(this.#database.file.path, { isLent: true });
    try {
      for (const { main, sub, value } of lending.revisions()) {
        visit(revisionKey(main, sub), value);
      }
    } finally {
      lending.close();
    }
  }

  async close(): Promise<void> {}

  /** Revisions whose keys are not below `start`. */
  #from(start: Uint8Array): Iterable<RevisionRow> {
    if (isRevisionKey(start)) {
      return this.#database.revisionsFrom({ main: mainOf(start), sub: subOf(start) });
    }
    const isBehind = Buffer.compare(start, tableRange("revision").start) > 0;
    return isBehind ? [] : this.#database.revisionsFrom({ main: 0, sub: 0 });
  }
}

async function* pagesOf(
  revisions: Iterable<RevisionRow>,
  { end, pageRows }: { end: Uint8Array; pageRows: number },
): AsyncGenerator<Row[], undefined> {
  let rows: Row[] = [];
  let bytes = 0;
  for (const { main, sub, value } of revisions) {
    const key = revisionKey(main, sub);
    if (key.compare(end) >= 0) break;
    rows.push([key, value]);
    bytes += value.length;
    if (rows.length < pageRows && bytes < PAGE_BYTES) continue;
    yield rows;
    rows = [];
    bytes = 0;
  }
  if (rows.length > 0) yield rows;
  return undefined;
}
