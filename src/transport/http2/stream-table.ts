/**
 * The streams of one connection, and what frames do to them. What a client does wrong with one
 * stream ends that stream; what it does wrong with the numbering or the windows is thrown, and ends
 * the connection.
 */
import { ClosedStreams } from "./closed-streams.ts";
import { ConnectionError, ERROR_CODE, FLAG, broken } from "./frames.ts";
import type { ErrorCode } from "./frames.ts";
import type { DecodedBlock } from "./header-blocks.ts";
import {
  CONNECTION_HELD_BYTES_MAX,
  CONNECTION_RECEIVE_WINDOW_BYTES,
  STREAM_RECEIVE_WINDOW_BYTES,
} from "./limits.ts";
import { OpenStreams } from "./open-streams.ts";
import type { Patience } from "./patience.ts";
import type { RequestHead } from "./request-head.ts";
import type { Sender } from "./sender.ts";
import { Http2Stream } from "./stream.ts";
import type { ReceivedBytes, StreamReceiver } from "./stream.ts";

/** Answers the requests of one connection. */
export interface RequestHandler {
  /** A request has begun; the result takes its body. */
  request(stream: Http2Stream, head: RequestHead): StreamReceiver;
}

/** What the frame that began a header block said. */
export interface HeaderFlags {
  readonly isLast: boolean;
  readonly isSelfDependent: boolean;
}

export interface StreamTableOptions {
  readonly sender: Sender;
  readonly handler: RequestHandler;
  readonly patience: Patience;
  readonly streamsMax: number;
  /** See {@link OpenStreams}. */
  readonly seed: number;
  /** Called for each answer to something that costs the client nothing. */
  readonly onControlSent: () => void;
  /** The last of the streams that are still served has closed. */
  readonly onDone: () => void;
}

export class StreamTable {
  readonly #options: StreamTableOptions;
  readonly #sender: Sender;
  readonly #handler: RequestHandler;
  readonly #patience: Patience;
  readonly #streams: OpenStreams<Http2Stream>;
  readonly #closedStreams = new ClosedStreams();
  readonly #received: ReceivedBytes = { count: 0 };
  /**
   * Answered to their end before the client's own, which mostly comes a moment later: since the last
   * chunk, and before it.
   */
  #endedEarly: Http2Stream[] = [];
  #overdue: Http2Stream[] = [];
  #receiveWindow = CONNECTION_RECEIVE_WINDOW_BYTES;
  #lastId = 0;
  /** Streams beyond it are not served; the largest id is one that a client may use. */
  #idMax = Infinity;
  /** When the chunk came whose frames these are. */
  nowMs = 0;

  constructor(options: StreamTableOptions) {
    this.#options = options;
    this.#streams = new OpenStreams(options.seed);
    this.#sender = options.sender;
    this.#handler = options.handler;
    this.#patience = options.patience;
  }

  get open(): OpenStreams<Http2Stream> {
    return this.#streams;
  }

  get lastId(): number {
    return this.#lastId;
  }

  /** No more streams are opened. */
  close(): void {
    this.#idMax = this.#lastId;
    // Twice, for those since the last chunk.
    this.resetOverdue();
    this.resetOverdue();
    this.#checkDone();
  }

  /** The connection is gone. */
  cancelAll(): void {
    this.#idMax = this.#lastId;
    this.#overdue = [];
    this.#endedEarly = [];
    const streams = this.#streams.values();
    this.#streams.clear();
    for (const stream of streams) {
      stream.isRemoteClosed = true;
      this.#sender.forget(stream);
      if (stream.isLocalClosed) continue;
      stream.isLocalClosed = true;
      stream.receiver.canceled();
    }
  }

  /** The answer has been sent to its end. */
  localEnded(stream: Http2Stream): void {
    if (stream.isRemoteClosed) this.#remove(stream, false);
    else if (this.#idMax !== Infinity) this.reset(stream, ERROR_CODE.noError);
    else this.#endedEarly.push(stream);
  }

  reset(stream: Http2Stream, code: ErrorCode): void {
    this.#sender.rstStream(stream.id, code);
    this.#remove(stream, true);
  }

  /**
   * After each chunk: a client that has not ended its side with this chunk either is told that the
   * rest of it is not needed. Source: RFC 9113, 8.1.
   */
  resetOverdue(): void {
    if (this.#endedEarly.length === 0 && this.#overdue.length === 0) return;
    const overdue = this.#overdue;
    this.#overdue = this.#endedEarly;
    this.#endedEarly = [];
    for (const stream of overdue) {
      if (!stream.isRemoteClosed) this.reset(stream, ERROR_CODE.noError);
    }
  }

  data(flags: number, streamId: number, source: Buffer, start: number, end: number): void {
    this.#takeConnectionWindow(end - start);
    let to = end;
    let from = start;
    if ((flags & FLAG.padded) !== 0) {
      from += 1;
      to -= source[start] ?? 0;
      if (from > end || from > to) throw broken("bad padding");
    }
    const isLast = (flags & FLAG.endStream) !== 0;
    if (to > from) this.#patience.rewarded();
    else if (!isLast) this.#spendPatience(this.#patience.forEmptyFrame());
    const stream = this.#streams.get(streamId);
    if (stream === undefined) {
      this.#onStrayFrame(streamId, "DATA");
      return;
    }
    if (stream.isRemoteClosed) {
      this.#refuse(stream, ERROR_CODE.streamClosed);
      return;
    }
    stream.receiveWindow -= end - start;
    if (stream.receiveWindow < 0) {
      this.#refuse(stream, ERROR_CODE.flowControlError);
      return;
    }
    if (stream.contentLeft !== -1) {
      stream.contentLeft -= to - from;
      if (stream.contentLeft < 0 || (isLast && stream.contentLeft > 0)) {
        this.#refuse(stream, ERROR_CODE.protocolError);
        return;
      }
    }
    if (isLast) stream.isRemoteClosed = true;
    if (to > from && !stream.isLocalClosed) {
      stream.isHeld = !stream.receiver.data(source, from, to);
    }
    if (!isLast) this.#sender.openWindow(stream);
    else if (stream.isLocalClosed) this.#remove(stream, false);
    else stream.receiver.ended();
  }

  block(streamId: number, block: DecodedBlock, flags: HeaderFlags): void {
    this.#patience.rewarded();
    const stream = this.#streams.get(streamId);
    if (stream !== undefined) this.#onTrailers(stream, block, flags.isLast);
    else if (streamId > this.#lastId) this.#onRequest(streamId, block, flags);
    else this.#onStrayFrame(streamId, "HEADERS");
  }

  #onRequest(streamId: number, block: DecodedBlock, flags: HeaderFlags): void {
    if (streamId % 2 === 0) throw broken("a stream with an even number");
    if (streamId > this.#idMax) return;
    this.#lastId = streamId;
    const { head } = block;
    const refusal = this.#refusalOf(block, flags);
    if (refusal !== undefined || head === undefined) {
      this.#sender.rstStream(streamId, refusal ?? ERROR_CODE.protocolError);
      this.#options.onControlSent();
      this.#closedStreams.add(streamId, true);
      if (refusal !== ERROR_CODE.refusedStream) {
        this.#spendPatience(this.#patience.forReset(this.nowMs, this.nowMs));
      }
      return;
    }
    const stream = new Http2Stream({
      id: streamId,
      sender: this.#sender,
      openedAtMs: this.nowMs,
      received: this.#received,
      receiveWindow: STREAM_RECEIVE_WINDOW_BYTES,
    });
    stream.contentLeft = head.contentLength;
    stream.isRemoteClosed = flags.isLast;
    this.#streams.add(stream);
    stream.receiver = this.#handler.request(stream, head);
    if (flags.isLast && !stream.isLocalClosed) stream.receiver.ended();
  }

  #refusalOf(block: DecodedBlock, flags: HeaderFlags): ErrorCode | undefined {
    // Source: gRPC-Go, internal/transport/http2_server.go, operateHeaders.
    if (block.isTooLarge) return ERROR_CODE.frameSizeError;
    const { head } = block;
    if (head === undefined || flags.isSelfDependent) return ERROR_CODE.protocolError;
    if (flags.isLast && head.contentLength > 0) return ERROR_CODE.protocolError;
    if (
      this.#streams.size >= this.#options.streamsMax ||
      this.#sender.heldBytes > CONNECTION_HELD_BYTES_MAX
    ) {
      return ERROR_CODE.refusedStream;
    }
    return undefined;
  }

  #onTrailers(stream: Http2Stream, block: DecodedBlock, isLast: boolean): void {
    if (stream.isRemoteClosed) {
      this.#refuse(stream, ERROR_CODE.streamClosed);
    } else if (!isLast || block.isTooLarge || !block.areTrailers || stream.contentLeft > 0) {
      this.#refuse(stream, ERROR_CODE.protocolError);
    } else {
      stream.isRemoteClosed = true;
      if (stream.isLocalClosed) this.#remove(stream, false);
      else stream.receiver.ended();
    }
  }

  /** DATA or HEADERS on a stream that is not open. */
  #onStrayFrame(streamId: number, name: "DATA" | "HEADERS"): void {
    if (streamId > this.#idMax) return;
    if (streamId === 0 || streamId > this.#lastId) throw broken(`${name} on an idle stream`);
    const closed = this.#closedStreams.find(streamId);
    if (closed === "reset") return;
    if (name === "DATA" || closed === "ended") {
      throw new ConnectionError(ERROR_CODE.streamClosed, `Cannot take ${name}: stream is closed`);
    }
    throw broken("a stream with a lower number");
  }

  windowUpdate(streamId: number, bytes: number): void {
    if (streamId === 0) {
      if (bytes === 0) throw broken("WINDOW_UPDATE by 0");
      if (!this.#sender.widen(bytes)) {
        throw new ConnectionError(
          ERROR_CODE.flowControlError,
          "Cannot widen the window: too large",
        );
      }
      return;
    }
    const stream = this.#streams.get(streamId);
    if (stream === undefined) this.#checkNotIdle(streamId, "WINDOW_UPDATE");
    else if (bytes === 0) this.#refuse(stream, ERROR_CODE.protocolError);
    else if (!this.#sender.widenStream(stream, bytes)) {
      this.#refuse(stream, ERROR_CODE.flowControlError);
    }
  }

  clientReset(streamId: number): void {
    const stream = this.#streams.get(streamId);
    if (stream === undefined) {
      this.#checkNotIdle(streamId, "RST_STREAM");
      return;
    }
    const wasOpen = !stream.isLocalClosed;
    this.#remove(stream, false);
    if (wasOpen) stream.receiver.canceled();
    this.#spendPatience(this.#patience.forReset(stream.openedAtMs, this.nowMs));
  }

  /** What came on any stream is given back at once: how much is kept is for each stream to say. */
  #takeConnectionWindow(bytes: number): void {
    this.#receiveWindow -= bytes;
    if (this.#receiveWindow < 0) {
      throw new ConnectionError(ERROR_CODE.flowControlError, "Cannot take DATA: window exceeded");
    }
    const used = CONNECTION_RECEIVE_WINDOW_BYTES - this.#receiveWindow;
    if (used < CONNECTION_RECEIVE_WINDOW_BYTES / 2) return;
    this.#receiveWindow += used;
    this.#sender.windowUpdate(0, used);
  }

  #checkNotIdle(streamId: number, name: string): void {
    if (streamId === 0) throw broken(`${name} on stream 0`);
    if (streamId > this.#lastId && streamId <= this.#idMax) {
      throw broken(`${name} on an idle stream`);
    }
  }

  /** The client did something wrong with this stream. */
  #refuse(stream: Http2Stream, code: ErrorCode): void {
    this.#sender.rstStream(stream.id, code);
    this.#options.onControlSent();
    const wasOpen = !stream.isLocalClosed;
    this.#remove(stream, true);
    if (wasOpen) stream.receiver.canceled();
    this.#spendPatience(this.#patience.forReset(stream.openedAtMs, this.nowMs));
  }

  /** The same of a stream that may not be open: one that is not yet cannot be reset. */
  refuseId(streamId: number, code: ErrorCode): void {
    const stream = this.#streams.get(streamId);
    if (stream !== undefined) this.#refuse(stream, code);
    else if (streamId > this.#lastId) throw new ConnectionError(code, "Cannot take PRIORITY");
  }

  #spendPatience(isLeft: boolean): void {
    if (isLeft) return;
    throw new ConnectionError(ERROR_CODE.enhanceYourCalm, "too many frames of no use");
  }
  #remove(stream: Http2Stream, isResetByUs: boolean): void {
    if (!this.#streams.delete(stream.id)) return;
    stream.isLocalClosed = true;
    stream.isRemoteClosed = true;
    this.#closedStreams.add(stream.id, isResetByUs);
    if (stream.queueBytes > 0) this.#sender.forget(stream);
    this.#checkDone();
  }

  #checkDone(): void {
    if (this.#idMax !== Infinity && this.#streams.size === 0) this.#options.onDone();
  }
}
