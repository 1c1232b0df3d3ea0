/** One request and its answer. */
import type { ErrorCode } from "./frames.ts";
import type { HeaderSource, Sender } from "./sender.ts";

/** Takes a request's body, and hears what becomes of its stream. */
export interface StreamReceiver {
  /**
   * A part of the body; it may be kept, it is never overwritten. `false` says that it is held and
   * that no more should come until {@link Http2Stream.consumed}.
   */
  data(source: Buffer, start: number, end: number): boolean;
  /** The body has ended. */
  ended(): void;
  /** The far end is gone, or has given up; nothing will be read any more. */
  canceled(): void;
  /** There is room again, after {@link Http2Stream.sendData} had answered `false`. */
  drained(): void;
}

/** What all streams of a connection hold of what they received, bytes. */
export interface ReceivedBytes {
  count: number;
}

/**
 * A stream; the fields are for the connection and its {@link Sender}, the methods for whoever
 * answers. All methods may be called after the stream has closed, and then do nothing.
 */
export class Http2Stream {
  readonly id: number;
  readonly sender: Sender;
  readonly openedAtMs: number;
  readonly received: ReceivedBytes;
  receiver: StreamReceiver = NOBODY;

  isRemoteClosed = false;
  /** What the client may still send, bytes. */
  receiveWindow: number;
  /** What the receiver holds back from the window. */
  isHeld = false;
  /** What is missing of the body's declared length, bytes; -1 when none was declared. */
  contentLeft = -1;

  isLocalClosed = false;
  /** What may still be sent, bytes; negative when the client has made the window smaller. */
  sendWindow: number;
  /** Waits to be sent; the first piece from `queueOffset` on. */
  queue: Uint8Array[] = NO_QUEUE;
  queueOffset = 0;
  queueBytes = 0;
  /** What the queue counts, beside its bytes. */
  queueCost = 0;
  /** In the sender's line. */
  isInLine = false;
  /** The writer was told to wait. */
  isBlocked = false;
  /** What ends the stream when the queue is empty. */
  ending: HeaderSource | undefined = undefined;

  constructor(options: {
    readonly id: number;
    readonly sender: Sender;
    readonly openedAtMs: number;
    readonly received: ReceivedBytes;
    readonly receiveWindow: number;
  }) {
    this.id = options.id;
    this.sender = options.sender;
    this.openedAtMs = options.openedAtMs;
    this.received = options.received;
    this.receiveWindow = options.receiveWindow;
    this.sendWindow = options.sender.initialWindow;
  }

  get isClosed(): boolean {
    return this.isLocalClosed && this.isRemoteClosed;
  }

  sendHead(head: HeaderSource): void {
    if (!this.isLocalClosed) this.sender.head(this, head, false);
  }

  /** `false` when the far end does not read: it was taken, but no more should come for now. */
  sendData(prefix: Uint8Array, payload: Uint8Array): boolean {
    if (this.isLocalClosed) return true;
    return this.sender.data(this, prefix, payload);
  }

  /**
   * A message in parts, of which only `blocks` may be kept. `false` as soon as it has to wait: it was
   * taken, but no more should come for now.
   */
  sendParts(prefix: Uint8Array, head: Uint8Array, blocks: readonly Uint8Array[]): boolean {
    if (this.isLocalClosed) return true;
    return this.sender.parts(this, prefix, head, blocks);
  }

  /** Ends the answer, after what was sent before, with trailers or without. */
  sendEnd(trailers: HeaderSource): void {
    if (!this.isLocalClosed) this.sender.end(this, trailers);
  }

  /** A whole answer. `prefix` is copied, `payload` may be kept. */
  sendWhole(
    head: HeaderSource,
    prefix: Uint8Array,
    payload: Uint8Array,
    trailers: HeaderSource,
  ): void {
    if (!this.isLocalClosed) this.sender.whole(this, head, prefix, payload, trailers);
  }

  /** An answer that is nothing but a header. */
  sendHeadOnly(head: HeaderSource): void {
    if (!this.isLocalClosed) this.sender.head(this, head, true);
  }

  /** What was held has been passed on: the client may send more. */
  consumed(): void {
    if (!this.isHeld) return;
    this.isHeld = false;
    this.sender.openWindow(this);
  }

  reset(code: ErrorCode): void {
    this.sender.reset(this, code);
  }
}

/** Of streams that have never had to wait; nothing is ever put in. */
export const NO_QUEUE: Uint8Array[] = [];

const NOBODY: StreamReceiver = {
  data: () => true,
  ended: () => undefined,
  canceled: () => undefined,
  drained: () => undefined,
};
