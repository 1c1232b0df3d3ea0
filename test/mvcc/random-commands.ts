/** Random commands, carried out on a store and on its model alike. */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { Store, WriteTxn } from "../../src/mvcc/index.ts";
import type { ModelStore } from "../harness/model-store.ts";
import { EVERYTHING, commit } from "../harness/store-fixture.ts";

/** One change; several make a command. */
export type RandomChange =
  | { readonly type: "put"; readonly key: string; readonly value: string; readonly lease: bigint }
  | { readonly type: "delete"; readonly begin: string; readonly end: string | undefined }
  | { readonly type: "grant"; readonly lease: bigint }
  | { readonly type: "revoke"; readonly lease: bigint };

/** Commands that reach the disk together. */
export type RandomGroup = readonly (readonly RandomChange[])[];

/** Few enough that they meet, some of them beginnings of others. */
export const randomKeys: fc.Arbitrary<string> = fc.constantFrom(
  "a",
  "aa",
  "ab",
  "a\0",
  "b",
  "b\xff",
  "c",
  "\xff",
);

const leaseIds = fc.constantFrom(1n, 2n, -7n);
/** A lease that is not there is left out. */
const leases = fc.oneof(fc.constant(0n), leaseIds);

const changes: fc.Arbitrary<RandomChange> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constant("put" as const),
      key: randomKeys,
      value: fc.string({ maxLength: 20, unit: "binary-ascii" }),
      lease: leases,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant("delete" as const),
      begin: randomKeys,
      end: fc.option(randomKeys, { nil: undefined }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("grant" as const), lease: leaseIds }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("revoke" as const), lease: leaseIds }) },
);

export const randomGroups: fc.Arbitrary<RandomGroup> = fc.array(
  fc.array(changes, { minLength: 1, maxLength: 5 }),
  { minLength: 1, maxLength: 4 },
);

/** Whether a key may change twice in one command, which only few transactions can do. */
export interface ApplyOptions {
  readonly repeats: boolean;
}

/** Carries out a group on both; the view inside must be the model's after every change. */
export async function applyGroup(
  store: Store,
  model: ModelStore,
  group: RandomGroup,
  { repeats }: ApplyOptions = { repeats: true },
): Promise<void> {
  const commands = group.map((command) => (txn: WriteTxn): void => {
    const touched = new Set<string>();
    for (const change of command) {
      const keys = keysChangedBy(model, change);
      if (!repeats && keys.some((key) => touched.has(key))) continue;
      for (const key of keys) touched.add(key);
      applyChange(txn, model, change);
      assertSameView(txn, model);
    }
    model.endCommand();
  });
  await commit(store, ...commands);
  assert.equal(store.visibleRevision, model.revision);
}

function keysChangedBy(model: ModelStore, change: RandomChange): string[] {
  if (change.type === "put") return [change.key];
  if (change.type === "revoke") return model.keysOf(change.lease);
  if (change.type === "grant") return [];
  return model.range(change.begin, change.end, model.currentRevision).map(({ key }) => key);
}

function applyChange(txn: WriteTxn, model: ModelStore, change: RandomChange): void {
  if (change.type === "put") {
    const lease = model.leases.has(change.lease) ? change.lease : 0n;
    const value = Buffer.from(change.value, "latin1");
    txn.put(change.key, Buffer.from(change.key, "latin1"), value, lease);
    model.put(change.key, change.value, lease);
  } else if (change.type === "delete") {
    const deleted = txn.deleteRange({ begin: change.begin, end: change.end, single: false });
    assert.equal(deleted, model.deleteRange(change.begin, change.end));
  } else if (change.type === "grant") {
    if (txn.lease(change.lease) === undefined) txn.grantLease(change.lease, 10, 10_000);
    model.leases.add(change.lease);
  } else {
    const lease = txn.lease(change.lease);
    assert.equal(lease !== undefined, model.leases.has(change.lease));
    if (lease !== undefined) txn.revokeLease(lease);
    model.revoke(change.lease);
  }
}

function assertSameView(txn: WriteTxn, model: ModelStore): void {
  assert.equal(txn.revision, model.currentRevision);
  assert.equal(txn.baseRevision, model.revision);
  const expected = model.range("", undefined, model.currentRevision);
  const found = txn.select(EVERYTHING);
  assert.deepEqual(
    found.map(({ key, modMain, modSub, version, createMain }) => [
      key,
      modMain,
      modSub,
      version,
      createMain,
    ]),
    expected.map(({ key, main, sub, version, createRevision }) => [
      key,
      main,
      sub,
      version,
      createRevision,
    ]),
  );
  for (const { key, lease } of expected) assert.equal(txn.leaseOf(key), lease);
}
