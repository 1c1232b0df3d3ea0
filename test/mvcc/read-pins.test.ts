import t from "tap";
import { ReadPins } from "../../src/mvcc/read-pins.ts";
import { settle } from "../../src/testing/virtual-clock.ts";

t.test("ReadPins.noneBelow() waits for all older reads, and for no other", async (t) => {
  const pins = new ReadPins();
  const released: number[] = [];
  const wait = (revision: number): void => {
    void pins.noneBelow(revision).then(() => released.push(revision));
  };
  wait(5);
  await settle();
  t.same(released.splice(0), [5], "nobody reads");
  const [three, threeAgain, seven] = [pins.add(3), pins.add(3), pins.add(7)];
  wait(3);
  wait(4);
  wait(7);
  wait(8);
  await settle();
  t.same(released.splice(0), [3], "a read at the very revision does not matter");
  three();
  await settle();
  t.same(released.splice(0), [], "there is another at the same");
  threeAgain();
  await settle();
  t.same(released.splice(0), [4, 7]);
  seven();
  await settle();
  t.same(released, [8]);
});
