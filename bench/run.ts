/**
 * `npm run bench`: etcdlet and the real etcd under the same loads, in alternation.
 *
 * Every round starts each server anew, both with fsync on and with their own defaults. Printed are
 * the medians of the rounds, as Markdown. Quote ratios: absolute figures are of one machine on one
 * day.
 *
 *     npm run bench -- [--quick] [--rounds N] [--seconds S] [--only TEXT] [--json FILE] [--document]
 *
 * --document writes the tables into docs/performance.md and the plot beside it; with --from FILE
 * instead of a run, from what --json kept.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { MEMORY_TITLES, START_TITLES, measureMemory, measureStart } from "./load/figures.ts";
import type { Figure } from "./load/figures.ts";
import { Generator, ROOT, build } from "./load/generator.ts";
import { MATRIX } from "./load/matrix.ts";
import type { Scenario } from "./load/matrix.ts";
import { ServerProcess } from "./load/servers.ts";
import type { Candidate } from "./load/servers.ts";
import { aboutThisRun, writeDocument } from "./report/document.ts";
import { rowsOf } from "./report/measurements.ts";
import type { Measurement, Measurements } from "./report/measurements.ts";
import { figureTable, loadHead, loadRow } from "./report/table.ts";

const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    rounds: { type: "string" },
    seconds: { type: "string" },
    only: { type: "string", default: "" },
    json: { type: "string" },
    from: { type: "string" },
    document: { type: "boolean", default: false },
    /** Programs; empty for no etcd. Built in .peers/bin unless told. */
    etcd: { type: "string" },
    generator: { type: "string" },
    /** One more flag for etcdlet. */
    flag: { type: "string", multiple: true, default: [] },
  },
});
const rounds = Number(options.rounds ?? (options.quick ? 1 : 3));
const seconds = Number(options.seconds ?? (options.quick ? 2 : 3));
const warmUp = options.quick ? 0.5 : 1;

function wanted(titles: readonly string[], quick: boolean): boolean {
  if (options.only === "") return quick || !options.quick;
  return titles.some((title) => title.includes(options.only));
}

function candidates(): Candidate[] {
  const ours: Candidate = {
    name: "etcdlet",
    command: join(ROOT, "bin/etcdlet"),
    flags: options.flag,
  };
  const etcd = options.etcd ?? build("etcd");
  if (etcd === undefined || etcd === "") {
    console.log("No etcd to compare with: measuring etcdlet alone.\n");
    return [ours];
  }
  return [ours, { name: "etcd", command: etcd, flags: [] }];
}

async function measure(
  generator: Generator,
  candidate: Candidate,
  { scenario, round }: { scenario: Scenario; round: number },
): Promise<Measurement[]> {
  const server = await ServerProcess.start(candidate);
  const found: Measurement[] = [];
  try {
    for (const step of scenario.steps) {
      const report = await generator.run(step, server, { seconds, warmUp });
      if (step.prepares === true || !step.title.includes(options.only)) continue;
      const { group } = scenario;
      const peakMiB = server.memoryMiB().peak;
      found.push({ server: candidate.name, group, title: step.title, round, peakMiB, ...report });
    }
    return found;
  } finally {
    await server.stop();
  }
}

async function measureAll(generator: Generator): Promise<Measurements> {
  const servers = candidates();
  const etcd = servers.find(({ name }) => name === "etcd")?.command;
  const about = aboutThisRun({ rounds, seconds, etcd });
  const all: Measurements = { about, loads: [], figures: [] };
  const keep = (): void => {
    if (options.json !== undefined) writeFileSync(options.json, JSON.stringify(all, undefined, 1));
  };
  console.log(Object.values(all.about).join(", "));
  const titles = (scenario: Scenario): string[] => scenario.steps.map(({ title }) => title);
  const scenarios = MATRIX.filter((one) => wanted(titles(one), one.quick));
  if (scenarios.length > 0) console.log(`\n${loadHead()}`);
  for (const scenario of scenarios) {
    const found: Measurement[] = [];
    for (let round = 0; round < rounds; round++) {
      for (const candidate of servers) {
        found.push(...(await measure(generator, candidate, { scenario, round })));
      }
    }
    for (const row of rowsOf(found)) console.log(loadRow(row));
    all.loads.push(...found);
    keep();
  }
  for (const measureFigures of figureMeasures(generator)) {
    for (let round = 0; round < rounds; round++) {
      for (const candidate of servers) all.figures.push(...(await measureFigures(candidate)));
    }
    keep();
  }
  return all;
}

function figureMeasures(generator: Generator): ((candidate: Candidate) => Promise<Figure[]>)[] {
  const measures = [];
  if (wanted(START_TITLES, true)) measures.push(measureStart);
  if (wanted(MEMORY_TITLES, false)) {
    measures.push((candidate: Candidate) => measureMemory(candidate, generator));
  }
  return measures;
}

async function main(): Promise<void> {
  let all: Measurements;
  if (options.from === undefined) {
    const program = options.generator ?? build("loadgen");
    if (program === undefined) {
      console.error(
        "The benchmark needs Go, for its load generator and for etcd (https://go.dev).",
      );
      process.exitCode = 1;
      return;
    }
    all = await measureAll(new Generator(program));
  } else {
    all = JSON.parse(readFileSync(options.from, "utf8")) as Measurements;
    console.log([loadHead(), ...rowsOf(all.loads).map(loadRow)].join("\n"));
  }
  if (all.figures.length > 0) console.log(`\n${figureTable(all.figures)}`);
  if (options.document) await writeDocument(all);
}

await main();
