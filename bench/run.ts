/**
 * `npm run bench`: etcdlet and the real etcd under the same loads, in alternation.
 *
 * Every round starts each server anew, both with fsync on. Printed are the medians of the rounds;
 * one JSON line per measurement goes to the file named by --json. Quote ratios: absolute figures
 * are of one machine on one day.
 *
 *     node dist/bench/run.js [--etcd PATH] [--rounds N] [--seconds S] [--only TEXT] [--json FILE]
 */
import { execFile } from "node:child_process";
import { appendFileSync, existsSync } from "node:fs";
import { cpus } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import { ServerProcess } from "./load/servers.ts";
import type { Job, JobResult } from "./load/worker.ts";

const HERE = dirname(fileURLToPath(import.meta.url));
const ROOT = resolve(HERE, "../..");

/** Load, clients (connections), width (in flight or watchers). */
const MATRIX: readonly (readonly [load: string, clients: number, width: number])[] = [
  ["put 256 B", 1, 1],
  ["put 256 B", 8, 16],
  ["put 256 B", 8, 256],
  ["range one key", 1, 1],
  ["range one key", 8, 256],
  ["range 500 x 1 KiB", 4, 16],
  ["txn compare and put 2 KiB", 8, 256],
  ["watch", 8, 1000],
];

interface Measurement extends JobResult {
  readonly server: string;
  readonly load: string;
  readonly width: number;
  readonly perSecond: number;
  /** Server CPU, microseconds per operation. */
  readonly cpuMicros: number;
  readonly peakMiB: number;
  readonly readyMs: number;
}

const { values: options } = parseArgs({
  options: {
    etcd: { type: "string", default: join(ROOT, ".peers/bin/etcd") },
    rounds: { type: "string", default: "3" },
    seconds: { type: "string", default: "3" },
    only: { type: "string", default: "" },
    json: { type: "string" },
    flag: { type: "string", multiple: true, default: [] },
  },
});

const servers: [name: string, command: string, flags: readonly string[]][] = [
  ["etcdlet", join(ROOT, "bin/etcdlet"), options.flag],
];
if (existsSync(options.etcd)) servers.push(["etcd", options.etcd, []]);
else console.log(`No etcd at ${options.etcd}: measuring etcdlet alone.`);

async function work(job: Job): Promise<JobResult> {
  const worker = join(HERE, "load/worker.js");
  const { stdout } = await promisify(execFile)(process.execPath, [worker, JSON.stringify(job)]);
  return JSON.parse(stdout) as JobResult;
}

async function measure(
  [name, command, flags]: (typeof servers)[number],
  [load, clients, width]: (typeof MATRIX)[number],
): Promise<Measurement> {
  const server = await ServerProcess.start(command, flags);
  try {
    const job: Job = { url: server.url, load, clients, width, seconds: 0, setUpOnly: false };
    if (load !== "watch") await work({ ...job, clients: 1, setUpOnly: true });
    // Warm-up: a compiler in one, caches in the other.
    await work({ ...job, seconds: 1 });
    const before = server.cpuSeconds();
    const result = await work({ ...job, seconds: Number(options.seconds) });
    const cpuSeconds = server.cpuSeconds() - before;
    if (result.failures > 0) throw new Error(`${name} refused ${String(result.failures)} calls`);
    return {
      ...result,
      server: name,
      load,
      width,
      perSecond: result.operations / result.seconds,
      cpuMicros: (cpuSeconds * 1e6) / result.operations,
      peakMiB: server.memoryMiB().peak,
      readyMs: server.readyMs,
    };
  } finally {
    await server.stop();
  }
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

function row(name: string, all: readonly Measurement[]): string[] {
  const of = (read: (m: Measurement) => number): number => median(all.map(read));
  return [
    name,
    of((m) => m.perSecond).toFixed(0),
    of((m) => m.p50).toFixed(2),
    of((m) => m.p99).toFixed(2),
    of((m) => m.cpuMicros).toFixed(1),
    of((m) => m.peakMiB).toFixed(0),
  ];
}

console.log(`node ${process.version}, ${String(cpus().length)} x ${cpus()[0]?.model ?? "?"}`);
console.log("| load | server | ops/s | p50 ms | p99 ms | CPU µs/op | peak MiB | ratio |");
console.log("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |");
for (const entry of MATRIX) {
  const title = `${entry[0]}, ${String(entry[2])}`;
  if (!title.includes(options.only)) continue;
  const results = new Map<string, Measurement[]>();
  for (let round = 0; round < Number(options.rounds); round++) {
    for (const server of servers) {
      const result = await measure(server, entry);
      results.set(server[0], [...(results.get(server[0]) ?? []), result]);
      if (options.json !== undefined) appendFileSync(options.json, `${JSON.stringify(result)}\n`);
    }
  }
  const speed = (name: string): number => median((results.get(name) ?? []).map((m) => m.perSecond));
  for (const [name, all] of results) {
    const ratio = name === "etcdlet" && results.has("etcd") ? speed(name) / speed("etcd") : NaN;
    const shown = Number.isNaN(ratio) ? "" : `${ratio.toFixed(2)} x`;
    console.log(`| ${title} | ${row(name, all).join(" | ")} | ${shown} |`);
  }
}
