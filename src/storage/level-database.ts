/**
 * A LevelDB directory, opened by nobody else and with nothing missing. All of classic-level that the
 * engine uses goes through the types below.
 *
 * Node has no file locks, so LevelDB's own is used for what it does not do by itself:
 *
 * - Whether another process has the store open is asked before the check of its files, which change
 *   under the feet of whoever looks.
 * - A second open in one process fails, but drops the first one's lock on its way (fcntl locks go
 *   with the first close of the file, whoever does it): it is refused before it gets there. For the
 *   same reason nothing else in this process may open the file LOCK of an open store.
 */

import { mkdir, realpath } from "node:fs/promises";

import { StorageError } from "./engine.ts";
import { checkLevelDirectory } from "./leveldb-check.ts";
import { listLevelFiles } from "./leveldb-files.ts";

/**
 * What is gathered in memory, and in the log, before it becomes a table, bytes. Four of LevelDB's
 * default: fewer tables, which are merged less often; a start reads as much of the log again.
 */
const WRITE_BUFFER_BYTES = 16 * 1024 * 1024;

/** The part of classic-level that is used here; `level` types only what browsers have, too. */
export interface Database {
  close(): Promise<void>;
  getSync(key: Uint8Array, options?: ReadOptions): Uint8Array | undefined;
  getMany(keys: Uint8Array[], options?: ReadOptions): Promise<(Uint8Array | undefined)[]>;
  batch(): ChainedBatch;
  iterator(
    options: ReadOptions & { gte: Uint8Array; lt: Uint8Array; highWaterMarkBytes: number },
  ): LevelIterator;
  snapshot(): DatabaseSnapshot;
  compactRange(start: Uint8Array, end: Uint8Array): Promise<void>;
}

/** Rows as of the moment it was made, until it is closed. */
export interface DatabaseSnapshot {
  close(): Promise<void>;
}

/** What to read: the newest unless told otherwise. */
export interface ReadOptions {
  readonly snapshot?: DatabaseSnapshot;
}

/** Changes on their way to LevelDB. */
export interface ChainedBatch {
  readonly length: number;
  put(key: Uint8Array, value: Uint8Array): unknown;
  del(key: Uint8Array): unknown;
  write(options: { sync: boolean }): Promise<void>;
  close(): Promise<void>;
}

/** Rows as of the moment it was made. */
export interface LevelIterator {
  nextv(size: number): Promise<[Uint8Array, Uint8Array][]>;
  close(): Promise<void>;
}

interface LevelOptions {
  readonly createIfMissing?: boolean;
  readonly errorIfExists?: boolean;
  /** Bytes. */
  readonly cacheSize?: number;
  /** Bytes. */
  readonly writeBufferSize?: number;
}

/**
 * Directories open in this process. The one thing here that is global: what it stands for, the lock
 * of LevelDB, belongs to the process, too.
 */
const OPEN_DIRECTORIES = new Set<string>();

/**
 * Makes the directory where it is missing, and claims it for the caller until
 * {@link releaseDirectory}. Resolves to its full path, so that one directory has one name.
 *
 * Rejects with {@link StorageError} "open-failed", or "locked" when it is claimed in this process.
 */
export async function claimDirectory(path: string): Promise<string> {
  let directory: string;
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
    directory = await realpath(path);
  } catch (cause) {
    const message = `Cannot make data directory "${path}": ${errorMessage(cause)}`;
    throw new StorageError("open-failed", message, { cause });
  }
  if (OPEN_DIRECTORIES.has(directory)) throw locked(directory);
  OPEN_DIRECTORIES.add(directory);
  return directory;
}

/** Gives a claimed directory free. */
export function releaseDirectory(directory: string): void {
  OPEN_DIRECTORIES.delete(directory);
}

/**
 * Checks a claimed directory and opens it.
 *
 * Rejects with {@link StorageError} "locked", "corrupt" or "open-failed".
 */
export async function openDatabase(
  directory: string,
  options: { readonly cacheBytes: number },
): Promise<Database> {
  await refuseLocked(directory);
  try {
    await checkLevelDirectory(directory);
  } catch (error) {
    // Another process may have opened it meanwhile, and it was its work that was looked at.
    await refuseLocked(directory);
    throw error;
  }
  return openLevel(directory, {
    cacheSize: options.cacheBytes,
    writeBufferSize: WRITE_BUFFER_BYTES,
  });
}

/**
 * Whether another process has the store open, asked by opening it in a way that always fails, after
 * the lock was taken and before anything is changed.
 */
async function refuseLocked(directory: string): Promise<void> {
  let hasLock: boolean;
  try {
    ({ hasLock } = await listLevelFiles(directory));
  } catch (error) {
    throw openError(directory, error);
  }
  if (!hasLock) return;
  try {
    await openLevel(directory, { createIfMissing: false, errorIfExists: true });
  } catch (error) {
    if (error instanceof StorageError && error.reason === "locked") throw error;
  }
}

/** Loads LevelDB only here: a server in memory never does. */
async function openLevel(directory: string, options: LevelOptions): Promise<Database> {
  const { Level } = await import("level");
  const level = new Level(directory, { keyEncoding: "buffer", valueEncoding: "buffer" });
  try {
    // In the same turn as the constructor, which otherwise opens by itself.
    await level.open(options);
  } catch (error) {
    throw openError(directory, error);
  }
  // The types are those of the interface above; see there.
  return level as unknown as Database;
}

/** Why a store could not be opened. */
export function openError(directory: string, error: unknown): StorageError {
  // abstract-level's own error says that it is not open, its cause says why.
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  if (errorCode(cause) === "LEVEL_LOCKED") return locked(directory, cause);
  const reason = errorCode(cause) === "LEVEL_CORRUPTION" ? "corrupt" : "open-failed";
  const message = `Cannot open data directory: "${directory}": ${errorMessage(cause)}`;
  return new StorageError(reason, message, { cause });
}

function locked(directory: string, cause?: unknown): StorageError {
  const message = `Cannot open data directory: "${directory}" is in use by another server`;
  return new StorageError("locked", message, cause === undefined ? {} : { cause });
}

/** The code that classic-level and Node give their errors. */
export function errorCode(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

/** The text of whatever was thrown. */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
