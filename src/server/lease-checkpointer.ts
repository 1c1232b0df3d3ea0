/**
 * Notes from time to time what is left of long leases, so that a restart does not give them their whole
 * time again: with the feature gate LeaseCheckpoint.
 *
 * Source: etcd server/lease/lessor.go, checkpointScheduledLeases. etcd looks at each lease every five
 * minutes after its grant; here all are looked at together.
 */
import type { Store } from "../mvcc/index.ts";
import type { Clock, Logger } from "../wire/index.ts";
import type { CommitQueue } from "./commit-queue.ts";

/** Shorter leases have no checkpoints. Source: lessor.go, defaultLeaseCheckpointInterval. */
const INTERVAL_MS = 5 * 60 * 1000;
/** Leases of one command. Source: lessor.go, maxLeaseCheckpointBatchSize. */
const BATCH_MAX = 1000;

export class LeaseCheckpointer {
  readonly #store: Store;
  readonly #queue: CommitQueue;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #stop: (() => void) | undefined = undefined;
  #closed = false;

  constructor(parts: { store: Store; queue: CommitQueue; clock: Clock; logger: Logger }) {
    this.#store = parts.store;
    this.#queue = parts.queue;
    this.#clock = parts.clock;
    this.#logger = parts.logger;
  }

  /** Looks at the leases after each interval, until {@link close}. */
  start(): void {
    if (this.#closed) return;
    const look = async (): Promise<void> => {
      await this.#checkpoint();
      this.start();
    };
    this.#stop = this.#clock.after(INTERVAL_MS, look, "background");
  }

  close(): void {
    this.#closed = true;
    this.#stop?.();
  }

  /** Never rejects. */
  async #checkpoint(): Promise<void> {
    const nowMs = this.#clock.nowMs();
    const due = this.#store.lessor
      .list()
      .map(({ id, ttl, deadlineMs }) => ({
        id,
        ttl,
        remainingTtl: Math.ceil((deadlineMs - nowMs) / 1000),
      }))
      .filter(({ ttl, remainingTtl }) => {
        return ttl * 1000 > INTERVAL_MS && remainingTtl > 0 && remainingTtl < ttl;
      });
    try {
      for (let first = 0; first < due.length && !this.#closed; first += BATCH_MAX) {
        const checkpoints = due.slice(first, first + BATCH_MAX);
        await this.#queue.submit({ type: "leaseCheckpoint", checkpoints });
      }
    } catch (error) {
      if (!this.#closed) this.#logger.warn("failed to checkpoint leases", { error: String(error) });
    }
  }
}
