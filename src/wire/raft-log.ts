/**
 * What etcd writes into its log: records, entries of raft in them, and requests in those; as far as it
 * takes to know what a log would still do to a database.
 * Source: etcd server/storage/wal/walpb, raft raftpb, etcd api/etcdserverpb/raft_internal.proto.
 */
import { EMPTY_BYTES, Reader } from "./reader.ts";

/** Field number * 8 + wire type. */
const TAG = {
  record: { type: 8, crc: 16, data: 26 },
  entry: { type: 8, index: 24, data: 34 },
} as const;

/** A record of the log. */
export interface LogRecord {
  readonly type: number;
  readonly crc: number;
  readonly data: Uint8Array;
}

/** An entry of raft. */
export interface LogEntry {
  /** 0 for a request, others for changes of members. */
  readonly type: number;
  readonly index: number;
  readonly data: Uint8Array;
}

/** Throws EtcdError if the bytes are malformed. */
export function decodeLogRecord(bytes: Uint8Array): LogRecord {
  const reader = new Reader(bytes);
  const record = { type: 0, crc: 0, data: EMPTY_BYTES };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    if (tag === TAG.record.type) record.type = reader.int64();
    else if (tag === TAG.record.crc) record.crc = reader.int64();
    else if (tag === TAG.record.data) record.data = reader.bytes();
    else reader.skip(tag);
  }
  return record;
}

/** Throws EtcdError if the bytes are malformed. */
export function decodeLogEntry(bytes: Uint8Array): LogEntry {
  const reader = new Reader(bytes);
  const entry = { type: 0, index: 0, data: EMPTY_BYTES };
  while (reader.position < reader.end) {
    const tag = reader.tag();
    if (tag === TAG.entry.type) entry.type = reader.int64();
    else if (tag === TAG.entry.index) entry.index = reader.int64();
    else if (tag === TAG.entry.data) entry.data = reader.bytes();
    else reader.skip(tag);
  }
  return entry;
}

/**
 * Fields of requests that change what a store has: put to lease_checkpoint but for range, and those
 * about users and roles. The others are of versions and members.
 */
function isChange(field: number): boolean {
  return (field >= 4 && field <= 11) || field === 1000 || field === 1011 || isUserChange(field);
}

/** All but get and list. */
function isUserChange(field: number): boolean {
  const isOfUsers = field >= 1100 && field <= 1105 && field !== 1102;
  return isOfUsers || (field >= 1200 && field <= 1204 && field !== 1202);
}

/** Whether a request in an entry may change a store. Not those of etcd 3.5 and older about members. */
export function changesStore(data: Uint8Array): boolean {
  const reader = new Reader(data);
  try {
    while (reader.position < reader.end) {
      const tag = reader.tag();
      if (isChange(tag >>> 3) && (tag & 7) === 2) return true;
      reader.skip(tag);
    }
  } catch {
    // An older request, of another kind: not read by Go's protobuf either.
  }
  return false;
}
