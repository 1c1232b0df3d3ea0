/** What a server costs before it does anything, and with very many keys: time and memory. */
import { Etcd } from "../../src/index.ts";
import type { Generator } from "./generator.ts";
import type { Step } from "./matrix.ts";
import { ServerProcess } from "./servers.ts";
import type { Candidate } from "./servers.ts";

/** One figure of one server in one round; less is better. */
export interface Figure {
  readonly server: string;
  readonly title: string;
  readonly unit: "ms" | "MiB";
  readonly value: number;
}

/** Starts of which the median is one figure. */
const STARTS = 5;

/** After the last answer, until memory is read: what is to be given back soon has been by then. */
const SETTLE_MS = 2000;

const ONE_MILLION = 1_000_000;
const FILL: Step = {
  title: "1 M keys of 256 B",
  load: "fill",
  flags: { keys: ONE_MILLION, value: 256 },
};

/** That all keys are there: a wrong count is a failure. */
const COUNT: Step = {
  title: "count of 1 M keys",
  load: "count-only",
  flags: { keys: ONE_MILLION, prefix: "/registry/bench/", prepared: true, inflight: 1 },
};

/** Titles of {@link measureStart}. */
export const START_TITLES = [
  "process start to ready",
  "Etcd.start() in memory, first put",
] as const;

/** Titles of {@link measureMemory}. */
export const MEMORY_TITLES = [
  "RSS idle",
  "RSS with 1 M keys of 256 B, loaded",
  "RSS with 1 M keys of 256 B, restarted",
  "restart with 1 M keys to ready",
] as const;

/** Time to the first healthy answer with an empty directory; for etcdlet also within a process. */
export async function measureStart(candidate: Candidate): Promise<Figure[]> {
  const server = candidate.name;
  const ready: number[] = [];
  for (let start = 0; start < STARTS; start++) {
    const process = await ServerProcess.start(candidate);
    ready.push(process.readyMs);
    await process.stop();
  }
  const [title, inProcessTitle] = START_TITLES;
  const figures: Figure[] = [{ server, title, unit: "ms", value: middle(ready) }];
  if (candidate.name !== "etcdlet") return figures;
  const inProcess: number[] = [];
  // The first ones compile.
  for (let start = 0; start < 2 * STARTS; start++) {
    const beganMs = performance.now();
    const etcd = await Etcd.start();
    await etcd.client.kv.put("a", "b");
    inProcess.push(performance.now() - beganMs);
    await etcd.stop();
  }
  const value = middle(inProcess.slice(STARTS));
  return [...figures, { server, title: inProcessTitle, unit: "ms", value }];
}

/** Memory without keys, with a million, and after a restart with them; and how long that takes. */
export async function measureMemory(candidate: Candidate, generator: Generator): Promise<Figure[]> {
  const server = candidate.name;
  const [idleTitle, loadedTitle, restartedTitle, restartTitle] = MEMORY_TITLES;
  let process = await ServerProcess.start(candidate);
  try {
    await settle();
    const idle = process.memoryMiB().now;
    await generator.run(FILL, process, { seconds: 0, warmUp: 0 });
    await settle();
    const loaded = process.memoryMiB().now;
    process = await process.restart();
    await settle();
    const restarted = process.memoryMiB().now;
    await generator.run(COUNT, process, { seconds: 0.1, warmUp: 0 });
    return [
      { server, title: idleTitle, unit: "MiB", value: idle },
      { server, title: loadedTitle, unit: "MiB", value: loaded },
      { server, title: restartedTitle, unit: "MiB", value: restarted },
      { server, title: restartTitle, unit: "ms", value: process.readyMs },
    ];
  } finally {
    await process.stop();
  }
}

function middle(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
}
