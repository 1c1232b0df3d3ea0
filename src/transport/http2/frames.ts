/** Frames as numbers. Source: RFC 9113, 6 and 7. */

export const FRAME = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

export const FLAG = {
  endStream: 0x1,
  ack: 0x1,
  endHeaders: 0x4,
  padded: 0x8,
  priority: 0x20,
} as const;

export const ERROR_CODE = {
  noError: 0x0,
  protocolError: 0x1,
  internalError: 0x2,
  flowControlError: 0x3,
  streamClosed: 0x5,
  frameSizeError: 0x6,
  refusedStream: 0x7,
  cancel: 0x8,
  compressionError: 0x9,
  enhanceYourCalm: 0xb,
} as const;

export type ErrorCode = (typeof ERROR_CODE)[keyof typeof ERROR_CODE];

/** Bytes of a frame before its payload. */
export const FRAME_HEAD_BYTES = 9;

/** The largest window, and the largest stream id. */
export const INT31_MAX = 2 ** 31 - 1;

/** What a client begins a connection with. Source: RFC 9113, 3.4. */
export const PREFACE: Buffer = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");

/** The far end broke the protocol in a way that ends the connection. */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError";
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** What is told of a frame's head beside its length. */
export interface FrameHead {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
}

/** Writes the nine bytes before a payload. */
export function writeFrameHead(
  target: Uint8Array,
  at: number,
  payloadBytes: number,
  type: number,
  flags: number,
  streamId: number,
): void {
  target[at] = payloadBytes >>> 16;
  target[at + 1] = payloadBytes >>> 8;
  target[at + 2] = payloadBytes;
  target[at + 3] = type;
  target[at + 4] = flags;
  writeUint32(target, at + 5, streamId);
}

export function writeUint32(target: Uint8Array, at: number, value: number): void {
  target[at] = value >>> 24;
  target[at + 1] = value >>> 16;
  target[at + 2] = value >>> 8;
  target[at + 3] = value;
}

export function readUint32(source: Uint8Array, at: number): number {
  return (
    ((source[at]! << 24) | (source[at + 1]! << 16) | (source[at + 2]! << 8) | source[at + 3]!) >>> 0
  );
}

/** The same without the reserved bit. */
export function readUint31(source: Uint8Array, at: number): number {
  return readUint32(source, at) & INT31_MAX;
}

/** A whole frame of few bytes; off the hot path. */
export function frameOf(head: FrameHead, payload: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(FRAME_HEAD_BYTES + payload.length);
  writeFrameHead(frame, 0, payload.length, head.type, head.flags, head.streamId);
  frame.set(payload, FRAME_HEAD_BYTES);
  return frame;
}

/** The client has sent what it must not. */
export function broken(what: string): ConnectionError {
  return new ConnectionError(ERROR_CODE.protocolError, `Cannot go on: the client sent ${what}`);
}

export function badLength(name: string): ConnectionError {
  return new ConnectionError(ERROR_CODE.frameSizeError, `Cannot take ${name}: bad length`);
}
