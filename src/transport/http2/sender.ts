/**
 * Sends answers within the far end's windows.
 *
 * The simple version: a frame is written when its stream's window, the connection's window and the
 * socket have room for it. What has no room waits in its stream; streams that only the connection
 * holds up wait in a line and get one frame each in turn, so that a large answer does not hold up
 * small ones. Most answers find room for everything and are written in one go.
 */
import { DataFrames } from "./data-frames.ts";
import { FLAG, FRAME, FRAME_HEAD_BYTES, INT31_MAX } from "./frames.ts";
import { frameOf, writeFrameHead, writeUint32 } from "./frames.ts";
import type { ErrorCode } from "./frames.ts";
import {
  FRAME_BYTES_MAX,
  HELD_MESSAGE_COST_BYTES,
  SOCKET_QUEUE_BYTES_MAX,
  STREAM_HELD_BYTES_MAX,
  STREAM_RECEIVE_WINDOW_BYTES,
} from "./limits.ts";
import type { Output } from "./output.ts";
import { NO_QUEUE } from "./stream.ts";
import type { Http2Stream } from "./stream.ts";

/**
 * A header block that is encoded when its turn to be sent has come: blocks change the encoder's
 * table, so their order on the wire has to be that of their encoding. An empty one is no block.
 */
export interface HeaderSource {
  encode(): Uint8Array;
}

/** Ends an answer without trailers. */
export const NO_TRAILERS: HeaderSource = { encode: () => NOTHING };

/** Hears from the sender what it has done to a stream. */
export interface SenderOwner {
  /** The answer has been sent to its end. */
  localEnded(stream: Http2Stream): void;
  /** The stream is to be reset; its frame is the owner's to send. */
  resetRequested(stream: Http2Stream, code: ErrorCode): void;
}

/** The windows before any SETTINGS. Source: RFC 9113, 6.9.2. */
export const DEFAULT_WINDOW_BYTES = 65_535;

const NOTHING = new Uint8Array(0);

export class Sender {
  readonly output: Output;
  readonly #owner: SenderOwner;
  readonly #frames: DataFrames;
  /** What new streams may be sent, bytes. */
  initialWindow: number = DEFAULT_WINDOW_BYTES;
  /** The far end's SETTINGS_MAX_FRAME_SIZE. */
  frameBytesMax: number = FRAME_BYTES_MAX;
  /** What all streams hold, bytes. */
  heldBytes = 0;
  /** Something of an answer was sent; whoever asks takes it back. */
  hasSent = false;
  #window: number = DEFAULT_WINDOW_BYTES;
  /** Streams with something to send and room in their own window, first come first. */
  #line: Http2Stream[] = [];
  /** Those of them that were forgotten since. */
  #forgottenCount = 0;
  #isPumping = false;

  constructor(output: Output, owner: SenderOwner) {
    this.output = output;
    this.#owner = owner;
    this.#frames = new DataFrames(output);
  }

  head(stream: Http2Stream, source: HeaderSource, isEnd: boolean): void {
    this.#head(stream, source.encode(), isEnd);
  }

  data(stream: Http2Stream, prefix: Uint8Array, payload: Uint8Array): boolean {
    const bytes = prefix.length + payload.length;
    if (stream.queueBytes === 0 && bytes <= this.frameBytesMax && this.#hasRoom(stream, bytes)) {
      this.#spend(stream, bytes);
      const at = this.output.reserve(FRAME_HEAD_BYTES + prefix.length);
      const { buffer } = this.output;
      writeFrameHead(buffer, at, bytes, FRAME.data, 0, stream.id);
      buffer.set(prefix, at + FRAME_HEAD_BYTES);
      this.output.append(payload);
      return true;
    }
    if (prefix.length > 0) this.#hold(stream, prefix.slice());
    if (payload.length > 0) this.#hold(stream, payload);
    this.#wait(stream);
    if (stream.isBlocked) return false;
    stream.isBlocked = stream.queueBytes + stream.queueCost > STREAM_HELD_BYTES_MAX;
    return !stream.isBlocked;
  }

  /**
   * One message in parts, of which only `blocks` may be kept. `false` as soon as it has to wait.
   */
  parts(
    stream: Http2Stream,
    prefix: Uint8Array,
    head: Uint8Array,
    blocks: readonly Uint8Array[],
  ): boolean {
    let bytes = prefix.length + head.length;
    for (const block of blocks) bytes += block.length;
    if (stream.queueBytes === 0 && this.#hasRoom(stream, bytes)) {
      this.#spend(stream, bytes);
      this.#frames.append(stream.id, prefix, this.frameBytesMax);
      this.#frames.append(stream.id, head, this.frameBytesMax);
      for (const block of blocks) this.#frames.append(stream.id, block, this.frameBytesMax);
      return true;
    }
    this.#hold(stream, Buffer.concat([prefix, head]));
    for (const block of blocks) this.#hold(stream, block);
    this.#wait(stream);
    if (stream.isBlocked) return false;
    stream.isBlocked = stream.queueBytes > 0;
    return !stream.isBlocked;
  }

  #hold(stream: Http2Stream, piece: Uint8Array): void {
    if (stream.queue === NO_QUEUE) stream.queue = [];
    stream.queue.push(piece);
    stream.queueBytes += piece.length;
    this.heldBytes += piece.length;
  }

  /** A message waits; what there is room for is sent. */
  #wait(stream: Http2Stream): void {
    stream.queueCost += HELD_MESSAGE_COST_BYTES;
    this.#enqueue(stream);
    // Of a blocked stream something else will: its writer must not be told of room while it writes.
    if (!stream.isBlocked) this.pump();
  }

  end(stream: Http2Stream, trailers: HeaderSource): void {
    if (stream.ending !== undefined) return;
    if (stream.queueBytes > 0) stream.ending = trailers;
    else this.#end(stream, trailers);
  }

  whole(
    stream: Http2Stream,
    headSource: HeaderSource,
    prefix: Uint8Array,
    payload: Uint8Array,
    trailerSource: HeaderSource,
  ): void {
    const bytes = prefix.length + payload.length;
    if (bytes > this.frameBytesMax || !this.#hasRoom(stream, bytes)) {
      this.head(stream, headSource, false);
      this.data(stream, prefix, payload);
      this.end(stream, trailerSource);
      return;
    }
    const head = headSource.encode();
    const trailers = trailerSource.encode();
    this.#spend(stream, bytes);
    const { id } = stream;
    const total = 3 * FRAME_HEAD_BYTES + head.length + bytes + trailers.length;
    let at = this.output.reserve(total);
    const { buffer } = this.output;
    writeFrameHead(buffer, at, head.length, FRAME.headers, FLAG.endHeaders, id);
    at = copy(head, buffer, at + FRAME_HEAD_BYTES);
    writeFrameHead(buffer, at, bytes, FRAME.data, 0, id);
    at = copy(prefix, buffer, at + FRAME_HEAD_BYTES);
    buffer.set(payload, at);
    at += payload.length;
    const flags = FLAG.endHeaders | FLAG.endStream;
    writeFrameHead(buffer, at, trailers.length, FRAME.headers, flags, id);
    copy(trailers, buffer, at + FRAME_HEAD_BYTES);
    this.#ended(stream);
  }

  reset(stream: Http2Stream, code: ErrorCode): void {
    if (!stream.isClosed) this.#owner.resetRequested(stream, code);
  }

  /** Gives back to the client what it has used of a stream's window. */
  openWindow(stream: Http2Stream): void {
    if (stream.isRemoteClosed || stream.isHeld) return;
    const used = STREAM_RECEIVE_WINDOW_BYTES - stream.receiveWindow;
    if (used < STREAM_RECEIVE_WINDOW_BYTES / 2) return;
    stream.receiveWindow += used;
    this.windowUpdate(stream.id, used);
  }

  windowUpdate(streamId: number, bytes: number): void {
    const at = this.output.reserve(FRAME_HEAD_BYTES + 4);
    const { buffer } = this.output;
    writeFrameHead(buffer, at, 4, FRAME.windowUpdate, 0, streamId);
    writeUint32(buffer, at + FRAME_HEAD_BYTES, bytes);
  }

  rstStream(streamId: number, code: ErrorCode): void {
    const at = this.output.reserve(FRAME_HEAD_BYTES + 4);
    const { buffer } = this.output;
    writeFrameHead(buffer, at, 4, FRAME.rstStream, 0, streamId);
    writeUint32(buffer, at + FRAME_HEAD_BYTES, code);
  }

  /** What waits of a stream will not be sent. */
  forget(stream: Http2Stream): void {
    this.heldBytes -= stream.queueBytes;
    stream.queue = NO_QUEUE;
    stream.queueBytes = 0;
    stream.queueCost = 0;
    stream.ending = undefined;
    stream.isBlocked = false;
    // Whoever opens no window must not fill the line with streams that it has given up.
    if (!stream.isInLine || ++this.#forgottenCount <= this.#line.length / 2) return;
    this.#line = this.#line.filter(({ queueBytes }) => queueBytes > 0);
    this.#forgottenCount = 0;
  }

  /** The client's WINDOW_UPDATE on the connection. False when the window would be too large. */
  widen(bytes: number): boolean {
    this.#window += bytes;
    if (this.#window > INT31_MAX) return false;
    this.pump();
    return true;
  }

  /** The same on a stream, also by new SETTINGS, then possibly negative. */
  widenStream(stream: Http2Stream, bytes: number): boolean {
    stream.sendWindow += bytes;
    if (stream.sendWindow > INT31_MAX) return false;
    this.#enqueue(stream);
    this.pump();
    return true;
  }

  /** Sends what there is room for. */
  readonly pump = (): void => {
    if (this.#isPumping || this.#line.length === 0) return;
    this.#isPumping = true;
    while (this.#window > 0 && this.output.waitingBytes < SOCKET_QUEUE_BYTES_MAX) {
      const stream = this.#line.shift();
      if (stream === undefined) break;
      stream.isInLine = false;
      if (stream.queueBytes === 0) {
        this.#forgottenCount -= 1;
        continue;
      }
      this.#sendFrame(stream);
      this.#enqueue(stream);
    }
    this.#isPumping = false;
  };

  #enqueue(stream: Http2Stream): void {
    if (stream.isInLine || stream.queueBytes === 0 || stream.sendWindow <= 0) return;
    stream.isInLine = true;
    this.#line.push(stream);
  }

  /** As much of the queue as fits one frame. */
  #sendFrame(stream: Http2Stream): void {
    const bytes = Math.min(stream.queueBytes, stream.sendWindow, this.#window, this.frameBytesMax);
    if (bytes <= 0) return;
    this.#spend(stream, bytes);
    const at = this.output.reserve(FRAME_HEAD_BYTES);
    writeFrameHead(this.output.buffer, at, bytes, FRAME.data, 0, stream.id);
    let left = bytes;
    while (left > 0) {
      const [piece] = stream.queue;
      if (piece === undefined) break;
      const end = Math.min(piece.length, stream.queueOffset + left);
      left -= end - stream.queueOffset;
      this.output.append(piece.subarray(stream.queueOffset, end));
      stream.queueOffset = end;
      if (end < piece.length) break;
      stream.queue.shift();
      stream.queueOffset = 0;
    }
    stream.queueBytes -= bytes;
    this.heldBytes -= bytes;
    this.#afterFrame(stream);
  }

  #afterFrame(stream: Http2Stream): void {
    if (stream.queueBytes === 0) {
      stream.queueCost = 0;
      const { ending } = stream;
      if (ending !== undefined) {
        this.#end(stream, ending);
        return;
      }
    }
    if (!stream.isBlocked) return;
    // Two pieces a message, and one that is partly sent.
    const cost = (stream.queue.length / 2) * HELD_MESSAGE_COST_BYTES;
    if (stream.queueBytes + cost > STREAM_HELD_BYTES_MAX / 2) return;
    stream.queueCost = cost;
    stream.isBlocked = false;
    stream.receiver.drained();
  }

  #head(stream: Http2Stream, block: Uint8Array, isEnd: boolean): void {
    this.hasSent = true;
    const endFlag = isEnd ? FLAG.endStream : 0;
    if (block.length <= this.frameBytesMax) {
      this.#frame(FRAME.headers, endFlag | FLAG.endHeaders, stream.id, block);
    } else {
      this.output.append(continued(block, this.frameBytesMax, stream.id, endFlag));
    }
    if (isEnd) this.#ended(stream);
  }

  #end(stream: Http2Stream, source: HeaderSource): void {
    const trailers = source.encode();
    if (trailers.length > 0) {
      this.#head(stream, trailers, true);
      return;
    }
    this.#frame(FRAME.data, FLAG.endStream, stream.id, trailers);
    this.#ended(stream);
  }

  #ended(stream: Http2Stream): void {
    stream.isLocalClosed = true;
    stream.ending = undefined;
    this.#owner.localEnded(stream);
  }

  #frame(type: number, flags: number, streamId: number, payload: Uint8Array): void {
    const at = this.output.reserve(FRAME_HEAD_BYTES);
    writeFrameHead(this.output.buffer, at, payload.length, type, flags, streamId);
    this.output.append(payload);
  }

  #hasRoom(stream: Http2Stream, bytes: number): boolean {
    return (
      bytes <= stream.sendWindow &&
      bytes <= this.#window &&
      this.output.waitingBytes < SOCKET_QUEUE_BYTES_MAX
    );
  }

  #spend(stream: Http2Stream, bytes: number): void {
    this.hasSent = true;
    stream.sendWindow -= bytes;
    this.#window -= bytes;
  }
}

/**
 * The frames of a block that is too long for one, in one piece: no other frame may come between them,
 * and each piece that is appended may let others go out.
 */
function continued(
  block: Uint8Array,
  frameBytesMax: number,
  streamId: number,
  endFlag: number,
): Buffer {
  const frames: Buffer[] = [];
  for (let at = 0; at < block.length; at += frameBytesMax) {
    const payload = block.subarray(at, at + frameBytesMax);
    const type = at === 0 ? FRAME.headers : FRAME.continuation;
    const isLast = at + payload.length === block.length;
    const flags = (at === 0 ? endFlag : 0) | (isLast ? FLAG.endHeaders : 0);
    frames.push(frameOf({ type, flags, streamId }, payload));
  }
  return Buffer.concat(frames);
}

/** For the few bytes of which most blocks are, a loop is faster than `set()`. */
function copy(source: Uint8Array, target: Uint8Array, at: number): number {
  const { length } = source;
  if (length > 24) target.set(source, at);
  else for (let index = 0; index < length; index++) target[at + index] = source[index]!;
  return at + length;
}
