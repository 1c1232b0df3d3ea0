import t from "tap";
import { formatDuration, formatMilliseconds } from "../../src/wire/index.ts";

t.test("formatDuration() writes as Go does", (t) => {
  const cases: readonly (readonly [bigint, string])[] = [
    [0n, "0s"],
    [1n, "1ns"],
    [1_100n, "1.1\u00b5s"],
    [2_200_000n, "2.2ms"],
    [100_000_000n, "100ms"],
    [1_500_000_000n, "1.5s"],
    [60_000_000_000n, "1m0s"],
    [600_000_000_000n, "10m0s"],
    [3_600_000_000_000n, "1h0m0s"],
    [-300_000_000_000n, "-5m0s"],
    [2n ** 63n - 1n, "2562047h47m16.854775807s"],
  ];
  for (const [durationNs, expected] of cases) {
    t.equal(formatDuration(durationNs), expected);
  }
  t.end();
});

t.test("formatMilliseconds() keeps parts of a millisecond", (t) => {
  t.equal(formatMilliseconds(1_500), "1.5s");
  t.equal(formatMilliseconds(0.25), "250µs");
  t.end();
});
