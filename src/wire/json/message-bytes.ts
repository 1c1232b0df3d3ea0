/** Puts a message together from front to back; its numbers are whole 64 bits. */

const WIRE_VARINT = 0;
const WIRE_BYTES = 2;

export class MessageBytes {
  readonly #pieces: Uint8Array[] = [];
  #length = 0;

  varint(field: number, value: bigint): void {
    this.#append(varintOf(BigInt(field * 8 + WIRE_VARINT)));
    this.#append(varintOf(value));
  }

  bytes(field: number, value: Uint8Array): void {
    this.#append(varintOf(BigInt(field * 8 + WIRE_BYTES)));
    this.#append(varintOf(BigInt(value.length)));
    if (value.length > 0) this.#append(value);
  }

  packed(field: number, values: readonly bigint[]): void {
    this.bytes(field, Buffer.concat(values.map(varintOf)));
  }

  message(field: number, message: MessageBytes): void {
    this.bytes(field, message.whole());
  }

  whole(): Buffer {
    return Buffer.concat(this.#pieces, this.#length);
  }

  #append(piece: Uint8Array): void {
    this.#pieces.push(piece);
    this.#length += piece.length;
  }
}

/** Negative numbers take all of ten bytes. */
function varintOf(value: bigint): Uint8Array {
  if (value >= 0n && value < 0x80n) return Uint8Array.of(Number(value));
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  while (rest >= 0x80n) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}
