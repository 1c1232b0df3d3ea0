/** Reads Prometheus' text format, for tests. */

/** What a page says of one family. */
export interface MetricsFamily {
  readonly type: string;
  readonly help: string;
  /** Names of all labels that any series has, but for a histogram's bounds; sorted. */
  readonly labels: readonly string[];
  /** A histogram's bounds, in their order. */
  readonly bounds: readonly string[];
  /** By name and labels, as written. */
  readonly samples: ReadonlyMap<string, number>;
}

/** The families of a page, by name. Throws Error at a line that is none. */
export function parseMetrics(page: string): Map<string, MetricsFamily> {
  const families = new Map<string, MetricsFamily>();
  for (const text of page.split("# HELP ").slice(1)) {
    const [head = "", typeLine = "", ...lines] = text.split("\n");
    const [, name = "", help = ""] = /^(\S+) (.*)$/u.exec(head) ?? [];
    const [, type = ""] = /^# TYPE \S+ (\S+)$/u.exec(typeLine) ?? [];
    families.set(name, { type, help, ...samplesOf(lines.filter((line) => line !== "")) });
  }
  return families;
}

function samplesOf(lines: readonly string[]): Pick<MetricsFamily, "labels" | "bounds" | "samples"> {
  const labels = new Set<string>();
  const bounds = new Set<string>();
  const samples = new Map<string, number>();
  for (const line of lines) {
    const [, series, inBraces = "", value = ""] = /^(\w+(?:\{(.*)\})?) (\S+)$/u.exec(line) ?? [];
    if (series === undefined) throw new Error(`Not a sample: ${line}`);
    samples.set(series, value === "+Inf" ? Number.POSITIVE_INFINITY : Number(value));
    for (const [, label = "", text = ""] of inBraces.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/gu)) {
      if (label === "le") bounds.add(text);
      else labels.add(label);
    }
  }
  return { labels: [...labels].toSorted(), bounds: [...bounds], samples };
}
