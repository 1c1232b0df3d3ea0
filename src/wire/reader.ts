/**
 * Reads protobuf. What a server must take and refuse was learnt from etcd itself, which uses
 * google.golang.org/protobuf: a known field with a wrong wire type counts as an unknown one and is
 * skipped, varints longer than needed are fine, and of a varint too large for its field only the
 * low bits count.
 *
 * The reader stands in one message at a time: `enter()` narrows it to a message inside, `leave()`
 * widens it again, and nothing can be read past the end of the message it stands in. Bytes are
 * handed out as parts of the input, never as copies.
 */
import { isUtf8 } from "node:buffer";
import { EtcdError, STATUS } from "./errors.ts";

/**
 * Messages within messages, the outermost counted. Go's protobuf stops at 10 000; each level costs
 * a few frames of our stack here and in whoever walks the message afterwards, and a transaction may
 * not nest deeper than its 128 operations anyway.
 */
export const MESSAGE_DEPTH_MAX = 2_000;

/** Unknown groups within groups. Source: google.golang.org/protobuf protowire, seen on 3.7.3. */
const GROUP_DEPTH_MAX = 10_001;

/** The value of a bytes field that was not sent. */
export const EMPTY_BYTES: Uint8Array = Buffer.alloc(0);

const WIRE_VARINT = 0;
const WIRE_FIXED64 = 1;
const WIRE_BYTES = 2;
const WIRE_GROUP_START = 3;
const WIRE_GROUP_END = 4;
const WIRE_FIXED32 = 5;

/** Texts of google.golang.org/protobuf; what precedes them depends on the kind of call. */
const MALFORMED = "proto: cannot parse invalid wire-format data";
const INVALID_UTF8 = "string field contains invalid UTF-8";
const TOO_DEEP = "proto: exceeded maximum recursion depth";

/** Source: google.golang.org/grpc server.go, processUnaryRPC. */
const IN_REQUEST = "grpc: error unmarshalling request: ";
/** Source: google.golang.org/grpc rpc_util.go, recv. Used for calls with a stream on either side. */
const IN_STREAM = "grpc: failed to unmarshal the received message: ";

const TWO_TO_32 = 0x1_0000_0000;

/**
 * What a stream says about a message that could not be decoded: gRPC words it differently there
 * than for a unary call, which is how the decoders word it. Any other error comes back as it is.
 */
export function decodeErrorInStream(error: unknown): unknown {
  if (!(error instanceof EtcdError) || !error.message.startsWith(IN_REQUEST)) return error;
  const message = IN_STREAM + error.message.slice(IN_REQUEST.length);
  return new EtcdError(error.code, message, { cause: error });
}

/** The refusal of a message that is not protobuf. */
export function malformed(): EtcdError {
  return new EtcdError(STATUS.internal, IN_REQUEST + MALFORMED);
}

/** Walks through the bytes of one message. Every method throws {@link EtcdError} on bad input. */
export class Reader {
  /** Offset of the next byte to read. */
  position = 0;
  /** Offset at which the message ends that the reader stands in. */
  end: number;
  readonly #bytes: Buffer;
  #depth = 1;
  /** Upper half of the varint read last, as a signed 32-bit integer; its lower half is returned. */
  #high = 0;

  /** The bytes must not change while the reader, or anything that it handed out, is in use. */
  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.isBuffer(bytes)
      ? bytes
      : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.end = bytes.byteLength;
  }

  /** Field number and wire type of the next field: number * 8 + type. */
  tag(): number {
    const position = this.position;
    if (position < this.end) {
      const byte = this.#bytes[position] as number;
      if (byte >= 8 && byte < 0x80) {
        this.position = position + 1;
        return byte;
      }
    }
    const low = this.#varint();
    // Field numbers end at 2^29 - 1, so that a tag always fits into 32 bits.
    if (this.#high !== 0 || low >>> 3 === 0) throw malformed();
    return low >>> 0;
  }

  /** Length of what follows, which lies within the message. */
  length(): number {
    const length = this.#varint();
    if (this.#high !== 0 || length >>> 0 > this.end - this.position) throw malformed();
    return length;
  }

  /** int64 as a number: exact up to 2^53 either way, rounded beyond. */
  int64(): number {
    const low = this.#varint();
    return this.#high * TWO_TO_32 + (low >>> 0);
  }

  /** uint64 as a number: exact up to 2^53, rounded beyond. */
  uint64(): number {
    const low = this.#varint();
    return (this.#high >>> 0) * TWO_TO_32 + (low >>> 0);
  }

  bigInt64(): bigint {
    const low = this.#varint();
    if (this.#high === 0) return low === 0 ? 0n : BigInt(low >>> 0);
    return (BigInt(this.#high) << 32n) | BigInt(low >>> 0);
  }

  bigUint64(): bigint {
    const low = this.#varint();
    if (this.#high === 0) return low === 0 ? 0n : BigInt(low >>> 0);
    return (BigInt(this.#high >>> 0) << 32n) | BigInt(low >>> 0);
  }

  uint32(): number {
    return this.#varint() >>> 0;
  }

  /** Any 32-bit number, whether the enum has a name for it or not. */
  enum(): number {
    return this.#varint();
  }

  bool(): boolean {
    return this.#varint() !== 0 || this.#high !== 0;
  }

  /** The bytes themselves, which stay those of the input. */
  bytes(): Uint8Array {
    const length = this.length();
    if (length === 0) return EMPTY_BYTES;
    const start = this.position;
    this.position = start + length;
    return this.#bytes.subarray(start, start + length);
  }

  string(): string {
    const length = this.length();
    const start = this.position;
    this.position = start + length;
    if (length === 0) return "";
    if (!isUtf8(this.#bytes.subarray(start, start + length))) {
      throw new EtcdError(STATUS.internal, IN_REQUEST + INVALID_UTF8);
    }
    return this.#bytes.toString("utf8", start, start + length);
  }

  /**
   * Steps into the message that follows, and returns what {@link leave} needs afterwards. The depth
   * of messages is bounded by {@link MESSAGE_DEPTH_MAX}.
   */
  enter(): number {
    const outerEnd = this.end;
    const length = this.length();
    this.#depth += 1;
    if (this.#depth > MESSAGE_DEPTH_MAX) {
      throw new EtcdError(STATUS.internal, IN_REQUEST + TOO_DEEP);
    }
    this.end = this.position + length;
    return outerEnd;
  }

  /** Steps out of the message that {@link enter} stepped into. */
  leave(outerEnd: number): void {
    this.#depth -= 1;
    this.end = outerEnd;
  }

  /** Steps over a field that nobody knows. */
  skip(tag: number): void {
    if ((tag & 7) === WIRE_GROUP_START) this.#skipGroup(tag >>> 3);
    else this.#skipValue(tag);
  }

  #skipValue(tag: number): void {
    const wireType = tag & 7;
    if (wireType === WIRE_VARINT) this.#varint();
    else if (wireType === WIRE_FIXED64) this.#advance(8);
    else if (wireType === WIRE_BYTES) this.#advance(this.length());
    else if (wireType === WIRE_FIXED32) this.#advance(4);
    else throw malformed();
  }

  /** Without recursion, so that hostile depth costs no stack. */
  #skipGroup(number: number): void {
    const open = [number];
    while (open.length > 0) {
      const tag = this.tag();
      const wireType = tag & 7;
      if (wireType === WIRE_GROUP_START) {
        if (open.push(tag >>> 3) > GROUP_DEPTH_MAX) throw malformed();
      } else if (wireType === WIRE_GROUP_END) {
        if (open.pop() !== tag >>> 3) throw malformed();
      } else {
        this.#skipValue(tag);
      }
    }
  }

  #advance(length: number): void {
    if (length > this.end - this.position) throw malformed();
    this.position += length;
  }

  /** Reads a varint, returns its lower 32 bits, and leaves its upper ones in `#high`. */
  #varint(): number {
    const bytes = this.#bytes;
    const end = this.end;
    let position = this.position;
    this.#high = 0;
    let low = 0;
    // Four bytes hold 28 bits, the fifth lies across the halves, the rest belongs to the upper one.
    for (let shift = 0; shift < 28; shift += 7) {
      if (position >= end) throw malformed();
      const byte = bytes[position++] as number;
      low |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        this.position = position;
        return low;
      }
    }
    if (position >= end) throw malformed();
    let byte = bytes[position++] as number;
    low |= (byte & 0x7f) << 28;
    let high = (byte & 0x7f) >>> 4;
    for (let shift = 3; byte >= 0x80; shift += 7) {
      if (position >= end) throw malformed();
      byte = bytes[position++] as number;
      // The tenth byte has room for the 64th bit and nothing else.
      if (shift === 31 && byte > 1) throw malformed();
      high |= (byte & 0x7f) << shift;
    }
    this.position = position;
    this.#high = high | 0;
    return low;
  }
}
