/**
 * The hot codec of mvccpb.KeyValue: encoded once, at put, and bytes from then on.
 *
 * The form is etcd's own: fields ascending, zero fields left out. HashKV runs over these bytes, so
 * a single byte of difference would make members disagree that hold the same keys.
 *
 * Source of field numbers: etcd api/mvccpb/kv.proto.
 */
import { contentLengthAt, endOfFrame, frameLength, writeFrame, writeFrameHead } from "./frame.ts";
import { latin1, writeLatin1 } from "./latin1.ts";
import { malformed, Reader } from "./reader.ts";
import { bigVarintLength, varintLength, writeBigVarint, writeVarint } from "./writer.ts";

// On disk: never change or reuse.
const TAG_KEY = 0x0a;
const TAG_CREATE_REVISION = 0x10;
const TAG_MOD_REVISION = 0x18;
const TAG_VERSION = 0x20;
const TAG_VALUE = 0x2a;
const TAG_LEASE = 0x30;

/** One key at one revision, before it is bytes. */
export interface KeyValueFields {
  readonly key: Uint8Array;
  readonly createRevision: number;
  readonly modRevision: number;
  /** Changes since the key came into being, from 1; 0 is a tombstone. */
  readonly version: number;
  readonly value: Uint8Array;
  /** 0n for none; any signed 64-bit number otherwise. */
  readonly lease: bigint;
}

/** Everything of an encoded KeyValue but key and value, of which it tells the places. */
export interface KeyValueHead {
  createRevision: number;
  modRevision: number;
  version: number;
  lease: bigint;
  /** Offsets in the bytes that were decoded; equal where there is no key. */
  keyStart: number;
  keyEnd: number;
  /** Offsets in the bytes that were decoded; equal where there is no value. */
  valueStart: number;
  valueEnd: number;
}

/** The bytes of a KeyValue as etcd stores and sends it. */
export function encodeKeyValue(fields: KeyValueFields): Buffer {
  const target = Buffer.allocUnsafe(keyValueLength(fields));
  writeKeyValue(target, 0, fields);
  return target;
}

/** Bytes that {@link writeKeyValue} will take. */
export function keyValueLength(fields: KeyValueFields): number {
  const { value, lease } = fields;
  const leaseBytes = lease === 0n ? 0 : 1 + bigVarintLength(lease);
  return headLength(fields) + taggedBytesLength(value.byteLength) + leaseBytes;
}

/**
 * Writes a KeyValue at `position`, and returns the position after it. There must be room for
 * {@link keyValueLength} bytes.
 */
export function writeKeyValue(
  target: Uint8Array,
  position: number,
  fields: KeyValueFields,
): number {
  const { value, lease } = fields;
  let end = writeHead(target, position, fields);
  if (value.byteLength > 0) end = writeFrame(target, end, TAG_VALUE, value);
  if (lease === 0n) return end;
  target[end] = TAG_LEASE;
  return writeBigVarint(target, end + 1, lease);
}

/**
 * A KeyValue as `keys_only` shows it: without its value, and without its lease.
 *
 * Since 3.7 etcd answers from the index, which does not know the lease; it reads rows (see
 * {@link withoutValue}) only to sort by value. Source: etcd server/etcdserver/txn/range.go.
 */
export interface KeyHead {
  /** Bytes as a latin1 string. */
  readonly key: string;
  readonly createMain: number;
  readonly modMain: number;
  readonly version: number;
}

/** Bytes that {@link writeKeyHead} will take. */
export function keyHeadLength({ key, createMain, modMain, version }: KeyHead): number {
  return (
    taggedBytesLength(key.length) +
    numberLength(createMain) +
    numberLength(modMain) +
    numberLength(version)
  );
}

/** Writes a head at `position`, and returns the position after it. */
export function writeKeyHead(target: Buffer, position: number, head: KeyHead): number {
  const { key } = head;
  let end = position;
  if (key.length > 0) {
    end = writeFrameHead(target, end, TAG_KEY, key.length);
    end = writeLatin1(target, end, key);
  }
  end = writeNumber(target, end, TAG_CREATE_REVISION, head.createMain);
  end = writeNumber(target, end, TAG_MOD_REVISION, head.modMain);
  return writeNumber(target, end, TAG_VERSION, head.version);
}

/**
 * An encoded KeyValue less its value; the lease stays. That is what `keys_only` shows when the
 * values were needed to sort by. Throws EtcdError if the bytes are malformed.
 */
export function withoutValue(bytes: Uint8Array): Uint8Array {
  const reader = new Reader(bytes);
  while (reader.position < reader.end) {
    const start = reader.position;
    const tag = reader.tag();
    reader.skip(tag);
    if (tag !== TAG_VALUE) continue;
    const rest = bytes.subarray(reader.position);
    return rest.length === 0
      ? bytes.subarray(0, start)
      : Buffer.concat([bytes.subarray(0, start), rest]);
  }
  return bytes;
}

/** The bytes that etcd stores for a deletion: the key and nothing else. */
export function encodeTombstone(key: Uint8Array): Buffer {
  const target = Buffer.allocUnsafe(taggedBytesLength(key.byteLength));
  if (key.byteLength > 0) writeFrame(target, 0, TAG_KEY, key);
  return target;
}

/** Finds everything in an encoded KeyValue without copying it. Throws EtcdError if malformed. */
export function decodeKeyValueHead(bytes: Uint8Array): KeyValueHead {
  const head: KeyValueHead = {
    createRevision: 0,
    modRevision: 0,
    version: 0,
    lease: 0n,
    keyStart: 0,
    keyEnd: 0,
    valueStart: 0,
    valueEnd: 0,
  };
  const reader = new Reader(bytes);
  while (reader.position < reader.end) {
    const tag = reader.tag();
    switch (tag) {
      case TAG_KEY: {
        const length = reader.length();
        head.keyStart = reader.position;
        head.keyEnd = reader.position += length;
        break;
      }
      case TAG_CREATE_REVISION:
        head.createRevision = reader.int64();
        break;
      case TAG_MOD_REVISION:
        head.modRevision = reader.int64();
        break;
      case TAG_VERSION:
        head.version = reader.int64();
        break;
      case TAG_VALUE: {
        const length = reader.length();
        head.valueStart = reader.position;
        head.valueEnd = reader.position += length;
        break;
      }
      case TAG_LEASE:
        head.lease = reader.bigInt64();
        break;
      default:
        // These are our own bytes: a field that nobody knows is not a newer client but damage.
        throw malformed();
    }
  }
  return head;
}

/** Bytes that a field with a one-byte tag takes; 0 for an empty one, which is left out. */
export function taggedBytesLength(length: number): number {
  return length === 0 ? 0 : frameLength(length);
}

function headLength(fields: Omit<KeyValueFields, "value" | "lease">): number {
  return (
    taggedBytesLength(fields.key.byteLength) +
    numberLength(fields.createRevision) +
    numberLength(fields.modRevision) +
    numberLength(fields.version)
  );
}

function numberLength(value: number): number {
  return value === 0 ? 0 : 1 + varintLength(value);
}

/** Writes fields 1 to 4, and returns the position after them. */
function writeHead(
  target: Uint8Array,
  position: number,
  fields: Omit<KeyValueFields, "value" | "lease">,
): number {
  let end = position;
  if (fields.key.byteLength > 0) end = writeFrame(target, end, TAG_KEY, fields.key);
  end = writeNumber(target, end, TAG_CREATE_REVISION, fields.createRevision);
  end = writeNumber(target, end, TAG_MOD_REVISION, fields.modRevision);
  return writeNumber(target, end, TAG_VERSION, fields.version);
}

function writeNumber(target: Uint8Array, position: number, tag: number, value: number): number {
  if (value === 0) return position;
  target[position] = tag;
  return writeVarint(target, position + 1, value);
}

/**
 * The key of a KeyValue that begins at `start` and was encoded here, as a latin1 string: field 1 is
 * always written first, and never empty.
 */
export function keyOf(bytes: Uint8Array, start = 0): string {
  const end = endOfFrame(bytes, start);
  return latin1(bytes, end - contentLengthAt(bytes, start), end);
}

/** The value in an encoded KeyValue, without a copy. Throws EtcdError for what is malformed. */
export function valueOf(bytes: Uint8Array): Uint8Array {
  const { valueStart, valueEnd } = decodeKeyValueHead(bytes);
  return bytes.subarray(valueStart, valueEnd);
}
