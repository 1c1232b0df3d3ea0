/**
 * Prometheus' text format, written as Go's client library writes it.
 * Source: prometheus/common, expfmt/text_create.go.
 */
import type { Histogram } from "../../mvcc/index.ts";

/** Names in alphabetical order. */
export type Labels = Readonly<Record<string, string>>;

interface About {
  readonly name: string;
  readonly help: string;
}

/** One value, under its labels. */
export interface Sample<Value> {
  readonly labels: Labels;
  readonly value: Value;
}

/** Series of one name; they are read when asked for. */
export type Family =
  | (About & { readonly type: "counter" | "gauge"; readonly read: () => Iterable<Sample<number>> })
  | (About & { readonly type: "histogram"; readonly read: () => Iterable<Sample<Histogram>> });

/** The text of families, in the order of their names. A family without series is left out. */
export function exposition(families: readonly Family[]): string {
  const inOrder = families.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return inOrder.map(familyText).join("");
}

function familyText(family: Family): string {
  let lines = "";
  if (family.type === "histogram") {
    for (const { labels, value } of family.read()) lines += histogramText(family, labels, value);
  } else {
    for (const { labels, value } of family.read()) lines += line(family.name, labels, value);
  }
  if (lines === "") return "";
  const help = family.help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
  return `# HELP ${family.name} ${help}\n# TYPE ${family.name} ${family.type}\n${lines}`;
}

function histogramText({ name }: About, labels: Labels, histogram: Histogram): string {
  let text = "";
  let count = 0;
  histogram.counts.forEach((counted, bucket) => {
    count += counted;
    const bound = histogram.bounds[bucket] ?? Number.POSITIVE_INFINITY;
    text += line(`${name}_bucket`, { ...labels, le: numberText(bound) }, count);
  });
  text += line(`${name}_sum`, labels, histogram.sum);
  return text + line(`${name}_count`, labels, count);
}

function line(name: string, labels: Labels, value: number): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`);
  const inBraces = pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
  return `${name}${inBraces} ${numberText(value)}\n`;
}

function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');
}

/** Source: Go, strconv.FormatFloat with format g and the shortest precision. */
export function numberText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return "+Inf";
  if (value === Number.NEGATIVE_INFINITY) return "-Inf";
  const size = Math.abs(value);
  if (value === 0 || Number.isNaN(value) || (size >= 1e-4 && size < 1e6)) return String(value);
  const [digits = "", exponent = ""] = value.toExponential().split("e");
  const sign = exponent.startsWith("-") ? "-" : "+";
  return `${digits}e${sign}${exponent.slice(1).padStart(2, "0")}`;
}
