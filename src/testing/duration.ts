/** Lengths of time, as people write them. */

const UNITS_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;

/** A length of time: milliseconds, or as in "1500ms", "60s", "5m", "1h". */
export type Duration = number | `${number}${keyof typeof UNITS_MS}`;

/** Throws RangeError for what is no length of time. */
export function millisecondsOf(duration: Duration): number {
  if (typeof duration === "number" && duration >= 0) return duration;
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(String(duration)) ?? [];
  if (amount === undefined) throw new RangeError(`No length of time: ${String(duration)}`);
  // The expression has no other units.
  return Number(amount) * UNITS_MS[unit as keyof typeof UNITS_MS];
}
