/**
 * Every key at every revision, and how to read it: the tree of histories in memory, the values in
 * memory as far as the budget goes, and the rows in the engine for the rest.
 */
import type { Engine } from "../storage/index.ts";
import { StorageError } from "../storage/index.ts";
import { RecordFrames, framesOf } from "../wire/index.ts";
import type { KeyValueFrames } from "../wire/index.ts";
import type { Change, ChangeSource } from "./change.ts";
import { KeyHistory } from "./key-history.ts";
import type { KeyVersion } from "./key-history.ts";
import type { KeyRange } from "./key-range.ts";
import { KeyTree } from "./key-tree.ts";
import { ReadPins } from "./read-pins.ts";
import { FIRST_REVISION, NEVER_COMPACTED } from "./revision.ts";
import { StoreCounts } from "./store-counts.ts";
import { revisionKey } from "./tables.ts";
import { COUNT_WORK, KEY_WORK, TURN_BYTES, TURN_ROWS, TURN_WORK, Turns } from "./turns.ts";
import { NOWHERE, ValueLog } from "./value-log.ts";
import type { Place, ValueLogOptions } from "./value-log.ts";

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

/** A row beside its value: its key, and about what LevelDB adds. */
const ROW_OVERHEAD_BYTES = 24;

/** What a key space begins with; see mark.ts. */
export interface SpaceContent {
  /** The newest revision there is. */
  readonly revision: number;
  readonly compactedRevision: number;
  readonly tree: KeyTree<KeyHistory>;
  /** Places in slabs up to this one are of another space: here they are not in memory. */
  readonly newestSlab: number;
  /** See {@link KeySpace.rowBytes}. */
  readonly rowBytes: number;
  readonly removedBytes: number;
  readonly liveKeyCount: number;
}

export class KeySpace implements ChangeSource {
  readonly engine: Engine;
  readonly tree: KeyTree<KeyHistory>;
  readonly values: ValueLog;
  /** Where long work waits for its turns. */
  readonly turns: Turns;
  /** What long reads are under way at. */
  readonly pins: ReadPins = new ReadPins();
  /** Keys that exist, those of groups that are not visible yet included. */
  liveKeyCount: number;
  readonly counts: StoreCounts = new StoreCounts();
  /** The newest revision that is on disk and that readers may see. */
  visibleRevision: number;
  /** Reads below this are refused. */
  compactedRevision: number;
  /** Bytes of all rows of revisions, as far as they have been counted. */
  rowBytes: number;
  /** Of rows that are gone, and whose space the engine may still have. */
  removedBytes: number;

  constructor(
    engine: Engine,
    values: ValueLogOptions,
    turnWork: number = TURN_WORK,
    content: SpaceContent = emptyContent(),
  ) {
    this.engine = engine;
    this.turns = new Turns(turnWork);
    this.tree = content.tree.fork(content.revision);
    this.visibleRevision = content.revision;
    this.compactedRevision = content.compactedRevision;
    this.rowBytes = content.rowBytes;
    this.removedBytes = content.removedBytes;
    this.liveKeyCount = content.liveKeyCount;
    const placeOf = (key: string): Place | undefined => this.tree.getOwn(key);
    this.values = new ValueLog(values, placeOf, content.newestSlab);
  }

  /** A row of this length is there; answers with what it takes. */
  countRow(valueBytes: number): number {
    const bytes = valueBytes + ROW_OVERHEAD_BYTES;
    this.rowBytes += bytes;
    return bytes;
  }

  /** A row is gone. */
  countRemoved(rowBytes: number): void {
    this.rowBytes -= rowBytes;
    this.removedBytes += rowBytes;
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
    this.tree.forEachSlice(part.from, range.end, (items, from, to) => {
      let index = from;
      for (; index < to && versions.length < max && work < workMax; index++) {
        work += KEY_WORK;
        const version = items[index]!.at(revision);
        if (version === undefined || version.version === 0) continue;
        count++;
        versions.push(version);
      }
      if (index === to) return true;
      if (versions.length >= max) {
        if (!countAll) return false;
        const counted = Math.min(to - index, Math.max(0, Math.ceil((workMax - work) / COUNT_WORK)));
        count += countExisting(items, index, index + counted, revision);
        work += counted * COUNT_WORK;
        index += counted;
      }
      if (index === to) return true;
      next = items[index]!.key;
      return false;
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
  load(versions: readonly KeyVersion[]): KeyValueFrames | Promise<KeyValueFrames> | undefined {
    const frames = new RecordFrames();
    for (const version of versions) {
      if (this.values.addTo(frames, version)) continue;
      return versions.length > TURN_ROWS ? undefined : this.loadRows(versions);
    }
    return frames.bytes > TURN_BYTES && frames.count > 1 ? undefined : frames;
  }

  /**
   * As {@link load}, reading the disk at once when it must; undefined likewise, unless it may take as
   * long as it likes.
   */
  loadNow(versions: readonly KeyVersion[], inOneTurn: boolean): KeyValueFrames | undefined {
    const frames = new RecordFrames();
    for (const version of versions) {
      if (!this.values.addTo(frames, version)) {
        if (inOneTurn && versions.length > TURN_ROWS) return undefined;
        frames.addKeyValue(this.readRow(version.modMain, version.modSub));
      }
      if (inOneTurn && frames.bytes > TURN_BYTES && versions.length > 1) return undefined;
    }
    return frames;
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
  async loadRows(versions: readonly KeyVersion[]): Promise<KeyValueFrames> {
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
    return framesOf(values.map((value) => value!));
  }
}

function emptyContent(): SpaceContent {
  return {
    revision: FIRST_REVISION,
    compactedRevision: NEVER_COMPACTED,
    tree: new KeyTree((history) => history.clone()),
    newestSlab: NOWHERE,
    rowBytes: 0,
    removedBytes: 0,
    liveKeyCount: 0,
  };
}

function countExisting(
  histories: readonly KeyHistory[],
  from: number,
  to: number,
  revision: number,
): number {
  let count = 0;
  for (let index = from; index < to; index++) if (histories[index]!.existsAt(revision)) count++;
  return count;
}

function copied(value: Uint8Array | undefined): Uint8Array | undefined {
  return value === undefined ? undefined : Buffer.from(value);
}

/** A row that has to be there. Throws StorageError when it is not. */
export function present(value: Uint8Array | undefined, main: number, sub: number): Uint8Array {
  if (value !== undefined) return value;
  throw new StorageError("corrupt", `Missing row of revision: ${String(main)}.${String(sub)}`);
}
