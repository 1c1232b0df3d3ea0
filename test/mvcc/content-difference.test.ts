import t from "tap";
import { contentDifference } from "../../src/mvcc/index.ts";
import { commit, deleting, plainKeyValue, putting, withStore } from "../harness/store-fixture.ts";

t.test("contentDifference() tells made, changed and deleted keys, in order", async (t) => {
  await withStore(async (store) => {
    await commit(store, (txn) => txn.grantLease(5n, 10, 10_000));
    await commit(store, putting("changed", "1"), putting("deleted", "1"), putting("leased", "1"));
    await commit(store, putting("again", "1"), putting("same", "1"));
    const one = store.mark();
    await commit(store, putting("changed", "2"), deleting("deleted"), putting("leased", "1", 5n));
    await commit(store, putting("made", "2"), putting("again", "2"), putting("made and gone"));
    await commit(store, putting("again", "1"), deleting("made and gone"));
    const other = store.mark();
    const found = contentDifference(one, other).map((difference) => [
      difference.key,
      difference.one && plainKeyValue(difference.one).value,
      difference.other && plainKeyValue(difference.other).value,
    ]);
    t.same(found, [
      ["changed", "1", "2"],
      ["deleted", "1", undefined],
      ["leased", "1", "1"],
      ["made", undefined, "2"],
    ]);
    t.equal(contentDifference(other, one).length, 4);
    t.same(contentDifference(other, other), []);
  });
});
