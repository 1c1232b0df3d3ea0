/**
 * Range with all its options, over a {@link KeySpace}.
 *
 * Source: etcd server/etcdserver/txn/range.go (limits, filters, sort, keys_only) and mvcc/kvstore_txn.go.
 */
import { encodeKeyOnly, valueOf, withoutValue } from "../wire/index.ts";
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
  /** Encoded KeyValues; those that were answered at once are only lent until the next await. */
  readonly kvs: readonly Uint8Array[];
  /** All keys of the range at the revision, whatever limit and filters. */
  readonly count: number;
  /** Limit left some of what was found out. */
  readonly more: boolean;
}

/** Reads a range: at once when memory has all of it. */
export function readRange(space: KeySpace, query: RangeQuery): RangeResult | Promise<RangeResult> {
  const picked = pick(space, query);
  if (query.sortTarget !== TARGET.value && query.keysOnly) return headsOf(query, picked);
  const loaded = space.load(picked.versions);
  if (Array.isArray(loaded)) return finish(query, picked, loaded);
  return loaded.then((values) => finish(query, picked, values));
}

/** As {@link readRange}, for use inside a transaction: reads the disk at once when it must. */
export function readRangeSync(space: KeySpace, query: RangeQuery): RangeResult {
  const picked = pick(space, query);
  if (query.sortTarget !== TARGET.value && query.keysOnly) return headsOf(query, picked);
  return finish(
    query,
    picked,
    picked.versions.map((version) => space.loadSync(version)),
  );
}

interface Picked {
  versions: KeyVersion[];
  readonly count: number;
  readonly more: boolean;
}

/** Fetch by index, filter, sort by what the index knows, cut. */
function pick(space: KeySpace, query: RangeQuery): Picked {
  if (query.countOnly) {
    return { versions: [], count: space.count(query.range, query.revision), more: false };
  }
  const filtered = hasFilter(query);
  const naturalOrder =
    query.sortOrder === ORDER.none ||
    (query.sortOrder === ORDER.ascend && query.sortTarget === TARGET.key);
  const limit = query.limit > 0 ? query.limit : Number.POSITIVE_INFINITY;
  const fetchMax = filtered || !naturalOrder ? Number.POSITIVE_INFINITY : limit + 1;
  const { range, revision, countAll } = query;
  const selected = space.select(range, revision, fetchMax, countAll);
  let versions = selected.versions;
  if (filtered) versions = versions.filter((version) => passes(version, query));
  if (query.sortTarget !== TARGET.value) sortVersions(versions, query);
  const more = versions.length > limit;
  // Sorting by value needs the values: the cut comes after it, in finish().
  if (more && query.sortTarget !== TARGET.value) versions = versions.slice(0, limit);
  return { versions, count: selected.count, more };
}

function finish(query: RangeQuery, picked: Picked, values: Uint8Array[]): RangeResult {
  let kvs = values;
  if (query.sortTarget === TARGET.value) {
    kvs = sortByValue(values, query.sortOrder === ORDER.descend);
    if (picked.more) kvs = kvs.slice(0, query.limit);
    if (query.keysOnly) kvs = kvs.map(withoutValue);
  }
  return { kvs, count: picked.count, more: picked.more };
}

/** Keys only, from the index alone: etcd 3.7 leaves the lease out too. */
function headsOf(query: RangeQuery, picked: Picked): RangeResult {
  return {
    kvs: query.countOnly ? [] : picked.versions.map(headOf),
    count: picked.count,
    more: picked.more,
  };
}

function headOf(version: KeyVersion): Uint8Array {
  return encodeKeyOnly({
    key: Buffer.from(version.key, "latin1"),
    createRevision: version.createMain,
    modRevision: version.modMain,
    version: version.version,
  });
}

function hasFilter(query: RangeQuery): boolean {
  return (
    query.minModRevision !== 0 ||
    query.maxModRevision !== 0 ||
    query.minCreateRevision !== 0 ||
    query.maxCreateRevision !== 0
  );
}

function passes(version: KeyVersion, query: RangeQuery): boolean {
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
