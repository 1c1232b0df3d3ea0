/**
 * Every key at every revision, and how to read it: the tree of histories in memory, the values in
 * memory as far as the budget goes, and the rows in the engine for the rest.
 */
import type { Engine } from "../storage/index.ts";
import { StorageError } from "../storage/index.ts";
import type { Change, ChangeSource } from "./change.ts";
import { KeyHistory } from "./key-history.ts";
import type { KeyVersion } from "./key-history.ts";
import type { KeyRange } from "./key-range.ts";
import { KeyTree } from "./key-tree.ts";
import { FIRST_REVISION, NEVER_COMPACTED } from "./revision.ts";
import { revisionKey } from "./tables.ts";
import { ValueLog } from "./value-log.ts";
import type { ValueLogOptions } from "./value-log.ts";

export class KeySpace implements ChangeSource {
  readonly engine: Engine;
  readonly tree: KeyTree<KeyHistory> = new KeyTree();
  readonly values: ValueLog;
  /** The newest revision that is on disk and that readers may see. */
  visibleRevision: number = FIRST_REVISION;
  /** Reads below this are refused. */
  compactedRevision: number = NEVER_COMPACTED;

  constructor(engine: Engine, values: ValueLogOptions) {
    this.engine = engine;
    this.values = new ValueLog(values, (key) => this.tree.get(key));
  }

  /** A key as it was at a revision; undefined when it did not exist. */
  at(key: string, revision: number): KeyVersion | undefined {
    const version = this.tree.get(key)?.at(revision);
    return version === undefined || version.version === 0 ? undefined : version;
  }

  /**
   * The keys of a range that existed at a revision, in order, at most `max` of them, and the number
   * of all of them, or of those found when `countAll` is false. A newest version in the result is
   * the live {@link KeyHistory}: use it before the next change, or {@link load} it.
   */
  select(
    range: KeyRange,
    revision: number,
    max: number,
    countAll = true,
  ): { readonly versions: KeyVersion[]; readonly count: number } {
    const versions: KeyVersion[] = [];
    if (range.single) {
      const version = this.at(range.begin, revision);
      if (version !== undefined) versions.push(version);
      return { versions, count: versions.length };
    }
    let count = 0;
    this.tree.forEach(range.begin, range.end, (history) => {
      if (versions.length >= max) {
        if (!countAll) return false;
        if (history.existsAt(revision)) count++;
        return true;
      }
      const version = history.at(revision);
      if (version !== undefined && version.version !== 0) {
        count++;
        versions.push(version);
      }
      return true;
    });
    return { versions, count };
  }

  /** Number of keys of a range that existed at a revision. */
  count(range: KeyRange, revision: number): number {
    return this.select(range, revision, 0).count;
  }

  /**
   * The encoded KeyValues of versions, in their order: at once, and only lent until the next await,
   * when memory has them all, else a promise of bytes that stay. Whole up to its first await: what
   * is newest may be overwritten afterwards.
   */
  load(versions: readonly KeyVersion[]): Uint8Array[] | Promise<Uint8Array[]> {
    const values: Uint8Array[] = [];
    for (const version of versions) {
      const value = this.values.read(version);
      if (value === undefined) return this.#loadMissing(versions);
      values.push(value);
    }
    return values;
  }

  /** As {@link load} for one version, reading the disk at once when it must. */
  loadSync(version: KeyVersion): Uint8Array {
    return this.values.read(version) ?? this.readRow(version.modMain, version.modSub);
  }

  /** The encoded KeyValue of a change, as {@link loadSync}. */
  valueOf(change: Change): Uint8Array {
    return this.values.read(change) ?? this.readRow(change.main, change.sub);
  }

  /**
   * The key of a change as it was at the revision before, as {@link loadSync}. Undefined when it did
   * not exist, or when a compaction has made that unreadable.
   */
  valueBefore(change: Change): Uint8Array | undefined {
    const revision = change.main - 1;
    if (change.creates || revision < this.compactedRevision) return undefined;
    const version = this.at(change.key, revision);
    return version === undefined ? undefined : this.loadSync(version);
  }

  /** A row that the tree says is there. Throws StorageError when the engine lost it. */
  readRow(main: number, sub: number): Uint8Array {
    return present(this.engine.getSync(revisionKey(main, sub)), main, sub);
  }

  async #loadMissing(versions: readonly KeyVersion[]): Promise<Uint8Array[]> {
    // Others write while the disk is read: what is lent would not stay.
    const values = versions.map((version) => copied(this.values.read(version)));
    const rows = versions
      .map(({ modMain, modSub }, index) => ({ modMain, modSub, index }))
      .filter(({ index }) => values[index] === undefined);
    const found = await this.engine.getMany(
      rows.map(({ modMain, modSub }) => revisionKey(modMain, modSub)),
    );
    rows.forEach(({ modMain, modSub, index }, position) => {
      values[index] = present(found[position], modMain, modSub);
    });
    return values.map((value) => value!);
  }
}

function copied(value: Uint8Array | undefined): Uint8Array | undefined {
  return value === undefined ? undefined : Buffer.from(value);
}

function present(value: Uint8Array | undefined, main: number, sub: number): Uint8Array {
  if (value !== undefined) return value;
  throw new StorageError("corrupt", `Missing row of revision: ${String(main)}.${String(sub)}`);
}
