/** How many calls began and ended, by method: what the metrics of gRPC are made from. */
import { STATUS, STREAM_METHODS, UNARY_METHODS } from "../wire/index.ts";
import type { Method, StatusCode } from "../wire/index.ts";

/** Counts of one method. */
export interface MethodCounts {
  started: number;
  /** By status code. */
  readonly handled: Map<StatusCode, number>;
  received: number;
  sent: number;
}

export class CallCounts {
  readonly #counts: Record<Method, MethodCounts>;

  constructor() {
    const methods = [...Object.keys(UNARY_METHODS), ...Object.keys(STREAM_METHODS)];
    // The keys of the two tables are all methods there are.
    this.#counts = Object.fromEntries(
      methods.map((method) => [
        method,
        { started: 0, handled: new Map(), received: 0, sent: 0 } satisfies MethodCounts,
      ]),
    ) as Record<Method, MethodCounts>;
  }

  of(method: Method): MethodCounts {
    return this.#counts[method];
  }

  /** A call with one answer went well. */
  answered(method: Method): void {
    const counts = this.#counts[method];
    counts.sent++;
    counts.handled.set(STATUS.ok, (counts.handled.get(STATUS.ok) ?? 0) + 1);
  }

  ended(method: Method, code: StatusCode): void {
    const { handled } = this.#counts[method];
    handled.set(code, (handled.get(code) ?? 0) + 1);
  }

  all(): [Method, MethodCounts][] {
    return Object.entries(this.#counts) as [Method, MethodCounts][];
  }
}
