import t from "tap";
import { CallTimes } from "../../src/server/call-times.ts";
import { STREAM_METHODS, UNARY_METHODS } from "../../src/wire/index.ts";
import type { Method } from "../../src/wire/index.ts";
import { VirtualClock } from "../../src/testing/virtual-clock.ts";

t.test("CallTimes knows every method, and observes a call when it is over", async (t) => {
  const clock = new VirtualClock();
  const times = new CallTimes(clock);
  for (const method of [...Object.keys(UNARY_METHODS), ...Object.keys(STREAM_METHODS)]) {
    t.equal(times.of(method as Method).count, 0, method);
  }
  const over = times.began("put");
  await clock.advance(30);
  t.equal(times.of("put").count, 0);
  over();
  t.equal(times.of("put").sum, 0.03);
});
