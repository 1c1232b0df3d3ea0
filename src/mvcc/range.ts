/**
 * Range with all its options, over a {@link KeySpace}.
 *
 * Source: etcd server/etcdserver/txn/range.go (limits, filters, sort, keys_only) and mvcc/kvstore_txn.go.
 */
import { HeadFrames, framesOf, keyValuesOf, valueOf, withoutValue } from "../wire/index.ts";
import type { KeyValueFrames } from "../wire/index.ts";
import type { KeyRange } from "./key-range.ts";
import type { KeySpace } from "./key-space.ts";
import type { KeyVersion } from "./key-history.ts";

/** Sort orders by their numbers on the wire. */
const ORDER = { none: 0, ascend: 1, descend: 2 } as const;
/** Sort targets by their numbers on the wire. */
const TARGET = { key: 0, version: 1, create: 2, mod: 3, value: 4 } as const;

/** What to read. Bounds and limit are off at 0. */
export interface RangeQuery {
  readonly range: KeyRange;
  /** A revision that the store has. */
  readonly revision: number;
  readonly limit: number;
  readonly sortOrder: number;
  readonly sortTarget: number;
  readonly keysOnly: boolean;
  readonly countOnly: boolean;
  readonly minModRevision: number;
  readonly maxModRevision: number;
  readonly minCreateRevision: number;
  readonly maxCreateRevision: number;
  /** False when nobody reads the answer's count: counting looks at every key of the range. */
  readonly countAll?: boolean;
}

export interface RangeResult {
  /** Those that were answered at once are only lent until the next await. */
  readonly kvs: KeyValueFrames;
  /** All keys of the range at the revision, whatever limit and filters. */
  readonly count: number;
  /** Limit left some of what was found out. */
  readonly more: boolean;
}

/**
 * Reads a range: at once when memory has all of it. Undefined when it would take more than one turn:
 * then a LongRead answers it.
 */
export function readRange(
  space: KeySpace,
  query: RangeQuery,
): RangeResult | Promise<RangeResult> | undefined {
  const picked = pick(space, query, space.turns.work);
  if (picked === undefined) return undefined;
  if (needsNoValues(query)) return headsOf(picked);
  const loaded = space.load(picked.versions);
  if (loaded === undefined) return undefined;
  if (loaded instanceof Promise) return loaded.then((values) => finish(query, picked, values));
  return finish(query, picked, loaded);
}

/** As {@link readRange} for use inside a transaction: reads the disk at once when it must. */
export function readRangeSync(
  space: KeySpace,
  query: RangeQuery,
  workMax: number,
): { readonly result: RangeResult; readonly work: number } | undefined {
  const picked = pick(space, query, workMax);
  if (picked === undefined) return undefined;
  const { work } = picked;
  if (needsNoValues(query)) return { result: headsOf(picked), work };
  const values = space.loadNow(picked.versions, Number.isFinite(workMax));
  return values === undefined ? undefined : { result: finish(query, picked, values), work };
}

/** Whether the index alone can answer. */
export function needsNoValues(query: RangeQuery): boolean {
  return query.countOnly || (query.keysOnly && query.sortTarget !== TARGET.value);
}

/** Whether the answer is in the order of the keys; unknown targets do not sort. */
export function isInKeyOrder({ sortOrder, sortTarget }: RangeQuery): boolean {
  if (sortTarget === TARGET.key) return sortOrder !== ORDER.descend;
  return sortTarget !== TARGET.value && SORT_NUMBER[sortTarget] === undefined;
}

/** What an answer that is not {@link isInKeyOrder} is sorted by. */
export function sortOf(query: RangeQuery): {
  readonly target: "key" | "value" | ((version: KeyVersion) => number);
  readonly sign: 1 | -1;
} {
  const sign = query.sortOrder === ORDER.descend ? -1 : 1;
  if (query.sortTarget === TARGET.value) return { target: "value", sign };
  return { target: SORT_NUMBER[query.sortTarget] ?? "key", sign };
}

interface Picked {
  versions: KeyVersion[];
  readonly count: number;
  readonly more: boolean;
  readonly work: number;
}

/** Fetch by index, filter, sort by what the index knows, cut. */
function pick(space: KeySpace, query: RangeQuery, workMax: number): Picked | undefined {
  const { range, revision } = query;
  const filtered = hasFilter(query);
  const selected = space.selectPart(range, revision, {
    from: range.begin,
    max: query.countOnly ? 0 : fetchMax(query, filtered),
    countAll: query.countOnly || query.countAll !== false,
    workMax,
  });
  if (selected.next !== undefined) return undefined;
  const { count, work } = selected;
  if (query.countOnly) return { versions: [], count, more: false, work };
  let versions = selected.versions;
  if (filtered) versions = versions.filter((version) => passes(version, query));
  if (query.sortTarget !== TARGET.value) sortVersions(versions, query);
  const limit = limitOf(query);
  const more = versions.length > limit;
  // Sorting by value needs the values: the cut comes after it, in finish().
  if (more && query.sortTarget !== TARGET.value) versions = versions.slice(0, limit);
  return { versions, count, more, work };
}

/** Most keys of the answer. */
export function limitOf(query: RangeQuery): number {
  return query.limit > 0 ? query.limit : Number.POSITIVE_INFINITY;
}

/** Keys that the index has to find. */
export function fetchMax(query: RangeQuery, filtered: boolean): number {
  const naturalOrder =
    query.sortOrder === ORDER.none ||
    (query.sortOrder === ORDER.ascend && query.sortTarget === TARGET.key);
  return filtered || !naturalOrder ? Number.POSITIVE_INFINITY : limitOf(query) + 1;
}

function finish(query: RangeQuery, picked: Picked, values: KeyValueFrames): RangeResult {
  const { count, more } = picked;
  if (query.sortTarget !== TARGET.value) return { kvs: values, count, more };
  let kvs = sortByValue(keyValuesOf(values), query.sortOrder === ORDER.descend);
  if (more) kvs = kvs.slice(0, query.limit);
  if (query.keysOnly) kvs = kvs.map(withoutValue);
  return { kvs: framesOf(kvs), count, more };
}

/** Keys only, from the index alone: etcd 3.7 leaves the lease out too. */
function headsOf(picked: Picked): RangeResult {
  return {
    // Of a count there are no versions.
    kvs: new HeadFrames(picked.versions),
    count: picked.count,
    more: picked.more,
  };
}

/** Whether a query leaves out keys of its range. */
export function hasFilter(query: RangeQuery): boolean {
  return (
    query.minModRevision !== 0 ||
    query.maxModRevision !== 0 ||
    query.minCreateRevision !== 0 ||
    query.maxCreateRevision !== 0
  );
}

/** Whether a query's bounds let a version pass. */
export function passes(version: KeyVersion, query: RangeQuery): boolean {
  const { minModRevision, maxModRevision, minCreateRevision, maxCreateRevision } = query;
  return (
    (maxModRevision === 0 || version.modMain <= maxModRevision) &&
    (minModRevision === 0 || version.modMain >= minModRevision) &&
    (maxCreateRevision === 0 || version.createMain <= maxCreateRevision) &&
    (minCreateRevision === 0 || version.createMain >= minCreateRevision)
  );
}

/** No order with another target than the key sorts ascending: so does etcd. */
function sortVersions(versions: KeyVersion[], query: RangeQuery): void {
  const descend = query.sortOrder === ORDER.descend;
  if (query.sortTarget === TARGET.key) {
    if (descend) versions.reverse();
    return;
  }
  const sign = descend ? -1 : 1;
  const numberOf = SORT_NUMBER[query.sortTarget];
  if (numberOf !== undefined) versions.sort((a, b) => sign * (numberOf(a) - numberOf(b)));
}

const SORT_NUMBER: Readonly<Record<number, (version: KeyVersion) => number>> = {
  [TARGET.version]: (version) => version.version,
  [TARGET.create]: (version) => version.createMain,
  [TARGET.mod]: (version) => version.modMain,
};

function sortByValue(kvs: Uint8Array[], descend: boolean): Uint8Array[] {
  const sign = descend ? -1 : 1;
  return kvs
    .map((kv) => ({ kv, value: valueOf(kv) }))
    .sort((a, b) => sign * Buffer.compare(a.value, b.value))
    .map(({ kv }) => kv);
}
