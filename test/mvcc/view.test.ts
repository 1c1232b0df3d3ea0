import t from "tap";
import { keyRange } from "../../src/mvcc/index.ts";
import type { View } from "../../src/mvcc/index.ts";
import { keyValuesOf } from "../../src/wire/index.ts";
import {
  EVERYTHING,
  commit,
  compactNow,
  deleting,
  plainKeyValue,
  putting,
  queryOf,
  withStore,
} from "../harness/store-fixture.ts";

function valuesOf(view: View): string[] {
  return view.select(EVERYTHING).map((version) => plainKeyValue(view.load(version)).value);
}

for (const [where, valueBytesMax] of [
  ["memory", 1_000_000],
  ["the engine", 0],
] as const) {
  t.test(`ReadView reads the visible revision from ${where}`, async (t) => {
    await withStore(
      async (store) => {
        await commit(store, putting("a", "1"), putting("b", "2"), putting("a", "3"), deleting("b"));
        await commit(store, putting("c", "4"));
        const view = store.view();
        t.equal(view.revision, 6);
        t.equal(view.baseRevision, 6);
        t.equal(view.compactedRevision, -1);
        t.same(valuesOf(view), ["3", "4"]);
        t.equal(view.get("a")?.modMain, 4);
        t.equal(view.get("b"), undefined);
        t.equal(view.get("missing"), undefined);
        const older = view.range(queryOf({ revision: 3 }));
        t.same(
          keyValuesOf(older.kvs).map((kv) => plainKeyValue(kv).value),
          ["1", "2"],
        );
        t.equal(view.select(keyRange("b", "\0")).length, 1);
      },
      { valueBytesMax },
    );
  });
}

t.test("ReadView does not see a group that is under way", async (t) => {
  await withStore(
    async (store) => {
      await commit(store, putting("a", "old"), putting("b", "old"));
      const txn = store.begin();
      putting("a", "new")(txn);
      deleting("b")(txn);
      putting("c", "new")(txn);
      txn.endCommand();
      t.same(valuesOf(store.view()), ["old", "old"]);
      t.equal(store.view().get("c"), undefined);
      t.same(valuesOf(txn), ["new", "new"]);
      await txn.commit();
      store.publish(txn);
      t.same(valuesOf(store.view()), ["new", "new"]);
    },
    { valueBytesMax: 0 },
  );
});

t.test("ReadView knows the compacted revision", async (t) => {
  await withStore(async (store) => {
    await commit(store, putting("a"), putting("a"));
    await compactNow(store, 2);
    t.equal(store.view().compactedRevision, 2);
  });
});
