/** What was measured, as it is kept in a file; and what is read from it. */
import type { Figure } from "../load/figures.ts";
import type { LoadReport } from "../load/generator.ts";

/** One step on one server in one round. */
export interface Measurement extends LoadReport {
  readonly server: string;
  readonly group: string;
  readonly title: string;
  readonly round: number;
  /** Highest resident memory of the server so far. */
  readonly peakMiB: number;
}

/** The file that --json writes. */
export interface Measurements {
  /** Where, when and how: for a reader, nothing is computed from it. */
  readonly about: Readonly<Record<string, string | number>>;
  readonly loads: Measurement[];
  readonly figures: Figure[];
}

/** Both servers in one row: of each figure, the median of the rounds; undefined where not run. */
export interface Row {
  readonly group: string;
  readonly title: string;
  readonly ours: Medians | undefined;
  readonly theirs: Medians | undefined;
  /** How many times etcd's operations per second; median of the rounds' ratios. */
  readonly ratio: number | undefined;
}

export interface Medians {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  /** Server CPU, microseconds per operation; NaN where it is not known. */
  readonly cpuMicros: number;
  readonly peakMiB: number;
  /** Cores' worth of CPU that the generator used. */
  readonly generatorShare: number;
  readonly saturated: string;
}

/** The rows of some measurements, in their order. */
export function rowsOf(all: readonly Measurement[]): Row[] {
  return [...new Set(all.map((one) => one.title))].map((title) => {
    const ours = all.filter((one) => one.title === title && one.server === "etcdlet");
    const theirs = all.filter((one) => one.title === title && one.server === "etcd");
    const ratios = ours.flatMap((one) => {
      const other = theirs.find(({ round }) => round === one.round);
      return other === undefined ? [] : [one.perSecond / other.perSecond];
    });
    return {
      group: [...ours, ...theirs][0]?.group ?? "",
      title,
      ours: mediansOf(ours),
      theirs: mediansOf(theirs),
      ratio: median(ratios),
    };
  });
}

function mediansOf(all: readonly Measurement[]): Medians | undefined {
  const of = (read: (one: Measurement) => number): number => median(all.map(read)) ?? NaN;
  if (all.length === 0) return undefined;
  return {
    perSecond: of((one) => one.perSecond),
    p50: of((one) => one.p50),
    p99: of((one) => one.p99),
    p999: of((one) => one.p999),
    cpuMicros: of((one) => ((one.serverCpuSeconds ?? NaN) * 1e6) / one.operations),
    peakMiB: of((one) => one.peakMiB),
    generatorShare: of((one) => one.generatorCpuSeconds / one.seconds),
    saturated: saturatedBy(all),
  };
}

/** Share of a core from which on it counts as busy all the time. */
const SATURATED = 0.9;

/** Share of a core from which on other programs have disturbed a run. */
const DISTURBED = 0.25;

/** Loads that wait for the disk when nothing else is busy. */
const WRITING = /^(?:put|txn|mixed)/;

/**
 * What bounds a load on a server, by the CPU that was used meanwhile: the `generator`, a `thread` of
 * the server, both `cores`, the `disk` when writes leave them idle, or nothing but the way there and
 * back (`waits`); `noise` when other programs had more of the machine than they should.
 */
function saturatedBy(all: readonly Measurement[]): string {
  const share = (read: (one: Measurement) => number | null): number =>
    median(all.map((one) => (read(one) ?? NaN) / one.seconds)) ?? NaN;
  const generator = share((one) => one.generatorCpuSeconds);
  const server = share((one) => one.serverCpuSeconds);
  if (generator >= SATURATED) return "generator";
  if (Number.isNaN(server)) return "?";
  if (share((one) => one.otherCpuSeconds) >= DISTURBED) return "noise";
  if (share((one) => one.serverThreadCpuSeconds) >= SATURATED) return "thread";
  if (generator + server >= 2 * SATURATED) return "cores";
  return WRITING.test(all[0]?.load ?? "") ? "disk" : "waits";
}

/** The upper one of two in the middle; undefined of nothing. */
export function median(values: readonly number[]): number | undefined {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}
