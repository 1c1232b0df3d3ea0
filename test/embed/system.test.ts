import { once } from "node:events";
import t from "tap";
import { SYSTEM_CLOCK } from "../../src/embed/system.ts";

/** What keeps the event loop of this process alive, timers only. */
function timerCount(): number {
  return process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
}

t.test("SYSTEM_CLOCK.nowMs() never goes back, and goes on", async (t) => {
  let previous = SYSTEM_CLOCK.nowMs();
  const first = previous;
  for (let count = 0; count < 1_000; count++) {
    const now = SYSTEM_CLOCK.nowMs();
    if (now < previous) t.fail(`went back from ${previous} to ${now}`);
    previous = now;
  }
  await new Promise<void>((resolve) => void SYSTEM_CLOCK.after(1, resolve));
  t.ok(SYSTEM_CLOCK.nowMs() > first);
});

t.test("SYSTEM_CLOCK.after() calls back once, after its delay at the earliest", async (t) => {
  const delayMs = 20;
  const began = SYSTEM_CLOCK.nowMs();
  let calls = 0;
  await new Promise<void>((resolve) => {
    SYSTEM_CLOCK.after(delayMs, () => {
      calls++;
      resolve();
    });
  });
  // Node's timers count in whole milliseconds, and may be one early by that.
  t.ok(SYSTEM_CLOCK.nowMs() - began >= delayMs - 1);
  await new Promise<void>((resolve) => void SYSTEM_CLOCK.after(2 * delayMs, resolve));
  t.equal(calls, 1);
});

t.test("SYSTEM_CLOCK.after() can be called off", async (t) => {
  let calls = 0;
  const cancel = SYSTEM_CLOCK.after(1, () => void calls++);
  cancel();
  cancel();
  await new Promise<void>((resolve) => void SYSTEM_CLOCK.after(5, resolve));
  t.equal(calls, 0);
});

t.test("SYSTEM_CLOCK.after() takes delays that are longer than Node's timers can be", async (t) => {
  const warned = once(process, "warning").then(() => "a warning of an overflow");
  const calls: number[] = [];
  const cancels = [2 ** 31, 2 ** 40, Number.MAX_SAFE_INTEGER, Number.POSITIVE_INFINITY].map(
    (delayMs) => SYSTEM_CLOCK.after(delayMs, () => void calls.push(delayMs)),
  );
  const later = new Promise((resolve) => void SYSTEM_CLOCK.after(20, () => resolve("nothing")));
  t.equal(await Promise.race([warned, later]), "nothing", "Node would fire at once, and say so");
  t.strictSame(calls, []);
  for (const cancel of cancels) cancel();
});

t.test("SYSTEM_CLOCK.after() keeps the process alive, but not in the background", async (t) => {
  const before = timerCount();
  const cancelBackground = SYSTEM_CLOCK.after(10_000, () => undefined, "background");
  t.equal(timerCount(), before);
  const cancel = SYSTEM_CLOCK.after(10_000, () => undefined);
  t.equal(timerCount(), before + 1);
  cancel();
  t.equal(timerCount(), before);
  cancelBackground();
});
