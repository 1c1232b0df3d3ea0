import t from "tap";
import { Change } from "../../src/mvcc/change.ts";

t.test("Change asks its source for its value, with its place", async (t) => {
  const place = { slab: 7, offset: 9 };
  const asked: Change[] = [];
  const valueOf = (change: Change): Uint8Array => {
    asked.push(change);
    return Buffer.from("new");
  };
  const fields = { key: "k", main: 3, sub: 0, deleted: false, creates: false };
  const change = new Change({ valueOf }, fields, place);
  t.same(change.value, Buffer.from("new"));
  t.equal(asked[0], change);
  t.match(change, { ...fields, ...place });
});
