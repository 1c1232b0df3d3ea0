/**
 * Reads LevelDB's log files: the batches that are not yet in a table (`*.log`) and the list of
 * files (`MANIFEST-*`). Source of the format: LevelDB doc/log_format.md, db/log_writer.cc.
 *
 * LevelDB's own reader gives up quietly: a record it cannot read is left out, and the file goes on
 * after it. What it must tell apart, and does not, is a write that a crash cut short (nobody was
 * told that it succeeded, so it may go) and damage (it may not). The rules here:
 *
 * 1. What lies behind the bad place decides first: a good record behind it means damage, as a file
 *    is only ever appended to, and never after a failed write.
 * 2. A crash leaves the beginning of a record: the file ends inside it, or sectors in it were never
 *    written and are zero. A record that is all there but does not match its check sum is damage.
 *    etcd judges its write-ahead log the same way (server/storage/wal/decoder.go, isTornEntry).
 * 3. A length is not covered by the check sum. Where a record runs past the end of the file, and
 *    what is there does match the check sum, its length is what was damaged.
 */

import { uint32At } from "./byte-reader.ts";
import { maskedCrc32c } from "./crc32c.ts";

/** The file is a row of these; a record never crosses from one into the next. */
const BLOCK_BYTES = 32 * 1024;
/** Check sum (4 bytes), length (2 bytes), type (1 byte). */
const HEADER_BYTES = 7;
/** What a disk writes whole or not at all. Source: as in etcd's isTornEntry. */
const SECTOR_BYTES = 512;

/** A logical record is one `full`, or `first`, any number of `middle`, `last`. */
const TYPE = { full: 1, first: 2, middle: 3, last: 4 } as const;

/** A record of a log, whole and right. */
export interface LogRecord {
  /** Where it begins in the file. */
  readonly offset: number;
  /** Where the next one may begin. */
  readonly end: number;
  readonly payload: Uint8Array;
}

/** How a log ends. `offset` is the first byte of what is not a whole and right record. */
export type LogEnd =
  | { readonly kind: "complete" }
  | { readonly kind: "torn"; readonly offset: number }
  | { readonly kind: "damaged"; readonly offset: number; readonly problem: string };

/** What a log file holds. Memory: the file, and a copy of the records that cross blocks. */
export interface LogContents {
  readonly records: readonly LogRecord[];
  readonly end: LogEnd;
}

interface Piece {
  readonly type: number;
  readonly payload: Uint8Array;
  readonly end: number;
}

/** Reads as far as the file is good, and says why no further. Never throws. */
export function readLog(file: Uint8Array): LogContents {
  const records: LogRecord[] = [];
  let pieces: Uint8Array[] = [];
  let offset = 0;
  for (let position = 0; ;) {
    position = skipTrailer(position);
    if (position >= file.length) break;
    const piece = readPiece(file, position);
    if (typeof piece === "string") {
      return { records, end: judge(file, position, { offset, problem: piece }, pieces.length > 0) };
    }
    const begins = piece.type === TYPE.full || piece.type === TYPE.first;
    if (begins !== (pieces.length === 0)) {
      return { records, end: { kind: "damaged", offset: position, problem: "piece out of order" } };
    }
    if (begins) offset = position;
    pieces.push(piece.payload);
    position = piece.end;
    if (piece.type === TYPE.full || piece.type === TYPE.last) {
      records.push({ offset, end: position, payload: joined(pieces) });
      pieces = [];
    }
  }
  return { records, end: pieces.length > 0 ? { kind: "torn", offset } : { kind: "complete" } };
}

/** Less than a header at the end of a block is filled up and holds nothing. */
function skipTrailer(position: number): number {
  const left = BLOCK_BYTES - (position % BLOCK_BYTES);
  return left < HEADER_BYTES ? position + left : position;
}

/** One piece of a record, or what is wrong with it. */
function readPiece(file: Uint8Array, position: number): Piece | string {
  const payload = position + HEADER_BYTES;
  if (payload > file.length) return "header is cut off";
  const length = file[position + 4]! | (file[position + 5]! << 8);
  const end = payload + length;
  if (end > blockEnd(position)) return "length runs out of the block";
  if (end > file.length) return "payload is cut off";
  if (!matches(file, position, end)) return "check sum does not match";
  const type = file[position + 6]!;
  if (!isKnown(type)) return `unknown type ${type}`;
  return { type, payload: file.subarray(payload, end), end };
}

function isKnown(type: number): boolean {
  return type >= TYPE.full && type <= TYPE.last;
}

function blockEnd(position: number): number {
  return position - (position % BLOCK_BYTES) + BLOCK_BYTES;
}

/** The check sum is over type and payload. */
function matches(file: Uint8Array, position: number, end: number): boolean {
  return maskedCrc32c(file, position + 6, end) === uint32At(file, position);
}

/** Torn or damaged, by the rules at the top of the file. */
function judge(
  file: Uint8Array,
  position: number,
  found: { readonly offset: number; readonly problem: string },
  insideRecord: boolean,
): LogEnd {
  const offset = insideRecord ? found.offset : position;
  const damaged = (problem: string): LogEnd => ({ kind: "damaged", offset: position, problem });
  if (position + HEADER_BYTES > file.length) return { kind: "torn", offset };
  if (goodPieceAfter(file, position)) return damaged(`${found.problem}, and good records follow`);
  if (found.problem === "payload is cut off" && !matches(file, position, file.length)) {
    return { kind: "torn", offset };
  }
  return hasUnwrittenSector(file, position) ? { kind: "torn", offset } : damaged(found.problem);
}

/** Whether a piece with a right check sum begins anywhere in the block, or at any later block. */
function goodPieceAfter(file: Uint8Array, position: number): boolean {
  const end = blockEnd(position);
  for (let next = position + 1; next < end && next + HEADER_BYTES <= file.length; next++) {
    // The type first: a check sum at every byte takes long.
    if (isKnown(file[next + 6]!) && typeof readPiece(file, next) !== "string") return true;
  }
  for (let next = end; next + HEADER_BYTES <= file.length; next += BLOCK_BYTES) {
    if (typeof readPiece(file, next) !== "string") return true;
  }
  return false;
}

/** Whether a whole sector from here on is zero, or all of the rest is. */
function hasUnwrittenSector(file: Uint8Array, position: number): boolean {
  if (isZero(file, position, file.length)) return true;
  const first = Math.ceil(position / SECTOR_BYTES) * SECTOR_BYTES;
  for (let sector = first; sector + SECTOR_BYTES <= file.length; sector += SECTOR_BYTES) {
    if (isZero(file, sector, sector + SECTOR_BYTES)) return true;
  }
  return false;
}

function isZero(file: Uint8Array, start: number, end: number): boolean {
  for (let position = start; position < end; position++) {
    if (file[position] !== 0) return false;
  }
  return true;
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
}
