/** Where a database is: a snapshot, or in the data directory of an etcd that does not run. */
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { corruptFile } from "./bolt-elements.ts";

export interface DatabasePlace {
  /** Of the database. */
  readonly path: string;
  /** Where the log is that goes on from it; undefined for a snapshot. */
  readonly walFolder: string | undefined;
}

/** Rejects with StorageError for a directory without a database, or with one that is in use. */
export async function findDatabase(path: string): Promise<DatabasePlace> {
  if (!(await stat(path)).isDirectory()) return { path, walFolder: undefined };
  const database = join(path, "member", "snap", "db");
  let file;
  try {
    file = await stat(database, { bigint: true });
  } catch (cause) {
    throw corruptFile(`Cannot read "${path}": it has no member/snap/db of an etcd`, { cause });
  }
  const owner = await lockOwner(file);
  if (owner !== undefined) {
    throw corruptFile(`Cannot read "${path}": an etcd runs on it, process ${owner}`);
  }
  return { path: database, walFolder: join(path, "member", "wal") };
}

/** The process that has a file locked, as etcd does; undefined also where the system does not tell. */
async function lockOwner(file: {
  readonly dev: bigint;
  readonly ino: bigint;
}): Promise<string | undefined> {
  let locks;
  try {
    locks = await readFile("/proc/locks", "utf8");
  } catch {
    // Not Linux.
    return undefined;
  }
  // Source: glibc, gnu_dev_major and gnu_dev_minor.
  const major = ((file.dev >> 8n) & 0xfffn) | ((file.dev >> 32n) & ~0xfffn);
  const minor = (file.dev & 0xffn) | ((file.dev >> 12n) & ~0xffn);
  const hex = (number: bigint): string => number.toString(16).padStart(2, "0");
  const place = `${hex(major)}:${hex(minor)}:${String(file.ino)}`;
  const [, owner] = new RegExp(`FLOCK +ADVISORY +WRITE +(\\d+) +${place} `, "u").exec(locks) ?? [];
  return owner;
}
