/** What a range is to answer, worked out on a model. */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { RangeQuery } from "../../src/mvcc/index.ts";
import { messages } from "../../src/wire/index.ts";
import type { ModelChange, ModelStore } from "../harness/model-store.ts";
import { plainKeyValue } from "../harness/store-fixture.ts";
import { randomKeys } from "./random-commands.ts";

const { SortOrder, SortTarget } = messages;

const revisions = fc.oneof(fc.constant(0), fc.nat(12));
/** Questions about the keys of random-commands.ts. */
export const queries = fc.record({
  begin: randomKeys,
  end: fc.option(randomKeys, { nil: undefined }),
  back: fc.nat(3),
  limit: fc.oneof(fc.constant(0), fc.integer({ min: -1, max: 5 })),
  sortOrder: fc.constantFrom(...Object.values(SortOrder)),
  sortTarget: fc.constantFrom(...Object.values(SortTarget)),
  keysOnly: fc.boolean(),
  countOnly: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, fc.constant(true)),
  minModRevision: revisions,
  maxModRevision: revisions,
  minCreateRevision: revisions,
  maxCreateRevision: revisions,
});

/** What rows are compared by: bytes as latin1 text, or a number. */
function sortKey(row: ModelChange, target: number): string | number {
  if (target === SortTarget.key) return row.key;
  if (target === SortTarget.value) return row.value;
  if (target === SortTarget.version) return row.version;
  return target === SortTarget.create ? row.createRevision : row.main;
}

function compareBy(target: number, descend: boolean): (a: ModelChange, b: ModelChange) => number {
  return (a, b) => {
    const [x, y] = [sortKey(a, target), sortKey(b, target)];
    if (x === y) return 0;
    return x < y === descend ? 1 : -1;
  };
}

/** The steps of the contract one after the other: fetch, filter, sort, cut. */
export function expectedRows(
  model: ModelStore,
  query: RangeQuery,
): { rows: ModelChange[]; count: number; more: boolean } {
  const { range, revision, sortOrder, sortTarget } = query;
  let rows = model.range(range.begin, range.end, revision);
  const count = rows.length;
  if (query.countOnly) return { rows: [], count, more: false };
  const { minModRevision, maxModRevision, minCreateRevision, maxCreateRevision } = query;
  const filtered = minModRevision + maxModRevision + minCreateRevision + maxCreateRevision !== 0;
  const limit = query.limit > 0 ? query.limit : Number.POSITIVE_INFINITY;
  const byKey = sortTarget === SortTarget.key && sortOrder === SortOrder.ascend;
  if (!filtered && (byKey || sortOrder === SortOrder.none)) rows = rows.slice(0, limit + 1);
  rows = rows.filter(
    ({ main, createRevision }) =>
      (maxModRevision === 0 || main <= maxModRevision) &&
      (minModRevision === 0 || main >= minModRevision) &&
      (maxCreateRevision === 0 || createRevision <= maxCreateRevision) &&
      (minCreateRevision === 0 || createRevision >= minCreateRevision),
  );
  rows.sort(compareBy(sortTarget, sortOrder === SortOrder.descend));
  return { rows: rows.slice(0, limit), count, more: rows.length > limit };
}

/** What was found is what was expected, but for the order of equals. */
export function assertRows(
  kvs: readonly Uint8Array[],
  expected: {
    readonly rows: readonly ModelChange[];
    readonly model: ModelStore;
    readonly query: RangeQuery;
  },
): void {
  const { rows, model, query } = expected;
  const found = kvs.map(plainKeyValue);
  // Which of two equals comes first is nobody's promise.
  const foundRows = found.map(({ key }) => model.at(key, query.revision)!);
  assert.deepEqual(
    foundRows.map((row) => sortKey(row, query.sortTarget)),
    rows.map((row) => sortKey(row, query.sortTarget)),
  );
  assert.equal(new Set(found.map(({ key }) => key)).size, found.length);
  const leaseKept = !query.keysOnly || query.sortTarget === SortTarget.value;
  for (const [index, row] of foundRows.entries()) {
    assert.deepEqual(found[index], {
      key: row.key,
      value: query.keysOnly ? "" : row.value,
      main: row.main,
      createRevision: row.createRevision,
      version: row.version,
      lease: leaseKept ? row.lease : 0n,
    });
  }
}
