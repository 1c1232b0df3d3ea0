/** Short ways to say what a family is. */
import type { Histogram } from "../../mvcc/index.ts";
import type { Family, Labels, Sample } from "./exposition.ts";

type Read = () => number;

/** A gauge with one series. */
export function gauge(name: string, help: string, read: Read, labels: Labels = {}): Family {
  return { type: "gauge", name, help, read: () => [{ labels, value: read() }] };
}

/** A counter with one series. */
export function counter(name: string, help: string, read: Read): Family {
  return { type: "counter", name, help, read: () => [{ labels: {}, value: read() }] };
}

/** A histogram with one series. */
export function histogram(name: string, help: string, value: Histogram): Family {
  return { type: "histogram", name, help, read: () => [{ labels: {}, value }] };
}

/** A counter with a series for each sample. */
export function counters(name: string, help: string, read: () => Iterable<Sample<number>>): Family {
  return { type: "counter", name, help, read };
}
