/**
 * The KeyValues of an answer, before they are bytes of it: where they are and how long, so that they
 * are copied once, into the answer itself.
 */
import { contentLengthAt, endOfFrame, frameLength, writeFrame, writeFrameHead } from "./frame.ts";
import { keyHeadLength, writeKeyHead } from "./key-value.ts";
import type { KeyHead } from "./key-value.ts";

/** RangeResponse.kvs. Source: etcd api/etcdserverpb/rpc.proto. */
const TAG_KVS = 0x12;

/** KeyValues as fields of a RangeResponse. What they are made of may only be lent. */
export interface KeyValueFrames {
  readonly count: number;
  /** What {@link write} takes. */
  readonly bytes: number;
  /** Writes all fields at `position`, and returns the position after them. */
  write(target: Buffer, position: number): number;
}

/** Keys as `keys_only` shows them. */
export class HeadFrames implements KeyValueFrames {
  readonly bytes: number;
  readonly #heads: readonly KeyHead[];

  constructor(heads: readonly KeyHead[]) {
    this.#heads = heads;
    let bytes = 0;
    for (const head of heads) bytes += frameLength(keyHeadLength(head));
    this.bytes = bytes;
  }

  get count(): number {
    return this.#heads.length;
  }

  write(target: Buffer, position: number): number {
    let end = position;
    for (const head of this.#heads) {
      end = writeFrameHead(target, end, TAG_KVS, keyHeadLength(head));
      end = writeKeyHead(target, end, head);
    }
    return end;
  }
}

/**
 * Records (see {@link writeRecord}), which need only their first byte to be such fields. Those that
 * lie behind each other, as those of keys do that were written in their order, are one copy.
 */
export class RecordFrames implements KeyValueFrames {
  count = 0;
  bytes = 0;
  /** The run that was added to last: many answers have no other. */
  #source: Buffer = NO_SOURCE;
  #start = 0;
  #end = 0;
  /** Those before it. */
  #runs: Run[] = NO_RUNS;

  /** The record from `start` to `end`; to stay as it is until it was written. */
  add(source: Buffer, start: number, end: number): void {
    this.bytes += end - start;
    this.count++;
    if (start === this.#end && source === this.#source) {
      this.#end = end;
      return;
    }
    if (this.count > 1) {
      if (this.#runs === NO_RUNS) this.#runs = [];
      this.#runs.push({ source: this.#source, start: this.#start, end: this.#end });
    }
    this.#source = source;
    this.#start = start;
    this.#end = end;
  }

  /** Takes a copy of a KeyValue. */
  addKeyValue(keyValue: Uint8Array): void {
    const record = Buffer.allocUnsafe(frameLength(keyValue.length));
    writeFrame(record, 0, TAG_KVS, keyValue);
    this.add(record, 0, record.length);
  }

  write(target: Buffer, position: number): number {
    let end = position;
    for (const { source, start, end: endOfRun } of this.#runs) {
      target.set(source.subarray(start, endOfRun), end);
      end += endOfRun - start;
    }
    target.set(this.#source.subarray(this.#start, this.#end), end);
    end += this.#end - this.#start;
    for (let at = position; at < end; at = endOfFrame(target, at)) target[at] = TAG_KVS;
    return end;
  }
}

interface Run {
  readonly source: Buffer;
  readonly start: number;
  readonly end: number;
}

const NO_SOURCE = Buffer.alloc(0);
/** Nothing is ever put in. */
const NO_RUNS: Run[] = [];

/** KeyValues that are encoded already. */
export function framesOf(keyValues: readonly Uint8Array[]): KeyValueFrames {
  const frames = new RecordFrames();
  for (const keyValue of keyValues) frames.addKeyValue(keyValue);
  return frames;
}

/** Copies of the KeyValues themselves, one by one. */
export function keyValuesOf(frames: KeyValueFrames): Buffer[] {
  const bytes = Buffer.allocUnsafe(frames.bytes);
  frames.write(bytes, 0);
  const keyValues: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = endOfFrame(bytes, at);
    keyValues.push(bytes.subarray(end - contentLengthAt(bytes, at), end));
    at = end;
  }
  return keyValues;
}
