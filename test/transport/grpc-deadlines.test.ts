import t from "tap";
import { Deadlines, NO_SLOT } from "../../src/transport/grpc-deadlines.ts";
import { TestClock } from "./http2/test-clock.ts";

function calls(count: number): { expired: number[]; calls: { slot: number; expire(): void }[] } {
  const expired: number[] = [];
  const list = Array.from({ length: count }, (_, index) => ({
    slot: NO_SLOT,
    expire: () => expired.push(index),
  }));
  return { expired, calls: list };
}

void t.test("Deadlines.add() ends calls in time, whatever the order they came in", (t) => {
  const clock = new TestClock();
  const deadlines = new Deadlines(clock);
  const { expired, calls: list } = calls(4);
  [500, 20, 100, 21].forEach((timeoutMs, index) => {
    const call = list[index];
    if (call !== undefined) deadlines.add(call, timeoutMs);
  });
  clock.advance(19);
  t.same(expired, []);
  clock.advance(12);
  t.same(
    expired.toSorted((a, b) => a - b),
    [1, 3],
  );
  clock.advance(480);
  t.same(expired.slice(2), [2, 0]);
  t.equal(clock.timerCount, 0);
  t.end();
});

void t.test("Deadlines.remove() keeps a call from ending, and leaves nothing behind", (t) => {
  const clock = new TestClock();
  const deadlines = new Deadlines(clock);
  const { expired, calls: list } = calls(3);
  for (const call of list) deadlines.add(call, 10);
  for (const call of list.slice(0, 2)) deadlines.remove(call);
  clock.advance(100);
  t.same(expired, [2]);
  t.equal(list[0]?.slot, NO_SLOT);
  t.end();
});

void t.test("Deadlines ends a quarter of a million calls of one moment", (t) => {
  const clock = new TestClock();
  const deadlines = new Deadlines(clock);
  const { expired, calls: list } = calls(250_000);
  for (const call of list) deadlines.add(call, 10);
  clock.advance(100);
  t.equal(expired.length, list.length);
  t.end();
});

void t.test("Deadlines ends calls in time when there are more moments than it searches", (t) => {
  const clock = new TestClock();
  const deadlines = new Deadlines(clock);
  const late: number[] = [];
  const count = 5000;
  for (let index = 0; index < count; index++) {
    // In an order that has nothing to do with time.
    const timeoutMs = ((index * 1789) % count) * 10;
    const expire = (): void => void late.push(clock.nowMs() - timeoutMs);
    deadlines.add({ slot: NO_SLOT, expire }, timeoutMs);
  }
  clock.advance(count * 5);
  t.ok(Math.abs(late.length - count / 2) < 2, "half of them after half the time");
  // As if the machine had slept.
  clock.advance(count * 20);
  t.equal(late.length, count);
  t.ok(late.every((ms) => ms >= 0 && ms <= 8));
  t.equal(clock.timerCount, 0);
  t.end();
});

void t.test("Deadlines takes more than a year for never", (t) => {
  const clock = new TestClock();
  const { calls: list } = calls(1);
  for (const call of list) new Deadlines(clock).add(call, 1e15);
  t.equal(clock.timerCount, 0);
  t.end();
});
