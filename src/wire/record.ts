/**
 * How KeyValues lie in memory: one spare byte, the length as a varint, the KeyValue. An answer takes
 * such a record by a single copy and writes the tag of its own field over the spare byte, which is
 * the owner's meanwhile.
 */
import { writeKeyValue } from "./key-value.ts";
import type { KeyValueFields } from "./key-value.ts";
import { varintLength, writeVarint } from "./writer.ts";

/** Bytes of a record with a KeyValue of that length. */
export function recordLength(keyValueBytes: number): number {
  return 1 + varintLength(keyValueBytes) + keyValueBytes;
}

/**
 * Writes a record at `position`, and returns where its KeyValue begins. `keyValueBytes` is what
 * keyValueLength() says of the fields.
 */
export function writeRecord(
  target: Uint8Array,
  position: number,
  keyValueBytes: number,
  fields: KeyValueFields,
): number {
  target[position] = 0;
  const start = writeVarint(target, position + 1, keyValueBytes);
  writeKeyValue(target, start, fields);
  return start;
}

/** Writes a record around an encoded KeyValue, and returns where that begins. */
export function writeRecordOf(target: Uint8Array, position: number, keyValue: Uint8Array): number {
  target[position] = 0;
  const start = writeVarint(target, position + 1, keyValue.length);
  target.set(keyValue, start);
  return start;
}

/** Length of the KeyValue in the record at `position`; it begins that much before the record's end. */
export function keyValueBytesOf(records: Uint8Array, position: number): number {
  let at = position + 1;
  let byte = records[at]!;
  if (byte < 0x80) return byte;
  let length = byte & 0x7f;
  for (let shift = 7; byte >= 0x80; shift += 7) {
    byte = records[++at]!;
    length |= (byte & 0x7f) << shift;
  }
  return length;
}

/** Where the record at `position` ends, and the next may begin. */
export function endOfRecord(records: Uint8Array, position: number): number {
  return position + recordLength(keyValueBytesOf(records, position));
}
