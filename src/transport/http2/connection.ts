/**
 * The server's end of one HTTP/2 connection, over any duplex stream. Source: RFC 9113.
 *
 * This file is the connection's life and the way of a frame; the streams are in a
 * {@link StreamTable}, and what is sent goes through a {@link Sender}. Everything that one chunk of
 * the socket asks for and that can be answered at once leaves with one write, at the end of that
 * chunk.
 *
 * What a client does wrong is told in one of two ways: to its stream with RST_STREAM, or by a
 * {@link ConnectionError} thrown from wherever it was seen, which ends the connection.
 */
import type { Duplex } from "node:stream";
import type { Clock } from "../../wire/index.ts";
import { ControlFrames } from "./control-frames.ts";
import { FrameReader } from "./frame-reader.ts";
import type { FrameSink } from "./frame-reader.ts";
import {
  ConnectionError,
  ERROR_CODE,
  FLAG,
  FRAME,
  PREFACE,
  badLength,
  broken,
  readUint31,
} from "./frames.ts";
import type { ErrorCode } from "./frames.ts";
import { HeaderBlocks } from "./header-blocks.ts";
import { HpackEncoder } from "./hpack-encoder.ts";
import { Keepalive } from "./keepalive.ts";
import {
  HEADER_TABLE_BYTES_MAX,
  LAST_WORDS_MS,
  SOCKET_QUEUE_BYTES_MAX,
  STREAMS_MAX,
  UNREAD_BYTES_MAX,
} from "./limits.ts";
import { Output } from "./output.ts";
import { Patience } from "./patience.ts";
import { Sender } from "./sender.ts";
import type { SenderOwner } from "./sender.ts";
import { serverPreface } from "./settings.ts";
import { StreamTable } from "./stream-table.ts";
import type { RequestHandler } from "./stream-table.ts";
import type { Http2Stream } from "./stream.ts";

export interface Http2ConnectionOptions {
  readonly socket: Duplex;
  readonly clock: Clock;
  /** Makes who answers; the encoder is for the blocks of its answers. */
  readonly handler: (encoder: HpackEncoder) => RequestHandler;
  /** Streams open at a time; a client is told. Default {@link STREAMS_MAX}, and not told. */
  readonly streamsMax?: number | undefined;
  /** Whether silent clients are pinged, and those sent away that ping too often. Default true. */
  readonly hasKeepalive?: boolean | undefined;
  /** See {@link Keepalive}. */
  readonly keepaliveIntervalMs?: number | undefined;
  readonly keepaliveTimeoutMs?: number | undefined;
  /** Milliseconds that a client has to leave between two pings. */
  readonly pingIntervalMsMin?: number | undefined;
  /** Hears of a bug of ours, which costs the client its connection. */
  readonly onBug: (error: unknown) => void;
}

export class Http2Connection implements FrameSink, SenderOwner {
  readonly #socket: Duplex;
  readonly #clock: Clock;
  readonly #onBug: (error: unknown) => void;
  readonly #reader: FrameReader = new FrameReader(this);
  readonly #blocks = new HeaderBlocks();
  readonly #output: Output;
  readonly #sender: Sender;
  readonly #streams: StreamTable;
  readonly #control: ControlFrames;
  readonly #patience: Patience;
  readonly #hasKeepalive: boolean;
  readonly #keepalive: Keepalive;
  #prefaceBytes = 0;
  #isPaused = false;
  /** Nothing that the client sends is listened to any more. */
  #isDead = false;
  #isGone = false;

  /** The socket's errors are the caller's. Nothing is sent or taken before {@link begin}. */
  constructor(options: Http2ConnectionOptions) {
    const { socket, clock, hasKeepalive = true } = options;
    this.#socket = socket;
    this.#clock = clock;
    this.#onBug = options.onBug;
    this.#output = new Output(socket, () => this.#sender.pump());
    this.#sender = new Sender(this.#output, this);
    this.#patience = new Patience(clock.nowMs(), options.pingIntervalMsMin);
    const encoder = new HpackEncoder(HEADER_TABLE_BYTES_MAX);
    this.#streams = new StreamTable({
      sender: this.#sender,
      handler: options.handler(encoder),
      patience: this.#patience,
      streamsMax: options.streamsMax ?? STREAMS_MAX,
      // Nanoseconds.
      seed: clock.nowMs() * 1e6,
      onControlSent: () => this.#control.sentControl(),
      onDone: () => this.#sayGoodbye(),
    });
    this.#control = new ControlFrames({
      output: this.#output,
      sender: this.#sender,
      encoder,
      streams: this.#streams.open,
    });
    this.#hasKeepalive = hasKeepalive;
    this.#keepalive = new Keepalive({
      clock,
      intervalMs: hasKeepalive ? options.keepaliveIntervalMs : Infinity,
      timeoutMs: options.keepaliveTimeoutMs,
      hasBegun: () => this.#control.hasSettings,
      ping: () => this.#control.ping(),
      onDead: () => socket.destroy(),
    });
    // Leaves with the answers to the head.
    this.#output.hold();
    this.#output.append(serverPreface(options.streamsMax));
  }

  /** Takes the socket, of which `head` has been read. What that asks for is answered at once. */
  begin(head: Buffer): void {
    const socket = this.#socket;
    socket.on("data", this.#onData);
    socket.on("drain", this.#onDrain);
    socket.on("end", this.#onGone);
    socket.on("close", this.#onGone);
    this.#onData(head);
    if (!this.#isPaused) socket.resume();
  }

  /** Asks the client to open no more streams, and ends with the last one. */
  shutDown(): void {
    if (this.#isDead) return;
    this.#control.announceGoAway(this.#clock, () => {
      if (this.#isDead) return;
      this.#control.goAway(this.#streams.lastId, ERROR_CODE.noError, "");
      this.#streams.close();
    });
  }

  frame(
    type: number,
    flags: number,
    streamId: number,
    source: Buffer,
    start: number,
    end: number,
  ): void {
    if (this.#blocks.streamId !== 0 || !this.#control.hasSettings) {
      this.#checkOrder(type, streamId);
    }
    switch (type) {
      case FRAME.data:
        this.#streams.data(flags, streamId, source, start, end);
        return;
      case FRAME.headers: {
        if (streamId === 0) throw broken("HEADERS on stream 0");
        const block = this.#blocks.begin(flags, streamId, source, start, end);
        if (block !== undefined) this.#streams.block(streamId, block, this.#blocks);
        return;
      }
      case FRAME.windowUpdate:
        if (end - start !== 4) throw badLength("WINDOW_UPDATE");
        this.#streams.windowUpdate(streamId, readUint31(source, start));
        return;
      case FRAME.rstStream:
        if (end - start !== 4) throw badLength("RST_STREAM");
        this.#streams.clientReset(streamId);
        return;
      case FRAME.continuation: {
        if (this.#blocks.streamId === 0) throw broken("CONTINUATION without HEADERS");
        const block = this.#blocks.goOn(flags, source, start, end);
        if (block !== undefined) this.#streams.block(streamId, block, this.#blocks);
        return;
      }
      case FRAME.ping:
        this.#onPing(flags, streamId, source.subarray(start, end));
        return;
      default:
        this.#onOtherFrame(type, flags, streamId, source, start, end);
    }
  }

  localEnded(stream: Http2Stream): void {
    this.#streams.localEnded(stream);
  }

  resetRequested(stream: Http2Stream, code: ErrorCode): void {
    this.#streams.reset(stream, code);
  }

  readonly #onData = (chunk: Buffer): void => {
    if (this.#isDead) return;
    const nowMs = this.#clock.nowMs();
    this.#keepalive.heard(nowMs);
    this.#streams.nowMs = nowMs;
    this.#output.hold();
    try {
      const isBegun = this.#prefaceBytes === PREFACE.length;
      this.#reader.read(isBegun ? chunk : this.#takePreface(chunk));
      this.#streams.resetOverdue();
    } catch (error) {
      this.#fail(error);
    }
    this.#output.release();
    this.#checkOutput();
  };

  /** A client that does not read is not read from. */
  #checkOutput(): void {
    const { waitingBytes } = this.#output;
    if (waitingBytes < SOCKET_QUEUE_BYTES_MAX || this.#isPaused) return;
    if (waitingBytes + this.#sender.heldBytes < UNREAD_BYTES_MAX) return;
    this.#isPaused = true;
    this.#socket.pause();
  }

  readonly #onDrain = (): void => {
    this.#control.drained();
    this.#sender.pump();
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#socket.resume();
  };

  #takePreface(chunk: Buffer): Buffer {
    const count = Math.min(chunk.length, PREFACE.length - this.#prefaceBytes);
    const expected = PREFACE.subarray(this.#prefaceBytes, this.#prefaceBytes + count);
    if (!expected.equals(chunk.subarray(0, count))) throw broken("another preface");
    this.#prefaceBytes += count;
    return chunk.subarray(count);
  }

  #checkOrder(type: number, streamId: number): void {
    if (this.#blocks.streamId !== 0) {
      if (type !== FRAME.continuation || streamId !== this.#blocks.streamId) {
        throw broken("a frame within a header block");
      }
    } else if (type !== FRAME.settings) {
      throw broken("a first frame that is not SETTINGS");
    }
  }

  #onPing(flags: number, streamId: number, payload: Buffer): void {
    if (streamId !== 0) throw broken("PING on a stream");
    if (payload.length !== 8) throw badLength("PING");
    if ((flags & FLAG.ack) !== 0) {
      this.#control.onPingAnswer(payload);
      return;
    }
    this.#control.answerPing(payload);
    if (!this.#hasKeepalive) return;
    const state = { hasStreams: this.#streams.open.size > 0, hasSent: this.#sender.hasSent };
    this.#sender.hasSent = false;
    if (!this.#patience.forPing(this.#streams.nowMs, state)) {
      throw new ConnectionError(ERROR_CODE.enhanceYourCalm, "too_many_pings");
    }
  }

  #onOtherFrame(
    type: number,
    flags: number,
    streamId: number,
    source: Buffer,
    start: number,
    end: number,
  ): void {
    if (!this.#patience.forEmptyFrame()) {
      throw new ConnectionError(ERROR_CODE.enhanceYourCalm, "too_many_empty_frames");
    }
    switch (type) {
      case FRAME.settings:
        if (!this.#patience.forSettings(this.#streams.nowMs)) {
          throw new ConnectionError(ERROR_CODE.enhanceYourCalm, "too_many_settings");
        }
        this.#control.onSettings(flags, streamId, source, start, end);
        return;
      case FRAME.priority:
        this.#onPriority(streamId, source, start, end);
        return;
      case FRAME.goAway:
        if (streamId !== 0) throw broken("GOAWAY on a stream");
        if (end - start < 8) throw badLength("GOAWAY");
        return;
      case FRAME.pushPromise:
        throw broken("PUSH_PROMISE");
      default:
        // Unknown frames are to be ignored.
        return;
    }
  }

  /** Not followed, but it has to be well-formed. */
  #onPriority(streamId: number, source: Buffer, start: number, end: number): void {
    if (streamId === 0) throw broken("PRIORITY on stream 0");
    if (end - start !== 5) this.#streams.refuseId(streamId, ERROR_CODE.frameSizeError);
    else if (readUint31(source, start) === streamId) {
      this.#streams.refuseId(streamId, ERROR_CODE.protocolError);
    }
  }

  #fail(error: unknown): void {
    if (error instanceof ConnectionError) {
      this.#control.goAway(this.#streams.lastId, error.code, error.message);
    } else {
      this.#onBug(error);
      this.#control.goAway(this.#streams.lastId, ERROR_CODE.internalError, "");
    }
    this.#sayGoodbye();
  }

  /** Sends what waits, and closes. What still comes is read and dropped, or it would be lost. */
  #sayGoodbye(): void {
    if (this.#isDead) return;
    this.#stop();
    this.#output.flush();
    const stop = this.#clock.after(LAST_WORDS_MS, () => void this.#socket.destroy());
    this.#socket.once("close", stop);
    if (this.#isPaused) this.#socket.resume();
    this.#socket.end();
  }

  /** The client has closed its side, or the socket is closed. */
  readonly #onGone = (): void => {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#stop();
    this.#output.close();
    this.#socket.destroy();
  };

  #stop(): void {
    this.#isDead = true;
    this.#keepalive.close();
    this.#control.close();
    this.#streams.cancelAll();
  }
}
