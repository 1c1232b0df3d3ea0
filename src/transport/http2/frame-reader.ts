/**
 * Cuts what a socket delivers into frames. A frame that lies whole within one chunk is handed on
 * where it lies; only one that a chunk's border cuts is put together in memory of its own.
 */
import { ConnectionError, ERROR_CODE, FRAME_HEAD_BYTES, readUint31 } from "./frames.ts";
import { FRAME_BYTES_MAX } from "./limits.ts";

/** Takes frames, in order. What it throws ends the reading. */
export interface FrameSink {
  /** The payload is `source` from `start` to `end`; it may be kept, it is never overwritten. */
  frame(
    type: number,
    flags: number,
    streamId: number,
    source: Buffer,
    start: number,
    end: number,
  ): void;
}

export class FrameReader {
  readonly #sink: FrameSink;
  /** A frame that is not whole yet, or as much of its head as came. */
  #partial: Buffer | undefined;
  #partialBytes = 0;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  /** Hands on every frame that is whole now. Throws {@link ConnectionError} for one too large. */
  read(chunk: Buffer): void {
    let position = 0;
    if (this.#partial !== undefined) {
      position = this.#complete(chunk);
      if (this.#partial !== undefined) return;
    }
    const { length } = chunk;
    while (length - position >= FRAME_HEAD_BYTES) {
      const end = position + FRAME_HEAD_BYTES + payloadBytes(chunk, position);
      if (end > length) break;
      this.#deliver(chunk, position, end);
      position = end;
    }
    if (position < length) this.#keep(chunk, position);
  }

  #deliver(source: Buffer, position: number, end: number): void {
    this.#sink.frame(
      source[position + 3]!,
      source[position + 4]!,
      readUint31(source, position + 5),
      source,
      position + FRAME_HEAD_BYTES,
      end,
    );
  }

  #keep(chunk: Buffer, position: number): void {
    const bytes = chunk.length - position;
    const size =
      bytes < FRAME_HEAD_BYTES
        ? FRAME_HEAD_BYTES
        : FRAME_HEAD_BYTES + payloadBytes(chunk, position);
    this.#partial = Buffer.allocUnsafe(size);
    this.#partialBytes = chunk.copy(this.#partial, 0, position);
  }

  /** Goes on with the frame that was cut, and returns where in the chunk the next one begins. */
  #complete(chunk: Buffer): number {
    let position = 0;
    for (;;) {
      const partial = this.#partial;
      if (partial === undefined) return position;
      const taken = chunk.copy(partial, this.#partialBytes, position);
      position += taken;
      this.#partialBytes += taken;
      if (this.#partialBytes < partial.length) return position;
      const size = FRAME_HEAD_BYTES + payloadBytes(partial, 0);
      if (size > partial.length) {
        // Only its head had come.
        this.#partial = Buffer.allocUnsafe(size);
        partial.copy(this.#partial);
        continue;
      }
      this.#partial = undefined;
      this.#partialBytes = 0;
      this.#deliver(partial, 0, size);
    }
  }
}

function payloadBytes(source: Buffer, position: number): number {
  const bytes = (source[position]! << 16) | (source[position + 1]! << 8) | source[position + 2]!;
  if (bytes <= FRAME_BYTES_MAX) return bytes;
  throw new ConnectionError(ERROR_CODE.frameSizeError, `Cannot take a frame: too large: ${bytes}`);
}
