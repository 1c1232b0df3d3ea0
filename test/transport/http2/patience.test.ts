import t from "tap";
import {
  PING_INTERVAL_MS_MIN,
  RAPID_RESET_AGE_MS,
  RAPID_RESET_BURST,
  SETTINGS_BURST,
} from "../../../src/transport/http2/limits.ts";
import { Patience } from "../../../src/transport/http2/patience.ts";

void t.test("Patience.forReset() allows a burst, then so many a second", (t) => {
  const patience = new Patience(0);
  for (let count = 0; count < RAPID_RESET_BURST; count++) {
    if (!patience.forReset(0, 0)) t.fail(`refused after ${count}`);
  }
  t.equal(patience.forReset(0, 0), false);
  t.equal(patience.forReset(0, RAPID_RESET_AGE_MS + 1), true, "an old stream");
  t.equal(patience.forReset(1000, 1000), true, "after a second");
  t.end();
});

void t.test("Patience.forSettings() allows a burst, then so many a second", (t) => {
  const patience = new Patience(0);
  for (let count = 0; count < SETTINGS_BURST; count++) {
    if (!patience.forSettings(0)) t.fail(`refused after ${count}`);
  }
  t.equal(patience.forSettings(0), false);
  t.equal(patience.forSettings(1000), true, "after a second");
  t.end();
});

void t.test("Patience.forPing() counts strikes, which answers forgive", (t) => {
  const patience = new Patience(0);
  const state = { hasStreams: true, hasSent: false };
  const pings = [0, 1, 2].map((nowMs) => patience.forPing(nowMs, state));
  t.same(pings, [true, true, true]);
  t.equal(patience.forPing(3, { ...state, hasSent: true }), true);
  t.equal(patience.forPing(3 + PING_INTERVAL_MS_MIN, state), true);
  t.same(
    [1, 2, 3].map((ms) => patience.forPing(3 + PING_INTERVAL_MS_MIN + ms, state)),
    [true, true, false],
  );
  t.end();
});

void t.test("Patience.forPing() without streams wants hours between pings", (t) => {
  const patience = new Patience(0);
  const state = { hasStreams: false, hasSent: false };
  const minutes = [0, 1, 2, 3].map((minute) => patience.forPing(minute * 60_000, state));
  t.same(minutes, [true, true, true, false]);
  t.end();
});
