/**
 * What `snapshot status` tells of a database. Everything is read.
 * Source: etcd etcdutl/snapshot/v3_snapshot.go, Status.
 */
import { etcdRowOf } from "../mvcc/index.ts";
import { crc32c } from "../storage/index.ts";
import { decodeKeyValueHead, latin1 } from "../wire/index.ts";
import { corruptFile } from "./bolt-elements.ts";
import { BUCKET } from "./etcd-buckets.ts";
import { EtcdDatabase } from "./etcd-database.ts";

export interface DatabaseStatus {
  /** CRC-32C of all names of buckets, keys and values. */
  readonly hash: number;
  /** Of the last row. */
  readonly revision: number;
  /** Keys that exist. */
  readonly totalKey: number;
  /** Bytes of the database. */
  readonly totalSize: number;
  /** Storage version; empty before etcd 3.6. */
  readonly version: string;
}

/** Throws StorageError, and what the system says about the file. */
export function databaseStatus(path: string): DatabaseStatus {
  const database = EtcdDatabase.open(path, { isLent: true });
  try {
    const { file, storageVersion: version } = database;
    const keys = new Set<string>();
    let revision = 0;
    let hash = 0;
    for (const bucket of file.bucketNames) {
      hash = addTo(hash, Buffer.from(bucket, "latin1"));
      for (const { key, value } of file.rows(bucket)) {
        hash = addTo(addTo(hash, key), value);
        if (bucket === BUCKET.key) revision = count(path, { key, value }, keys);
      }
    }
    return { hash, revision, totalKey: keys.size, totalSize: file.databaseBytes, version };
  } finally {
    database.close();
  }
}

/** Notes whether a key exists now, and answers the row's revision. */
function count(path: string, row: { key: Buffer; value: Buffer }, keys: Set<string>): number {
  const place = etcdRowOf(row.key);
  if (place === undefined) {
    throw corruptFile(`Cannot read "${path}": no key of a revision: ${row.key.toString("hex")}`);
  }
  let head;
  try {
    head = decodeKeyValueHead(row.value);
  } catch (cause) {
    const text = `Cannot read "${path}": unreadable value of revision ${String(place.main)}`;
    throw corruptFile(text, { cause });
  }
  const key = latin1(row.value, head.keyStart, head.keyEnd);
  if (place.isTombstone) keys.delete(key);
  else keys.add(key);
  return place.main;
}

function addTo(crc: number, bytes: Buffer): number {
  return crc32c(bytes, 0, bytes.length, crc);
}
