/** The load generator's process: one load against one URL, one JSON line out. */
import { GrpcLoadClient } from "./grpc-load-client.ts";
import { UNARY_LOADS, runAll, runUnary } from "./loads.ts";
import type { UnaryResult } from "./loads.ts";
import { runWatchFanOut } from "./watch-load.ts";

/** What the runner asks for, as JSON in the first argument. */
export interface Job {
  readonly url: string;
  /** Name of a unary load, or "watch". */
  readonly load: string;
  readonly clients: number;
  /** Requests in flight, or watchers. */
  readonly width: number;
  readonly seconds: number;
  /** Only prepare the store. */
  readonly setUpOnly: boolean;
}

/** What comes back. Milliseconds; `failures` makes a run void. */
export interface JobResult {
  readonly operations: number;
  readonly failures: number;
  readonly seconds: number;
  readonly p50: number;
  readonly p99: number;
}

async function run(job: Job): Promise<JobResult> {
  const clients: GrpcLoadClient[] = [];
  for (let index = 0; index < job.clients; index++) {
    clients.push(await GrpcLoadClient.connect(job.url));
  }
  const result = await runOn(clients, job);
  for (const client of clients) client.close();
  const { latencies } = result;
  const quantile = (q: number): number => latencies[Math.floor(latencies.length * q)] ?? 0;
  const { operations, failures, seconds } = result;
  return { operations, failures, seconds, p50: quantile(0.5), p99: quantile(0.99) };
}

async function runOn(clients: GrpcLoadClient[], job: Job): Promise<UnaryResult> {
  const { width, seconds } = job;
  if (job.load === "watch") return runWatchFanOut(clients, { watchers: width, seconds });
  const load = UNARY_LOADS.find(({ name }) => name === job.load);
  if (load === undefined) throw new Error(`unknown load: ${job.load}`);
  if (job.setUpOnly) {
    await runAll(clients[0]!, load.setUp());
    return { operations: 0, failures: 0, seconds: 0, latencies: new Float64Array(0) };
  }
  return runUnary(clients, load, { inFlight: width, seconds });
}

const job = JSON.parse(process.argv[2] ?? "{}") as Job;
console.log(JSON.stringify(await run(job)));
