/**
 * Encodes header blocks. Only fields that the caller says come again and again enter the dynamic
 * table, so that it comes to rest after the first answers, and a block once encoded stays right.
 */
import { fieldOf } from "./header-field.ts";
import { DynamicTable, STATIC_COUNT, staticIndex, staticNameIndex } from "./hpack-table.ts";
import { encodeHuffman, huffmanLength } from "./huffman.ts";

/** A field of an answer; its characters are bytes. */
export interface OutgoingField {
  readonly name: string;
  readonly value: string;
  /** Comes with most answers, so that it is worth a place in the client's table. Default no. */
  readonly isCommon?: boolean | undefined;
}

/** One direction of one connection; blocks are to be sent in the order they were encoded. */
export class HpackEncoder {
  readonly #tableBytesMax: number;
  readonly #table: DynamicTable;
  /** Smallest size since the last block that the decoder has to be told of; none is -1. */
  #smallestUpdate = -1;
  #bytes: Buffer = scratch;
  #position = 0;

  /** `tableBytesMax` is what we use at most, whatever the far end allows. */
  constructor(tableBytesMax: number) {
    this.#tableBytesMax = tableBytesMax;
    this.#table = new DynamicTable(tableBytesMax);
  }

  /** While it does not change, a block may be sent again; it is -1 while none may. */
  get version(): number {
    return this.#smallestUpdate === -1 ? this.#table.version : -1;
  }

  /** The far end's SETTINGS_HEADER_TABLE_SIZE. */
  allowTableBytes(bytes: number): void {
    const size = Math.min(bytes, this.#tableBytesMax);
    if (size === this.#table.bytesMax) return;
    if (this.#smallestUpdate === -1 || size < this.#smallestUpdate) this.#smallestUpdate = size;
    this.#table.resize(size);
  }

  /** One block, in memory of its own. */
  encode(fields: readonly OutgoingField[]): Buffer {
    this.#bytes = scratch;
    this.#position = 0;
    this.#tellSize();
    for (const field of fields) this.#field(field);
    const block = Buffer.allocUnsafe(this.#position);
    this.#bytes.copy(block, 0, 0, this.#position);
    this.#bytes = scratch;
    return block;
  }

  #tellSize(): void {
    if (this.#smallestUpdate === -1) return;
    this.#reserve(2 * INTEGER_BYTES_MAX);
    const size = this.#table.bytesMax;
    if (this.#smallestUpdate < size) this.#integer(0x20, 0x1f, this.#smallestUpdate);
    this.#integer(0x20, 0x1f, size);
    this.#smallestUpdate = -1;
  }

  #field({ name, value, isCommon = false }: OutgoingField): void {
    this.#reserve(name.length + value.length + 3 * INTEGER_BYTES_MAX);
    const index = staticIndex(name, value) || this.#dynamicIndex(name, value);
    if (index > 0) {
      this.#integer(0x80, 0x7f, index);
      return;
    }
    const field = fieldOf(name, value);
    const isAdded = isCommon && field.size <= this.#table.bytesMax;
    const nameIndex = staticNameIndex(name);
    if (isAdded) this.#integer(0x40, 0x3f, nameIndex);
    else this.#integer(0, 0x0f, nameIndex);
    if (nameIndex === 0) this.#string(name);
    this.#string(value);
    if (isAdded) this.#table.add(field);
  }

  /** The table holds a handful of fields. */
  #dynamicIndex(name: string, value: string): number {
    for (let index = STATIC_COUNT + 1; index <= STATIC_COUNT + this.#table.count; index++) {
      const field = this.#table.at(index);
      if (field.name === name && field.value === value) return index;
    }
    return 0;
  }

  #integer(pattern: number, mask: number, value: number): void {
    if (value < mask) {
      this.#bytes[this.#position++] = pattern | value;
      return;
    }
    this.#bytes[this.#position++] = pattern | mask;
    let rest = value - mask;
    for (; rest > 0x7f; rest >>>= 7) this.#bytes[this.#position++] = (rest & 0x7f) | 0x80;
    this.#bytes[this.#position++] = rest;
  }

  #string(text: string): void {
    const length = huffmanLength(text);
    if (length < text.length) {
      this.#integer(0x80, 0x7f, length);
      this.#position = encodeHuffman(text, this.#bytes, this.#position);
    } else {
      this.#integer(0, 0x7f, text.length);
      this.#position += this.#bytes.write(text, this.#position, "latin1");
    }
  }

  #reserve(bytes: number): void {
    if (this.#bytes.length - this.#position >= bytes) return;
    const larger = Buffer.allocUnsafe((this.#position + bytes) * 2);
    this.#bytes.copy(larger, 0, 0, this.#position);
    this.#bytes = larger;
  }
}

/** Where blocks are put together, one at a time; one that is longer gets memory of its own. */
const scratch = Buffer.allocUnsafeSlow(4096);

/** Of an integer up to 32 bits. */
const INTEGER_BYTES_MAX = 6;
