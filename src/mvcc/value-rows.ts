/**
 * Copies of many KeyValues, to be sorted by value. They stand in few chunks: a buffer for each and one
 * for its value would be two million objects for a million keys, and the collector looks at all.
 */
import { decodeKeyValueHead } from "../wire/index.ts";

/** Bytes of a chunk, unless a KeyValue is larger. */
const CHUNK_BYTES = 256 * 1024;

/** Where a KeyValue and its value are; equal offsets where there is no value. */
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

  /** Takes a copy of an encoded KeyValue. */
  add(kv: Uint8Array): void {
    if (this.#used + kv.length > this.#chunk.length) {
      this.#chunk = Buffer.allocUnsafeSlow(Math.max(CHUNK_BYTES, kv.length));
      this.#used = 0;
    }
    const start = this.#used;
    this.#chunk.set(kv, start);
    this.#used += kv.length;
    const head = decodeKeyValueHead(kv);
    this.rows.push({
      chunk: this.#chunk,
      start,
      end: this.#used,
      valueStart: start + head.valueStart,
      valueEnd: start + head.valueEnd,
    });
  }
}

/** Below, at, or above zero as the value of `a` is below, equal to, or above that of `b`. */
export function compareValues(a: ValueRow, b: ValueRow): number {
  return a.chunk.compare(b.chunk, b.valueStart, b.valueEnd, a.valueStart, a.valueEnd);
}
