/** Puts a message together from front to back; its numbers are whole 64 bits. */
import { bigVarintLength, writeBigVarint } from "../writer.ts";

const WIRE_VARINT = 0;
const WIRE_BYTES = 2;

/** Bytes of a message that are copied at once into the one that it is in: cheaper than keeping it. */
const COPIED_BYTES_MAX = 1024;

export class MessageBytes {
  /** Large messages within stay what they are until {@link whole}, or depth would copy them often. */
  readonly #pieces: (Uint8Array | MessageBytes)[] = [];
  #length = 0;

  varint(field: number, value: bigint): void {
    this.#append(varintOf(BigInt(field * 8 + WIRE_VARINT)));
    this.#append(varintOf(value));
  }

  bytes(field: number, value: Uint8Array): void {
    this.#beginBytes(field, value.length);
    if (value.length > 0) this.#append(value);
  }

  packed(field: number, values: readonly bigint[]): void {
    this.bytes(field, Buffer.concat(values.map(varintOf)));
  }

  /** The message must be whole: what is added to it later is lost. */
  message(field: number, message: MessageBytes): void {
    this.#beginBytes(field, message.#length);
    this.#append(message.#length <= COPIED_BYTES_MAX ? message.whole() : message);
  }

  whole(): Buffer {
    const whole = Buffer.allocUnsafe(this.#length);
    this.#copyTo(whole, 0);
    return whole;
  }

  #beginBytes(field: number, length: number): void {
    this.#append(varintOf(BigInt(field * 8 + WIRE_BYTES)));
    this.#append(varintOf(BigInt(length)));
  }

  #append(piece: Uint8Array | MessageBytes): void {
    this.#pieces.push(piece);
    this.#length += piece instanceof MessageBytes ? piece.#length : piece.length;
  }

  #copyTo(target: Buffer, start: number): void {
    let position = start;
    for (const piece of this.#pieces) {
      if (piece instanceof MessageBytes) {
        piece.#copyTo(target, position);
        position += piece.#length;
      } else {
        target.set(piece, position);
        position += piece.length;
      }
    }
  }
}

/** Negative numbers take all of ten bytes. */
function varintOf(value: bigint): Uint8Array {
  if (value >= 0n && value < 0x80n) return Uint8Array.of(Number(value));
  const bytes = new Uint8Array(bigVarintLength(value));
  writeBigVarint(bytes, 0, value);
  return bytes;
}
