/**
 * Goes through the entries of one of LevelDB's tables, in order. Source of the format: LevelDB
 * doc/table_format.md, table/block_builder.cc and db/dbformat.h.
 *
 * Check sums are not looked at: leveldb-check.ts did that.
 */

import { MalformedError, uint32At } from "./byte-reader.ts";
import { dataBlocks } from "./leveldb-table.ts";
import type { Block } from "./leveldb-table.ts";
import { unpackSnappyInto, unpackedSize } from "./snappy.ts";

/** Behind every key: sequence number and kind, 8 bytes little endian. */
const TAIL_BYTES = 8;
/** Source: LevelDB db/dbformat.h, ValueType. */
const KIND = { deletion: 0, value: 1 } as const;
const KEY_BYTES = 64;
const BLOCK_BYTES = 8 * 1024;

export class TableCursor {
  /** The whole table, which must not change while this is in use. */
  readonly file: Buffer;
  readonly #blocks: readonly Block[];
  #blockIndex = 0;
  /** The block under way; of a packed one {@link #unpacked}. */
  #block: Buffer = Buffer.alloc(0);
  #unpacked: Buffer = Buffer.allocUnsafeSlow(BLOCK_BYTES);
  #position = 0;
  #end = 0;
  /** Key and tail of the current entry; the next one may share their beginning. */
  #key: Buffer = Buffer.allocUnsafeSlow(KEY_BYTES);
  #keyLength = 0;
  /** The key alone: made anew only for one of another length. */
  #keyView: Buffer = this.#key.subarray(0, 0);
  #valueStart = 0;
  #valueEnd = 0;

  /** Stands before the first entry. Throws {@link MalformedError}, as all of it does. */
  constructor(file: Buffer) {
    this.file = file;
    this.#blocks = dataBlocks(file);
  }

  /** Goes to the next entry; false when there is none. */
  next(): boolean {
    while (this.#position >= this.#end) {
      const block = this.#blocks[this.#blockIndex++];
      if (block === undefined) return false;
      this.#enter(block);
    }
    const shared = this.#varint();
    const ownBytes = this.#varint();
    const valueBytes = this.#varint();
    const ownStart = this.#position;
    this.#valueStart = ownStart + ownBytes;
    this.#valueEnd = this.#valueStart + valueBytes;
    if (this.#valueEnd > this.#end || shared > this.#keyLength) throw damaged();
    this.#setKey(shared, ownStart, ownBytes);
    this.#position = this.#valueEnd;
    return true;
  }

  /** The current entry's key, until {@link next}. */
  get key(): Buffer {
    return this.#keyView;
  }

  /** The current entry's value, until {@link next}. */
  get value(): Buffer {
    return this.#block.subarray(this.#valueStart, this.#valueEnd);
  }

  /** Whether the current entry says that there is no row of its key. */
  get isDeletion(): boolean {
    const kind = this.#key[this.#keyLength - TAIL_BYTES]!;
    if (kind !== KIND.deletion && kind !== KIND.value) throw damaged();
    return kind === KIND.deletion;
  }

  /** Negative when the current key is below. */
  compareKey(key: Uint8Array): number {
    return Buffer.compare(this.#keyView, key);
  }

  /** Negative when this cursor's entry comes first: by key, of one key the later entry. */
  compare(other: TableCursor): number {
    const byKey = Buffer.compare(this.#keyView, other.#keyView);
    if (byKey !== 0) return byKey;
    for (let back = 1; back <= TAIL_BYTES; back++) {
      const step = other.#key[other.#keyLength - back]! - this.#key[this.#keyLength - back]!;
      if (step !== 0) return step;
    }
    return 0;
  }

  #enter({ offset, size }: Block): void {
    const end = offset + size;
    const packed = this.file.subarray(offset, end);
    if (this.file[end] === 0) {
      this.#block = packed;
      this.#end = size;
    } else {
      this.#end = unpackedSize(packed);
      if (this.#end > this.#unpacked.length) this.#unpacked = Buffer.allocUnsafeSlow(2 * this.#end);
      unpackSnappyInto(packed, this.#unpacked);
      this.#block = this.#unpacked;
    }
    if (this.#end < 4) throw damaged();
    // Where keys are written in full, for searching: not needed here.
    this.#end -= 4 * (uint32At(this.#block, this.#end - 4) + 1);
    if (this.#end < 0) throw damaged();
    this.#position = 0;
  }

  #setKey(shared: number, ownStart: number, ownBytes: number): void {
    const length = shared + ownBytes;
    if (length < TAIL_BYTES) throw damaged();
    if (length > this.#key.length) {
      const larger = Buffer.allocUnsafeSlow(2 * length);
      this.#key.copy(larger, 0, 0, shared);
      this.#key = larger;
      this.#keyLength = 0;
    }
    if (length !== this.#keyLength) this.#keyView = this.#key.subarray(0, length - TAIL_BYTES);
    const key = this.#key;
    const block = this.#block;
    for (let index = 0; index < ownBytes; index++) key[shared + index] = block[ownStart + index]!;
    this.#keyLength = length;
  }

  #varint(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      if (this.#position >= this.#end) throw damaged();
      const byte = this.#block[this.#position++]!;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw damaged();
  }
}

function damaged(): MalformedError {
  return new MalformedError("block that makes no sense");
}
