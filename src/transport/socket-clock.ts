import { performance } from "node:perf_hooks";
import type { Clock } from "../wire/index.ts";

/** Longest delay that Node's timers take, milliseconds. */
const DELAY_MS_MAX = 2 ** 31 - 1;

/** Time for the time-outs of sockets, which are no business of the server behind them. */
export const SOCKET_CLOCK: Clock = {
  nowMs: () => performance.now(),
  after: (delayMs, callback) => {
    const timer = setTimeout(() => void callback(), Math.min(delayMs, DELAY_MS_MAX)).unref();
    return () => clearTimeout(timer);
  },
};
