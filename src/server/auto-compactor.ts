/**
 * Compacts by itself: what is older than a period, or than a number of revisions.
 *
 * Source: etcd server/etcdserver/api/v3compactor/{periodic,revision}.go. What a revision was one
 * period ago is known from samples, ten in a period or in an hour: after a start nothing is compacted
 * until one period has passed.
 */
import type { Store } from "../mvcc/index.ts";
import { EtcdError, formatMilliseconds } from "../wire/index.ts";
import type { Clock, LogFields, Logger } from "../wire/index.ts";
import type { CommitQueue } from "./commit-queue.ts";
import type { Compactor } from "./compactor.ts";

/** What to keep. */
export type AutoCompaction =
  /** History of this long, at least 10 ms. */
  | { readonly mode: "periodic"; readonly periodMs: number }
  /** This many revisions, at least 1. */
  | { readonly mode: "revision"; readonly revisions: number };

/** Between two compactions by period, at most. Source: periodic.go, getCompactInterval. */
const COMPACT_INTERVAL_MAX_MS = 60 * 60 * 1000;
/** Samples and attempts in one interval. Source: periodic.go, retryDivisor. */
const ATTEMPTS = 10;
/** Between two compactions by revision. Source: revision.go, revInterval. */
const REVISION_INTERVAL_MS = 5 * 60 * 1000;

export interface AutoCompactorParts {
  readonly store: Store;
  readonly queue: CommitQueue;
  readonly compactor: Compactor;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class AutoCompactor {
  readonly #parts: AutoCompactorParts;
  readonly #schedule: Schedule;
  #stop: (() => void) | undefined = undefined;
  #closed = false;

  constructor(parts: AutoCompactorParts, options: AutoCompaction) {
    const { store, clock } = parts;
    this.#parts = parts;
    this.#schedule =
      options.mode === "periodic"
        ? new PeriodicSchedule(options.periodMs, store, clock)
        : new RevisionSchedule(options.revisions, store);
  }

  /** Waits for the next time to look, again and again until {@link close}. */
  start(): void {
    if (this.#closed) return;
    const look = async (): Promise<void> => {
      await this.#look();
      this.start();
    };
    // An idle server without a port does not keep its process alive.
    this.#stop = this.#parts.clock.after(this.#schedule.begin(), look, "background");
  }

  close(): void {
    this.#closed = true;
    this.#stop?.();
  }

  /** Never rejects. */
  async #look(): Promise<void> {
    const revision = this.#schedule.due();
    if (revision === undefined) return;
    const { queue, compactor, clock, logger } = this.#parts;
    const { name, retryIntervalMs } = this.#schedule;
    const fields = { revision, ...this.#schedule.fields };
    logger.info(`starting auto ${name} compaction`, fields);
    const startMs = clock.nowMs();
    try {
      const request = { revision, physical: false };
      await queue.submit({ type: "compact", request });
      // Removes in the background; never rejects.
      void compactor.start();
    } catch (error) {
      // Somebody was faster: as good as done.
      if (!(error instanceof EtcdError && error.reason === "compacted")) {
        if (this.#closed) return;
        logger.warn(`failed auto ${name} compaction`, {
          ...fields,
          "retry-interval": formatMilliseconds(retryIntervalMs),
          error: String(error instanceof Error ? error.message : error),
        });
        return;
      }
    }
    this.#schedule.done(revision);
    const took = formatMilliseconds(clock.nowMs() - startMs);
    logger.info(`completed auto ${name} compaction`, { ...fields, took });
  }
}

/** When to compact, and at what revision. */
interface Schedule {
  /** As in etcd's log. */
  readonly name: "periodic" | "revision";
  readonly fields: LogFields;
  readonly retryIntervalMs: number;
  /** Begins a wait, and says how long it is. */
  begin(): number;
  /** After the wait: what to compact at, or nothing. */
  due(): number | undefined;
  /** That is compacted. */
  done(revision: number): void;
}

class PeriodicSchedule implements Schedule {
  readonly name = "periodic";
  readonly fields: LogFields;
  readonly retryIntervalMs: number;
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #intervalMs: number;
  /** Revisions of the last period, the oldest first; at most {@link #samplesMax}. */
  readonly #samples: number[] = [];
  readonly #samplesMax: number;
  /** Until the next compaction: first the whole period. */
  #waitMs: number;
  #lastSuccessMs: number;
  #lastRevision = 0;

  constructor(periodMs: number, store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
    this.#intervalMs = Math.min(periodMs, COMPACT_INTERVAL_MAX_MS);
    this.retryIntervalMs = this.#intervalMs / ATTEMPTS;
    this.#samplesMax = Math.floor(periodMs / this.retryIntervalMs) + 1;
    this.#waitMs = periodMs;
    this.#lastSuccessMs = clock.nowMs();
    this.fields = { "compact-period": formatMilliseconds(periodMs) };
  }

  begin(): number {
    this.#samples.push(this.#store.visibleRevision);
    if (this.#samples.length > this.#samplesMax) this.#samples.shift();
    return this.retryIntervalMs;
  }

  due(): number | undefined {
    const revision = this.#samples[0];
    // Node's timers may fire a little early, and looks are a whole interval apart.
    const passedMs = this.#clock.nowMs() - this.#lastSuccessMs + this.retryIntervalMs / 2;
    if (passedMs < this.#waitMs || revision === this.#lastRevision) return undefined;
    this.#waitMs = this.#intervalMs;
    return revision;
  }

  done(revision: number): void {
    this.#lastRevision = revision;
    this.#lastSuccessMs = this.#clock.nowMs();
  }
}

class RevisionSchedule implements Schedule {
  readonly name = "revision";
  readonly fields: LogFields;
  readonly retryIntervalMs = REVISION_INTERVAL_MS;
  readonly #store: Store;
  readonly #revisions: number;
  #lastRevision = 0;

  constructor(revisions: number, store: Store) {
    this.#store = store;
    this.#revisions = revisions;
    this.fields = { "revision-compaction-retention": revisions };
  }

  begin(): number {
    return this.retryIntervalMs;
  }

  due(): number | undefined {
    const revision = this.#store.visibleRevision - this.#revisions;
    return revision <= 0 || revision === this.#lastRevision ? undefined : revision;
  }

  done(revision: number): void {
    this.#lastRevision = revision;
  }
}
