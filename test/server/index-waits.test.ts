import t from "tap";
import { INDEX_WAITERS_MAX, IndexWaits } from "../../src/server/index-waits.ts";
import { EtcdError } from "../../src/wire/index.ts";
import { settle } from "../../src/testing/virtual-clock.ts";

t.test("IndexWaits resolve when their index is reached", async (t) => {
  const waits = new IndexWaits();
  const reached: number[] = [];
  for (const index of [5, 3, 4]) void waits.wait(index).then(() => reached.push(index));
  waits.reached(2);
  await settle();
  t.same(reached, []);
  waits.reached(4);
  await settle();
  t.same(reached, [3, 4]);
  waits.reached(9);
  await settle();
  t.same(reached, [3, 4, 5]);
});

t.test("IndexWaits are at most so many, and end with the server", async (t) => {
  const waits = new IndexWaits();
  const first = waits.wait(1);
  const others = Array.from({ length: INDEX_WAITERS_MAX - 1 }, () => waits.wait(1));
  const outcomes = Promise.allSettled(others);
  const last = waits.wait(1);
  await t.rejects(first, new EtcdError("invalidAuthToken"));
  const ended = t.rejects(last, new EtcdError("stopped"));
  waits.close();
  await ended;
  t.ok((await outcomes).every(({ status }) => status === "rejected"));
  await t.rejects(waits.wait(1), new EtcdError("stopped"));
});
