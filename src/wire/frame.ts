/**
 * A frame is a field with bytes in it: a tag of one byte, the length as a varint, the contents. The
 * answers made by hand are rows of them, and so is what memory keeps of KeyValues.
 */
import { varintLength, writeVarint } from "./writer.ts";

/** Bytes of a frame with contents of that length. */
export function frameLength(contentLength: number): number {
  return 1 + varintLength(contentLength) + contentLength;
}

/** Writes a frame at `position`, and returns the position after it. */
export function writeFrame(
  target: Uint8Array,
  position: number,
  tag: number,
  contents: Uint8Array,
): number {
  const start = writeFrameHead(target, position, tag, contents.length);
  target.set(contents, start);
  return start + contents.length;
}

/** Writes what goes before the contents of a frame, and returns where those begin. */
export function writeFrameHead(
  target: Uint8Array,
  position: number,
  tag: number,
  contentLength: number,
): number {
  target[position] = tag;
  return writeVarint(target, position + 1, contentLength);
}

/** Length of a frame's contents, below 2 GiB: they begin that much before its end. */
export function contentLengthAt(frames: Uint8Array, position: number): number {
  let at = position + 1;
  let byte = frames[at]!;
  if (byte < 0x80) return byte;
  let length = byte & 0x7f;
  for (let shift = 7; byte >= 0x80; shift += 7) {
    byte = frames[++at]!;
    length |= (byte & 0x7f) << shift;
  }
  return length;
}

/** Where the frame at `position` ends, and the next may begin. */
export function endOfFrame(frames: Uint8Array, position: number): number {
  return position + frameLength(contentLengthAt(frames, position));
}
