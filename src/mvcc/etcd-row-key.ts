/** The key of a revision's row as etcd has it on disk: HashKV covers it, and etcd's files have it. */

/** Main revision (8 bytes), `_`, sub-revision (8 bytes); one more byte behind a tombstone's. */
const KEY_BYTES = 17;
const UNDERSCORE = 0x5f;
const TOMBSTONE_MARK = 0x74;
const TWO_TO_32 = 0x1_0000_0000;

/** A revision's row. */
export interface EtcdRow {
  readonly main: number;
  readonly sub: number;
  readonly isTombstone: boolean;
}

/** Source: etcd server/storage/mvcc/revision.go, BucketKeyToBytes. */
export function etcdRowKey({ main, sub, isTombstone }: EtcdRow): Buffer {
  const key = Buffer.allocUnsafe(KEY_BYTES + (isTombstone ? 1 : 0));
  key.writeUInt32BE(Math.floor(main / TWO_TO_32), 0);
  key.writeUInt32BE(main % TWO_TO_32, 4);
  key[8] = UNDERSCORE;
  key.writeUInt32BE(Math.floor(sub / TWO_TO_32), 9);
  key.writeUInt32BE(sub % TWO_TO_32, 13);
  if (isTombstone) key[KEY_BYTES] = TOMBSTONE_MARK;
  return key;
}

/** Undefined for what is no such key, or too large for a number. */
export function etcdRowOf(key: Buffer): EtcdRow | undefined {
  const isTombstone = key.length === KEY_BYTES + 1 && key[KEY_BYTES] === TOMBSTONE_MARK;
  if ((key.length !== KEY_BYTES && !isTombstone) || key[8] !== UNDERSCORE) return undefined;
  const main = key.readUInt32BE(0) * TWO_TO_32 + key.readUInt32BE(4);
  const sub = key.readUInt32BE(9) * TWO_TO_32 + key.readUInt32BE(13);
  return Number.isSafeInteger(main) && Number.isSafeInteger(sub)
    ? { main, sub, isTombstone }
    : undefined;
}
