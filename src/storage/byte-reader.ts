/** Reads the numbers of LevelDB's files from the front of some bytes. */

const TWO_TO_32 = 0x1_0000_0000;
/** Bytes of the longest varint of 64 bits. */
const VARINT_BYTES_MAX = 10;

/** Thrown by {@link ByteReader} where the bytes do not hold what is asked for. */
export class MalformedError extends Error {
  override readonly name = "MalformedError";
}

/** The 4 bytes from a position on, little endian. They must be there. */
export function uint32At(bytes: Uint8Array, position: number): number {
  const low = bytes[position]! | (bytes[position + 1]! << 8);
  return (low | (bytes[position + 2]! << 16) | (bytes[position + 3]! << 24)) >>> 0;
}

/** A position that moves forward. Everything throws {@link MalformedError} at the end of the bytes. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#position === this.#bytes.length;
  }

  get position(): number {
    return this.#position;
  }

  byte(): number {
    const byte = this.#bytes[this.#position];
    if (byte === undefined) throw new MalformedError("unexpected end");
    this.#position++;
    return byte;
  }

  /** Little endian, 4 bytes. */
  uint32(): number {
    return uint32At(this.take(4), 0);
  }

  /** Little endian, 8 bytes. Throws above 2^53: nothing counted here gets there. */
  uint64(): number {
    const low = this.uint32();
    return safe(this.uint32() * TWO_TO_32 + low);
  }

  /** Seven bits a byte, low ones first. Throws above 2^53. */
  varint(): number {
    let value = 0;
    let scale = 1;
    for (let count = 0; count < VARINT_BYTES_MAX; count++) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return safe(value);
      scale *= 0x80;
    }
    throw new MalformedError("number too long");
  }

  /** The next bytes, shared with the whole. */
  take(byteCount: number): Uint8Array {
    const end = this.#position + byteCount;
    if (end > this.#bytes.length) throw new MalformedError("unexpected end");
    const bytes = this.#bytes.subarray(this.#position, end);
    this.#position = end;
    return bytes;
  }

  /** Bytes with their length as a varint in front. */
  prefixed(): Uint8Array {
    return this.take(this.varint());
  }
}

function safe(value: number): number {
  if (!Number.isSafeInteger(value)) throw new MalformedError("number too large");
  return value;
}
