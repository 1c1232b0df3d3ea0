/**
 * One key: its newest version, and where its older versions are.
 *
 * etcd keeps generations of revisions per key (mvcc/key_index.go) and derives version and creation
 * from them. Here each version carries its own: the newest in fields, because nearly every read
 * asks for it, and the older ones in one packed array of numbers.
 */

/** A key as it was at some revision. {@link KeyHistory} is itself the newest. */
export interface KeyVersion {
  /** The key's bytes as a latin1 string: compares and hashes in byte order. */
  readonly key: string;
  readonly modMain: number;
  readonly modSub: number;
  readonly createMain: number;
  /** 1 for the version that created the key; 0 for a tombstone. */
  readonly version: number;
  /** The encoded KeyValue; undefined when only the disk has it. */
  readonly value: Uint8Array | undefined;
}

/** A version whose row is not on disk yet, or whose successor's is not. */
interface Superseded {
  readonly main: number;
  readonly sub: number;
  readonly value: Uint8Array | undefined;
  readonly next: Superseded | undefined;
}

/** Numbers per older version: main, sub, version, create. */
const STRIDE = 4;
const NONE: number[] = [];

export class KeyHistory implements KeyVersion {
  readonly key: string;
  modMain = 0;
  modSub = 0;
  createMain = 0;
  version = 0;
  value: Uint8Array | undefined = undefined;
  /** Ascending; {@link STRIDE} numbers each. The shared empty array until it is needed. */
  #older: number[] = NONE;
  /** Versions overwritten by commands that are not published yet. */
  #superseded: Superseded | undefined = undefined;

  constructor(key: string) {
    this.key = key;
  }

  /** Makes this the newest version. Revisions must ascend. */
  push(main: number, sub: number, create: number, version: number): void {
    if (this.modMain !== 0) {
      if (this.#older === NONE) this.#older = [];
      this.#older.push(this.modMain, this.modSub, this.version, this.createMain);
    }
    this.modMain = main;
    this.modSub = sub;
    this.createMain = create;
    this.version = version;
  }

  /** Keeps the newest version's bytes at hand until {@link settle}: push() comes next. */
  supersede(): void {
    this.#superseded = {
      main: this.modMain,
      sub: this.modSub,
      value: this.value,
      next: this.#superseded,
    };
  }

  /** What was superseded is published. */
  settle(): void {
    this.#superseded = undefined;
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
  compact(revision: number, removed: (main: number, sub: number) => void): void {
    const older = this.#older;
    let count = 0;
    while (count < older.length && older[count]! <= revision) count += STRIDE;
    const newestIsOlder = this.modMain > revision;
    let drop = newestIsOlder ? Math.max(0, count - STRIDE) : count;
    if (newestIsOlder && count > 0 && isDeadTombstone(older, count - STRIDE, revision)) {
      drop = count;
    }
    for (let index = 0; index < drop; index += STRIDE) removed(older[index]!, older[index + 1]!);
    if (drop === older.length) this.#older = NONE;
    else if (drop > 0) this.#older = older.slice(drop);
    if (!newestIsOlder && this.version === 0 && this.modMain < revision) {
      removed(this.modMain, this.modSub);
      this.modMain = 0;
    }
  }

  /** Whether a compaction left nothing of the key. */
  get isEmpty(): boolean {
    return this.modMain === 0;
  }

  /** Bytes of a version of this key that memory still has. */
  valueOf(main: number, sub: number): Uint8Array | undefined {
    if (main === this.modMain && sub === this.modSub) return this.value;
    for (let entry = this.#superseded; entry !== undefined; entry = entry.next) {
      if (entry.main === main && entry.sub === sub) return entry.value;
    }
    return undefined;
  }

  #olderVersion(index: number): KeyVersion {
    const older = this.#older;
    const modMain = older[index]!;
    const modSub = older[index + 1]!;
    return {
      key: this.key,
      modMain,
      modSub,
      createMain: older[index + 3]!,
      version: older[index + 2]!,
      value: this.valueOf(modMain, modSub),
    };
  }
}

function isDeadTombstone(older: number[], index: number, revision: number): boolean {
  return older[index + 2] === 0 && older[index]! < revision;
}
