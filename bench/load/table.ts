/** Measurements as rows of a Markdown table: both servers in one row, medians of the rounds. */
import type { LoadReport } from "./generator.ts";

/** One step on one server in one round. */
export interface Measurement extends LoadReport {
  readonly server: string;
  readonly title: string;
  /** Highest resident memory of the server so far. */
  readonly peakMiB: number;
}

const COLUMNS = [
  "load",
  "etcdlet /s",
  "etcd /s",
  "ratio",
  "p50 ms",
  "p99 ms",
  "p99.9 ms",
  "CPU µs/op",
  "peak MiB",
  "generator",
  "saturates",
] as const;

/** The table's head. Where a column has two figures, etcdlet's is first. */
export function header(): string {
  const rule = COLUMNS.map((_, index) => (index === 0 || index === 10 ? "---" : "---:"));
  return [line(COLUMNS), line(rule)].join("\n");
}

/** The row of one title: all its measurements. */
export function row(all: readonly Measurement[]): string {
  const of = (server: string, read: (one: Measurement) => number): number | undefined =>
    median(all.filter((one) => one.server === server).map(read));
  const both = (read: (one: Measurement) => number, digits: number): string =>
    ["etcdlet", "etcd"].map((server) => show(of(server, read), digits)).join(" / ");
  const [ours, theirs] = ["etcdlet", "etcd"].map((server) => of(server, (one) => one.perSecond));
  return line([
    all[0]?.title ?? "",
    show(ours, 0),
    show(theirs, 0),
    ours === undefined || theirs === undefined ? "" : (ours / theirs).toFixed(2),
    both((one) => one.p50, 2),
    both((one) => one.p99, 2),
    both((one) => one.p999, 2),
    both((one) => cpuMicros(one), 1),
    both((one) => one.peakMiB, 0),
    both((one) => (100 * one.generatorCpuSeconds) / one.seconds, 0).concat(" %"),
    ["etcdlet", "etcd"]
      .map((server) => saturates(all.filter((one) => one.server === server)))
      .join(" / "),
  ]);
}

function cpuMicros(one: Measurement): number {
  return ((one.serverCpuSeconds ?? NaN) * 1e6) / one.operations;
}

/** Share of a core from which on a thread counts as busy all the time. */
const SATURATED = 0.9;

/** What a server's runs were bound by, by the CPU that was used. */
export function saturates(all: readonly Measurement[]): string {
  const share = (read: (one: Measurement) => number | null): number =>
    median(all.map((one) => (read(one) ?? NaN) / one.seconds)) ?? NaN;
  const generator = share((one) => one.generatorCpuSeconds);
  const server = share((one) => one.serverCpuSeconds);
  if (Number.isNaN(server)) return "";
  if (generator >= SATURATED) return "generator";
  if (share((one) => one.serverThreadCpuSeconds) >= SATURATED) return "server's thread";
  if (generator + server >= 2 * SATURATED) return "both cores";
  return "waiting";
}

function median(values: readonly number[]): number | undefined {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

function show(value: number | undefined, digits: number): string {
  if (value === undefined || Number.isNaN(value)) return "-";
  return value.toFixed(digits);
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}
