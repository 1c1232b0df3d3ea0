import t from "tap";
import { createMicrosecondClock } from "../../src/cli/system-time.ts";

t.test("createMicrosecondClock() is finer than a millisecond", (t) => {
  let coarseMs = 1_000;
  let fineMs = 5;
  const now = createMicrosecondClock(
    () => coarseMs,
    () => fineMs,
  );
  t.equal(now(), 1_000_000);
  fineMs = 5.25;
  t.equal(now(), 1_000_250);
  fineMs = 6.5;
  coarseMs = 1_001;
  t.equal(now(), 1_001_500);
  t.end();
});

t.test("createMicrosecondClock() follows a clock that was set", (t) => {
  let coarseMs = 1_000;
  const now = createMicrosecondClock(
    () => coarseMs,
    () => 5,
  );
  coarseMs = 50_000;
  t.equal(now(), 50_000_000);
  coarseMs = 10;
  t.equal(now(), 10_000);
  t.end();
});
