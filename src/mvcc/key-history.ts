/**
 * One key: its newest version, and where its older versions are.
 *
 * etcd keeps generations of revisions per key (mvcc/key_index.go) and derives version and creation
 * from them. Here each version carries its own: the newest in fields, because nearly every read
 * asks for it, and the older ones in one packed array of numbers. The values are in the value log:
 * a version only knows its place there.
 */
import { NOWHERE } from "./value-log.ts";
import type { Place } from "./value-log.ts";

/**
 * A key as it was at some revision, with the place of its KeyValue: the engine has it when the value
 * log does not. {@link KeyHistory} is itself the newest.
 */
export interface KeyVersion extends Readonly<Place> {
  /** The key's bytes as a latin1 string: compares and hashes in byte order. */
  readonly key: string;
  readonly modMain: number;
  readonly modSub: number;
  readonly createMain: number;
  /** 1 for the version that created the key; 0 for a tombstone. */
  readonly version: number;
}

/** Numbers per older version: main, sub, version, create, slab, offset, row bytes. */
const STRIDE = 7;
const NONE: number[] = [];

export class KeyHistory implements KeyVersion, Place {
  readonly key: string;
  modMain = 0;
  modSub = 0;
  createMain = 0;
  version = 0;
  slab: number = NOWHERE;
  offset = 0;
  /** What the newest version's row takes, for who counts what a compaction gives back. */
  rowBytes = 0;
  /** Ascending; {@link STRIDE} numbers each. The shared empty array until it is needed. */
  #older: number[] = NONE;

  constructor(key: string) {
    this.key = key;
  }

  /** One with the same versions that changes independently of this one. */
  clone(): KeyHistory {
    const clone = new KeyHistory(this.key);
    clone.modMain = this.modMain;
    clone.modSub = this.modSub;
    clone.createMain = this.createMain;
    clone.version = this.version;
    clone.slab = this.slab;
    clone.offset = this.offset;
    clone.rowBytes = this.rowBytes;
    clone.#older = this.#older === NONE ? NONE : [...this.#older];
    return clone;
  }

  /** Makes this the newest version, of which nobody knows the place yet. Revisions must ascend. */
  push(main: number, sub: number, create: number, version: number): void {
    if (this.modMain !== 0) this.#pushOlder();
    this.modMain = main;
    this.modSub = sub;
    this.createMain = create;
    this.version = version;
    this.slab = NOWHERE;
  }

  /** The newest version at or before a revision; undefined when there was none. */
  at(revision: number): KeyVersion | undefined {
    if (this.modMain <= revision) return this.modMain === 0 ? undefined : this;
    const older = this.#older;
    let low = 0;
    let high = older.length / STRIDE;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (older[middle * STRIDE]! <= revision) low = middle + 1;
      else high = middle;
    }
    if (low === 0) return undefined;
    return this.#olderVersion((low - 1) * STRIDE);
  }

  /** Whether the key existed at a revision. */
  existsAt(revision: number): boolean {
    if (this.modMain <= revision) return this.version !== 0;
    const version = this.at(revision);
    return version !== undefined && version.version !== 0;
  }

  /** Whether the key was deleted at this very revision, even if it was put again in it. */
  isDeletedAt(revision: number): boolean {
    if (this.modMain === revision && this.version === 0) return true;
    const older = this.#older;
    for (let index = older.length - STRIDE; index >= 0; index -= STRIDE) {
      if (older[index]! < revision) return false;
      if (older[index] === revision && older[index + 2] === 0) return true;
    }
    return false;
  }

  /** Number of versions kept, tombstones too. */
  get versionCount(): number {
    return this.#older.length / STRIDE + (this.modMain === 0 ? 0 : 1);
  }

  /**
   * Forgets what a compaction at `revision` removes, and reports each removed version. Kept are
   * everything after it, and the newest version at or before it; that one too goes if it is a
   * tombstone from before the compacted revision.
   *
   * Source: etcd mvcc/key_index.go, compact; a tombstone at the very revision stays since 3.6.
   */
  compact(revision: number, removed: (main: number, sub: number, rowBytes: number) => void): void {
    const older = this.#older;
    const drop = this.#dropAt(revision);
    for (let index = 0; index < drop; index += STRIDE) {
      removed(older[index]!, older[index + 1]!, older[index + 6]!);
    }
    if (drop === older.length) this.#older = NONE;
    else if (drop > 0) this.#older = older.slice(drop);
    if (this.#isDeadAt(revision)) {
      removed(this.modMain, this.modSub, this.rowBytes);
      this.modMain = 0;
    }
  }

  /** Whether {@link compact} would remove anything. */
  losesAt(revision: number): boolean {
    return this.#isDeadAt(revision) || this.#dropAt(revision) > 0;
  }

  /** Whether a compaction left nothing of the key. */
  get isEmpty(): boolean {
    return this.modMain === 0;
  }

  /** The version of exactly that revision. */
  find(main: number, sub: number): KeyVersion | undefined {
    if (this.modMain === main && this.modSub === sub) return this;
    const older = this.#older;
    for (let index = older.length - STRIDE; index >= 0; index -= STRIDE) {
      if (older[index] === main && older[index + 1] === sub) return this.#olderVersion(index);
    }
    return undefined;
  }

  /** How many of the older versions' numbers a compaction removes. */
  #dropAt(revision: number): number {
    const older = this.#older;
    let count = 0;
    while (count < older.length && older[count]! <= revision) count += STRIDE;
    if (this.modMain <= revision || count === 0) return count;
    // The newest of these is what the key was at the revision.
    const last = count - STRIDE;
    return isDeadTombstone(older, last, revision) ? count : last;
  }

  /** Whether the newest version is a tombstone that a compaction removes. */
  #isDeadAt(revision: number): boolean {
    return this.version === 0 && this.modMain < revision;
  }

  #pushOlder(): void {
    const { modMain, modSub, version, createMain, slab, offset, rowBytes } = this;
    // Most keys have few older versions: an array that is written at once has no slack.
    if (this.#older === NONE) {
      this.#older = [modMain, modSub, version, createMain, slab, offset, rowBytes];
    } else this.#older.push(modMain, modSub, version, createMain, slab, offset, rowBytes);
  }

  #olderVersion(index: number): KeyVersion {
    const older = this.#older;
    return {
      key: this.key,
      modMain: older[index]!,
      modSub: older[index + 1]!,
      version: older[index + 2]!,
      createMain: older[index + 3]!,
      slab: older[index + 4]!,
      offset: older[index + 5]!,
    };
  }
}

function isDeadTombstone(older: number[], index: number, revision: number): boolean {
  return older[index + 2] === 0 && older[index]! < revision;
}
