/** Measurements as Markdown tables: both servers in one row, etcdlet first. */
import type { Figure } from "../load/figures.ts";
import { median } from "./measurements.ts";
import type { Medians, Row } from "./measurements.ts";

const LOAD_COLUMNS = [
  "load",
  "etcdlet /s",
  "etcd /s",
  "ratio",
  "p50 ms",
  "p99 ms",
  "p99.9 ms",
  "CPU µs/op",
  "peak MiB",
  "generator %",
  "bound by",
];
const FIGURE_COLUMNS = ["figure", "etcdlet", "etcd", "ratio"];

/** Head of the table of loads. */
export function loadHead(): string {
  return head(LOAD_COLUMNS);
}

export function loadRow(row: Row): string {
  const both = (read: (medians: Medians) => string): string =>
    [row.ours, row.theirs].map((side) => (side === undefined ? "-" : read(side))).join(" / ");
  return line([
    row.title,
    row.ours === undefined ? "-" : grouped(row.ours.perSecond),
    row.theirs === undefined ? "-" : grouped(row.theirs.perSecond),
    row.ratio === undefined ? "-" : row.ratio.toFixed(2),
    both((side) => short(side.p50)),
    both((side) => short(side.p99)),
    both((side) => short(side.p999)),
    both((side) => short(side.cpuMicros)),
    both((side) => short(side.peakMiB)),
    both((side) => (100 * side.generatorShare).toFixed(0)),
    both((side) => side.saturated),
  ]);
}

/** The whole table of figures: less is better, and the ratio is etcdlet's part of etcd's. */
export function figureTable(figures: readonly Figure[]): string {
  const titles = [...new Set(figures.map(({ title }) => title))];
  const rows = titles.map((title) => {
    const all = figures.filter((figure) => figure.title === title);
    const [ours, theirs] = ["etcdlet", "etcd"].map((server) =>
      median(all.filter((figure) => figure.server === server).map(({ value }) => value)),
    );
    const unit = all[0]?.unit ?? "";
    const show = (value: number | undefined): string =>
      value === undefined ? "-" : `${short(value)} ${unit}`;
    const ratio = ours === undefined || theirs === undefined ? "-" : (ours / theirs).toFixed(2);
    return line([title, show(ours), show(theirs), ratio]);
  });
  return [head(FIGURE_COLUMNS), ...rows].join("\n");
}

/** Three digits that count. */
function short(value: number): string {
  if (Number.isNaN(value)) return "-";
  if (value >= 100) return grouped(value);
  return value.toFixed(value >= 10 ? 1 : 2);
}

function grouped(value: number): string {
  return value.toFixed(0).replace(/(?<=\d)(?=(?:\d{3})+$)/g, value >= 10_000 ? " " : "");
}

function head(columns: readonly string[]): string {
  const texts = new Set(["load", "figure", "bound by"]);
  return [line(columns), line(columns.map((name) => (texts.has(name) ? "---" : "---:")))].join(
    "\n",
  );
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}
