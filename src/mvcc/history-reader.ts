/** Reads past changes back from the rows of the engine, in chunks of whole revisions. */
import { decodeKeyValueHead, latin1 } from "../wire/index.ts";
import { Change } from "./change.ts";
import type { ChangeSource } from "./change.ts";
import { isTombstone } from "./hash.ts";
import type { KeyRange } from "./key-range.ts";
import type { KeySpace } from "./key-space.ts";
import { mainOf, revisionKey, subOf } from "./tables.ts";

/** Revisions per chunk. Source: etcd mvcc/watcher_group.go, watchBatchMaxRevs. */
const CHUNK_REVISIONS_MAX = 1000;
/** Bytes after which a chunk ends with the revision under way: what catching up may hold. */
const CHUNK_BYTES_MAX = 4 * 1024 * 1024;
const PAGE_ROWS = 512;

/** Changes of the revisions from the one asked for through `through`, complete and in order. */
export class HistoryChunk {
  readonly changes: readonly Change[];
  readonly through: number;
  /** Indexes of the changes, by key and then in order. */
  #byKey: Uint32Array | undefined;

  constructor(changes: readonly Change[], through: number) {
    this.changes = changes;
    this.through = through;
  }

  /** Those of a range, in order. */
  within({ begin, end }: KeyRange): readonly Change[] {
    const { changes } = this;
    this.#byKey ??= sortedByKey(changes);
    const first = this.#firstNotBefore(begin);
    const last = end === undefined ? changes.length : this.#firstNotBefore(end);
    if (last - first === changes.length) return changes;
    return Array.from(this.#byKey.subarray(first, last).toSorted(), (index) => changes[index]!);
  }

  #firstNotBefore(key: string): number {
    const byKey = this.#byKey!;
    let low = 0;
    let high = byKey.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.changes[byKey[middle]!]!.key < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function sortedByKey(changes: readonly Change[]): Uint32Array {
  return Uint32Array.from(changes.keys()).sort((a, b) => {
    const [one, other] = [changes[a]!.key, changes[b]!.key];
    if (one === other) return a - b;
    return one < other ? -1 : 1;
  });
}

/**
 * Changes from revision `from` on, up to what is visible when called. Whether `from` is compacted
 * is the caller's business: then some changes may be missing.
 */
export async function readHistory(space: KeySpace, from: number): Promise<HistoryChunk> {
  const visible = space.visibleRevision;
  const changes: Change[] = [];
  let revisionCount = 0;
  let bytes = 0;
  let main = 0;
  const rows = space.engine.scan({
    start: revisionKey(from, 0),
    end: revisionKey(visible + 1, 0),
    pageRows: PAGE_ROWS,
  });
  for await (const page of rows) {
    for (const [rowKey, value] of page) {
      const rowMain = mainOf(rowKey);
      if (rowMain !== main) {
        if (revisionCount === CHUNK_REVISIONS_MAX || bytes >= CHUNK_BYTES_MAX) {
          return new HistoryChunk(changes, main);
        }
        revisionCount++;
        main = rowMain;
      }
      bytes += value.length;
      changes.push(changeOf({ main, sub: subOf(rowKey) }, value));
    }
  }
  return new HistoryChunk(changes, visible);
}

function changeOf(row: { main: number; sub: number }, value: Uint8Array): Change {
  const head = decodeKeyValueHead(value);
  const key = latin1(value, head.keyStart, head.keyEnd);
  const { main, sub } = row;
  const deleted = isTombstone(value);
  const creates = !deleted && head.createRevision === main;
  return new Change(new Row(value), { key, main, sub, deleted, creates });
}

/** A change's row, kept for as long as the change is. */
class Row implements ChangeSource {
  readonly #value: Uint8Array;

  constructor(value: Uint8Array) {
    this.#value = value;
  }

  valueOf(): Uint8Array {
    return this.#value;
  }
}
