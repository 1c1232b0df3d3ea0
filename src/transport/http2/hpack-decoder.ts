/** Decodes header blocks. Source: RFC 7541. */
import { fieldOf, sameName } from "./header-field.ts";
import type { HeaderField } from "./header-field.ts";
import { HpackError } from "./hpack-error.ts";
import { DynamicTable } from "./hpack-table.ts";
import { latin1 } from "../../wire/index.ts";
import { decodeHuffman } from "./huffman.ts";

export interface HpackLimits {
  /** Size of the dynamic table that we have allowed, bytes. */
  readonly tableBytesMax: number;
  /** Size of a header list, bytes; fields beyond it are decoded and forgotten. */
  readonly listBytesMax: number;
}

/** One direction of one connection; blocks are to be given in the order they came. */
export class HpackDecoder {
  readonly #limits: HpackLimits;
  readonly #table: DynamicTable;
  #source: Buffer = EMPTY;
  #position = 0;
  #end = 0;

  constructor(limits: HpackLimits) {
    this.#limits = limits;
    this.#table = new DynamicTable(limits.tableBytesMax);
  }

  /** While it does not change, equal blocks have equal meanings. */
  get version(): number {
    return this.#table.version;
  }

  /**
   * Adds the fields of a whole block to `fields` and returns the size of the list, bytes; one beyond
   * the limit says that fields are missing. Throws {@link HpackError}, after which the connection
   * cannot go on.
   */
  decode(source: Buffer, start: number, end: number, fields: HeaderField[]): number {
    this.#source = source;
    this.#position = start;
    this.#end = end;
    let bytes = 0;
    let updatesAllowed = true;
    while (this.#position < end) {
      const first = source[this.#position]!;
      if ((first & 0xe0) === 0x20) {
        if (!updatesAllowed) throw new HpackError("Cannot decode a block: size update within it");
        this.#resize();
        continue;
      }
      updatesAllowed = false;
      const field =
        (first & 0x80) === 0 ? this.#literal(first) : this.#table.at(this.#integer(0x7f));
      bytes += field.size;
      if (bytes <= this.#limits.listBytesMax) fields.push(field);
    }
    this.#source = EMPTY;
    return bytes;
  }

  #resize(): void {
    const bytes = this.#integer(0x1f);
    if (bytes > this.#limits.tableBytesMax) {
      throw new HpackError(`Cannot resize the table: more than allowed: ${bytes}`);
    }
    this.#table.resize(bytes);
  }

  #literal(first: number): HeaderField {
    const isAdded = (first & 0x40) !== 0;
    const nameIndex = this.#integer(isAdded ? 0x3f : 0x0f);
    const field =
      nameIndex === 0
        ? fieldOf(this.#string(), this.#string())
        : sameName(this.#table.at(nameIndex), this.#string());
    if (isAdded) this.#table.add(field);
    return field;
  }

  /** An integer whose first bits are those of the mask. Source: RFC 7541, 5.1. */
  #integer(mask: number): number {
    let value = this.#byte() & mask;
    if (value < mask) return value;
    for (let shift = 0; shift <= INTEGER_SHIFT_MAX; shift += 7) {
      const byte = this.#byte();
      value += (byte & 0x7f) << shift;
      if ((byte & 0x80) === 0) return value;
    }
    throw new HpackError("Cannot decode an integer: too large");
  }

  #string(): string {
    const isHuffman = (this.#source[this.#position]! & 0x80) !== 0;
    const length = this.#integer(0x7f);
    const start = this.#position;
    const end = start + length;
    if (end > this.#end) throw new HpackError("Cannot decode a string: the block ends within it");
    this.#position = end;
    if (!isHuffman) return latin1(this.#source, start, end);
    const target = length * 2 <= scratch.length ? scratch : Buffer.allocUnsafe(length * 2);
    return latin1(target, 0, decodeHuffman(this.#source, start, end, target));
  }

  #byte(): number {
    if (this.#position >= this.#end)
      throw new HpackError("Cannot decode a block: it ends too soon");
    return this.#source[this.#position++]!;
  }
}

/** Nothing in a header block needs more than 28 bits. */
const INTEGER_SHIFT_MAX = 21;

const EMPTY = Buffer.alloc(0);

/** Where strings are decoded to; nobody keeps it beyond that. */
const scratch = Buffer.allocUnsafeSlow(4096);
