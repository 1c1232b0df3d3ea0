import t from "tap";
import { TURN_WORK, Turns } from "../../src/mvcc/turns.ts";
import { EtcdError } from "../../src/wire/index.ts";

t.test("Turns.next() gives one turn in every turn of the event loop, in order", async (t) => {
  const turns = new Turns(TURN_WORK);
  const order: string[] = [];
  const work = async (name: string): Promise<void> => {
    for (let round = 0; round < 2; round++) {
      await turns.next();
      order.push(name);
    }
  };
  const loop = new Promise<void>((resolve) => {
    let left = 5;
    const turn = (): void => {
      order.push("-");
      if (--left > 0) setImmediate(turn);
      else resolve();
    };
    setImmediate(turn);
  });
  await Promise.all([work("a"), work("b"), loop]);
  t.equal(order.join(""), "-a-b-a-b-");
});

t.test("Turns.close() refuses who waits and who comes", async (t) => {
  const turns = new Turns(TURN_WORK);
  const waiting = turns.next();
  turns.close();
  await t.rejects(waiting, new EtcdError("stopped"));
  await t.rejects(turns.next(), new EtcdError("stopped"));
});

t.test(
  "Turns.gather() runs sixteen at a time, lets a thousand wait, and refuses more",
  async (t) => {
    const turns = new Turns(TURN_WORK);
    const ends: (() => void)[] = [];
    const job = (): Promise<void> =>
      turns.gather(() => new Promise((resolve) => ends.push(resolve)));
    const jobs = Array.from({ length: 1016 }, job);
    t.equal(ends.length, 16);
    await t.rejects(job(), new EtcdError("tooManyRequests"));
    for (let done = 0; done < 1016; done++) {
      ends[done]?.();
      await jobs[done];
    }
    await Promise.all(jobs);
    t.equal(ends.length, 1016);
    await t.rejects(
      turns.gather(async () => {
        throw new EtcdError("compacted");
      }),
      new EtcdError("compacted"),
    );
    const again = Array.from({ length: 17 }, job);
    t.equal(ends.length, 1032, "all places are free again");
    turns.close();
    await t.rejects(again[16]!, new EtcdError("stopped"));
  },
);
