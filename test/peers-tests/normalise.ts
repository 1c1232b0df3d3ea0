/** Answers in a form that can be compared and read: what must differ between servers is left out. */

/** How far two servers may be apart in the remaining time of a lease, seconds. */
const TTL_TOLERANCE_SECONDS = 3;

/** Any part of a message: bytes as text, 64-bit ids as text, headers without who answered. */
export function normalise(value: unknown): unknown {
  if (typeof value === "bigint") {
    return `${value}n`;
  }
  if (value instanceof Uint8Array) {
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("latin1");
  }
  if (Array.isArray(value)) {
    return value.map(normalise);
  }
  if (typeof value === "object" && value !== null) {
    return normaliseObject(value);
  }
  return value;
}

/**
 * Cluster, member and term are only there or not there: the outer headers have them, those of the parts of a
 * transaction do not.
 */
function normaliseObject(object: object): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(object)) {
    switch (name) {
      case "clusterId":
      case "memberId":
        result[name] = value === 0n ? "none" : "some";
        break;
      case "raftTerm":
        result[name] = value === 0 ? "none" : "some";
        break;
      default:
        result[name] = normalise(value);
    }
  }
  return result;
}

/** What a step led to. */
export interface Outcome {
  /** Must be the same on both servers. */
  readonly answer: unknown;
  /** Remaining times of leases, seconds; may differ a little. */
  readonly remainingSeconds?: readonly number[];
}

/** Whether two servers did the same. */
export function agree(one: Outcome, other: Outcome): boolean {
  if (JSON.stringify(one.answer) !== JSON.stringify(other.answer)) {
    return false;
  }
  const [times, otherTimes] = [one.remainingSeconds ?? [], other.remainingSeconds ?? []];
  return (
    times.length === otherTimes.length &&
    times.every((time, index) => {
      const otherTime = otherTimes[index] ?? Number.NaN;
      return Math.abs(time - otherTime) <= TTL_TOLERANCE_SECONDS;
    })
  );
}

/** Parts in which two normalised answers differ that are shown. */
const shownParts = 10;

/** The parts in which two normalised answers differ, by where they stand. */
export function differences(one: unknown, other: unknown, path: string = "answer"): string[] {
  if (JSON.stringify(one) === JSON.stringify(other)) return [];
  if (!isTree(one) || !isTree(other)) {
    return [`${path}: ${JSON.stringify(one)} against ${JSON.stringify(other)}`];
  }
  const names = [...new Set([...Object.keys(one), ...Object.keys(other)])];
  const parts = names.flatMap((name) => differences(one[name], other[name], `${path}.${name}`));
  return parts.slice(0, shownParts);
}

function isTree(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
