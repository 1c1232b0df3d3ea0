/** The frames that speak of the whole connection: SETTINGS, PING, GOAWAY. */
import type { Clock } from "../../wire/index.ts";
import {
  ConnectionError,
  ERROR_CODE,
  FLAG,
  FRAME,
  INT31_MAX,
  broken,
  badLength,
  frameOf,
  writeUint32,
} from "./frames.ts";
import type { ErrorCode } from "./frames.ts";
import type { HpackEncoder } from "./hpack-encoder.ts";
import { CONTROL_FRAMES_MAX, GOAWAY_DELAY_MS, SOCKET_QUEUE_BYTES_MAX } from "./limits.ts";
import type { OpenStreams } from "./open-streams.ts";
import type { Output } from "./output.ts";
import type { Sender } from "./sender.ts";
import { readSettings } from "./settings.ts";
import type { Http2Stream } from "./stream.ts";

export interface ControlFramesOptions {
  readonly output: Output;
  readonly sender: Sender;
  readonly encoder: HpackEncoder;
  readonly streams: OpenStreams<Http2Stream>;
}

export class ControlFrames {
  readonly #output: Output;
  readonly #sender: Sender;
  readonly #encoder: HpackEncoder;
  readonly #streams: OpenStreams<Http2Stream>;
  /** Frames that we had to send while the socket was full. */
  #queuedFrames = 0;
  /** The first frame of a client is SETTINGS. */
  hasSettings = false;
  #onGoAwayAnswer: (() => void) | undefined;
  #stopGoAway: () => void = () => undefined;

  constructor(options: ControlFramesOptions) {
    this.#output = options.output;
    this.#sender = options.sender;
    this.#encoder = options.encoder;
    this.#streams = options.streams;
  }

  onSettings(flags: number, streamId: number, source: Buffer, start: number, end: number): void {
    if (streamId !== 0) throw broken("SETTINGS on a stream");
    if ((flags & FLAG.ack) !== 0) {
      if (end > start) throw badLength("SETTINGS");
      if (!this.hasSettings) throw broken("a first frame that is not SETTINGS");
      return;
    }
    const settings = readSettings(source, start, end);
    this.hasSettings = true;
    for (const bytes of settings.headerTableSizes ?? []) this.#encoder.allowTableBytes(bytes);
    if (settings.frameBytesMax !== undefined) this.#sender.frameBytesMax = settings.frameBytesMax;
    // Before the windows, which may send something.
    this.#output.append(SETTINGS_ANSWER);
    this.sentControl();
    if (settings.initialWindow !== undefined) this.#resizeWindows(settings.initialWindow);
  }

  answerPing(payload: Uint8Array): void {
    this.#send(FRAME.ping, FLAG.ack, payload);
  }

  onPingAnswer(payload: Buffer): void {
    if (!payload.equals(GOAWAY_PING)) return;
    this.#onGoAwayAnswer?.();
  }

  ping(): void {
    this.#send(FRAME.ping, 0, KEEPALIVE_PING);
  }

  /**
   * Says that there will be an end, and calls back when the client knows it or had time to: requests
   * that are under way until then are served. Source: gRPC-Go, http2_server.go,
   * outgoingGoAwayHandler.
   */
  announceGoAway(clock: Clock, onKnown: () => void): void {
    if (this.#onGoAwayAnswer !== undefined) return;
    this.goAway(INT31_MAX, ERROR_CODE.noError, "");
    this.#send(FRAME.ping, 0, GOAWAY_PING);
    let isKnown = false;
    const once = (): void => {
      if (isKnown) return;
      isKnown = true;
      this.#stopGoAway();
      onKnown();
    };
    this.#stopGoAway = clock.after(GOAWAY_DELAY_MS, once);
    this.#onGoAwayAnswer = once;
  }

  /** The connection is at its end: nothing is waited for any more. */
  close(): void {
    this.#stopGoAway();
  }

  goAway(lastStreamId: number, code: ErrorCode, text: string): void {
    const payload = Buffer.alloc(8 + Buffer.byteLength(text));
    writeUint32(payload, 0, lastStreamId);
    writeUint32(payload, 4, code);
    payload.write(text, 8);
    this.#send(FRAME.goAway, 0, payload);
  }

  /** An answer had to be sent to a frame that costs the client nothing. Throws at too many. */
  sentControl(): void {
    if (this.#output.waitingBytes < SOCKET_QUEUE_BYTES_MAX) return;
    if (++this.#queuedFrames <= CONTROL_FRAMES_MAX) return;
    throw new ConnectionError(ERROR_CODE.enhanceYourCalm, "too many answers that nobody reads");
  }

  /** The socket has taken all that waited. */
  drained(): void {
    this.#queuedFrames = 0;
  }

  #resizeWindows(initialWindow: number): void {
    const change = initialWindow - this.#sender.initialWindow;
    if (change === 0) return;
    this.#sender.initialWindow = initialWindow;
    for (const stream of this.#streams.values()) {
      if (this.#sender.widenStream(stream, change)) continue;
      throw new ConnectionError(ERROR_CODE.flowControlError, "Cannot widen a window: too large");
    }
  }

  #send(type: number, flags: number, payload: Uint8Array): void {
    this.#output.append(frameOf({ type, flags, streamId: 0 }, payload));
    if (flags !== 0) this.sentControl();
  }
}

const SETTINGS_ANSWER = frameOf(
  { type: FRAME.settings, flags: FLAG.ack, streamId: 0 },
  new Uint8Array(0),
);
const GOAWAY_PING = Buffer.from("go away!");
const KEEPALIVE_PING = Buffer.from("are you?");
