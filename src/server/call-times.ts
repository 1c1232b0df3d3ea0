/** How long calls take, by method: with `--metrics=extensive` only. */
import { Histogram } from "../mvcc/index.ts";
import { STREAM_METHODS, UNARY_METHODS } from "../wire/index.ts";
import type { Clock, Method } from "../wire/index.ts";
import type { CallObserver } from "./observed-channel.ts";

/** Seconds. Source: client_golang, prometheus.DefBuckets. */
const BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export class CallTimes implements CallObserver {
  readonly #clock: Clock;
  readonly #times: Record<Method, Histogram>;

  constructor(clock: Clock) {
    this.#clock = clock;
    const methods = [...Object.keys(UNARY_METHODS), ...Object.keys(STREAM_METHODS)];
    // The keys of the two tables are all methods there are.
    this.#times = Object.fromEntries(
      methods.map((method) => [method, new Histogram(BOUNDS)]),
    ) as Record<Method, Histogram>;
  }

  of(method: Method): Histogram {
    return this.#times[method];
  }

  began(method: Method): () => void {
    const startMs = this.#clock.nowMs();
    return () => {
      this.#times[method].observe((this.#clock.nowMs() - startMs) / 1000);
    };
  }
}
