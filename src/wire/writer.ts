/**
 * Writes protobuf, backwards.
 *
 * A message inside a message is preceded by its length, which is known only once it is written.
 * Either everything is gone through twice, or one starts at the end: then the length is known when
 * its turn comes, and one pass does. So the fields of a message are written last to first, and the
 * bytes come out first to last.
 *
 * All messages are put together in one scratch buffer, and copied out of it at their exact size.
 */

/** Bytes of scratch to begin with: most messages fit. */
const SCRATCH_BYTES = 16 * 1024;
/** Scratch larger than this is given back after the message that needed it. */
const SCRATCH_KEPT_BYTES = 1024 * 1024;

const TWO_TO_14 = 0x4000;
const TWO_TO_21 = 0x20_0000;
const TWO_TO_28 = 0x1000_0000;
const TWO_TO_32 = 0x1_0000_0000;
const TWO_TO_63 = 2 ** 63;
const TWO_TO_64 = 2 ** 64;

/** Bytes of a negative int64, and the most any varint takes. */
export const VARINT_BYTES_MAX = 10;

/** Bytes that {@link writeVarint} will take for an integer from 0 to 2^53, or a negative one. */
export function varintLength(value: number): number {
  if (value < 0) return VARINT_BYTES_MAX;
  if (value < 0x80) return 1;
  if (value < TWO_TO_14) return 2;
  if (value < TWO_TO_21) return 3;
  if (value < TWO_TO_28) return 4;
  let length = 5;
  for (
    let rest = Math.floor(value / (TWO_TO_28 * 0x80));
    rest >= 1;
    rest = Math.floor(rest / 0x80)
  ) {
    length += 1;
  }
  return length;
}

/**
 * Writes an integer (negative ones as an int64) at `position`, and returns the position after it.
 * There must be room for {@link varintLength} bytes.
 */
export function writeVarint(target: Uint8Array, position: number, value: number): number {
  if (value >= 0 && value < TWO_TO_28) {
    let rest = value;
    while (rest >= 0x80) {
      target[position++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    target[position++] = rest;
    return position;
  }
  return writeHalves(target, position, value >>> 0, Math.floor(value / TWO_TO_32) >>> 0);
}

/** Bytes that {@link writeBigVarint} will take. */
export function bigVarintLength(value: bigint): number {
  if (value === 0n) return 1;
  const bits = BigInt.asUintN(64, value);
  return varintLengthOfHalves(Number(bits & 0xffff_ffffn), Number(bits >> 32n));
}

/** {@link writeVarint} for all 64 bits, signed or unsigned. */
export function writeBigVarint(target: Uint8Array, position: number, value: bigint): number {
  const bits = BigInt.asUintN(64, value);
  return writeHalves(target, position, Number(bits & 0xffff_ffffn), Number(bits >> 32n));
}

/** Writes two unsigned 32-bit halves as one varint. */
function writeHalves(target: Uint8Array, position: number, low: number, high: number): number {
  while (high !== 0) {
    target[position++] = (low & 0x7f) | 0x80;
    low = ((low >>> 7) | (high << 25)) >>> 0;
    high >>>= 7;
  }
  while (low >= 0x80) {
    target[position++] = (low & 0x7f) | 0x80;
    low >>>= 7;
  }
  target[position++] = low;
  return position;
}

function varintLengthOfHalves(low: number, high: number): number {
  const bits = high === 0 ? 32 - Math.clz32(low) : 64 - Math.clz32(high);
  return bits === 0 ? 1 : Math.ceil(bits / 7);
}

/**
 * Puts one message together, from its last byte to its first.
 *
 * The field methods (`int64`, `string`, …) write a value and then the tag in front of it; whether a
 * zero is to be left out is for the caller to say.
 */
export class Writer {
  #buffer: Buffer;
  /** Offset of the byte written last: what is done reaches from here to the end of the buffer. */
  #position: number;

  constructor() {
    this.#buffer = Buffer.allocUnsafeSlow(SCRATCH_BYTES);
    this.#position = SCRATCH_BYTES;
  }

  /** Begins a new message; one that was not finished is forgotten. */
  begin(): void {
    if (this.#buffer.length > SCRATCH_KEPT_BYTES) {
      this.#buffer = Buffer.allocUnsafeSlow(SCRATCH_BYTES);
    }
    this.#position = this.#buffer.length;
  }

  /** The message, in a buffer of its own. */
  finish(): Buffer {
    const length = this.#buffer.length - this.#position;
    const message = Buffer.allocUnsafe(length);
    this.#buffer.copy(message, 0, this.#position);
    return message;
  }

  /** Where the writer stands, for {@link message}. */
  mark(): number {
    return this.#buffer.length - this.#position;
  }

  /** Makes what was written since `mark` a field: its length, then its tag, in front. */
  message(tag: number, mark: number): void {
    this.uint32(tag, this.mark() - mark);
  }

  /** Throws RangeError for what is no integer of 64 bits. 2^63, as which its limit reads, is it. */
  int64(tag: number, value: number): void {
    if (value >= 0 && value < TWO_TO_32) this.uint32(tag, value);
    else {
      checkInteger(value, -TWO_TO_63, TWO_TO_63);
      if (value === TWO_TO_63) this.#halves(tag, 0xffff_ffff, 0x7fff_ffff);
      else this.#halves(tag, value >>> 0, Math.floor(value / TWO_TO_32) >>> 0);
    }
  }

  /** Throws RangeError for what is no unsigned integer of 64 bits. */
  uint64(tag: number, value: number): void {
    if (value >= 0 && value < TWO_TO_32) this.uint32(tag, value);
    else {
      checkInteger(value, 0, TWO_TO_64);
      if (value === TWO_TO_64) this.#halves(tag, 0xffff_ffff, 0xffff_ffff);
      else this.#halves(tag, value >>> 0, Math.floor(value / TWO_TO_32) >>> 0);
    }
  }

  /** Throws RangeError for what does not fit. */
  bigInt64(tag: number, value: bigint): void {
    if (value !== BigInt.asIntN(64, value)) throw outOfRange(value);
    const bits = BigInt.asUintN(64, value);
    this.#halves(tag, Number(bits & 0xffff_ffffn), Number(bits >> 32n));
  }

  /** Throws RangeError for what does not fit. */
  bigUint64(tag: number, value: bigint): void {
    if (value !== BigInt.asUintN(64, value)) throw outOfRange(value);
    this.#halves(tag, Number(value & 0xffff_ffffn), Number(value >> 32n));
  }

  /** Throws RangeError for what is no unsigned integer of 32 bits. */
  uint32(tag: number, value: number): void {
    if (value >>> 0 !== value) throw outOfRange(value);
    this.#varint(value);
    this.#varint(tag);
  }

  /** Throws RangeError for what is no integer of 32 bits. */
  enum(tag: number, value: number): void {
    this.packedEnum(value);
    this.#varint(tag);
  }

  /** One element of a packed field; {@link message} closes the field. */
  packedEnum(value: number): void {
    if ((value | 0) !== value) throw outOfRange(value);
    this.#raw(value >>> 0, value < 0 ? 0xffff_ffff : 0);
  }

  bool(tag: number, value: boolean): void {
    this.#varint(value ? 1 : 0);
    this.#varint(tag);
  }

  bytes(tag: number, value: Uint8Array): void {
    const length = value.byteLength;
    this.#reserve(length);
    this.#position -= length;
    this.#buffer.set(value, this.#position);
    this.#varint(length);
    this.#varint(tag);
  }

  /** As UTF-8; half a surrogate pair becomes the replacement character. */
  string(tag: number, value: string): void {
    const length = Buffer.byteLength(value);
    this.#reserve(length);
    this.#position -= length;
    this.#buffer.write(value, this.#position, length, "utf8");
    this.#varint(length);
    this.#varint(tag);
  }

  #halves(tag: number, low: number, high: number): void {
    this.#raw(low, high);
    this.#varint(tag);
  }

  #raw(low: number, high: number): void {
    const length = varintLengthOfHalves(low, high);
    this.#reserve(length);
    this.#position -= length;
    writeHalves(this.#buffer, this.#position, low, high);
  }

  /** Writes an unsigned 32-bit integer. */
  #varint(value: number): void {
    if (value < 0x80) {
      this.#reserve(1);
      this.#buffer[--this.#position] = value;
      return;
    }
    this.#raw(value, 0);
  }

  /** Makes room in front of what is written. */
  #reserve(length: number): void {
    if (this.#position >= length) return;
    const done = this.#buffer.length - this.#position;
    const larger = Buffer.allocUnsafeSlow(Math.max(2 * this.#buffer.length, done + length));
    this.#buffer.copy(larger, larger.length - done, this.#position);
    this.#buffer = larger;
    this.#position = larger.length - done;
  }
}

/**
 * The writer that all encoders share, ready for a new message. Whole: no await between this and
 * `finish()`, or two messages would become one.
 */
export function startMessage(): Writer {
  SHARED.begin();
  return SHARED;
}

function checkInteger(value: number, least: number, most: number): void {
  if (!Number.isInteger(value) || value < least || value > most) throw outOfRange(value);
}

function outOfRange(value: number | bigint): RangeError {
  return new RangeError(`Cannot encode as an integer of its field: ${value}`);
}

const SHARED = new Writer();
