/**
 * Random operations on users, roles and permissions, and calls as several users, on the real etcd and on
 * ours: every answer must be the same. Tokens are compared by what they are good for.
 *
 * DIFFERENTIAL_SEED, DIFFERENTIAL_OPERATIONS and ETCDLET_BIN are as for differential.test.ts.
 */
import t from "tap";
import type { Test } from "tap";
import { havePrograms, peerPaths } from "../harness/etcd-process.ts";
import { Random } from "../harness/random-operations.ts";
import type { StoreState } from "../harness/random-operations.ts";
import { normalise } from "./normalise.ts";
import { embedded, program } from "./subject.ts";
import type { StartSubject } from "./subject.ts";
import { FIRST_STEPS, RandomUserSteps } from "./user-operations.ts";
import type { UserStep } from "./user-operations.ts";
import { UserSide } from "./user-side.ts";

const {
  DIFFERENTIAL_SEED: seedGiven,
  DIFFERENTIAL_OPERATIONS: operationsGiven = "6000",
  ETCDLET_BIN: subjectBinary,
} = process.env;

const SEEDS = [1, 2];
const SHOWN_STEPS = 30;

/** Several times what it takes on two busy cores. */
const wholeLimitMs = 600_000;

const { etcd } = peerPaths();
const seeds = seedGiven === undefined ? SEEDS : [Number(seedGiven)];
const stepCount = Math.ceil(Number(operationsGiven) / seeds.length);

if (havePrograms(t, [etcd])) {
  t.setTimeout(wholeLimitMs);
  const subject =
    subjectBinary === undefined ? embedded("http2") : program("subject", subjectBinary);
  for (const seed of seeds) {
    await t.test(`${stepCount} steps of users by seed ${seed} lead to the same`, (t) =>
      differ(t, seed, [program("etcd", etcd), subject]),
    );
  }
}

async function differ(
  t: Test,
  seed: number,
  starts: readonly [StartSubject, StartSubject],
): Promise<void> {
  const [one, other] = await Promise.all([starts[0](), starts[1]()]);
  const sides = [new UserSide(one), new UserSide(other)] as const;
  t.teardown(() => Promise.all(sides.map((side) => side.close())));
  const state: StoreState = { revision: 1, compactedRevision: -1, compactions: [] };
  const random = new RandomUserSteps(new Random(seed), state);
  const before: string[] = [];
  const counts = new Map<string, number>();
  for (let index = 0; index < stepCount; index++) {
    const step = FIRST_STEPS[index] ?? random.next();
    const [real, ours] = await Promise.all([sides[0].take(step), sides[1].take(step)]);
    before.push(`${textOf(step)} -> ${real.slice(0, 200)}`);
    if (real !== ours) {
      for (const text of before.slice(-SHOWN_STEPS)) t.comment(text);
      t.equal(ours, real, `seed ${seed}: step ${index} ${textOf(step)}`);
      return;
    }
    const end = /^\d+ .*$/u.exec(real)?.[0] ?? "done";
    counts.set(end, (counts.get(end) ?? 0) + 1);
    state.revision = sides[0].revision;
  }
  t.pass(`seed ${seed}: no difference in ${stepCount} steps`);
  for (const text of [
    "done",
    "3 etcdserver: user name is empty",
    "7 etcdserver: permission denied",
  ]) {
    t.ok((counts.get(text) ?? 0) > 0, `some steps end with: ${text}`);
  }
  t.comment([...counts].map(([end, count]) => `${count} ${end}`).join("; "));
}

function textOf(step: UserStep): string {
  const name = step.kind === "unary" ? step.name : step.kind;
  return `${name} by ${String(step.actor)} ${JSON.stringify(normalise(step.request))}`;
}
