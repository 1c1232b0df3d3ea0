/**
 * What waits to be written to a socket. Frames of one tick are put one behind the other into one
 * buffer and leave with one write; a payload large enough that copying costs more than another
 * piece goes out from where it is.
 *
 * A buffer is filled once from its beginning to its end, over as many writes as that takes. Full ones
 * are used again, by any connection, when a socket of the system has written all of them; memory that
 * was handed to another kind of stream, which may have passed it on, is never written again.
 */
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { SPARE_BUFFERS_MAX } from "./limits.ts";

/** A payload from this size on is not copied, bytes. Where a writev of Linux begins to win. */
const BY_REFERENCE_BYTES_MIN = 16 * 1024;

/** A buffer's size, bytes: what quiet connections keep, and where busy ones stop growing. */
const BUFFER_BYTES_MIN = 4 * 1024;
const BUFFER_BYTES_MAX = 64 * 1024;

/**
 * The first buffer's size, bytes: enough for a greeting and a small answer, which is all that many
 * connections ever send. Node cuts several out of one piece.
 */
const FIRST_BUFFER_BYTES = 512;

/** With so much unwritten it is not waited for the end of the tick, bytes. */
const FLUSH_BYTES = 256 * 1024;

export class Output {
  /** Where frames are written; see {@link Output.reserve}. */
  buffer: Buffer = NO_BUFFER;
  /** Grows with every {@link Output.flush} that had something to write. */
  flushCount = 0;
  readonly #socket: Duplex;
  readonly #onFlushed: () => void;
  #start = 0;
  #end = 0;
  #pieces: Uint8Array[] = [];
  #pieceBytes = 0;
  /** Full buffers that the next flush hands over the last of. */
  #full: Buffer[] = [];
  readonly #isReusing: boolean;
  #isHeld = false;
  #isScheduled = false;
  #isClosed = false;

  /** `onFlushed` is called when what was waiting is with the socket. */
  constructor(socket: Duplex, onFlushed: () => void) {
    this.#socket = socket;
    this.#isReusing = socket instanceof Socket;
    this.#onFlushed = onFlushed;
  }

  /** What the socket has not taken yet, bytes. */
  get waitingBytes(): number {
    return this.#socket.writableLength + this.unwrittenBytes;
  }

  /** What is not with the socket yet, bytes. */
  get unwrittenBytes(): number {
    return this.#pieceBytes + this.#end - this.#start;
  }

  /**
   * Room for so many bytes, which the caller must fill: from the position returned on, in
   * {@link Output.buffer}, which may be another one than before.
   */
  reserve(bytes: number): number {
    if (this.buffer.length - this.#end < bytes) this.#renew(bytes);
    const at = this.#end;
    this.#end += bytes;
    if (!this.#isHeld && !this.#isScheduled) this.#schedule();
    return at;
  }

  /** Appends a payload, which must not be changed any more. */
  append(payload: Uint8Array): void {
    const { length } = payload;
    if (length < BY_REFERENCE_BYTES_MIN) {
      const at = this.reserve(length);
      this.buffer.set(payload, at);
      return;
    }
    this.#cut();
    this.#pieces.push(payload);
    this.#pieceBytes += length;
    if (!this.#isHeld && !this.#isScheduled) this.#schedule();
    if (this.#pieceBytes > FLUSH_BYTES) this.flush();
  }

  /** Until {@link Output.release} nothing is written by itself. */
  hold(): void {
    this.#isHeld = true;
  }

  release(): void {
    this.#isHeld = false;
    this.flush();
  }

  /** Nothing goes out any more. */
  close(): void {
    this.#isClosed = true;
    this.#pieces = [];
    this.#pieceBytes = 0;
    this.#start = this.#end;
  }

  flush(): void {
    if (this.unwrittenBytes === 0) return;
    this.flushCount += 1;
    if (this.#isClosed || !this.#socket.writable) {
      this.close();
      return;
    }
    if (this.#pieces.length === 0) {
      const bytes = this.buffer.subarray(this.#start, this.#end);
      this.#start = this.#end;
      this.#socket.write(bytes, this.#whenWritten());
      this.#onFlushed();
      return;
    }
    this.#cut();
    const pieces = this.#pieces;
    this.#pieces = [];
    this.#pieceBytes = 0;
    this.#socket.cork();
    const last = pieces.length - 1;
    for (let index = 0; index < last; index++) this.#socket.write(pieces[index]);
    this.#socket.write(pieces[last], this.#whenWritten());
    this.#socket.uncork();
    this.#onFlushed();
  }

  /** After everything else of this tick, so that it goes out together. */
  #schedule(): void {
    this.#isScheduled = true;
    process.nextTick(this.#onTick);
  }

  readonly #onTick = (): void => {
    this.#isScheduled = false;
    this.flush();
  };

  /** Makes a piece of what is in the buffer. */
  #cut(): void {
    if (this.#end === this.#start) return;
    this.#pieces.push(this.buffer.subarray(this.#start, this.#end));
    this.#pieceBytes += this.#end - this.#start;
    this.#start = this.#end;
  }

  /** Room for eight or more ticks like this one: what a tick writes mostly lies in one piece then. */
  #renew(bytes: number): void {
    const { length } = this.buffer;
    if (length === 0 && bytes <= FIRST_BUFFER_BYTES) {
      this.buffer = Buffer.allocUnsafe(FIRST_BUFFER_BYTES);
      return;
    }
    const unwritten = this.#end - this.#start;
    this.#cut();
    if (this.#isReusing && length === BUFFER_BYTES_MAX) this.#full.push(this.buffer);
    let wanted = length;
    if (unwritten * 8 >= length) wanted *= 2;
    else if (unwritten * 32 < length) wanted /= 2;
    const size = Math.max(Math.min(Math.max(wanted, BUFFER_BYTES_MIN), BUFFER_BYTES_MAX), bytes);
    const spare = size === BUFFER_BYTES_MAX ? SPARE.pop() : undefined;
    this.buffer = spare ?? Buffer.allocUnsafeSlow(size);
    this.#start = 0;
    this.#end = 0;
  }

  /** A write is done when all before it are, and fails when one of them has failed. */
  #whenWritten(): ((error?: Error | null) => void) | undefined {
    const buffers = this.#full;
    if (buffers.length === 0) return undefined;
    this.#full = [];
    return (error) => {
      if (error) return;
      for (const buffer of buffers) {
        if (SPARE.length < SPARE_BUFFERS_MAX) SPARE.push(buffer);
      }
    };
  }
}

/** Of all connections. */
const SPARE: Buffer[] = [];

const NO_BUFFER = Buffer.alloc(0);
