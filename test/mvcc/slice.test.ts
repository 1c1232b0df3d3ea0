import t from "tap";
import { Slice, turn } from "../../src/mvcc/slice.ts";

t.test("Slice is over after a few large responses, or very many small ones", async (t) => {
  const slice = new Slice();
  t.equal(slice.isOver, true, "not begun");
  for (const [bytes, least, most] of [
    [0, 500, 2_000],
    [1_000_000, 2, 5],
  ] as const) {
    slice.begin();
    let count = 0;
    for (; !slice.isOver; count++) slice.spend(bytes);
    t.ok(count >= least && count <= most, `${String(count)} of ${String(bytes)} bytes`);
  }
});

t.test("turn() lets others go first", async (t) => {
  const order: string[] = [];
  setImmediate(() => order.push("other"));
  await turn();
  order.push("own");
  t.same(order, ["other", "own"]);
});
