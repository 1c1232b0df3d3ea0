import { AssertionError } from "node:assert/strict";
import t from "tap";
import type { Store } from "../../src/mvcc/index.ts";
import { revisionKey } from "../../src/mvcc/tables.ts";
import { MemoryEngine } from "../../src/storage/index.ts";
import type { Batch } from "../../src/storage/index.ts";
import { encodeKeyValue } from "../../src/wire/index.ts";
import { commit, deleting, openStore, putting } from "../harness/store-fixture.ts";

async function tamperedStore(change: (batch: Batch) => void): Promise<Store> {
  const engine = new MemoryEngine();
  const store = await openStore(engine);
  await commit(store, (txn) => {
    txn.grantLease(1n, 10, 10_000);
  });
  await commit(store, putting("a", "1", 1n));
  await commit(store, putting("a", "2", 1n), putting("b"), deleting("b"));
  const batch = engine.batch();
  change(batch);
  await batch.write();
  return store;
}

function kvBytes(fields: { version?: number; value?: string; key?: string }): Buffer {
  return encodeKeyValue({
    key: Buffer.from(fields.key ?? "a"),
    createRevision: 2,
    modRevision: 3,
    version: fields.version ?? 2,
    value: Buffer.from(fields.value ?? "2"),
    lease: 1n,
  });
}

t.test("checkConsistency() passes what was written", async (t) => {
  const store = await tamperedStore(() => undefined);
  await t.resolves(store.checkConsistency());
});

for (const [what, change] of [
  ["a row that is gone", (batch: Batch): void => batch.delete(revisionKey(2, 0))],
  ["a row too many", (batch: Batch): void => batch.put(revisionKey(2, 1), kvBytes({}))],
  [
    "a row of a key that memory lacks",
    (batch: Batch): void => batch.put(revisionKey(9, 0), kvBytes({ key: "z" })),
  ],
  ["another value", (batch: Batch): void => batch.put(revisionKey(3, 0), kvBytes({ value: "x" }))],
  [
    "another version",
    (batch: Batch): void => batch.put(revisionKey(2, 0), kvBytes({ version: 9 })),
  ],
] as const) {
  t.test(`checkConsistency() finds ${what}`, async (t) => {
    const store = await tamperedStore(change);
    await t.rejects(store.checkConsistency(), AssertionError);
  });
}

t.test("checkConsistency() finds a lease that holds a key of another", async (t) => {
  const store = await tamperedStore(() => undefined);
  store.lessor.grant(2n, 10, 0).keys.add("a");
  await t.rejects(store.checkConsistency(), AssertionError);
});
