/**
 * The newest value of every key, in memory as far as a budget goes.
 *
 * The simple version is one buffer per value, and a queue that says which to drop. Each buffer then
 * costs more than a small value has bytes, and the collector looks at all of them. So values are
 * written one behind the other into slabs, and a key only notes a place: a slab's number and an
 * offset in it.
 *
 * - A slab's number is never used again. A place whose slab is gone is simply not in memory, so
 *   dropping a slab is one step, whatever is in it, and a place may be kept for as long as one likes.
 * - The memory of a slab _is_ used again. What {@link ValueLog.read} hands out is only lent: until
 *   the next await, as slabs are only dropped by {@link ValueLog.evict}, when a group is published.
 * - A record is live while its key says so, and marked when it no longer is. A slab of which nothing
 *   lives goes at once. When there is too much, the slab with the most garbage is cleaned, that is,
 *   what lives in it is written again at the end; where hardly anything is garbage, the oldest slab
 *   is dropped, and its values are read from the engine from then on. So a few keys that are written
 *   over and over take hardly any room, and do not push out the others.
 * - Nothing is dropped before its row is on disk and visible.
 */
import {
  contentLengthAt,
  endOfFrame,
  frameLength,
  keyOf,
  keyValueLength,
  writeFrame,
  writeRecord,
} from "../wire/index.ts";
import type { KeyValueFields, RecordFrames } from "../wire/index.ts";

/** Where a KeyValue is in a {@link ValueLog}. */
export interface Place {
  /** Number of its slab; {@link NOWHERE} for none. */
  slab: number;
  /** Of its record in the slab. */
  offset: number;
}

/** The slab of a place that is not in memory. */
export const NOWHERE = 0;

/**
 * A slab is a part of the budget, so that dropping one is a small loss, and at most this large, so
 * that cleaning one takes about a millisecond.
 */
const SLAB_BYTES_MAX = 256 * 1024;
const SLAB_BYTES_MIN = 64;
const SLABS_PER_BUDGET = 16;
/** A value larger than this part of a slab has one of its own: little of a slab stays empty. */
const LARGE_PARTS = 4;
/** Slabs that garbage may take beside what the live values do, before it is cleaned. */
const GARBAGE_SLABS = 16;
/** Slabs without contents that are kept for what comes. */
const SPARE_SLABS_MAX = 4;
/** Slabs cleaned per slab that was filled: each gives back at least a half. */
const CLEANINGS_PER_SLAB = 2;

/** What marks a record in its first byte. */
const MARK = { live: 0, dead: 1 } as const;
/** Lets tests see who uses what was only lent. */
const POISON = 0xff;

interface Slab {
  readonly number: number;
  readonly bytes: Buffer;
  used: number;
  liveBytes: number;
  /** The newest revision in it. */
  newestMain: number;
}

export interface ValueLogOptions {
  /** Bytes of all slabs, but for what is not on disk yet. */
  readonly bytesMax: number;
  /** Overwrites slabs that are dropped: for tests. */
  readonly poison?: boolean | undefined;
}

export class ValueLog {
  readonly #bytesMax: number;
  readonly #slabBytes: number;
  readonly #poison: boolean;
  /** The place that a key notes; undefined for a key that is gone. */
  readonly #placeOf: (key: string) => Place | undefined;
  /** By number, which is also the order in which they were begun. */
  readonly #slabs = new Map<number, Slab>();
  #newestNumber: number;
  readonly #spare: Buffer[] = [];
  /** The slab that is being filled. */
  #head: Slab | undefined = undefined;
  /** The slab read last: answers come in bunches. */
  #last: Slab | undefined = undefined;
  #lastNumber = NOWHERE;
  #bytes = 0;
  #liveBytes = 0;
  /** Cleanings that the next {@link evict} may do. */
  #cleaningsLeft = 1;
  /** Slabs in which nothing lives any more; some may be gone already. */
  #emptied: Slab[] = [];

  /** Slabs get numbers after `newestSlab`. */
  constructor(
    options: ValueLogOptions,
    placeOf: (key: string) => Place | undefined,
    newestSlab: number = NOWHERE,
  ) {
    this.#newestNumber = newestSlab;
    this.#bytesMax = options.bytesMax;
    this.#poison = options.poison ?? false;
    this.#placeOf = placeOf;
    const part = Math.floor(options.bytesMax / SLABS_PER_BUDGET);
    this.#slabBytes = Math.min(SLAB_BYTES_MAX, Math.max(SLAB_BYTES_MIN, part));
  }

  /** Bytes of all slabs, and of what lives in them. */
  get bytes(): { readonly total: number; readonly live: number } {
    return { total: this.#bytes, live: this.#liveBytes };
  }

  /** Number of the slab that was begun last. */
  get newestSlab(): number {
    return this.#newestNumber;
  }

  get slabCount(): number {
    return this.#slabs.size;
  }

  /** Writes a KeyValue, notes its place in `holder`, and answers with its bytes, which are lent. */
  write(holder: Place, fields: KeyValueFields, main: number): Buffer {
    const length = keyValueLength(fields);
    const bytes = frameLength(length);
    const slab = this.#slabFor(bytes);
    const start = writeRecord(slab.bytes, slab.used, length, fields);
    this.#note(holder, slab, { bytes, main });
    return slab.bytes.subarray(start, start + length);
  }

  /** As {@link write}, of a KeyValue that is encoded already. */
  writeEncoded(holder: Place, keyValue: Uint8Array, main: number): void {
    const bytes = frameLength(keyValue.length);
    const slab = this.#slabFor(bytes);
    writeFrame(slab.bytes, slab.used, MARK.live, keyValue);
    this.#note(holder, slab, { bytes, main });
  }

  /** The KeyValue at a place, lent until the next await; undefined when memory does not have it. */
  read(place: Readonly<Place>): Buffer | undefined {
    const slab = this.#slab(place.slab);
    if (slab === undefined) return undefined;
    const length = contentLengthAt(slab.bytes, place.offset);
    const start = place.offset + frameLength(length) - length;
    return slab.bytes.subarray(start, start + length);
  }

  /** Adds the KeyValue at a place to an answer, lent likewise; false when memory does not have it. */
  addTo(frames: RecordFrames, place: Readonly<Place>): boolean {
    const slab = this.#slab(place.slab);
    if (slab === undefined) return false;
    frames.add(slab.bytes, place.offset, endOfFrame(slab.bytes, place.offset));
    return true;
  }

  /** What is at that place is not the newest value of its key any more. It can still be read. */
  release(place: Readonly<Place>): void {
    const slab = this.#slab(place.slab);
    if (slab === undefined) return;
    slab.bytes[place.offset] = MARK.dead;
    const bytes = frameLength(contentLengthAt(slab.bytes, place.offset));
    slab.liveBytes -= bytes;
    this.#liveBytes -= bytes;
    if (slab.liveBytes === 0) this.#emptied.push(slab);
  }

  /**
   * Keeps to the budget, sparing what is newer than `visible`. Ends whatever {@link read} lent; takes
   * about as long as writing what was written since the last time.
   */
  evict(visible: number): void {
    if (this.#emptied.length > 0) this.#dropEmptied(visible);
    let cleaningsLeft = this.#cleaningsLeft;
    while (this.#bytes > this.#bytesAllowed()) {
      const { dirtiest, oldest } = this.#candidates(visible);
      const overBudget = this.#bytes > this.#bytesMax;
      if (dirtiest !== undefined && cleaningsLeft > 0 && isMostlyGarbage(dirtiest)) {
        this.#clean(dirtiest);
        cleaningsLeft--;
      } else if (overBudget && oldest !== undefined) {
        this.#drop(oldest);
      } else {
        break;
      }
    }
    // Not counting the slabs that cleaning filled.
    this.#cleaningsLeft = 1;
  }

  #bytesAllowed(): number {
    const roomy = 2 * this.#liveBytes + GARBAGE_SLABS * this.#slabBytes;
    return Math.min(this.#bytesMax, roomy);
  }

  #slab(number: number): Slab | undefined {
    if (number === this.#lastNumber) return this.#last;
    const slab = this.#slabs.get(number);
    if (slab === undefined) return undefined;
    this.#last = slab;
    this.#lastNumber = number;
    return slab;
  }

  #slabFor(bytes: number): Slab {
    const head = this.#head;
    if (head !== undefined && head.used + bytes <= head.bytes.length) return head;
    if (bytes > this.#slabBytes / LARGE_PARTS) return this.#begin(Buffer.allocUnsafeSlow(bytes));
    this.#cleaningsLeft += CLEANINGS_PER_SLAB;
    this.#head = this.#begin(this.#spare.pop() ?? Buffer.allocUnsafeSlow(this.#slabBytes));
    return this.#head;
  }

  #begin(bytes: Buffer): Slab {
    const number = ++this.#newestNumber;
    const slab: Slab = { number, bytes, used: 0, liveBytes: 0, newestMain: 0 };
    this.#slabs.set(number, slab);
    this.#bytes += bytes.length;
    return slab;
  }

  #note(holder: Place, slab: Slab, record: { bytes: number; main: number }): void {
    holder.slab = slab.number;
    holder.offset = slab.used;
    slab.used += record.bytes;
    slab.liveBytes += record.bytes;
    this.#liveBytes += record.bytes;
    if (record.main > slab.newestMain) slab.newestMain = record.main;
  }

  #dropEmptied(visible: number): void {
    const emptied = this.#emptied;
    this.#emptied = [];
    for (const slab of emptied) {
      if (slab.liveBytes > 0 || !this.#slabs.has(slab.number)) continue;
      if (slab === this.#head) continue;
      if (slab.newestMain > visible) this.#emptied.push(slab);
      else this.#drop(slab);
    }
  }

  /** Of the slabs that may go: the one with the most garbage for its size, and the oldest. */
  #candidates(visible: number): { dirtiest: Slab | undefined; oldest: Slab | undefined } {
    let dirtiest: Slab | undefined;
    let oldest: Slab | undefined;
    for (const slab of this.#slabs.values()) {
      if (slab === this.#head || slab.newestMain > visible) continue;
      oldest ??= slab;
      if (dirtiest === undefined || liveShare(slab) < liveShare(dirtiest)) dirtiest = slab;
    }
    const head = this.#head;
    if (oldest === undefined && head !== undefined && head.newestMain <= visible) oldest = head;
    return { dirtiest, oldest };
  }

  /** Writes what lives in a slab again, and drops the slab. */
  #clean(slab: Slab): void {
    const { bytes: records, used } = slab;
    let offset = 0;
    while (offset < used) {
      const length = contentLengthAt(records, offset);
      const end = offset + frameLength(length);
      if (records[offset] === MARK.live) {
        const start = end - length;
        // Live means that its key says so.
        const holder = this.#placeOf(keyOf(records, start))!;
        this.writeEncoded(holder, records.subarray(start, end), slab.newestMain);
      }
      offset = end;
    }
    this.#drop(slab);
  }

  #drop(slab: Slab): void {
    this.#slabs.delete(slab.number);
    if (slab === this.#head) this.#head = undefined;
    if (slab === this.#last) {
      this.#last = undefined;
      this.#lastNumber = NOWHERE;
    }
    this.#bytes -= slab.bytes.length;
    this.#liveBytes -= slab.liveBytes;
    slab.liveBytes = 0;
    if (this.#poison) slab.bytes.fill(POISON);
    const isReusable = slab.bytes.length === this.#slabBytes;
    if (isReusable && this.#spare.length < SPARE_SLABS_MAX) this.#spare.push(slab.bytes);
  }
}

function liveShare(slab: Slab): number {
  return slab.liveBytes / slab.bytes.length;
}

function isMostlyGarbage(slab: Slab): boolean {
  return liveShare(slab) <= 0.5;
}
