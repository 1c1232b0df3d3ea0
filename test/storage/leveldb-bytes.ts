/** Writes the parts of LevelDB's files by which the readers are tested: slow, and plain to see. */

import { maskedCrc32c } from "../../src/storage/crc32c.ts";

const BLOCK_BYTES = 32_768;
const HEADER_BYTES = 7;

/** A number in the form of LevelDB and protobuf. */
export function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  return Buffer.from([...bytes, rest]);
}

/** A log file with these records. */
export function logFile(records: readonly Uint8Array[]): Buffer {
  let file = Buffer.of();
  for (const record of records) {
    let rest = record;
    for (let isFirst = true; isFirst || rest.length > 0; isFirst = false) {
      const left = BLOCK_BYTES - (file.length % BLOCK_BYTES);
      if (left < HEADER_BYTES) file = Buffer.concat([file, Buffer.alloc(left)]);
      const room = BLOCK_BYTES - (file.length % BLOCK_BYTES) - HEADER_BYTES;
      const payload = rest.subarray(0, room);
      rest = rest.subarray(payload.length);
      file = Buffer.concat([file, logPiece(pieceType(isFirst, rest.length === 0), payload)]);
      if (rest.length === 0) break;
    }
  }
  return file;
}

function pieceType(isFirst: boolean, isLast: boolean): number {
  if (isFirst) return isLast ? 1 : 2;
  return isLast ? 4 : 3;
}

/** One piece of a record, with its header. */
export function logPiece(type: number, payload: Uint8Array): Buffer {
  const piece = Buffer.concat([Buffer.alloc(HEADER_BYTES), payload]);
  piece.writeUInt16LE(payload.length, 4);
  piece.writeUInt8(type, 6);
  piece.writeUInt32LE(maskedCrc32c(piece, 6, piece.length), 0);
  return piece;
}
