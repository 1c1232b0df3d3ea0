/** Turns time into commands: the end of leases. One timer, for whichever lease ends first. */
import type { Store } from "../mvcc/index.ts";
import type { Clock, Logger } from "../wire/index.ts";
import type { CommitQueue } from "./commit-queue.ts";
import type { Figures } from "./figures.ts";

/** Leases ended at a time. Source: etcd server/lease/lessor.go, defaultLeaseRevokeRate / 2. */
const EXPIRED_MAX = 500;
/** The least and the most time between two looks at the leases. */
const LOOK_MIN_MS = 10;
const LOOK_MAX_MS = 500;

export class Ticker {
  readonly #store: Store;
  readonly #queue: CommitQueue;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #figures: Figures;
  #stop: (() => void) | undefined = undefined;
  #closed = false;

  constructor(parts: {
    store: Store;
    queue: CommitQueue;
    clock: Clock;
    logger: Logger;
    figures: Figures;
  }) {
    this.#store = parts.store;
    this.#queue = parts.queue;
    this.#clock = parts.clock;
    this.#logger = parts.logger;
    this.#figures = parts.figures;
  }

  /** Looks at the leases when the next one ends, but not before `leastMs` have passed. */
  start(leastMs: number = LOOK_MIN_MS): void {
    if (this.#closed) return;
    const nowMs = this.#clock.nowMs();
    const deadlineMs = this.#store.lessor.nextDeadlineMs() ?? Number.POSITIVE_INFINITY;
    const delayMs = Math.min(LOOK_MAX_MS, Math.max(leastMs, deadlineMs - nowMs));
    const look = async (): Promise<void> => {
      const ended = await this.#expire();
      // Where leases may not end, do not try again at once, and for ever.
      this.start(ended ? LOOK_MIN_MS : LOOK_MAX_MS);
    };
    // An idle server without a port does not keep its process alive; an open watch does.
    this.#stop = this.#clock.after(delayMs, look, "background");
  }

  close(): void {
    this.#closed = true;
    this.#stop?.();
  }

  /** Answers whether all that are due have ended. Never rejects. */
  async #expire(): Promise<boolean> {
    if (this.#queue.failure !== undefined) return false;
    const nowMs = this.#clock.nowMs();
    const leases = this.#store.lessor.expired(nowMs, EXPIRED_MAX);
    const ended = leases.map(({ id }) => this.#queue.submit({ type: "leaseExpire", id, nowMs }));
    const results = await Promise.allSettled(ended);
    for (const result of results) {
      if (result.status === "fulfilled") this.#figures.expiredLeases++;
      else this.#logger.warn("failed to revoke lease", { error: String(result.reason) });
    }
    return results.every(({ status }) => status === "fulfilled");
  }
}
