import t from "tap";
import { Etcd } from "../../src/embed/index.ts";
import { VirtualClock } from "../../src/testing/index.ts";
import type { Duration } from "../../src/testing/index.ts";
import { tempDirectory } from "../harness/temp-dir.ts";

t.test("VirtualClock fires timers in order, each at its own moment", async (t) => {
  const clock = new VirtualClock(1000);
  const fired: [string, number][] = [];
  const note = (name: string) => (): void => {
    fired.push([name, clock.nowMs()]);
  };
  clock.after(20, note("second"));
  clock.after(10, note("first"));
  clock.after(20, note("third"));
  clock.after(31, note("later"));
  clock.after(10, note("stopped"))();
  await clock.advance(30);
  t.same(fired, [
    ["first", 1010],
    ["second", 1020],
    ["third", 1020],
  ]);
  t.equal(clock.nowMs(), 1030);
  t.equal(clock.timerCount, 1);
});

t.test("VirtualClock waits for what a timer set in motion", async (t) => {
  const clock = new VirtualClock();
  const steps: string[] = [];
  clock.after(1, async () => {
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    steps.push(`done at ${String(clock.nowMs())}`);
    clock.after(1, () => void steps.push(`next at ${String(clock.nowMs())}`));
  });
  await clock.advance(10);
  t.same(steps, ["done at 1", "next at 2"]);
});

t.test("VirtualClock takes lengths of time as people write them", async (t) => {
  for (const [duration, ms] of [
    ["250ms", 250],
    ["1.5s", 1500],
    ["2m", 120_000],
    ["1h", 3_600_000],
    [7, 7],
  ] as const) {
    const clock = new VirtualClock();
    await clock.advance(duration);
    t.equal(clock.nowMs(), ms);
  }
  // A program without types may say anything.
  for (const wrong of ["", "5", "s", "1d", "-1s", -1, Number.NaN] as Duration[]) {
    await t.rejects(new VirtualClock().advance(wrong), RangeError);
  }
});

for (const place of ["in memory", "on disk"]) {
  t.test(`Leases ${place} end when the clock says so, and not before`, async (t) => {
    const clock = new VirtualClock();
    const dataDir = place === "on disk" ? await tempDirectory(t) : undefined;
    await using etcd = await Etcd.start({ clock, dataDir });
    const { kv, lease } = etcd.client;
    for (let number = 1; number <= 20; number++) {
      const { id } = await lease.grant(number * 10);
      await kv.put(`key/${String(number)}`, "", { lease: id });
    }
    const left = async (): Promise<number> => (await kv.get("key/", { prefix: true })).count;
    await clock.advance("9999ms");
    t.equal(await left(), 20);
    await clock.advance("31s");
    t.equal(await left(), 16);
    await clock.advance("1h");
    t.equal(await left(), 0);
  });
}
