/** Etcd's databases and data directories of ours: made one of the other, while no server runs on them. */
import { mkdir, mkdtemp, open, readdir, rename, rm, rmdir } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import type { DatabaseStatus } from "../snapshot/index.ts";

export type { DatabaseStatus } from "../snapshot/index.ts";

// All rooms are loaded when they are needed: a server needs none of this.

/** What a snapshot has in it; reads everything. Rejects with StorageError, and what the system says. */
export async function snapshotStatus(source: string): Promise<DatabaseStatus> {
  const { databaseStatus, findDatabase } = await import("../snapshot/index.ts");
  const { path } = await findDatabase(source);
  return databaseStatus(path);
}

/** What {@link restoreSnapshot} takes. */
export interface RestoreOptions {
  /** A snapshot, or the data directory of an etcd that does not run. */
  readonly source: string;
  /** Must not be there, or be empty. */
  readonly dataDir: string;
  /** Take a database without a hash, or with a wrong one. A data directory has none. */
  readonly skipHashCheck?: boolean | undefined;
  /** The revision goes so much further, and all before is compacted. Default 0. */
  readonly bumpRevision?: number | undefined;
  /** They make the ids of the member and the cluster. */
  readonly peerUrls: readonly string[];
  readonly clusterToken: string;
}

/**
 * Makes a data directory of a database of etcd: there is none, or all of it. Rejects with
 * StorageError for what is damaged or foreign, and with what the system says.
 */
export async function restoreSnapshot(options: RestoreOptions): Promise<{ revision: number }> {
  const { newIdentity } = await import("../server/index.ts");
  const { LevelEngine } = await import("../storage/index.ts");
  const snapshots = await import("../snapshot/index.ts");
  const { EtcdDatabase, checkSnapshotHash, findDatabase, importDatabase } = snapshots;
  const { refuseLogBehind } = snapshots;
  const { source, peerUrls, clusterToken, bumpRevision } = options;
  const dataDir = resolve(options.dataDir);
  await refuseUsed(dataDir, options.dataDir);
  const { path, walFolder } = await findDatabase(source);
  if (walFolder === undefined && options.skipHashCheck !== true) await checkSnapshotHash(path);
  const identity = newIdentity(peerUrls, clusterToken);
  const database = EtcdDatabase.open(path, { isLent: true });
  let partPath: string | undefined;
  try {
    if (walFolder !== undefined) await refuseLogBehind(walFolder, database.consistentIndex);
    await mkdir(dirname(dataDir), { recursive: true });
    partPath = await mkdtemp(join(dirname(dataDir), `${basename(dataDir)}.part-`));
    const engine = await LevelEngine.open({ directory: partPath, sync: true });
    let imported;
    try {
      imported = await importDatabase(database, engine, { identity, bumpRevision });
    } finally {
      await engine.close();
    }
    await moveInto(partPath, dataDir);
    return { revision: imported.revision };
  } finally {
    database.close();
    if (partPath !== undefined) await rm(partPath, { recursive: true, force: true });
  }
}

/** What {@link exportSnapshot} takes. */
export interface ExportOptions {
  /** A data directory of ours that no server runs on. */
  readonly dataDir: string;
  /** The file, replaced when it is there. */
  readonly path: string;
  readonly name: string;
  readonly peerUrls: readonly string[];
  readonly clientUrls: readonly string[];
}

/** Makes a snapshot of a data directory, as a server on it would. Rejects with StorageError. */
export async function exportSnapshot(options: ExportOptions): Promise<void> {
  const { dataDir, path, name, peerUrls, clientUrls } = options;
  const { exportDirectory } = await import("../snapshot/index.ts");
  await exportDirectory(dataDir, path, { name, peerUrls, clientUrls });
}

/** Source: etcd etcdutl/snapshot/v3_snapshot.go, Restore. */
async function refuseUsed(dataDir: string, given: string): Promise<void> {
  const names = await readdir(dataDir).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  if (names.length > 0) throw new Error(`data-dir "${given}" not empty or could not be read`);
}

async function moveInto(partPath: string, dataDir: string): Promise<void> {
  // An empty one may be there.
  await rmdir(dataDir).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
  });
  await rename(partPath, dataDir);
  const folder = await open(dirname(dataDir), "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
