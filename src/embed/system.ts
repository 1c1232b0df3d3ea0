/** The real clock. Only this room reads time. */
import { performance } from "node:perf_hooks";
import type { Clock } from "../wire/index.ts";

/** Longest delay that Node's timers take, milliseconds; longer ones fire after it. */
const DELAY_MAX_MS = 0x7fff_ffff;

/** Monotonic time, and Node's timers. */
export const SYSTEM_CLOCK: Clock = {
  nowMs: () => performance.now(),
  after: (delayMs, callback, urgency) => {
    const timer = setTimeout(() => void callback(), Math.min(delayMs, DELAY_MAX_MS));
    if (urgency === "background") timer.unref();
    return () => {
      clearTimeout(timer);
    };
  },
};
