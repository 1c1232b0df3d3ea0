/**
 * HashKV: a checksum over the rows of the store that is equal to etcd's after the same operations.
 *
 * Source: etcd server/storage/mvcc/hash.go (kvHasher) and kvstore.go (hashByRev): CRC-32C over the
 * name of etcd's bucket, then of each row its key as etcd writes it and its value.
 */
import { crc32c } from "../storage/index.ts";
import { endOfFrame, keyOf } from "../wire/index.ts";
import { etcdRowKey } from "./etcd-row-key.ts";
import type { KeySpace } from "./key-space.ts";
import { mainOf, revisionKey, subOf, tableRange } from "./tables.ts";
import { COUNT_WORK } from "./turns.ts";

/** Rows hashed in one turn, and their bytes: about two milliseconds. */
const PAGE_ROWS = 500;
const PAGE_BYTES = 512 * 1024;
const BUCKET_NAME = Buffer.from("key");

/** Which rows a hash covers. */
export interface HashScope {
  /** Rows above are left out. */
  readonly revision: number;
  /** At or below this, only the rows in force at `revision` count. */
  readonly compactedRevision: number;
  /** A key deleted at this very revision counts as one that has a row in force. */
  readonly tombstonesKeptAt?: number;
}

/**
 * Hashes the store as of now; `revision` must not be compacted before the promise resolves, except
 * logically: the caller keeps {@link compactKeys} from running meanwhile.
 */
export async function hashKeyValues(space: KeySpace, scope: HashScope): Promise<number> {
  // etcd does not leave superseded rows out when nothing at all is in force.
  const keepNothing = !(await hasRowInForce(space, scope));
  let crc = addTo(0, BUCKET_NAME);
  const { start } = tableRange("revision");
  // Of a negative revision etcd hashes no row at all.
  const end = revisionKey(Math.max(0, scope.revision + 1), 0);
  for await (const page of space.engine.scan({ start, end, pageRows: PAGE_ROWS })) {
    let bytes = PAGE_BYTES;
    for (const [rowKey, value] of page) {
      if (bytes >= PAGE_BYTES) {
        await space.turns.next();
        bytes = 0;
      }
      bytes += value.length;
      const main = mainOf(rowKey);
      const sub = subOf(rowKey);
      const tombstone = isTombstone(value);
      if (main <= scope.compactedRevision && !keepNothing) {
        if (tombstone || !isInForce(space, value, { main, sub, at: scope.revision })) continue;
      }
      if (main === scope.compactedRevision && tombstone) continue;
      crc = addTo(addTo(crc, etcdRowKey({ main, sub, isTombstone: tombstone })), value);
    }
  }
  return crc;
}

/** Finished compactions' hashes, by the revision compacted at. */
export class HashCache {
  readonly #hashes = new Map<number, { hash: number; compactRevision: number }>();
  /** Source: etcd mvcc/hash.go, hashStorageMaxSize. */
  static readonly sizeMax = 10;

  get(revision: number): { readonly hash: number; readonly compactRevision: number } | undefined {
    return this.#hashes.get(revision);
  }

  set(revision: number, hash: number, compactRevision: number): void {
    this.#hashes.set(revision, { hash, compactRevision });
    if (this.#hashes.size <= HashCache.sizeMax) return;
    this.#hashes.delete(Math.min(...this.#hashes.keys()));
  }
}

/** Field 1 of the row's KeyValue, its key, is always written first; a tombstone has nothing else. */
export function isTombstone(value: Uint8Array): boolean {
  return endOfFrame(value, 0) === value.length;
}

function isInForce(
  space: KeySpace,
  value: Uint8Array,
  row: { main: number; sub: number; at: number },
): boolean {
  const history = space.tree.get(keyOf(value));
  const version = history?.at(row.at);
  if (history === undefined || version === undefined) return false;
  if (version.modMain !== row.main || version.modSub !== row.sub) return false;
  return !history.isDeletedAt(row.at);
}

/**
 * A key that was deleted at the very revision has none, even if it was put again in it: etcd looks no
 * further than the generation that ended there. Source: etcd mvcc/key_index.go, doCompact and keep.
 */
async function hasRowInForce(space: KeySpace, scope: HashScope): Promise<boolean> {
  const { revision, tombstonesKeptAt } = scope;
  let found = false;
  let from: string | undefined = "";
  while (from !== undefined && !found) {
    let work = 0;
    const start: string = from;
    from = undefined;
    space.tree.forEach(start, undefined, (history) => {
      if (work >= space.turns.work) {
        from = history.key;
        return false;
      }
      work += COUNT_WORK;
      found = history.isDeletedAt(revision)
        ? revision === tombstonesKeptAt
        : history.existsAt(revision);
      return !found;
    });
    await space.turns.next();
  }
  return found;
}

function addTo(crc: number, bytes: Uint8Array): number {
  return crc32c(bytes, 0, bytes.length, crc);
}
