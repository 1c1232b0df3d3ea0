/**
 * The only door to a write.
 *
 * Commands stand in line. Whenever the disk is free, all that wait are taken (up to the limits of a
 * group), applied in order, and written in one batch; then the whole group becomes visible, the
 * watchers hear of it, and every caller gets its answer, in this order. The write under way is what
 * gathers the next group: there is no timer.
 *
 * What comes while the disk is busy is applied at once, on top of the group under way, so that the
 * next group is ready when the disk is. Nobody sees it before its turn.
 *
 * Nobody waits for ever: what has waited for a request's time is refused with `request timed out`. What
 * was taken into a group by then may be applied all the same, as in etcd.
 *
 * A failed write ends the server's authority to write: what memory has may not be what the disk
 * has. The group's callers and everybody after them get the cause; reading goes on at the revision
 * that was visible before.
 */
import type { Store, WriteTxn } from "../mvcc/index.ts";
import { EtcdError, PendingAnswer, STATUS } from "../wire/index.ts";
import type { Logger } from "../wire/index.ts";
import type { Alarm } from "./alarms.ts";
import { apply } from "./apply.ts";
import { IndexWaits } from "./index-waits.ts";
import type { ApplyState } from "./apply.ts";
import type { Command } from "./command.ts";
import type { Figures } from "./figures.ts";
import { GroupTimes } from "./group-times.ts";
import { QUEUE_LIMITS } from "./limits.ts";
import { reserveIndexes } from "./reserved-index.ts";
import { Patience } from "./patience.ts";
import type { SlowCalls } from "./slow-calls.ts";

interface Waiting {
  readonly command: Command;
  readonly bytes: number;
  /** Undefined when nobody waits any more. */
  answer: PendingAnswer | undefined;
  /** When it came. */
  readonly tick: number;
}

/** A reading that waits for the disk. */
interface Reading {
  readonly tick: number;
  run(): void;
  refuse(error: EtcdError): void;
}

/** Commands that are applied, and not on disk yet. */
interface Group {
  readonly txn: WriteTxn;
  readonly commands: Waiting[];
  /** What each caller will hear once it is durable. */
  readonly outcomes: (Uint8Array | EtcdError)[];
  readonly times: GroupTimes;
  bytes: number;
  /** What broke while it was applied: it must not be written. */
  failure: Error | undefined;
  /** After it. */
  alarms: readonly Alarm[];
  /** When it went to the disk. */
  tick: number;
  /** When the first of its commands came. */
  readonly sinceMs: number;
}

export interface CommitQueueOptions {
  readonly logger: Logger;
  readonly figures: Figures;
  /** Of this queue alone. */
  readonly patience: Patience;
  readonly slow: SlowCalls;
  readonly reservedIndex?: number;
}

export class CommitQueue {
  readonly #store: Store;
  readonly #state: ApplyState;
  readonly #logger: Logger;
  readonly #figures: Figures;
  #waiting: Waiting[] = [];
  /** Of those, and of the group that is gathered. */
  #waitingBytes = 0;
  #appliedIndex: number;
  /** What the disk has: a restart begins there. */
  #reservedIndex: number;
  #running: Promise<void> | undefined = undefined;
  /** The group under way to the disk. */
  #committing: Group | undefined = undefined;
  /** The next one, as far as it is gathered. */
  #gathered: Group | undefined = undefined;
  #isGatheringSoon = false;
  /** Readings that wait for what is applied to be on disk, the oldest first; one per call at most. */
  readonly #readings: Reading[] = [];
  #refuseAll: EtcdError | undefined = undefined;
  readonly #patience: Patience;
  readonly #slow: SlowCalls;
  /** When the first came of those that wait. */
  #waitingSinceMs = 0;
  readonly #indexWaits = new IndexWaits();

  /** `reservedIndex` is what {@link reserveIndexes} gave, if it was asked since the store was opened. */
  constructor(
    store: Store,
    state: ApplyState,
    { logger, figures, patience, slow, reservedIndex }: CommitQueueOptions,
  ) {
    this.#store = store;
    this.#patience = patience;
    this.#slow = slow;
    patience.onTick(() => this.#refuseOverdue());
    this.#state = state;
    this.#logger = logger;
    this.#figures = figures;
    this.#appliedIndex = store.identity.reservedIndex;
    this.#reservedIndex = reservedIndex ?? this.#appliedIndex;
  }

  /** Grows with every command, over restarts too. */
  get appliedIndex(): number {
    return this.#appliedIndex;
  }

  /** Why no more is written; undefined while all is well. */
  get failure(): EtcdError | undefined {
    return this.#refuseAll;
  }

  /** Why nothing gets to the disk: {@link failure}, or that a group takes longer than a request may. */
  get stall(): EtcdError | undefined {
    const group = this.#committing;
    const isStuck = group !== undefined && this.#patience.isOver("request", group.tick);
    return this.#refuseAll ?? (isStuck ? new EtcdError("timeout") : undefined);
  }

  /** Commands in line: all but those under way to the disk. */
  get waitingCount(): number {
    return this.#waiting.length + (this.#gathered?.commands.length ?? 0);
  }

  /** Commands that were taken and are not answered yet. */
  get pendingCount(): number {
    return this.waitingCount + (this.#committing?.commands.length ?? 0);
  }

  /**
   * Puts a command in line; `bytes` is the size of its request. Its encoded response is there when it
   * is durable and visible. Rejects with EtcdError.
   */
  submit(command: Command, bytes = 0): PendingAnswer {
    const answer = new PendingAnswer();
    const { waitingCommandsMax, waitingBytesMax } = QUEUE_LIMITS;
    const isFull =
      this.waitingCount >= waitingCommandsMax || this.#waitingBytes + bytes > waitingBytesMax;
    if (this.#refuseAll !== undefined) answer.reject(this.#refuseAll);
    else if (isFull) answer.reject(new EtcdError("tooManyRequests"));
    else {
      if (this.#waiting.length === 0) this.#waitingSinceMs = this.#slow.nowMs();
      this.#waiting.push({ command, bytes, answer, tick: this.#patience.begin() });
      this.#waitingBytes += bytes;
      if (this.#committing !== undefined) this.#gatherSoon();
      else this.#running ??= this.#run();
    }
    return answer;
  }

  /**
   * Reads what commands change beside the store, when all of it is on disk: at once, or after the
   * group under way and what is gathered, before anything else is applied. Throws, or rejects with,
   * EtcdError after a failed write: memory is ahead of the disk then.
   */
  read<T>(read: () => T | Promise<T>): T | Promise<T> {
    const isLevel = this.#committing === undefined && this.#gathered === undefined;
    if (isLevel) return this.#readNow(read);
    if (this.#readings.length >= QUEUE_LIMITS.waitingCommandsMax) {
      throw new EtcdError("tooManyRequests");
    }
    return new Promise((resolve, reject) => {
      const run = (): void => {
        try {
          resolve(this.#readNow(read));
        } catch (error) {
          reject(error);
        }
      };
      this.#readings.push({ tick: this.#patience.begin(), run, refuse: reject });
    });
  }

  /** Resolves when the index is applied; see {@link IndexWaits}. */
  applied(index: number): Promise<void> {
    if (index <= this.#appliedIndex) return Promise.resolve();
    return this.#indexWaits.wait(index);
  }

  #readNow<T>(read: () => T | Promise<T>): T | Promise<T> {
    if (this.#refuseAll !== undefined) throw this.#refuseAll;
    return read();
  }

  /** Takes no more commands, and waits for those in line. */
  async close(): Promise<void> {
    this.#refuseAll ??= new EtcdError("stopped");
    this.#indexWaits.close();
    await this.#running;
    this.#patience.close();
  }

  async #run(): Promise<void> {
    // What arrives in this turn of the event loop goes into the same group.
    await Promise.resolve();
    while (this.#waiting.length > 0 || this.#gathered !== undefined) {
      try {
        if (this.#gathered === undefined) this.#gather(undefined);
        await this.#commitGathered();
      } catch (error) {
        // No group could be begun: the engine is closed.
        this.#fail(error, []);
      }
    }
    this.#running = undefined;
  }

  /** Applies what waits while the disk is busy, when this turn of the event loop has brought it all. */
  #gatherSoon(): void {
    if (this.#isGatheringSoon) return;
    this.#isGatheringSoon = true;
    queueMicrotask(() => {
      this.#isGatheringSoon = false;
      // With readings in line, memory has to be let fall level with the disk.
      if (this.#committing === undefined || this.#readings.length > 0) return;
      try {
        if (this.#waiting.length > 0) this.#gather(this.#committing.txn);
      } catch {
        // No group could be begun. Nothing has changed: run() meets the same after the one under way.
      }
    });
  }

  /** Applies what waits, as far as the next group has room for it. Whole: no await. */
  #gather(before: WriteTxn | undefined): void {
    const { groupCommandsMax, groupBytesMax } = QUEUE_LIMITS;
    const group = (this.#gathered ??= this.#newGroup(before));
    let count = 0;
    let nowMs = this.#slow.nowMs();
    group.times.begin(this.#waitingSinceMs, nowMs);
    for (const waiting of this.#waiting) {
      const isFull = group.commands.length >= groupCommandsMax || group.bytes >= groupBytesMax;
      if (isFull || group.failure !== undefined) break;
      count++;
      this.#apply(waiting, group);
      // A put takes microseconds: it is counted with what comes behind it.
      if (waiting.command.type !== "put") {
        nowMs = this.#slow.applied(waiting.command, nowMs, group.outcomes.at(-1));
      }
    }
    group.times.end();
    this.#waiting = count === this.#waiting.length ? [] : this.#waiting.slice(count);
  }

  #newGroup(before: WriteTxn | undefined): Group {
    const txn = this.#store.begin(before);
    const times = new GroupTimes(this.#figures);
    const { applied: alarms } = this.#state.alarms;
    const sinceMs = this.#waitingSinceMs;
    const empty = { commands: [], outcomes: [], bytes: 0, failure: undefined, tick: 0 };
    return { ...empty, txn, times, alarms, sinceMs };
  }

  #apply(waiting: Waiting, group: Group): void {
    const { txn, times } = group;
    const { command } = waiting;
    group.commands.push(waiting);
    group.bytes += waiting.bytes;
    try {
      group.outcomes.push(apply(command, txn, this.#state));
      txn.endCommand();
      times.applied(command.type, true);
    } catch (error) {
      if (error instanceof EtcdError) {
        group.outcomes.push(error);
        txn.endCommand();
        times.applied(command.type, false);
      } else {
        // It may have left a half behind: that ends the whole group.
        group.failure = error instanceof Error ? error : new Error(String(error));
      }
    }
  }

  /** Never rejects. */
  async #commitGathered(): Promise<void> {
    const group = this.#gathered!;
    const { txn, commands } = group;
    this.#gathered = undefined;
    this.#committing = group;
    // Before anything of the next group is applied.
    group.alarms = this.#state.alarms.applied;
    group.tick = this.#patience.begin();
    this.#waitingBytes -= group.bytes;
    const authChanges = this.#state.auth.takeChanges();
    try {
      if (group.failure !== undefined) throw group.failure;
      this.#reserveIndex(group);
      const { isEmpty } = txn;
      const startMs = this.#slow.nowMs();
      await txn.commit();
      const writtenMs = this.#slow.nowMs();
      this.#slow.written(writtenMs - startMs);
      this.#appliedIndex += commands.length;
      this.#store.publish(txn);
      this.#state.alarms.show(group.alarms);
      group.times.answered(isEmpty ? undefined : { startMs, writtenMs });
      if (authChanges !== undefined) this.#state.auth.publish(authChanges);
      this.#indexWaits.reached(this.#appliedIndex);
      this.#answerAll(group);
    } catch (error) {
      this.#fail(error, commands);
    }
    this.#committing = undefined;
    if (this.#gathered === undefined) for (const reading of this.#readings.splice(0)) reading.run();
  }

  /** Also when all were refused: their numbers have been seen. */
  #reserveIndex({ txn, commands }: Group): void {
    const appliedIndex = this.#appliedIndex + commands.length;
    if (appliedIndex <= this.#reservedIndex) return;
    this.#reservedIndex = reserveIndexes(txn, appliedIndex);
  }

  #answerAll({ commands, outcomes, sinceMs }: Group): void {
    this.#slow.answered(commands[0]!, { sinceMs, commandCount: commands.length }, outcomes[0]!);
    for (let index = 0; index < commands.length; index++) {
      const { answer } = commands[index]!;
      const outcome = outcomes[index]!;
      if (answer === undefined) continue;
      if (outcome instanceof EtcdError) answer.reject(outcome);
      else answer.resolve(outcome);
    }
  }

  #fail(cause: unknown, commands: readonly Waiting[]): void {
    const reason = cause instanceof Error ? cause.message : String(cause);
    this.#logger.error("write failed, no more writes are taken", { error: reason });
    const text = `etcdlet: write failed, no more writes are taken: ${reason}`;
    this.#refuseAll = new EtcdError(STATUS.unavailable, text, { cause });
    const gathered = this.#gathered;
    this.#gathered = undefined;
    gathered?.txn.discard();
    const refused = [...commands, ...(gathered?.commands ?? []), ...this.#waiting];
    this.#waiting = [];
    this.#waitingBytes = 0;
    for (const { answer } of refused) {
      if (answer !== undefined) this.#figures.failedProposals++;
      answer?.reject(this.#refuseAll);
    }
  }

  /** Answers whether anything is left that waits. */
  #refuseOverdue(): boolean {
    const isOverdue = ({ command, tick }: Waiting): boolean =>
      // The server's own steps have nobody who would rather give up.
      command.type !== "compactStep" && this.#patience.isOver("request", tick);
    for (const group of [this.#committing, this.#gathered]) {
      // The oldest is the first, so that this is one look while all is well.
      for (const waiting of group?.commands ?? []) {
        if (!this.#patience.isOver("request", waiting.tick)) break;
        if (isOverdue(waiting)) this.#giveUp(waiting);
      }
    }
    const [oldest] = this.#waiting;
    if (oldest !== undefined && this.#patience.isOver("request", oldest.tick)) {
      const overdue = this.#waiting.filter(isOverdue);
      this.#waiting = this.#waiting.filter((waiting) => !isOverdue(waiting));
      // Not applied, and never will be.
      for (const waiting of overdue) this.#waitingBytes -= waiting.bytes;
      for (const waiting of overdue) this.#giveUp(waiting);
    }
    const kept = this.#readings.findIndex(({ tick }) => !this.#patience.isOver("reading", tick));
    const late = this.#readings.splice(0, kept === -1 ? this.#readings.length : kept);
    for (const reading of late) reading.refuse(new EtcdError("timeoutWaitAppliedIndex"));
    return this.#running !== undefined;
  }

  #giveUp(waiting: Waiting): void {
    const { answer } = waiting;
    if (answer === undefined) return;
    this.#figures.failedProposals++;
    waiting.answer = undefined;
    answer.reject(new EtcdError("timeout"));
  }
}
