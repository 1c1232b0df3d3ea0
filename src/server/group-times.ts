/**
 * Times of the commands of one group, for its figures, at next to no cost for each of them: commands
 * of one kind that are applied one after the other are a run, and only runs look at the clock. A
 * command is noted with its run's mean; so that one slow command does not hide, runs are short.
 */
import type { Command } from "./command.ts";
import type { Figures } from "./figures.ts";

/** Commands of one run. */
const RUN_COMMANDS_MAX = 16;

interface Run {
  readonly type: Command["type"];
  /** When the first of them came. */
  readonly arrivedMs: number;
  succeeded: number;
  failed: number;
}

export class GroupTimes {
  readonly #figures: Figures;
  readonly #runs: Run[] = [];
  #run: Run | undefined = undefined;
  #arrivedMs = 0;
  #startMs = 0;

  constructor(figures: Figures) {
    this.#figures = figures;
  }

  /** Commands that came together are about to be applied. */
  begin(arrivedMs: number, nowMs: number): void {
    this.#arrivedMs = arrivedMs;
    this.#startMs = nowMs;
  }

  /** A command was applied, or refused. */
  applied(type: Command["type"], succeeded: boolean): void {
    let run = this.#run;
    if (run === undefined || run.type !== type || run.succeeded + run.failed === RUN_COMMANDS_MAX) {
      this.end();
      run = { type, arrivedMs: this.#arrivedMs, succeeded: 0, failed: 0 };
      this.#run = run;
      this.#runs.push(run);
    }
    if (succeeded) run.succeeded++;
    else run.failed++;
  }

  /** All of {@link begin} are applied. */
  end(): void {
    const run = this.#run;
    if (run === undefined) return;
    this.#run = undefined;
    const nowMs = this.#figures.nowMs();
    const kind = KINDS[run.type];
    const seconds = (nowMs - this.#startMs) / 1000 / (run.succeeded + run.failed);
    this.#startMs = nowMs;
    if (kind === undefined) return;
    const times = this.#figures.applies.of(kind);
    times.succeeded.observe(seconds, run.succeeded);
    if (run.failed > 0) times.failed.observe(seconds, run.failed);
  }

  /** The group is visible, and its callers get their answers; `write` where there was one. */
  answered(write?: { readonly startMs: number; readonly writtenMs: number }): void {
    const nowMs = this.#figures.nowMs();
    if (write !== undefined) {
      this.#figures.walFsync.observe((write.writtenMs - write.startMs) / 1000);
      this.#figures.backendCommit.observe((nowMs - write.startMs) / 1000);
    }
    for (const { type, arrivedMs, succeeded, failed } of this.#runs) {
      const kind = KINDS[type];
      if (kind === undefined) continue;
      const times = this.#figures.requests.of(kind);
      const seconds = (nowMs - arrivedMs) / 1000;
      times.succeeded.observe(seconds, succeeded);
      if (failed > 0) times.failed.observe(seconds, failed);
    }
  }
}

/**
 * What etcd calls them in its figures; undefined for what it does without a proposal.
 * Source: etcd server/etcdserver/v3_server.go, getRequestType.
 */
const KINDS: Readonly<Record<Command["type"], string | undefined>> = {
  put: "Put",
  deleteRange: "DeleteRange",
  txn: "Txn",
  compact: "Compaction",
  compactStep: undefined,
  leaseGrant: "LeaseGrant",
  leaseRevoke: "LeaseRevoke",
  leaseExpire: "LeaseRevoke",
  leaseCheckpoint: "LeaseCheckpoint",
  alarm: "Alarm",
  memberUpdate: undefined,
  reset: undefined,
  auth: undefined,
};
