/** Automatic compaction as the flags ask for it. */
import type { EtcdOptions } from "../embed/index.ts";
import { formatDuration } from "../wire/index.ts";
import { ConfigurationError } from "./configuration-error.ts";
import type { Settings } from "./flags.ts";
import { DurationError, parseDuration, parseInteger, quote } from "./go-values.ts";

/** Shorter periods are refused, ns: ten samples a period are a timer each. */
const PERIOD_NS_MIN = 10_000_000n;
const HOUR_NS = 3_600_000_000_000n;

/**
 * Refuses what etcd refuses, and periods that it would spin on.
 *
 * @throws ConfigurationError
 */
export function checkCompaction(settings: Settings): void {
  const mode = settings.get("auto-compaction-mode");
  if (mode === "") {
    throw new ConfigurationError("undefined auto-compaction-mode");
  }
  if (mode !== "periodic" && mode !== "revision") {
    throw new ConfigurationError(`unknown auto-compaction-mode ${quote(mode)}`);
  }
  const hashCheckNs = settings.get("compact-hash-check-time");
  if (hashCheckNs <= 0n) {
    throw new ConfigurationError(
      `--compact-hash-check-time must be >0 (set to ${formatDuration(hashCheckNs)})`,
    );
  }
  const retention = retentionOf(settings);
  const least = mode === "periodic" ? PERIOD_NS_MIN : 0n;
  if (retention !== 0n && retention < least) {
    throw new ConfigurationError(
      `--auto-compaction-retention must be 0 or at least ${formatDuration(least)} ` +
        `(set to ${formatDuration(retention)})`,
      "start",
    );
  }
}

/** What the server is to do by itself; undefined for nothing. That it is right has been checked. */
export function autoCompaction(settings: Settings): EtcdOptions["autoCompaction"] {
  const retention = retentionOf(settings);
  if (retention === 0n) return undefined;
  return settings.get("auto-compaction-mode") === "revision"
    ? { mode: "revision", revisions: Number(retention) }
    : { mode: "periodic", periodMs: Number(retention) / 1e6 };
}

/**
 * Nanoseconds, or revisions: a bare number is hours, or revisions. A time in the mode `revision` is
 * as many revisions as it has nanoseconds, as in etcd.
 *
 * Source: etcd server/embed/etcd.go, parseCompactionRetention.
 *
 * @throws ConfigurationError
 */
export function retentionOf(settings: Settings): bigint {
  const text = settings.get("auto-compaction-retention") || "0";
  const number = /^[+-]?[0-9]+$/.test(text)
    ? parseInteger(text, { signed: true, bits: 64 })
    : undefined;
  if (typeof number === "bigint" && number >= 0n) {
    return settings.get("auto-compaction-mode") === "revision" ? number : number * HOUR_NS;
  }
  try {
    return parseDuration(text);
  } catch (error) {
    throw error instanceof DurationError
      ? new ConfigurationError(`error parsing CompactionRetention: ${error.message}`, "start")
      : error;
  }
}
