/**
 * Unpacks Snappy, in which LevelDB may store any block.
 *
 * Source: google/snappy, format_description.txt.
 */

import { ByteReader, MalformedError } from "./byte-reader.ts";

/** More than any block that is unpacked here: a damaged length must not take all memory. */
const UNPACKED_BYTES_MAX = 64 * 1024 * 1024;
/** From this many bytes on, a call that copies them costs less than a loop. */
const COPY_CALL_BYTES_MIN = 32;

/** The unpacked bytes. Throws {@link MalformedError} for anything that is not whole. */
export function unpackSnappy(packed: Uint8Array): Uint8Array {
  const unpacked = new Uint8Array(unpackedSize(packed));
  unpackSnappyInto(packed, unpacked);
  return unpacked;
}

/** Bytes that it takes unpacked. Throws {@link MalformedError}. */
export function unpackedSize(packed: Uint8Array): number {
  const size = new ByteReader(packed).varint();
  if (size > UNPACKED_BYTES_MAX) throw new MalformedError("unpacked size too large");
  return size;
}

/** Unpacks to the start of `target`, which must have room. Throws {@link MalformedError}. */
export function unpackSnappyInto(packed: Uint8Array, target: Uint8Array): void {
  const head = new ByteReader(packed);
  const size = head.varint();
  let position = head.position;
  let filled = 0;
  while (position < packed.length) {
    const tag = packed[position++]!;
    const kind = tag & 3;
    if (kind === 0) {
      let length = (tag >>> 2) + 1;
      // Lengths to 60 stand in the tag; above, the tag says in how many bytes the length follows.
      if (length > 60) {
        const lengthBytes = length - 60;
        length = littleEndian(packed, position, lengthBytes) + 1;
        position += lengthBytes;
      }
      if (position + length > packed.length) throw new MalformedError("unexpected end");
      if (filled + length > size) throw new MalformedError("more than the unpacked size");
      copyLiteral(packed, position, target, filled, length);
      position += length;
      filled += length;
      continue;
    }
    const offsetBytes = kind === 3 ? 4 : kind;
    let distance = littleEndian(packed, position, offsetBytes);
    position += offsetBytes;
    let length = (tag >>> 2) + 1;
    if (kind === 1) {
      length = ((tag >>> 2) & 7) + 4;
      distance |= (tag >>> 5) << 8;
    }
    if (distance === 0 || distance > filled) throw new MalformedError("copy from nowhere");
    if (filled + length > size) throw new MalformedError("more than the unpacked size");
    if (distance >= length && length >= COPY_CALL_BYTES_MIN) {
      target.copyWithin(filled, filled - distance, filled - distance + length);
      filled += length;
    } else {
      // Byte by byte: a copy may reach into what it is just writing.
      for (const end = filled + length; filled < end; filled++) {
        target[filled] = target[filled - distance]!;
      }
    }
  }
  if (filled !== size) throw new MalformedError("less than the unpacked size");
}

function copyLiteral(
  source: Uint8Array,
  from: number,
  target: Uint8Array,
  to: number,
  length: number,
): void {
  if (length >= COPY_CALL_BYTES_MIN) {
    target.set(source.subarray(from, from + length), to);
    return;
  }
  for (let index = 0; index < length; index++) target[to + index] = source[from + index]!;
}

function littleEndian(bytes: Uint8Array, position: number, count: number): number {
  if (position + count > bytes.length) throw new MalformedError("unexpected end");
  let value = 0;
  for (let index = count - 1; index >= 0; index--) value = value * 256 + bytes[position + index]!;
  return value;
}
