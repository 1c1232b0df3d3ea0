/** The parts of the benchmark that are not the load generator: they run, and say what was measured. */
import { execFile } from "node:child_process";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import t from "tap";
import { MATRIX } from "../bench/load/matrix.ts";
import type { LoadReport } from "../bench/load/generator.ts";
import { replaced, tables } from "../bench/report/document.ts";
import { rowsOf } from "../bench/report/measurements.ts";
import type { Measurement, Measurements } from "../bench/report/measurements.ts";
import { plot } from "../bench/report/plot.ts";
import { loadRow } from "../bench/report/table.ts";

/** Compiled, this file is dist/test/bench.test.js. */
const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "../..");

const REPORT: LoadReport = {
  load: "put-256",
  inFlight: 256,
  connections: 8,
  seconds: 2,
  operations: 100_000,
  perSecond: 50_000,
  failures: 0,
  conflicts: 0,
  sampled: 100,
  p50: 1.5,
  p99: 3.25,
  p999: 12.5,
  max: 20,
  generatorCpuSeconds: 0.2,
  serverCpuSeconds: 1,
  serverThreadCpuSeconds: 0.9,
  otherCpuSeconds: 0,
};

function measured(server: string, round: number, report: Partial<LoadReport>): Measurement {
  const about = { server, round, group: "put", title: "put <1>", peakMiB: 100 };
  return { ...REPORT, ...about, ...report };
}

t.test("The matrix: every load is one of the generator's, every title is used once", async (t) => {
  const source = await readFile(join(ROOT, "bench/load/generator/run.go"), "utf8");
  const known = new Set([...source.matchAll(/^\t+"([a-z0-9-]+)": /gm)].map(([, name]) => name));
  const steps = MATRIX.flatMap((scenario) => scenario.steps);
  t.ok(steps.length > 40);
  t.same(
    steps.filter(({ load }) => !known.has(load)),
    [],
  );
  t.equal(new Set(steps.map(({ title }) => title)).size, steps.length);
  const flags = await readFile(join(ROOT, "bench/load/generator/main.go"), "utf8");
  const names = new Set(steps.flatMap((step) => Object.keys(step.flags)));
  for (const name of names) t.match(flags, new RegExp(`"${name}", `), name);
});

t.test("A row: the ratio is the median of the rounds' ratios", (t) => {
  const all = [
    measured("etcdlet", 0, { perSecond: 300 }),
    measured("etcd", 0, { perSecond: 100 }),
    measured("etcdlet", 1, { perSecond: 100 }),
    measured("etcd", 1, { perSecond: 50 }),
    measured("etcdlet", 2, { perSecond: 1000 }),
    measured("etcd", 2, { perSecond: 100 }),
  ];
  const [row, ...others] = rowsOf(all);
  t.same(others, []);
  t.equal(row?.ratio, 3);
  t.equal(row?.ours?.cpuMicros, 10);
  t.ok(row !== undefined && loadRow(row).includes("| put <1> | 300 | 100 | 3.00 |"));
  t.end();
});

t.test("A row says what a load was bound by", (t) => {
  const cases: [Partial<LoadReport>, string][] = [
    [{ generatorCpuSeconds: 1.9 }, "generator"],
    [{ otherCpuSeconds: 0.6 }, "noise"],
    [{ serverThreadCpuSeconds: 1.85 }, "thread"],
    [{ serverCpuSeconds: 3.5 }, "cores"],
    [{}, "disk"],
    [{ load: "range-one" }, "waits"],
    [{ serverCpuSeconds: null, serverThreadCpuSeconds: null }, "?"],
  ];
  for (const [report, expected] of cases) {
    t.equal(rowsOf([measured("etcdlet", 0, report)])[0]?.ours?.saturated, expected);
  }
  t.end();
});

t.test("The plot shows every row, whatever is known of it", (t) => {
  const unknown = { p99: 0, serverCpuSeconds: null };
  const both = [measured("etcdlet", 0, {}), measured("etcd", 0, { perSecond: 5e5, p99: 90 })];
  for (const all of [both, both.slice(0, 1), [measured("etcdlet", 0, unknown)], []]) {
    const picture = plot(rowsOf(all), "a & b");
    t.equal(picture.includes("put &lt;1&gt;"), all.length > 0);
    t.match(
      picture,
      /^<svg [^<>]*>\n(?:<(?:rect|circle|line) [^<>]*\/>\n|<text [^<>]*>[^<>]*<\/text>\n)*<\/svg>\n$/,
    );
    t.notMatch(picture, /NaN|Infinity|undefined/);
    t.ok(picture.includes("a &amp; b"));
  }
  t.end();
});

t.test("docs/performance.md has a place for what was measured", async (t) => {
  const page = await readFile(join(ROOT, "docs/performance.md"), "utf8");
  const changed = replaced(page, "new");
  t.match(changed, /<!-- measured: begin -->\n\nnew\n\n<!-- measured: end -->/);
  t.equal(replaced(changed, "new"), changed);
  t.throws(() => replaced("no marks", "new"), /Cannot find the place/);
});

t.test(
  "npm run bench: starts a server, asks the generator, keeps and prints what it says",
  async (t) => {
    const directory = await mkdtemp(join(tmpdir(), "etcdlet-bench-test-"));
    t.teardown(() => rm(directory, { recursive: true, force: true }));
    // Says what it was asked, and that the server is there.
    const generator = join(directory, "generator.mjs");
    const lines = [
      "#!/usr/bin/env node",
      "const flags = new Map(process.argv.slice(2).map((flag) => flag.slice(1).split('=')));",
      "const { ok } = await fetch(`${flags.get('url')}/health`);",
      `const report = ${JSON.stringify(REPORT)};`,
      "const failures = ok ? 0 : 1;",
      "console.log(JSON.stringify({ ...report, failures, load: flags.get('load') }));",
    ];
    await writeFile(generator, lines.join("\n"));
    await chmod(generator, 0o755);
    const json = join(directory, "measured.json");
    const only = "put 256 B, 256 in flight";
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [
        join(ROOT, "dist/bench/run.js"),
        "--quick",
        "--etcd=",
        `--only=${only}`,
        `--json=${json}`,
        `--generator=${generator}`,
      ],
      { timeout: 60_000 },
    );
    const kept = JSON.parse(await readFile(json, "utf8")) as Measurements;
    t.same(
      kept.loads.map(({ server, title, load }) => ({ server, title, load })),
      [{ server: "etcdlet", title: only, load: "put-256" }],
    );
    t.ok((kept.loads[0]?.peakMiB ?? 0) > 10 || process.platform !== "linux");
    t.ok(stdout.includes(`| ${only} | 50 000 | - | - | 1.50 / - |`), stdout);
    t.ok(tables(kept).includes(only));
  },
);
