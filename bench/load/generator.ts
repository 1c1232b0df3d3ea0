/** The load generator (bench/load/generator, a Go program), as this process calls it. */
import { execFile, spawnSync } from "node:child_process";
import { promisify } from "node:util";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Step } from "./matrix.ts";

/** Compiled, this file is dist/bench/load/generator.js. */
export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "../../..");

/** The folder of the programs that test/peers/build.sh builds. */
export const PROGRAMS = process.env["ETCDLET_PEERS"] ?? join(ROOT, ".peers/bin");

/** What the generator prints; see bench/load/generator/main.go. Latencies are milliseconds. */
export interface LoadReport {
  readonly load: string;
  readonly inFlight: number;
  readonly connections: number;
  readonly watchers?: number;
  readonly streams?: number;
  readonly seconds: number;
  readonly operations: number;
  readonly perSecond: number;
  readonly failures: number;
  readonly failure?: string;
  readonly conflicts: number;
  readonly sampled: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
  readonly generatorCpuSeconds: number;
  readonly serverCpuSeconds: number | null;
  readonly serverThreadCpuSeconds: number | null;
}

/** Builds a group of test/peers/build.sh unless it is up to date; false when it cannot be built. */
export function build(group: "loadgen" | "etcd"): boolean {
  const { status } = spawnSync(join(ROOT, "test/peers/build.sh"), [group], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  return status === 0;
}

/** Runs one step against a server. Throws Error when a call fails, or for a wrong answer. */
export async function runStep(
  step: Step,
  server: { readonly url: string; readonly pid: number },
  times: { readonly seconds: number; readonly warmUp: number },
): Promise<LoadReport> {
  const flags = Object.entries({
    url: server.url,
    pid: server.pid,
    load: step.load,
    seconds: times.seconds,
    warmup: times.warmUp,
    ...step.flags,
  });
  const args = flags.map(([name, value]) => `-${name}=${String(value)}`);
  // Loads that prepare may write a million keys; a step that hangs is given up.
  const run = promisify(execFile)(join(PROGRAMS, "loadgen"), args, { timeout: 300_000 });
  const stdout = await run.then(
    (ended) => ended.stdout,
    // It ends with a status of its own after failures, and tells them.
    (error: { stdout?: string; stderr?: string; message: string }) => {
      if (error.stdout?.startsWith("{") === true) return error.stdout;
      throw new Error(`Cannot run "${step.title}": ${error.stderr ?? error.message}`);
    },
  );
  const report = JSON.parse(stdout) as LoadReport;
  if (report.failures > 0) {
    const what = `${String(report.failures)} failures, the first: ${report.failure ?? "?"}`;
    throw new Error(`Cannot count "${step.title}": ${what}`);
  }
  return report;
}
