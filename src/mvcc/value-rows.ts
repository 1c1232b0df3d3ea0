/**
 * Copies of many KeyValues, to be sorted by value. They stand in few chunks: a buffer for each and one
 * for its value would be two million objects for a million keys, and the collector looks at all.
 */
import { contentLengthAt, decodeKeyValueHead, endOfFrame } from "../wire/index.ts";
import type { KeyValueFrames } from "../wire/index.ts";

/** Bytes of a chunk, unless more comes at once. */
const CHUNK_BYTES = 256 * 1024;

/** Where a KeyValue's record and its value are; equal offsets where there is no value. */
export interface ValueRow {
  readonly chunk: Buffer;
  readonly start: number;
  readonly end: number;
  readonly valueStart: number;
  readonly valueEnd: number;
}

export class ValueRows {
  readonly rows: ValueRow[] = [];
  #chunk: Buffer = Buffer.allocUnsafeSlow(0);
  #used = 0;

  /** Takes copies. */
  add(kvs: KeyValueFrames): void {
    if (this.#used + kvs.bytes > this.#chunk.length) {
      this.#chunk = Buffer.allocUnsafeSlow(Math.max(CHUNK_BYTES, kvs.bytes));
      this.#used = 0;
    }
    const chunk = this.#chunk;
    let start = this.#used;
    this.#used = kvs.write(chunk, start);
    while (start < this.#used) {
      const end = endOfFrame(chunk, start);
      const kvStart = end - contentLengthAt(chunk, start);
      const head = decodeKeyValueHead(chunk.subarray(kvStart, end));
      const valueStart = kvStart + head.valueStart;
      this.rows.push({ chunk, start, end, valueStart, valueEnd: kvStart + head.valueEnd });
      start = end;
    }
  }
}

/** Below, at, or above zero as the value of `a` is below, equal to, or above that of `b`. */
export function compareValues(a: ValueRow, b: ValueRow): number {
  return a.chunk.compare(b.chunk, b.valueStart, b.valueEnd, a.valueStart, a.valueEnd);
}
