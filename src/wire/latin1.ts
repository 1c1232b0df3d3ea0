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
  // Most requests name one key: their range ends are empty, and this is far cheaper than a call out.
  if (start === end) return "";
  const buffer = Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  // See FastBuffer.
  return (buffer as unknown as FastBuffer).latin1Slice(start, end);
}

/** Shorter texts are written faster here than by a call out of JavaScript. */
const SHORT_TEXT = 12;

/** Writes a latin1 string; returns the position after it. */
export function writeLatin1(target: Buffer, position: number, text: string): number {
  const { length } = text;
  if (length < SHORT_TEXT) {
    for (let index = 0; index < length; index++) target[position + index] = text.charCodeAt(index);
    return position + length;
  }
  // See FastBuffer.
  return position + (target as unknown as FastBuffer).latin1Write(text, position);
}
