/**
 * How KeyValues lie in memory: as frames with a spare byte for a tag. An answer takes such a record by a
 * single copy and writes the tag of its own field over the spare byte, which is the owner's meanwhile.
 */
import { writeFrameHead } from "./frame.ts";
import { writeKeyValue } from "./key-value.ts";
import type { KeyValueFields } from "./key-value.ts";

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
  const start = writeFrameHead(target, position, 0, keyValueBytes);
  writeKeyValue(target, start, fields);
  return start;
}
