/**
 * Keys as latin1 strings: one character a byte, so that strings compare and hash as the bytes do,
 * at full speed.
 */

/** Buffer's own conversions: not in its types, but what `toString("latin1")` ends up calling. */
interface FastBuffer {
  latin1Slice(start: number, end: number): string;
  latin1Write(text: string, position: number): number;
}

/** Bytes, or a part of them, as a latin1 string. */
export function latin1(bytes: Uint8Array, start = 0, end: number = bytes.length): string {
  const buffer = Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  // See FastBuffer.
  return (buffer as unknown as FastBuffer).latin1Slice(start, end);
}

/** Writes a latin1 string; returns the position after it. */
export function writeLatin1(target: Buffer, position: number, text: string): number {
  // See FastBuffer.
  return position + (target as unknown as FastBuffer).latin1Write(text, position);
}
