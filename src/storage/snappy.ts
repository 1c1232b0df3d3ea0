/**
 * Unpacks Snappy, in which LevelDB may store any block. Only the two small blocks that say where a
 * table's other blocks lie are unpacked here (leveldb-table.ts), so plain code is fast enough.
 *
 * Source: google/snappy, format_description.txt.
 */

import { ByteReader, MalformedError } from "./byte-reader.ts";

/** More than any block that is unpacked here: a damaged length must not take all memory. */
const UNPACKED_BYTES_MAX = 64 * 1024 * 1024;

/** The unpacked bytes. Throws {@link MalformedError} for anything that is not whole. */
export function unpackSnappy(packed: Uint8Array): Uint8Array {
  const reader = new ByteReader(packed);
  const size = reader.varint();
  if (size > UNPACKED_BYTES_MAX) throw new MalformedError("unpacked size too large");
  const unpacked = new Uint8Array(size);
  let filled = 0;
  while (!reader.done) {
    const tag = reader.byte();
    if ((tag & 3) === 0) {
      const literal = reader.take(literalLength(reader, tag >>> 2));
      if (filled + literal.length > size) throw new MalformedError("more than the unpacked size");
      unpacked.set(literal, filled);
      filled += literal.length;
    } else {
      const { length, distance } = readCopy(reader, tag);
      if (distance === 0 || distance > filled) throw new MalformedError("copy from nowhere");
      if (filled + length > size) throw new MalformedError("more than the unpacked size");
      // Byte by byte: a copy may reach into what it is just writing.
      for (const end = filled + length; filled < end; filled++) {
        unpacked[filled] = unpacked[filled - distance]!;
      }
    }
  }
  if (filled !== size) throw new MalformedError("less than the unpacked size");
  return unpacked;
}

/** Lengths to 60 stand in the tag; above, the tag says in how many bytes the length follows. */
function literalLength(reader: ByteReader, code: number): number {
  return code < 60 ? code + 1 : littleEndian(reader.take(code - 59)) + 1;
}

function readCopy(reader: ByteReader, tag: number): { length: number; distance: number } {
  if ((tag & 3) === 1) {
    return { length: ((tag >>> 2) & 7) + 4, distance: ((tag >>> 5) << 8) | reader.byte() };
  }
  const distance = littleEndian(reader.take((tag & 3) === 2 ? 2 : 4));
  return { length: (tag >>> 2) + 1, distance };
}

function littleEndian(bytes: Uint8Array): number {
  return bytes.reduceRight((value, byte) => value * 256 + byte, 0);
}
