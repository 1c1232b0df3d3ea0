import t from "tap";
import { Keepalive } from "../../../src/transport/http2/keepalive.ts";
import { HANDSHAKE_TIMEOUT_MS } from "../../../src/transport/http2/limits.ts";
import { TestClock } from "./test-clock.ts";

void t.test("Keepalive pings after silence only, and gives up what does not answer", (t) => {
  const clock = new TestClock();
  const told: string[] = [];
  const keepalive = new Keepalive({
    clock,
    intervalMs: 100,
    timeoutMs: 20,
    hasBegun: () => true,
    ping: () => told.push(`ping at ${clock.nowMs()}`),
    onDead: () => told.push(`dead at ${clock.nowMs()}`),
  });
  clock.advance(60);
  keepalive.heard(clock.nowMs());
  clock.advance(99);
  t.same(told, []);
  clock.advance(5);
  keepalive.heard(clock.nowMs());
  t.same(told, ["ping at 160"]);
  clock.advance(1000);
  t.same(told, ["ping at 160", "ping at 264", "dead at 284"]);
  t.equal(clock.timerCount, 0);
  t.end();
});

void t.test("Keepalive gives up who does not begin, whatever else it hears", (t) => {
  for (const intervalMs of [1000, 7_200_000]) {
    const clock = new TestClock();
    const told: string[] = [];
    const keepalive = new Keepalive({
      clock,
      intervalMs,
      hasBegun: () => false,
      ping: () => told.push("ping"),
      onDead: () => told.push(`dead at ${clock.nowMs()}`),
    });
    for (let count = 0; count < 1000; count++) {
      clock.advance(HANDSHAKE_TIMEOUT_MS / 500);
      keepalive.heard(clock.nowMs());
    }
    t.same(told, [`dead at ${HANDSHAKE_TIMEOUT_MS}`]);
    t.equal(clock.timerCount, 0);
  }
  t.end();
});

void t.test("Keepalive.close() leaves no timer", (t) => {
  const clock = new TestClock();
  const keepalive = new Keepalive({
    clock,
    hasBegun: () => true,
    ping: () => undefined,
    onDead: () => undefined,
  });
  keepalive.close();
  t.equal(clock.timerCount, 0);
  t.end();
});
