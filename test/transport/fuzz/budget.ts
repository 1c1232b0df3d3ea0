import type { Test } from "tap";
import { Random } from "../../harness/random-operations.ts";

/** Milliseconds that each test of this kind goes on; `.ci/run` grants more. */
const FUZZ_MS = Number(process.env["FUZZ_MS"] ?? 1500);

/** What a test that changes things at random goes by. */
export interface FuzzBudget {
  readonly random: Random;
  /** Whether another round may begin. */
  isLeft(): boolean;
  /** Whether a part of the time has gone by, of 1. */
  isPast(part: number): boolean;
}

/** A test of a file's few that goes on for that long. */
export async function fuzzTest(
  t: Test,
  name: string,
  body: (t: Test, budget: FuzzBudget) => Promise<void>,
): Promise<void> {
  // Of all tests of the file, and of each.
  const limitMs = 4 * FUZZ_MS + 60_000;
  t.setTimeout(limitMs);
  await t.test(name, { timeout: limitMs }, (t) => body(t, budgetOf(t)));
}

/** Rounds that there are in any case. */
const ROUNDS_MIN = 50;

/** Says what repeats it. */
function budgetOf(t: Test): FuzzBudget {
  const seed = Number(process.env["FUZZ_SEED"] ?? Math.floor(Date.now() / 1000) % 2 ** 31);
  t.comment(`FUZZ_SEED=${seed} FUZZ_MS=${FUZZ_MS}`);
  let rounds = 0;
  // From the first question on: what is prepared before may take long on a busy machine.
  let beganMs: number | undefined;
  const isPast = (part: number): boolean => {
    beganMs ??= Date.now();
    return Date.now() - beganMs >= FUZZ_MS * part;
  };
  return {
    random: new Random(seed),
    isLeft: () => !isPast(1) || rounds++ < ROUNDS_MIN,
    isPast,
  };
}

/** Lets everything happen that needs no time. */
export function turn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

/** Whether it is so within so many turns. */
export async function soon(isSo: () => boolean, turns = 200): Promise<boolean> {
  for (let count = 0; count < turns; count++) {
    if (isSo()) return true;
    await turn();
  }
  return isSo();
}
