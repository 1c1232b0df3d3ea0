/** The load generator (bench/load/generator, a Go program), as this process calls it. */
import { execFile, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Step } from "./matrix.ts";
import { PINNED } from "./servers.ts";

/** Compiled, this file is dist/bench/load/generator.js. */
export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "../../..");

/** The folder of the programs that test/peers/build.sh builds. */
export const PROGRAMS = process.env["ETCDLET_PEERS"] ?? join(ROOT, ".peers/bin");

/** What the generator prints; see bench/load/generator/main.go. Latencies are milliseconds. */
export interface LoadReport {
  readonly load: string;
  /** Calls in flight; of watch loads, puts whose events may be on their way. */
  readonly inFlight: number;
  readonly connections: number;
  readonly watchers?: number;
  /** Of each connection. */
  readonly streams?: number;
  readonly seconds: number;
  /** Answers, or events delivered. */
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
  /** Of whatever else ran on the machine, the system's own work included. */
  readonly otherCpuSeconds: number | null;
}

/** A step may fill a store; one that hangs is given up. */
const STEP_LIMIT_MS = 300_000;

/** More transactions than these whose compare does not hold are not what kube-apiserver sees. */
const CONFLICT_SHARE_MAX = 0.01;

export class Generator {
  readonly #program: string;

  /** `program` is the generator, built already. */
  constructor(program: string) {
    this.#program = program;
  }

  /** Runs one step against a server. Throws Error when a call fails, or for a wrong answer. */
  async run(
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
    const [command = "", ...args] = [
      ...PINNED,
      this.#program,
      ...flags.map(([name, value]) => `-${name}=${String(value)}`),
    ];
    const ended = promisify(execFile)(command, args, { timeout: STEP_LIMIT_MS });
    const stdout = await ended.then(
      (output) => output.stdout,
      // It ends with a status of its own after failures, and tells them.
      (error: { stdout?: string; stderr?: string; message: string }) => {
        if (error.stdout?.startsWith("{") === true) return error.stdout;
        throw new Error(`Cannot run "${step.title}": ${error.stderr ?? error.message}`);
      },
    );
    const report = JSON.parse(stdout) as LoadReport;
    check(step, report);
    return report;
  }
}

function check(step: Step, report: LoadReport): void {
  if (report.failures > 0) {
    const what = `${String(report.failures)} failures, the first: ${report.failure ?? "?"}`;
    throw new Error(`Cannot count "${step.title}": ${what}`);
  }
  if (report.conflicts > CONFLICT_SHARE_MAX * report.operations) {
    throw new Error(`Cannot count "${step.title}": ${String(report.conflicts)} conflicts`);
  }
}

/**
 * Builds a group of test/peers/build.sh unless it is up to date, and returns its program; undefined
 * when it cannot be built.
 */
export function build(group: "loadgen" | "etcd"): string | undefined {
  const program = join(PROGRAMS, group);
  const { status } = spawnSync(join(ROOT, "test/peers/build.sh"), [group], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  return status === 0 && existsSync(program) ? program : undefined;
}
