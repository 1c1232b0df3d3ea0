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
import { ReadPins } from "./read-pins.ts";
import { FIRST_REVISION, NEVER_COMPACTED } from "./revision.ts";
import { revisionKey } from "./tables.ts";
import { COUNT_WORK, KEY_WORK, TURN_BYTES, TURN_ROWS, TURN_WORK, Turns } from "./turns.ts";
import { ValueLog } from "./value-log.ts";
import type { ValueLogOptions } from "./value-log.ts";

/** Which part of a selection to make. */
export interface SelectionPart {
  /** The first key. */
  readonly from: string;
  readonly max: number;
  readonly countAll: boolean;
  readonly workMax: number;
}

export interface SelectedPart {
  readonly versions: KeyVersion[];
  readonly count: number;
  readonly work: number;
  /** Where to go on; undefined when the selection is complete. */
  readonly next: string | undefined;
}

export class KeySpace implements ChangeSource {
  readonly engine: Engine;
  readonly tree: KeyTree<KeyHistory> = new KeyTree();
  readonly values: ValueLog;
  /** Where long work waits for its turns. */
  readonly turns: Turns;
  /** What long reads are under way at. */
  readonly pins: ReadPins = new ReadPins();
  /** The newest revision that is on disk and that readers may see. */
  visibleRevision: number = FIRST_REVISION;
  /** Reads below this are refused. */
  compactedRevision: number = NEVER_COMPACTED;

  constructor(engine: Engine, values: ValueLogOptions, turnWork: number = TURN_WORK) {
    this.engine = engine;
    this.turns = new Turns(turnWork);
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
    return this.selectPart(range, revision, {
      from: range.begin,
      max,
      countAll,
      workMax: Number.POSITIVE_INFINITY,
    });
  }

  /** As {@link select}, from a key on and until so much work is done; see TURN_WORK. */
  selectPart(range: KeyRange, revision: number, part: SelectionPart): SelectedPart {
    const versions: KeyVersion[] = [];
    if (range.single) {
      const version = this.at(range.begin, revision);
      if (version !== undefined) versions.push(version);
      return { versions, count: versions.length, work: KEY_WORK, next: undefined };
    }
    const { max, countAll, workMax } = part;
    let count = 0;
    let work = 0;
    let next: string | undefined;
    this.tree.forEach(part.from, range.end, (history) => {
      const isFull = versions.length >= max;
      if (isFull && !countAll) return false;
      if (work >= workMax) {
        next = history.key;
        return false;
      }
      if (isFull) {
        work += COUNT_WORK;
        if (history.existsAt(revision)) count++;
        return true;
      }
      work += KEY_WORK;
      const version = history.at(revision);
      if (version !== undefined && version.version !== 0) {
        count++;
        versions.push(version);
      }
      return true;
    });
    return { versions, count, work, next };
  }

  /** Number of keys of a range that existed at a revision. */
  count(range: KeyRange, revision: number): number {
    return this.select(range, revision, 0).count;
  }

  /**
   * The encoded KeyValues of versions, in their order: at once, and only lent until the next await,
   * when memory has them all, else a promise of bytes that stay. Undefined when it would take more
   * than one turn. Whole up to its first await: what is newest may be overwritten afterwards.
   */
  load(versions: readonly KeyVersion[]): Uint8Array[] | Promise<Uint8Array[]> | undefined {
    const values: Uint8Array[] = [];
    let bytes = 0;
    for (const version of versions) {
      const value = this.values.read(version);
      if (value === undefined) {
        return versions.length > TURN_ROWS ? undefined : this.loadRows(versions);
      }
      values.push(value);
      bytes += value.length;
    }
    return bytes > TURN_BYTES && values.length > 1 ? undefined : values;
  }

  /** As {@link load}, reading the disk at once when it must; undefined likewise. */
  loadInTurn(versions: readonly KeyVersion[]): Uint8Array[] | undefined {
    let bytes = 0;
    const values: Uint8Array[] = [];
    for (const version of versions) {
      const value = this.values.read(version);
      if (value === undefined && versions.length > TURN_ROWS) return undefined;
      const found = value ?? this.readRow(version.modMain, version.modSub);
      bytes += found.length;
      if (bytes > TURN_BYTES && versions.length > 1) return undefined;
      values.push(found);
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

  /** As {@link load}, but always bytes that stay, whatever it takes. */
  async loadRows(versions: readonly KeyVersion[]): Promise<Uint8Array[]> {
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
