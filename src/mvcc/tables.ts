/**
 * Every key on disk: which tables there are, and how their keys and small values are laid out.
 * docs/data-layout.md describes the same for people.
 */

/**
 * First byte of every key; 0xff is the engine's own. Revisions come before the small tables, so that
 * a change to one of those does not make LevelDB merge all revisions again.
 * On disk: never change or reuse.
 */
const TABLE = {
  /** `K` main (8 bytes) sub (4 bytes) -> KeyValue; a tombstone has only its key. */
  revision: 0x4b,
  /** `l` lease id (8 bytes) -> leasepb.Lease. */
  lease: 0x6c,
  /** `a` member id (8 bytes) alarm type (1 byte) -> AlarmMember. */
  alarm: 0x61,
  /** `m` name -> see {@link META}. */
  meta: 0x6d,
  /** `r` name -> authpb.Role. */
  authRole: 0x72,
  /** `u` name -> authpb.User. */
  authUser: 0x75,
  /** `w` name -> see {@link AUTH}. */
  auth: 0x77,
} as const;

/** What a table is called. */
export type TableName = keyof typeof TABLE;

/** Bytes of a revision row's key. On disk: never change. */
const REVISION_KEY_BYTES = 13;
const TWO_TO_32 = 0x1_0000_0000;

/** Names in the meta table. On disk: never change or reuse. */
export const META = {
  /** Layout version, ASCII decimal. */
  format: metaKey("format"),
  /** 8 bytes big endian each. */
  memberId: metaKey("member-id"),
  clusterId: metaKey("cluster-id"),
  /** Decimal numbers. */
  term: metaKey("term"),
  reservedIndex: metaKey("reserved-index"),
  /** JSON array of strings: what MemberUpdate set last. */
  peerUrls: metaKey("peer-urls"),
  scheduledCompaction: metaKey("scheduled-compaction"),
  finishedCompaction: metaKey("finished-compaction"),
} as const;

/** Names in the auth table, and how its values look, are etcd's. On disk: never change or reuse. */
export const AUTH = {
  /** One byte, 0 or 1. */
  enabled: Buffer.from(`${String.fromCharCode(TABLE.auth)}authEnabled`, "latin1"),
  /** 8 bytes, big endian. */
  revision: Buffer.from(`${String.fromCharCode(TABLE.auth)}authRevision`, "latin1"),
} as const;

/** The layout this program writes. */
export const FORMAT = "1";

/** Key of a revision row. */
export function revisionKey(main: number, sub: number): Buffer {
  const key = Buffer.allocUnsafe(REVISION_KEY_BYTES);
  key[0] = TABLE.revision;
  key.writeUInt32BE(Math.floor(main / TWO_TO_32), 1);
  key.writeUInt32BE(main % TWO_TO_32, 5);
  key.writeUInt32BE(sub, 9);
  return key;
}

/** Main revision of a revision row's key. */
export function mainOf(key: Uint8Array): number {
  return readUint32(key, 1) * TWO_TO_32 + readUint32(key, 5);
}

/** Sub-revision of a revision row's key. */
export function subOf(key: Uint8Array): number {
  return readUint32(key, 9);
}

/** Whether this is well formed as a revision row's key. */
export function isRevisionKey(key: Uint8Array): boolean {
  return key.length === REVISION_KEY_BYTES && key[0] === TABLE.revision;
}

/** Key of a lease row. */
export function leaseKey(id: bigint): Buffer {
  const key = Buffer.allocUnsafe(9);
  key[0] = TABLE.lease;
  key.writeBigInt64BE(id, 1);
  return key;
}

/** Key of an alarm row. */
export function alarmKey(memberId: bigint, alarm: number): Buffer {
  const key = Buffer.allocUnsafe(10);
  key[0] = TABLE.alarm;
  key.writeBigUInt64BE(memberId, 1);
  key[9] = alarm;
  return key;
}

/** Key of a row, of its table and what stands behind the table's mark. */
export function recordKey(table: TableName, name: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of(TABLE[table]), name]);
}

/** What stands behind the table's mark in a key. */
export function recordName(key: Uint8Array): Uint8Array {
  return key.subarray(1);
}

/** The whole of a table, as a range of keys. */
export function tableRange(table: TableName): { start: Buffer; end: Buffer } {
  return { start: Buffer.of(TABLE[table]), end: Buffer.of(TABLE[table] + 1) };
}

/** All rows of these main revisions but the first: its two ends are no row's keys. */
export function revisionsBetween(start: number, end: number): { start: Buffer; end: Buffer } {
  return { start: endOfRow(start), end: endOfRow(end) };
}

function endOfRow(main: number): Buffer {
  return Buffer.concat([revisionKey(main, 0), Buffer.of(0)]);
}

/** All tables but the revisions', as a range of keys: they come after those. */
export function recordsRange(): { start: Buffer; end: Buffer } {
  return { start: Buffer.of(TABLE.revision + 1), end: Buffer.of(0xff) };
}

/** Number as it stands in the meta table. */
export function encodeNumber(value: number): Buffer {
  return Buffer.from(String(value), "latin1");
}

/** 64-bit id as it stands in the meta table. */
export function encodeId(id: bigint): Buffer {
  const value = Buffer.allocUnsafe(8);
  value.writeBigUInt64BE(id);
  return value;
}

/** Undefined for a missing row. Throws RangeError for anything that is not a whole number. */
export function decodeNumber(value: Uint8Array | undefined): number | undefined {
  if (value === undefined) return undefined;
  const number = Number(Buffer.from(value).toString("latin1"));
  if (!Number.isSafeInteger(number)) throw new RangeError(`Not a whole number: ${String(number)}`);
  return number;
}

function metaKey(name: string): Buffer {
  return Buffer.from(`${String.fromCharCode(TABLE.meta)}${name}`, "latin1");
}

function readUint32(bytes: Uint8Array, position: number): number {
  // Callers have checked the length.
  const high = (bytes[position]! << 24) | (bytes[position + 1]! << 16);
  return (high | (bytes[position + 2]! << 8) | bytes[position + 3]!) >>> 0;
}
