/** Writes a database of etcd into an engine, as a store of ours. */
import { META, encodeId, encodeNumber, revisionKey } from "../mvcc/index.ts";
import type { Batch, Engine } from "../storage/index.ts";
import type { EtcdDatabase } from "./etcd-database.ts";

/** Bytes of rows that are written together. */
const BATCH_BYTES = 4 * 1024 * 1024;

export interface ImportOptions {
  /** Who the member is from now on. Left out: whoever starts on it first. */
  readonly identity?: { readonly memberId: bigint; readonly clusterId: bigint } | undefined;
  /**
   * Goes so many revisions further, and compacts up to there, so that no watcher takes up where it was:
   * some of what it saw may not be in the backup. Source: etcdutl snapshot restore --bump-revision.
   */
  readonly bumpRevision?: number | undefined;
}

/** What was written. */
export interface Imported {
  readonly revision: number;
  readonly rowCount: number;
}

/**
 * Reads everything, and checks it; the engine must be empty. Rejects with StorageError,
 * with a part written.
 */
export async function importDatabase(
  database: EtcdDatabase,
  engine: Engine,
  options: ImportOptions = {},
): Promise<Imported> {
  const writer = new BatchWriter(engine);
  let rowCount = 0;
  let revision = 0;
  for (const { main, sub, value } of database.revisions()) {
    await writer.put(revisionKey(main, sub), value);
    revision = main;
    rowCount++;
  }
  for (const [key, value] of database.records()) await writer.put(key, value);
  const { identity, bumpRevision = 0 } = options;
  if (identity !== undefined) {
    await writer.put(META.memberId, encodeId(identity.memberId));
    await writer.put(META.clusterId, encodeId(identity.clusterId));
  }
  if (bumpRevision > 0) {
    revision += bumpRevision;
    await writer.put(META.scheduledCompaction, encodeNumber(revision));
  }
  await writer.flush();
  return { revision: Math.max(revision, database.compactedRevision, 1), rowCount };
}

/** Puts rows in batches of a size. */
class BatchWriter {
  readonly #engine: Engine;
  #batch: Batch | undefined;
  #bytes = 0;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  async put(key: Uint8Array, value: Uint8Array): Promise<void> {
    this.#batch ??= this.#engine.batch();
    this.#batch.put(key, value);
    this.#bytes += key.length + value.length;
    if (this.#bytes >= BATCH_BYTES) await this.flush();
  }

  async flush(): Promise<void> {
    const batch = this.#batch;
    this.#batch = undefined;
    this.#bytes = 0;
    await batch?.write();
  }
}
