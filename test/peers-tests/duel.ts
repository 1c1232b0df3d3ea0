/**
 * Two servers, the same steps, and the first difference.
 *
 * Both take a step at the same time, and no other step begins before both have answered; so whatever differs
 * does so because the servers do. Before a step that would make it a matter of luck what a watcher still
 * hears (a compaction, a cancel, a restart) all watchers must have heard everything.
 */
import type { StoreState } from "../harness/random-operations.ts";
import type { Operation } from "./differential-operation.ts";
import { agree, differences, normalise } from "./normalise.ts";
import { Side } from "./side.ts";
import type { SideOutcome } from "./side.ts";
import type { StartSubject } from "./subject.ts";

/** Steps shown before the one that differs. */
const shownOperations = 20;

/** Characters of an answer that are shown: those of watchers can be very long. */
const shownCharacters = 2000;

/** Two servers that did not do the same. */
export interface Difference {
  /** Which step, from 0. */
  readonly index: number;
  readonly operation: Operation;
  readonly answers: readonly [unknown, unknown];
}

export class Duel {
  readonly #sides: readonly [Side, Side];
  /** As the first server says. */
  readonly state: StoreState = { revision: 1, compactedRevision: -1, compactions: [] };
  readonly operations: Operation[] = [];
  /** The store's revision before each step. */
  readonly revisions: number[] = [];
  /** Steps by kind, and those of them that were refused. */
  readonly counts: Map<string, { taken: number; refused: number }> = new Map();

  /** The step that took longest, to tell a slow server from a slow machine. */
  slowest: { readonly operation: Operation; readonly ms: number } | undefined;

  private constructor(sides: readonly [Side, Side]) {
    this.#sides = sides;
  }

  static async open(starts: readonly [StartSubject, StartSubject]): Promise<Duel> {
    const open = async (start: StartSubject): Promise<Side> => Side.open(await start());
    const [one, other] = await Promise.all([open(starts[0]), open(starts[1])]);
    return new Duel([one, other]);
  }

  async close(): Promise<void> {
    await Promise.all(this.#sides.map((side) => side.close()));
  }

  /** Has both take a step. */
  async take(operation: Operation): Promise<Difference | undefined> {
    const started = performance.now();
    try {
      return await this.#take(operation);
    } finally {
      const ms = performance.now() - started;
      if (ms > (this.slowest?.ms ?? 0)) this.slowest = { operation, ms };
    }
  }

  async #take(operation: Operation): Promise<Difference | undefined> {
    this.operations.push(operation);
    this.revisions.push(this.state.revision);
    if (SYNCED_KINDS.has(operation.kind)) {
      const difference = await this.#sync(operation);
      if (difference !== undefined) return difference;
    }
    const { revision } = this.state;
    const [one, other] = this.#sides;
    const outcomes = await Promise.all([
      one.take(operation, revision),
      other.take(operation, revision),
    ]);
    this.#note(operation, outcomes[0]);
    if (agree(...outcomes)) return undefined;
    return this.#difference(operation, [outcomes[0], outcomes[1]]);
  }

  /** Waits until all watchers have heard everything, and compares what they heard. */
  async #sync(operation: Operation): Promise<Difference | undefined> {
    const [one, other] = this.#sides;
    const { revision } = this.state;
    const heard = await Promise.all([one.recorder.heard(revision), other.recorder.heard(revision)]);
    const counts = [one.recorder.counts(), other.recorder.counts()];
    const events = [one.recorder.take(), other.recorder.take()] as const;
    const problems = [one.recorder.problems, other.recorder.problems];
    const isClean = problems.every((list) => list.length === 0) && heard.every((all) => all);
    if (isClean && JSON.stringify(events[0]) === JSON.stringify(events[1])) return undefined;
    const report = (index: 0 | 1): unknown => ({
      heardAll: heard[index],
      counts: counts[index],
      problems: problems[index],
      events: events[index],
    });
    return this.#difference(operation, [report(0), report(1)]);
  }

  #difference(operation: Operation, answers: readonly [unknown, unknown]): Difference {
    return { index: this.operations.length - 1, operation, answers };
  }

  #note(operation: Operation, outcome: SideOutcome): void {
    const name = operation.kind === "unary" ? operation.method : operation.kind;
    const count = this.counts.get(name) ?? { taken: 0, refused: 0 };
    this.counts.set(name, count);
    count.taken++;
    const isRefused = JSON.stringify(outcome.answer).startsWith('{"code":');
    if (isRefused) count.refused++;
    this.state.revision = Math.max(this.state.revision, outcome.revision ?? 0);
    if (operation.kind === "compact" && !isRefused) {
      this.state.compactedRevision = operation.request.revision ?? 0;
      this.state.compactions.push(this.state.compactedRevision);
    }
  }
}

/** Steps before which watchers must have heard everything. */
const SYNCED_KINDS: ReadonlySet<string> = new Set<Operation["kind"]>([
  "sync",
  "compact",
  "restart",
  "watchCancel",
  "watchProgress",
  "watchReopen",
]);

/** A difference as text: the step, what each server did, and the steps before. */
export function describe(
  difference: Difference,
  operations: readonly Operation[],
  names: readonly [string, string],
): string {
  const { index, operation, answers } = difference;
  const before = operations.slice(Math.max(0, index - shownOperations), index);
  return [
    `Step ${index} differs: ${step(operation)}`,
    ...differences(answers[0], answers[1]),
    ...answers.map(
      (answer, place) => `${names[place]}: ${JSON.stringify(answer).slice(0, shownCharacters)}`,
    ),
    `The ${before.length} steps before it:`,
    ...before.map((one, place) => `${index - before.length + place}: ${step(one)}`),
  ].join("\n");
}

/** A step in one line; what is not set is left out. */
export function step(operation: Operation): string {
  const name = operation.kind === "unary" ? operation.method : operation.kind;
  const stream = "stream" in operation ? ` on stream ${operation.stream}` : "";
  const shown = JSON.stringify(normalise(operation.request), (_name, value: unknown) =>
    value === "" || value === 0 || value === false || value === "0n" ? undefined : value,
  );
  return `${name}${stream} ${shown}`;
}
