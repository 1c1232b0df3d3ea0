import t from "tap";
import { Histogram } from "../../src/mvcc/index.ts";
import { Figures } from "../../src/server/figures.ts";
import { VirtualClock } from "../../src/testing/virtual-clock.ts";

t.test("Figures times every range of many keys, and of single keys some", async (t) => {
  let nowMs = 0;
  const figures = new Figures({ nowMs: () => nowMs, after: () => () => undefined });
  const range = (isSingle: boolean, ms: number): void => {
    const startMs = figures.rangeStartMs(isSingle);
    nowMs += ms;
    figures.rangeDone(startMs, true);
  };
  range(true, 1);
  for (let index = 1; index < 16; index++) range(true, 7);
  t.equal(figures.ranges.succeeded.count, 16);
  t.equal(figures.ranges.succeeded.sum.toFixed(3), "0.016", "they are taken for the one before");
  range(true, 3);
  t.equal(figures.ranges.succeeded.sum.toFixed(3), "0.019");
  range(false, 20);
  range(false, 30);
  t.equal(figures.ranges.succeeded.sum.toFixed(3), "0.069");
  range(true, 7);
  t.equal(figures.ranges.succeeded.sum.toFixed(3), "0.072", "of single keys, that is");
  t.equal(figures.requests.of("Range").succeeded.count, 20);
});

t.test("Figures times an answer that comes later, however it was begun", async (t) => {
  const clock = new VirtualClock();
  const figures = new Figures(clock);
  figures.rangeDone(figures.rangeStartMs(true), true);
  const startMs = figures.rangeStartMs(true);
  t.equal(startMs, -1);
  const answer = figures.rangeAnswer(
    startMs,
    new Promise((resolve) => clock.after(50, () => resolve(new Uint8Array(1)))),
  );
  await clock.advance(50);
  t.equal((await answer).length, 1);
  t.equal(figures.ranges.succeeded.sum, 0.05);
  await t.rejects(figures.rangeAnswer(-1, Promise.reject(new Error("no"))), { message: "no" });
  t.equal(figures.ranges.failed.count, 1);
});

t.test("Figures.answer() tells outcomes apart, at once and later", async (t) => {
  const figures = new Figures(new VirtualClock());
  const times = figures.requests.of("ReadonlyTxn");
  const bytes = new Uint8Array(3);
  const broken = (): never => {
    throw new Error("broken");
  };
  t.equal(
    figures.answer(times, () => bytes),
    bytes,
  );
  t.equal(await figures.answer(times, () => Promise.resolve(bytes)), bytes);
  t.throws(() => figures.answer(times, broken), { message: "broken" });
  await t.rejects(async () => figures.answer(times, () => Promise.reject(new Error("late"))), {
    message: "late",
  });
  t.same([times.succeeded.count, times.failed.count], [2, 2]);
});

t.test("Figures.timed() observes a job that fails, too", async (t) => {
  const figures = new Figures(new VirtualClock());
  const histogram = new Histogram([1]);
  await figures.timed(histogram, () => Promise.resolve());
  await t.rejects(figures.timed(histogram, () => Promise.reject(new Error("no"))));
  t.equal(histogram.count, 2);
});

t.test("Figures keeps the last result of every health check, and all counts", async (t) => {
  const figures = new Figures(new VirtualClock());
  figures.checked("livez", "serializable_read", true);
  figures.checked("readyz", "serializable_read", true);
  figures.checked("readyz", "serializable_read", false);
  t.same(
    [...figures.checks.values()],
    [
      { type: "livez", name: "serializable_read", isGood: true, succeeded: 1, failed: 0 },
      { type: "readyz", name: "serializable_read", isGood: false, succeeded: 1, failed: 1 },
    ],
  );
});
