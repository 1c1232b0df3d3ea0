/**
 * Random operations on the real etcd and on ours: every answer and every event must be the same.
 *
 * DIFFERENTIAL_SEED runs one seed only, DIFFERENTIAL_OPERATIONS sets the number of steps in all,
 * DIFFERENTIAL_TRANSPORT is the one of our transports that is between (http2 or grpc-js), and
 * ETCDLET_BIN another server to be compared than the one in this process: with the real etcd's own path, the
 * test is tested. A difference is shrunk for at most DIFFERENTIAL_SHRINK_SECONDS.
 */
import t from "tap";
import type { Test } from "tap";
import { havePrograms, peerPaths } from "../harness/etcd-process.ts";
import { FEW_KEYS, MANY_KEYS, Random } from "../harness/random-operations.ts";
import type { KeySet } from "../harness/random-operations.ts";
import { RandomOperations, unary } from "./differential-operation.ts";
import type { Operation } from "./differential-operation.ts";
import { describe, Duel, step } from "./duel.ts";
import { largeOperations } from "./large-operations.ts";
import { shrink } from "./shrink.ts";
import { embedded, program } from "./subject.ts";
import type { StartSubject } from "./subject.ts";

const {
  DIFFERENTIAL_SEED: seedGiven,
  DIFFERENTIAL_OPERATIONS: operationsGiven = "20000",
  DIFFERENTIAL_TRANSPORT: transport = "http2",
  DIFFERENTIAL_SHRINK_SECONDS: shrinkSecondsGiven = "60",
  ETCDLET_BIN: subjectBinary,
} = process.env;

/** Seeds of a usual run; even ones use few keys, odd ones many. */
const SEEDS = [1, 2, 4, 6];

const NAMES = ["etcd", "subject"] as const;

/** Several times what it takes on two busy cores. */
const wholeLimitMs = 600_000;

/** A store without any change has no history that a watcher could be told of. */
const FIRST: Operation = unary("put", { key: Buffer.from("a"), value: Buffer.from("first") });
const LAST: Operation = { kind: "sync", request: {} };

const { etcd } = peerPaths();
const seeds = seedGiven === undefined ? SEEDS : [Number(seedGiven)];
const operationCount = Math.ceil(Number(operationsGiven) / seeds.length);

if (havePrograms(t, [etcd])) {
  t.setTimeout(wholeLimitMs);
  if (transport !== "http2" && transport !== "grpc-js") throw new Error(`no ${transport}`);
  const ours = embedded(transport);
  const subject = subjectBinary === undefined ? ours : program("subject", subjectBinary);
  const starts = [program("etcd", etcd), subject] as const;
  await t.test("large keys, values and answers lead to the same", (t) => differLarge(t, starts));
  for (const seed of seeds) {
    const keySet = seed % 2 === 0 ? FEW_KEYS : MANY_KEYS;
    await t.test(`${operationCount} operations of seed ${seed} lead to the same`, (t) =>
      differ(t, { seed, keySet, starts }),
    );
  }
}

type Starts = readonly [StartSubject, StartSubject];

interface Run {
  readonly seed: number;
  readonly keySet: KeySet;
  readonly starts: Starts;
}

async function differ(t: Test, { seed, keySet, starts }: Run): Promise<void> {
  const started = performance.now();
  const duel = await Duel.open(starts);
  t.teardown(() => duel.close());
  const random = new RandomOperations(new Random(seed), keySet, duel.state);
  for (let count = 0; count < operationCount; count++) {
    const operation = count === 0 ? FIRST : count === operationCount - 1 ? LAST : random.next();
    const difference = await duel.take(operation);
    if (difference !== undefined) {
      t.comment(describe(difference, duel.operations, NAMES));
      await commentSmaller(t, duel, starts);
      t.fail(`seed ${seed}: the servers differ at step ${difference.index}, see above`);
      return;
    }
  }
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const counts = [...duel.counts].map(
    ([name, { taken, refused }]) => `${name} ${taken}-${refused}`,
  );
  if (duel.slowest !== undefined) {
    t.comment(`slowest, ${duel.slowest.ms.toFixed(0)} ms: ${step(duel.slowest.operation)}`);
  }
  t.pass(`seed ${seed}: no difference in ${operationCount} operations`);
  t.comment(`${seconds} s, revision ${duel.state.revision}; taken-refused: ${counts.join(", ")}`);
}

/** Where sizes matter: too large requests, parts of streamed answers, pieces of events. */
async function differLarge(t: Test, starts: Starts): Promise<void> {
  const duel = await Duel.open(starts);
  t.teardown(() => duel.close());
  for (const operation of largeOperations()) {
    const difference = await duel.take(operation);
    if (difference !== undefined) {
      t.comment(describe(difference, duel.operations, NAMES));
      t.fail(`the servers differ at step ${difference.index}, see above`);
      return;
    }
  }
  t.pass(`no difference in ${duel.operations.length} operations`);
}

/** Tries to say the same with fewer steps. */
async function commentSmaller(t: Test, duel: Duel, starts: Starts): Promise<void> {
  const limitMs = Number(shrinkSecondsGiven) * 1000;
  if (limitMs <= 0) return;
  const steps = duel.operations.map((operation, index) => ({
    operation,
    revision: duel.revisions[index] ?? 0,
  }));
  const smallest = await shrink(steps, starts, limitMs);
  if (smallest === undefined) {
    t.comment("The difference does not come again");
    return;
  }
  const { operations, difference } = smallest;
  t.comment(`With ${operations.length} steps:`);
  t.comment(describe(difference, operations, NAMES));
}
