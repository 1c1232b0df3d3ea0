/**
 * Large answers in parts: what is too much to be copied in one go is gathered in chunks, and joined
 * a few megabytes at a time.
 */
import { allocateAnswer, checkAnswerSize } from "./answer-memory.ts";
import { contentLengthAt, endOfFrame, frameLength, writeFrameHead } from "./frame.ts";
import type { KeyValueFrames } from "./key-value-frames.ts";
import {
  RESPONSE_OP,
  TXN_RESPONSES_TAG,
  encodeRangeResponse,
  encodeTxnResponse,
} from "./responses.ts";

/** Bytes of a message, to be joined. */
export interface Parts {
  readonly chunks: readonly Uint8Array[];
  readonly bytes: number;
}

const EMPTY = Buffer.alloc(0);

/** Bytes of one chunk, unless more comes at once. */
const CHUNK_BYTES = 256 * 1024;
/** Bytes copied at a stretch: about a millisecond, with memory that is new. */
const JOIN_BYTES = 2 * 1024 * 1024;

/** Gathers the KeyValues of a RangeResponse. Copies them: they may be lent. */
export class RangeParts {
  readonly #full: Buffer[] = [];
  #chunk: Buffer = Buffer.allocUnsafeSlow(0);
  #used = 0;
  #bytes = 0;
  #count = 0;
  #lastStart = 0;

  /** How many were added. */
  get count(): number {
    return this.#count;
  }

  /** The KeyValue that was added last. */
  get last(): Uint8Array {
    const chunk = this.#chunk;
    let at = this.#lastStart;
    for (let end = endOfFrame(chunk, at); end < this.#used; end = endOfFrame(chunk, at)) at = end;
    return chunk.subarray(this.#used - contentLengthAt(chunk, at), this.#used);
  }

  /** Takes copies. Throws EtcdError for more than an answer may hold. */
  add(kvs: KeyValueFrames): void {
    const { count, bytes } = kvs;
    if (count === 0) return;
    // Before all of it is gathered.
    checkAnswerSize(this.#bytes + bytes);
    if (this.#used + bytes > this.#chunk.length) this.#nextChunk(bytes);
    this.#lastStart = this.#used;
    this.#used = kvs.write(this.#chunk, this.#used);
    this.#bytes += bytes;
    this.#count += count;
  }

  /** The RangeResponse. Nothing may be added afterwards. */
  finish(header: Uint8Array, result: { readonly more: boolean; readonly count: number }): Parts {
    const tail = encodeRangeResponse(EMPTY, result);
    const chunks = [header, ...this.#full, this.#chunk.subarray(0, this.#used), tail];
    return { chunks, bytes: header.length + this.#bytes + tail.length };
  }

  #nextChunk(length: number): void {
    this.#full.push(this.#chunk.subarray(0, this.#used));
    this.#chunk = Buffer.allocUnsafeSlow(Math.max(CHUNK_BYTES, length));
    this.#used = 0;
  }
}

/** A TxnResponse whose operations were all ranges, made of their RangeResponses. */
export function txnParts(header: Uint8Array, succeeded: boolean, ranges: readonly Parts[]): Parts {
  const head = encodeTxnResponse(header, succeeded, []);
  const responses = ranges.map((range) =>
    framed(TXN_RESPONSES_TAG, framed(RESPONSE_OP.range, range)),
  );
  return {
    chunks: [head, ...responses.flatMap(({ chunks }) => chunks)],
    bytes: responses.reduce((bytes, response) => bytes + response.bytes, head.length),
  };
}

/** A message as a field of another. */
function framed(tag: number, message: Parts): Parts {
  const bytes = frameLength(message.bytes);
  const head = Buffer.allocUnsafe(bytes - message.bytes);
  writeFrameHead(head, 0, tag, message.bytes);
  return { chunks: [head, ...message.chunks], bytes };
}

/** The bytes in one piece; `pause` is awaited about once a millisecond. */
export async function joined(parts: Parts, pause: () => Promise<void>): Promise<Buffer> {
  const whole = allocateAnswer(parts.bytes);
  let position = 0;
  let pausedAt = 0;
  for (const chunk of parts.chunks) {
    whole.set(chunk, position);
    position += chunk.length;
    if (position - pausedAt < JOIN_BYTES) continue;
    pausedAt = position;
    await pause();
  }
  return whole;
}
