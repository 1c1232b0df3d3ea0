/**
 * Puts payload into DATA frames, and goes on with the frame before when that was of the same stream,
 * nothing came after it, and it has not left: many small messages to one stream are one frame then.
 * A frame's borders mean nothing to gRPC.
 */
import { FRAME, FRAME_HEAD_BYTES, writeFrameHead } from "./frames.ts";
import type { Output } from "./output.ts";

export class DataFrames {
  readonly #output: Output;
  /** The frame under way: where its head is, and what it has. */
  #buffer: Buffer | undefined;
  #headAt = 0;
  #streamId = 0;
  #bytes = 0;
  /** What the output had when the frame was last added to. */
  #flushCount = 0;
  #unwrittenBytes = 0;

  constructor(output: Output) {
    this.#output = output;
  }

  /** Appends payload that the windows have room for. It may be kept, and must not be changed. */
  append(streamId: number, payload: Uint8Array, frameBytesMax: number): void {
    const { length } = payload;
    let at = 0;
    while (at < length) {
      if (this.#bytes >= frameBytesMax || !this.#isOpen(streamId)) this.#begin(streamId);
      const count = Math.min(length - at, frameBytesMax - this.#bytes);
      this.#add(count === length ? payload : payload.subarray(at, at + count));
      at += count;
    }
  }

  #isOpen(streamId: number): boolean {
    return (
      streamId === this.#streamId &&
      this.#output.flushCount === this.#flushCount &&
      this.#output.unwrittenBytes === this.#unwrittenBytes
    );
  }

  #begin(streamId: number): void {
    this.#headAt = this.#output.reserve(FRAME_HEAD_BYTES);
    this.#buffer = this.#output.buffer;
    this.#streamId = streamId;
    this.#bytes = 0;
    this.#flushCount = this.#output.flushCount;
  }

  #add(payload: Uint8Array): void {
    this.#bytes += payload.length;
    // All before the payload: that may be what makes the output flush, and others begin frames then.
    writeFrameHead(this.#buffer!, this.#headAt, this.#bytes, FRAME.data, 0, this.#streamId);
    this.#unwrittenBytes = this.#output.unwrittenBytes + payload.length;
    this.#output.append(payload);
  }
}
