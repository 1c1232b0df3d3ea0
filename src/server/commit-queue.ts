/**
 * The only door to a write.
 *
 * Commands stand in line. Whenever the disk is free, all that wait are taken (up to the limits of a
 * group), applied in order, and written in one batch; then the whole group becomes visible, the
 * watchers hear of it, and every caller gets its answer, in this order. The write under way is what
 * gathers the next group: there is no timer.
 *
 * A failed write ends the server's authority to write: what memory has may not be what the disk
 * has. The group's callers and everybody after them get the cause; reading goes on at the revision
 * that was visible before.
 */
import type { Store, WriteTxn } from "../mvcc/index.ts";
import { META, encodeNumber } from "../mvcc/index.ts";
import { EtcdError, PendingAnswer, STATUS } from "../wire/index.ts";
import type { Logger } from "../wire/index.ts";
import { apply } from "./apply.ts";
import type { ApplyState } from "./apply.ts";
import type { Command } from "./command.ts";
import { QUEUE_LIMITS } from "./limits.ts";

/**
 * The applied index must not go back at a restart. It is not written with every group, but this far
 * ahead when it has caught up: a start may skip some numbers. Not often, because this row ends up in
 * one table of LevelDB with the newest revisions: see Store.setRecordsApart().
 */
const INDEX_RESERVE = 10_000_000;

interface Waiting {
  readonly command: Command;
  readonly bytes: number;
  readonly answer: PendingAnswer;
}

export class CommitQueue {
  readonly #store: Store;
  readonly #state: ApplyState;
  readonly #logger: Logger;
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #appliedIndex: number;
  /** What the disk has: a restart begins there. */
  #reservedIndex: number;
  #running: Promise<void> | undefined = undefined;
  /** A group is applied, and not on disk yet. */
  #committing = false;
  /** Readings that wait for the group under way: at most one per call that is open. */
  #readings: (() => void)[] = [];
  #refuseAll: EtcdError | undefined = undefined;

  constructor(store: Store, state: ApplyState, logger: Logger) {
    this.#store = store;
    this.#state = state;
    this.#logger = logger;
    this.#appliedIndex = store.identity.reservedIndex;
    this.#reservedIndex = this.#appliedIndex;
  }

  /** Grows with every command, over restarts too. */
  get appliedIndex(): number {
    return this.#appliedIndex;
  }

  /** Why no more is written; undefined while all is well. */
  get failure(): EtcdError | undefined {
    return this.#refuseAll;
  }

  /** Commands in line. */
  get waitingCount(): number {
    return this.#waiting.length;
  }

  /**
   * Puts a command in line; `bytes` is the size of its request. Its encoded response is there when it
   * is durable and visible. Rejects with EtcdError.
   */
  submit(command: Command, bytes = 0): PendingAnswer {
    const answer = new PendingAnswer();
    const { waitingCommandsMax, waitingBytesMax } = QUEUE_LIMITS;
    const isFull =
      this.#waiting.length >= waitingCommandsMax || this.#waitingBytes + bytes > waitingBytesMax;
    if (this.#refuseAll !== undefined) answer.reject(this.#refuseAll);
    else if (isFull) answer.reject(new EtcdError("tooManyRequests"));
    else {
      this.#waiting.push({ command, bytes, answer });
      this.#waitingBytes += bytes;
      this.#running ??= this.#run();
    }
    return answer;
  }

  /**
   * Reads what commands change beside the store, when all of it is on disk: at once, or between the
   * group under way and the next. Throws, or rejects with, EtcdError after a failed write: memory is
   * ahead of the disk then.
   */
  read<T>(read: () => T | Promise<T>): T | Promise<T> {
    if (!this.#committing) return this.#readNow(read);
    if (this.#readings.length >= QUEUE_LIMITS.waitingCommandsMax) {
      throw new EtcdError("tooManyRequests");
    }
    return new Promise((resolve, reject) => {
      this.#readings.push(() => {
        try {
          resolve(this.#readNow(read));
        } catch (error) {
          reject(error);
        }
      });
    });
  }

  #readNow<T>(read: () => T | Promise<T>): T | Promise<T> {
    if (this.#refuseAll !== undefined) throw this.#refuseAll;
    return read();
  }

  /** Takes no more commands, and waits for those in line. */
  async close(): Promise<void> {
    this.#refuseAll ??= new EtcdError("stopped");
    await this.#running;
  }

  async #run(): Promise<void> {
    // What arrives in this turn of the event loop goes into the same group.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      await this.#commitGroup(this.#takeGroup());
    }
    this.#running = undefined;
  }

  #takeGroup(): Waiting[] {
    const { groupCommandsMax, groupBytesMax } = QUEUE_LIMITS;
    let count = 0;
    let bytes = 0;
    while (count < this.#waiting.length && count < groupCommandsMax && bytes < groupBytesMax) {
      bytes += this.#waiting[count++]!.bytes;
    }
    const group = this.#waiting.slice(0, count);
    this.#waiting = this.#waiting.slice(count);
    this.#waitingBytes -= bytes;
    return group;
  }

  /** Never rejects. */
  async #commitGroup(group: readonly Waiting[]): Promise<void> {
    this.#committing = true;
    try {
      const txn = this.#store.begin();
      const outcomes = this.#applyAll(group, txn);
      await txn.commit();
      this.#appliedIndex += group.length;
      this.#store.publish(txn);
      this.#answerAll(group, outcomes);
    } catch (error) {
      this.#fail(error);
      for (const { answer } of group) answer.reject(this.#refuseAll);
      for (const { answer } of this.#waiting) answer.reject(this.#refuseAll);
      this.#waiting = [];
      this.#waitingBytes = 0;
    } finally {
      this.#committing = false;
      for (const reading of this.#readings.splice(0)) reading();
    }
  }

  #answerAll(group: readonly Waiting[], outcomes: readonly (Uint8Array | EtcdError)[]): void {
    for (let index = 0; index < group.length; index++) {
      const { answer } = group[index]!;
      const outcome = outcomes[index]!;
      if (outcome instanceof EtcdError) answer.reject(outcome);
      else answer.resolve(outcome);
    }
  }

  /** What each caller will hear once it is durable. Whole: no await. */
  #applyAll(group: readonly Waiting[], txn: WriteTxn): (Uint8Array | EtcdError)[] {
    const outcomes: (Uint8Array | EtcdError)[] = [];
    for (const { command } of group) {
      try {
        outcomes.push(apply(command, txn, this.#state));
      } catch (error) {
        // Anything but a refusal may have left a half behind: that ends the whole group.
        if (!(error instanceof EtcdError)) throw error;
        outcomes.push(error);
      }
      txn.endCommand();
    }
    const appliedIndex = this.#appliedIndex + group.length;
    // Also when all were refused: their numbers have been seen.
    if (appliedIndex > this.#reservedIndex) {
      this.#reservedIndex = appliedIndex + INDEX_RESERVE;
      txn.putRecord(META.reservedIndex, encodeNumber(this.#reservedIndex));
    }
    return outcomes;
  }

  #fail(cause: unknown): void {
    const reason = cause instanceof Error ? cause.message : String(cause);
    this.#logger.error("write failed, no more writes are taken", { error: reason });
    const text = `etcdlet: write failed, no more writes are taken: ${reason}`;
    this.#refuseAll = new EtcdError(STATUS.unavailable, text, { cause });
  }
}
