/** Times as etcd's log and flags write them. */

/** Writes nanoseconds as Go does: `1h0m0s`, `1.5s`, `100ms`. Source: Go Duration.String. */
export function formatDuration(durationNs: bigint): string {
  if (durationNs < 0n) {
    return `-${formatDuration(-durationNs)}`;
  }
  if (durationNs === 0n) {
    return "0s";
  }
  if (durationNs < 1_000n) {
    return `${durationNs}ns`;
  }
  if (durationNs < 1_000_000n) {
    return `${decimal(durationNs, 3)}\u00b5s`;
  }
  if (durationNs < 1_000_000_000n) {
    return `${decimal(durationNs, 6)}ms`;
  }
  const minutes = durationNs / 60_000_000_000n;
  const seconds = `${decimal(durationNs % 60_000_000_000n, 9)}s`;
  if (minutes === 0n) {
    return seconds;
  }
  return minutes < 60n ? `${minutes}m${seconds}` : `${minutes / 60n}h${minutes % 60n}m${seconds}`;
}

/** `value` divided by ten to the power of `places`, without zeros at the end. */
function decimal(value: bigint, places: number): string {
  const digits = value.toString().padStart(places + 1, "0");
  const fraction = digits.slice(-places).replace(/0+$/, "");
  return fraction === "" ? digits.slice(0, -places) : `${digits.slice(0, -places)}.${fraction}`;
}

/** As {@link formatDuration}, of milliseconds and their parts. */
export function formatMilliseconds(durationMs: number): string {
  return formatDuration(BigInt(Math.round(durationMs * 1e6)));
}
