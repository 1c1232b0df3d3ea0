/**
 * Removes in the background what compactions have made superfluous: step by step through the commit
 * queue, with a pause after each, so that calls come in between.
 */
import type { Store } from "../mvcc/index.ts";
import type { Clock, Logger } from "../wire/index.ts";
import type { CommitQueue } from "./commit-queue.ts";
import type { Figures } from "./figures.ts";

export interface CompactionLimits {
  /** Revisions removed per step. Source: etcd --compaction-batch-limit, default 1000. */
  readonly batchLimit: number;
  /** Pause between steps. Source: etcd --compaction-sleep-interval, default 10 ms. */
  readonly sleepIntervalMs: number;
}

/** Space is given back when so much of the store is rows that are gone. */
const RECLAIM_PART = 1 / 4;
/** Or so much, when the store has filled half of its quota. */
const RECLAIM_PART_WHEN_FULL = 1 / 32;
/** Less is not worth it: LevelDB's log and newest table are of this size. */
const RECLAIM_BYTES_MIN = 4 * 1024 * 1024;
/** Keys looked at per step: about a millisecond. */
const STEP_KEYS_MAX = 20_000;
/** Beyond this size the hash that etcd keeps of every compaction is not computed. */
const HASH_STORE_BYTES_MAX = 256 * 1024 * 1024;

export class Compactor {
  readonly #store: Store;
  readonly #queue: CommitQueue;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #limits: CompactionLimits & { readonly quotaBytes: number };
  readonly #figures: Figures;
  /** Space that is being given back; never rejects. */
  #reclaiming: Promise<void> | undefined = undefined;
  #running: Promise<void> | undefined = undefined;
  #stopped = false;
  #wakeUp: (() => void) | undefined = undefined;

  constructor(
    parts: { store: Store; queue: CommitQueue; clock: Clock; logger: Logger; figures: Figures },
    limits: CompactionLimits & { readonly quotaBytes: number },
  ) {
    this.#store = parts.store;
    this.#queue = parts.queue;
    this.#clock = parts.clock;
    this.#logger = parts.logger;
    this.#limits = limits;
    this.#figures = parts.figures;
  }

  /** Removes what is due, unless that is under way; resolves when nothing is left to remove. */
  async start(): Promise<void> {
    if (this.#stopped || !this.#store.isCompacting) return;
    this.#running ??= this.#run();
    await this.#running;
  }

  /** Stops after the step under way. The next start of the server goes on from there. */
  async close(): Promise<void> {
    this.#stopped = true;
    this.#wakeUp?.();
    await this.#running;
    await this.#reclaiming;
  }

  /** Never rejects: a failed write is the queue's to report. */
  async #run(): Promise<void> {
    // Never over before start() has noted that it runs: there is something to await.
    try {
      while (this.#store.isCompacting && !this.#stopped) {
        await this.#store.exclusively(async () => this.#compact());
      }
    } catch (error) {
      // The end of the server ends it where it is.
      if (!this.#stopped) this.#logger.warn("Failed compaction", { error: String(error) });
    } finally {
      this.#running = undefined;
    }
    // Nobody waits for it: etcd answers a physical compaction before its file is any smaller.
    if (this.#isReclaimDue()) this.#reclaiming ??= this.#reclaim();
  }

  #isReclaimDue(): boolean {
    if (this.#stopped) return false;
    const { bytes, part } = this.#store.garbage;
    const isFilling = this.#store.sizeBytes > this.#limits.quotaBytes / 2;
    return (
      bytes >= RECLAIM_BYTES_MIN && part >= (isFilling ? RECLAIM_PART_WHEN_FULL : RECLAIM_PART)
    );
  }

  /** Never rejects. */
  async #reclaim(): Promise<void> {
    const before = this.#store.sizeBytes;
    try {
      await this.#store.reclaim(() => this.#stopped);
      const fields = { "size-before-bytes": before, "size-bytes": this.#store.sizeBytes };
      this.#logger.info("gave back space of compacted revisions", fields);
    } catch (error) {
      if (!this.#stopped) {
        this.#logger.warn("failed to give back space", { error: String(error) });
      }
    } finally {
      this.#reclaiming = undefined;
    }
  }

  async #compact(): Promise<void> {
    const revision = this.#store.compactedRevision;
    if (this.#store.sizeBytes <= HASH_STORE_BYTES_MAX) await this.#store.hashBeforeCompaction();
    // Nobody begins to read below it any more; who has begun still needs what would be removed.
    await this.#store.noneReadsBelow(revision);
    const startMs = this.#clock.nowMs();
    const cursor: { from: string | undefined } = { from: "" };
    while (!this.#stopped) {
      const stepMs = this.#clock.nowMs();
      await this.#queue.submit({
        type: "compactStep",
        revision,
        cursor,
        keysMax: STEP_KEYS_MAX,
        removalsMax: this.#limits.batchLimit,
      });
      this.#figures.compactionPause.observe(this.#clock.nowMs() - stepMs);
      if (cursor.from === undefined) {
        this.#figures.compaction.observe(this.#clock.nowMs() - startMs);
        this.#figures.lastCompactionMs = this.#clock.nowMs();
        this.#store.compactionFinished(revision);
        this.#logger.info("finished scheduled compaction", { "compact-revision": revision });
        return;
      }
      await this.#pause();
    }
  }

  async #pause(): Promise<void> {
    // close() may have come during the step: then nobody would wake this up.
    if (this.#stopped) return;
    await new Promise<void>((resolve) => {
      const cancel = this.#clock.after(this.#limits.sleepIntervalMs, resolve);
      this.#wakeUp = () => {
        cancel();
        resolve();
      };
    });
    this.#wakeUp = undefined;
  }
}
