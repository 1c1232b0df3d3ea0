/**
 * `npm run bench`: etcdlet and the real etcd under the same loads, in alternation.
 *
 * Every round starts each server anew, both with fsync on and with their own defaults. Printed are
 * the medians of the rounds; one JSON line per measurement goes to the file named by --json. Quote
 * ratios: absolute figures are of one machine on one day.
 *
 *     npm run bench -- [--quick] [--rounds N] [--seconds S] [--only TEXT] [--json FILE]
 */
import { appendFileSync, existsSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { PROGRAMS, ROOT, build, runStep } from "./load/generator.ts";
import { MATRIX } from "./load/matrix.ts";
import type { Scenario } from "./load/matrix.ts";
import { header, row } from "./load/table.ts";
import type { Measurement } from "./load/table.ts";
import { ServerProcess } from "./load/servers.ts";

const { values: options } = parseArgs({
  options: {
    etcd: { type: "string", default: join(PROGRAMS, "etcd") },
    rounds: { type: "string" },
    seconds: { type: "string" },
    quick: { type: "boolean", default: false },
    only: { type: "string", default: "" },
    json: { type: "string" },
    flag: { type: "string", multiple: true, default: [] },
  },
});
const rounds = Number(options.rounds ?? (options.quick ? 1 : 3));
const seconds = Number(options.seconds ?? (options.quick ? 2 : 3));

interface Candidate {
  readonly name: string;
  readonly command: string;
  readonly flags: readonly string[];
}

function candidates(): Candidate[] {
  const all = [{ name: "etcdlet", command: join(ROOT, "bin/etcdlet"), flags: options.flag }];
  if (!existsSync(options.etcd)) build("etcd");
  if (existsSync(options.etcd)) return [...all, { name: "etcd", command: options.etcd, flags: [] }];
  console.log(`No etcd at ${options.etcd}: measuring etcdlet alone.`);
  return all;
}

async function measure(candidate: Candidate, scenario: Scenario): Promise<Measurement[]> {
  const server = await ServerProcess.start(candidate.command, candidate.flags);
  const found: Measurement[] = [];
  try {
    for (const step of scenario.steps) {
      const report = await runStep(step, server, { seconds, warmUp: options.quick ? 0.5 : 1 });
      if (step.prepares === true || !step.title.includes(options.only)) continue;
      const peakMiB = server.memoryMiB().peak;
      found.push({ ...report, server: candidate.name, title: step.title, peakMiB });
    }
    return found;
  } finally {
    await server.stop();
  }
}

function wanted(scenario: Scenario): boolean {
  if (options.quick && scenario.quick !== true && options.only === "") return false;
  return scenario.steps.some((step) => step.title.includes(options.only));
}

if (!build("loadgen")) {
  console.error("The benchmark needs Go, for its load generator and for etcd: https://go.dev/dl/");
  process.exit(1);
}
const servers = candidates();
console.log(`node ${process.version}, ${String(cpus().length)} x ${cpus()[0]?.model ?? "?"}`);
console.log(header());
for (const scenario of MATRIX.filter(wanted)) {
  const found: Measurement[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const candidate of servers) found.push(...(await measure(candidate, scenario)));
  }
  if (options.json !== undefined) {
    for (const one of found) appendFileSync(options.json, `${JSON.stringify(one)}\n`);
  }
  for (const title of new Set(found.map((one) => one.title))) {
    console.log(row(found.filter((one) => one.title === title)));
  }
}
