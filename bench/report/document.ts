/** What was measured, in docs/performance.md and the plot beside it. */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { format } from "prettier";
import { ROOT } from "../load/generator.ts";
import { PINNED } from "../load/servers.ts";
import { rowsOf } from "./measurements.ts";
import type { Measurements } from "./measurements.ts";
import { plot } from "./plot.ts";
import { figureTable, loadHead, loadRow } from "./table.ts";

const PAGE = join(ROOT, "docs/performance.md");
const PLOT = join(ROOT, "docs/performance.svg");

/** Machine, versions and lengths of a run that begins now; `etcd` is its program, if there is one. */
export function aboutThisRun(run: {
  rounds: number;
  seconds: number;
  etcd: string | undefined;
}): Measurements["about"] {
  const git = spawnSync("git", ["-C", ROOT, "rev-parse", "--short", "HEAD"], { encoding: "utf8" });
  const version =
    run.etcd === undefined ? "" : spawnSync(run.etcd, ["--version"], { encoding: "utf8" }).stdout;
  const cores = PINNED.length > 0 ? 2 : cpus().length;
  return {
    day: new Date().toISOString().slice(0, 10),
    commit: `commit ${git.status === 0 ? git.stdout.trim() : "unknown"}`,
    node: `node ${process.version}`,
    etcd: `etcd ${/Version: (\S+)/.exec(version)?.[1] ?? "not there"}`,
    machine: `${String(cores)} cores of ${cpus()[0]?.model ?? "an unknown processor"}`,
    rounds: `${String(run.rounds)} rounds of ${String(run.seconds)} s`,
  };
}

/** Replaces the part of the page between the marks, and the plot. */
export async function writeDocument(all: Measurements): Promise<void> {
  const page = replaced(readFileSync(PAGE, "utf8"), tables(all));
  writeFileSync(PAGE, await format(page, { parser: "markdown", printWidth: 100 }));
  writeFileSync(PLOT, plot(rowsOf(all.loads), Object.values(all.about).join(", ")));
}

/** The part of the page that is written. */
export function tables(all: Measurements): string {
  const loads = [loadHead(), ...rowsOf(all.loads).map(loadRow)].join("\n");
  const picture = `![Operations per second, CPU and p99 latency, load by load](performance.svg)`;
  const figures = all.figures.length === 0 ? [] : [figureTable(all.figures)];
  const about = `Run: ${Object.values(all.about).join(", ")}.`;
  return [picture, about, loads, ...figures].join("\n\n");
}

/** A page with other text between the marks. Throws Error when they are not there. */
export function replaced(page: string, text: string): string {
  const [begin, end] = ["<!-- measured: begin -->", "<!-- measured: end -->"];
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`Cannot find the place between ${begin} and ${end}`);
  return `${page.slice(0, from + begin.length)}\n\n${text}\n\n${page.slice(to)}`;
}
