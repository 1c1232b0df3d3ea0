/** Messages as gRPC puts them into a request's body: five bytes before each, and maybe packed. */
import { gunzipSync, gzipSync } from "node:zlib";
import { EtcdError, STATUS } from "../wire/index.ts";
import { HELD_MESSAGE_COST_BYTES, RECEIVED_BYTES_MAX, readUint32 } from "./http2/index.ts";
import type { Http2Stream } from "./http2/index.ts";

/** Bytes before a message: whether it is packed, and its length. */
export const PREFIX_BYTES = 5;

/**
 * Memory that a message gets before more of it has come, bytes; a client may announce what it never
 * sends.
 */
const FIRST_BYTES_MAX = 64 * 1024;

/** Larger answers go out as they are: packing takes longer than a call may hold up all others. */
const GZIP_BYTES_MAX = 64 * 1024;

/** Takes messages. */
export interface MessageSink {
  /** `false` says that no more should come for now. */
  message(message: Buffer, isPacked: boolean): boolean;
}

/** Puts the messages of one stream together. What the client does wrong is thrown. */
export class MessageReader {
  readonly #stream: Http2Stream;
  readonly #messageBytesMax: number;
  readonly #sink: MessageSink;
  #prefix = Buffer.alloc(PREFIX_BYTES);
  #prefixBytes = 0;
  #message: Buffer | undefined;
  #messageBytes = 0;
  #filledBytes = 0;
  /** Memory of our own that it has, bytes. */
  #memoryBytes = 0;
  /** What came while the sink wanted nothing. */
  #held: Buffer[] = [];
  /** What this reader counts for on the connection, bytes. */
  #costBytes = 0;
  #isClosed = false;

  constructor(stream: Http2Stream, messageBytesMax: number, sink: MessageSink) {
    this.#stream = stream;
    this.#messageBytesMax = messageBytesMax;
    this.#sink = sink;
  }

  /**
   * A message was begun and is not all there. One whose five bytes are not all there has not begun, as
   * in gRPC-Go.
   */
  get isWithinMessage(): boolean {
    return this.#prefixBytes === PREFIX_BYTES || this.#held.length > 0;
  }

  /** `false` when the sink wants no more: the rest is held. Throws {@link EtcdError}. */
  read(source: Buffer, start: number, end: number): boolean {
    let position = start;
    while (position < end) {
      if (this.#prefixBytes < PREFIX_BYTES) {
        position = this.#readPrefix(source, position, end);
        if (this.#prefixBytes < PREFIX_BYTES) return true;
      } else {
        position = this.#fill(source, position, end);
      }
      if (this.#filledBytes < this.#messageBytes) continue;
      const isWanted = this.#deliver();
      if (this.#isClosed) return true;
      if (isWanted) continue;
      if (position < end) this.hold(source.subarray(position, end));
      return false;
    }
    return true;
  }

  /** Keeps what came while the sink wants nothing. Throws {@link EtcdError} at too much. */
  hold(bytes: Buffer): void {
    this.#count(bytes.length + HELD_MESSAGE_COST_BYTES);
    this.#held.push(bytes);
  }

  /** Counts a message that its taker keeps until the end. Throws {@link EtcdError} at too much. */
  keep(message: Uint8Array): void {
    this.#count(message.length + HELD_MESSAGE_COST_BYTES);
  }

  /** Goes on with what is held; `false` when the sink again wants no more. */
  resume(): boolean {
    const held = this.#held;
    this.#held = [];
    for (const [index, bytes] of held.entries()) {
      this.#count(-bytes.length - HELD_MESSAGE_COST_BYTES);
      const isWanted = this.read(bytes, 0, bytes.length);
      if (this.#isClosed) return true;
      if (isWanted) continue;
      // What is left of these bytes is held again; all others come after it.
      this.#held = [...this.#held, ...held.slice(index + 1)];
      return false;
    }
    return true;
  }

  /** Nothing more is wanted; said by the sink, it ends the reading under way. */
  close(): void {
    this.#isClosed = true;
    this.#count(-this.#costBytes);
    this.#held = [];
    this.#message = undefined;
  }

  #readPrefix(source: Buffer, position: number, end: number): number {
    const taken = source.copy(this.#prefix, this.#prefixBytes, position, end);
    this.#prefixBytes += taken;
    if (this.#prefixBytes === PREFIX_BYTES) {
      this.#messageBytes = checkedLength(this.#prefix, 0, this.#messageBytesMax);
      this.#filledBytes = 0;
    }
    return position + taken;
  }

  #fill(source: Buffer, position: number, end: number): number {
    const missing = this.#messageBytes - this.#filledBytes;
    if (this.#filledBytes === 0 && end - position >= missing) {
      // It lies whole where it came.
      this.#message = source.subarray(position, position + missing);
      this.#filledBytes = missing;
      return position + missing;
    }
    const taken = Math.min(missing, end - position);
    const message = this.#withRoom(taken);
    source.copy(message, this.#filledBytes, position, position + taken);
    this.#filledBytes += taken;
    return position + taken;
  }

  /** Memory for so many bytes more, at least doubled each time. */
  #withRoom(bytes: number): Buffer {
    const needed = this.#filledBytes + bytes;
    const before = this.#message;
    if (before !== undefined && before.length >= needed) return before;
    const size = Math.min(
      this.#messageBytes,
      Math.max(needed, (before?.length ?? 0) * 2, FIRST_BYTES_MAX),
    );
    const grownBytes = size - (before?.length ?? 0);
    this.#memoryBytes += grownBytes;
    this.#count(grownBytes);
    const message = Buffer.allocUnsafeSlow(size);
    before?.copy(message, 0, 0, this.#filledBytes);
    this.#message = message;
    return message;
  }

  #deliver(): boolean {
    const message = this.#message ?? Buffer.alloc(0);
    const isPacked = this.#prefix[0] === 1;
    this.#message = undefined;
    this.#prefixBytes = 0;
    this.#messageBytes = 0;
    this.#filledBytes = 0;
    this.#count(-this.#memoryBytes);
    this.#memoryBytes = 0;
    return this.#sink.message(message, isPacked);
  }

  #count(bytes: number): void {
    const { received } = this.#stream;
    received.count += bytes;
    this.#costBytes += bytes;
    if (bytes <= 0 || received.count <= RECEIVED_BYTES_MAX) return;
    const text = `grpc: received more than ${RECEIVED_BYTES_MAX} bytes in unfinished messages`;
    throw new EtcdError(STATUS.resourceExhausted, text);
  }
}

/** The length of a message. Throws when there may be none like it. */
export function checkedLength(source: Buffer, position: number, messageBytesMax: number): number {
  const length = readUint32(source, position + 1);
  if (length > messageBytesMax) throw tooLarge(length, messageBytesMax);
  const format = source[position] ?? 0;
  if (format <= 1) return length;
  throw new EtcdError(STATUS.internal, `grpc: received unexpected payload format ${format}`);
}

/** Source: grpc-go, rpc_util.go, recvMsg. */
function tooLarge(messageBytes: number, messageBytesMax: number): EtcdError {
  return new EtcdError(
    STATUS.resourceExhausted,
    `grpc: received message larger than max (${messageBytes} vs. ${messageBytesMax})`,
  );
}

/** Source: grpc-go, rpc_util.go, checkRecvPayload and decompress. */
export function unpacked(message: Buffer, encoding: string, messageBytesMax: number): Buffer {
  if (encoding !== "gzip") {
    const text = "grpc: compressed flag set with identity or empty encoding";
    throw new EtcdError(STATUS.internal, text);
  }
  try {
    return gunzipSync(message, { maxOutputLength: Math.max(1, messageBytesMax) });
  } catch (cause) {
    const failure = cause instanceof Error ? cause : new Error(String(cause));
    if ("code" in failure && failure.code === "ERR_BUFFER_TOO_LARGE") {
      const text = `grpc: received message after decompression larger than max ${messageBytesMax}`;
      throw new EtcdError(STATUS.resourceExhausted, text);
    }
    throw new EtcdError(STATUS.internal, `grpc: ${gunzipProblem(message, failure)}`, { cause });
  }
}

/** What Go says of it, so far as zlib tells. Source: Go, compress/gzip, readHeader and Read. */
function gunzipProblem(message: Buffer, failure: Error): string {
  const beginning = "failed to decompress the message";
  if (message.length === 0) return `${beginning}: EOF`;
  if (message.length < GZIP_HEAD_BYTES) return `${beginning}: unexpected EOF`;
  if (!message.subarray(0, GZIP_MAGIC.length).equals(GZIP_MAGIC)) {
    return `${beginning}: gzip: invalid header`;
  }
  const problem = GUNZIP_PROBLEMS.get(failure.message) ?? failure.message;
  return `failed to read decompressed data: ${problem}`;
}

/** Source: RFC 1952, 2.3. */
const GZIP_HEAD_BYTES = 10;
const GZIP_MAGIC = Buffer.from([0x1f, 0x8b, 8]);

/** From zlib's words to Go's. */
const GUNZIP_PROBLEMS: ReadonlyMap<string, string> = new Map([
  ["unexpected end of file", "unexpected EOF"],
  ["incorrect data check", "gzip: invalid checksum"],
  ["incorrect length check", "gzip: invalid checksum"],
  ["incorrect header check", "gzip: invalid header"],
]);

/** The same packed, where that is worth it. */
export function packed(message: Uint8Array): Uint8Array | undefined {
  return message.length > GZIP_BYTES_MAX ? undefined : gzipSync(message);
}

/** What goes before a message; valid until the next call. */
export function prefixOf(message: { readonly length: number }, isPacked: boolean): Uint8Array {
  const { length } = message;
  prefix[0] = isPacked ? 1 : 0;
  prefix[1] = length >>> 24;
  prefix[2] = length >>> 16;
  prefix[3] = length >>> 8;
  prefix[4] = length;
  return prefix;
}

const prefix = new Uint8Array(PREFIX_BYTES);
