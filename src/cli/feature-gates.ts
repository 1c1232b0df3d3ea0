/** etcd's feature gates: which names `--feature-gates` knows, and what is on unless it is told. */
import { parseBoolean, quote } from "./go-values.ts";

/** How far a feature is, in etcd's words. */
export type FeatureStage = "ALPHA" | "BETA";

/** One gate. */
export interface FeatureGate {
  readonly stage: FeatureStage;
  readonly enabledByDefault: boolean;
  /** Why it has no effect here; left out where it has. */
  readonly reason?: string;
}

/** Every gate of etcd 3.7. Source: etcd server/features/etcd_features.go, `etcd --help`. */
export const FEATURE_GATES: ReadonlyMap<string, FeatureGate> = new Map<string, FeatureGate>([
  ["AllAlpha", { stage: "ALPHA", enabledByDefault: false }],
  ["AllBeta", { stage: "BETA", enabledByDefault: false }],
  alpha("CompactHashCheck", "there are no peers"),
  beta("FastLeaseKeepAlive", "a single member waits for no applied index"),
  alpha("InitialCorruptCheck", "there are no peers; the data is checked at every start"),
  ["LeaseCheckpoint", { stage: "ALPHA", enabledByDefault: false }],
  // Always so, in etcd too since 3.6.
  ["LeaseCheckpointPersist", { stage: "ALPHA", enabledByDefault: false }],
  alpha(
    "PriorityRequest",
    "the end of a lease waits in line as any write, and is tried again when that is full",
  ),
  alpha("SetMemberLocalAddr", "there are no peers"),
  ["StopGRPCServiceOnDefrag", { stage: "ALPHA", enabledByDefault: false }],
  beta("TxnModeWriteWithSharedBuffer", "the store is not a bbolt file"),
]);

function alpha(name: string, reason: string): [string, FeatureGate] {
  return [name, { stage: "ALPHA", enabledByDefault: false, reason }];
}

function beta(name: string, reason: string): [string, FeatureGate] {
  return [name, { stage: "BETA", enabledByDefault: true, reason }];
}

/** What the user has set, gate by gate. */
export type FeatureGateSettings = ReadonlyMap<string, boolean>;

/** A text that `--feature-gates` does not take; the message is etcd's own. */
export class FeatureGateError extends Error {
  override readonly name = "FeatureGateError";
}

/**
 * Reads `Name=true,Other=false`.
 *
 * @throws FeatureGateError
 */
export function parseFeatureGates(text: string): FeatureGateSettings {
  const settings = new Map<string, boolean>();
  for (const part of text.split(",")) {
    if (part === "") {
      continue;
    }
    const equalsAt = part.indexOf("=");
    const name = (equalsAt < 0 ? part : part.slice(0, equalsAt)).trim();
    if (equalsAt < 0) {
      throw new FeatureGateError(`missing bool value for ${name}`);
    }
    const valueText = part.slice(equalsAt + 1).trim();
    const value = parseBoolean(valueText);
    if (value === undefined) {
      throw new FeatureGateError(
        `invalid value of ${name}=${valueText}, ` +
          `err: strconv.ParseBool: parsing ${quote(valueText)}: invalid syntax`,
      );
    }
    settings.set(name, value);
  }
  for (const name of settings.keys()) {
    if (!FEATURE_GATES.has(name)) {
      throw new FeatureGateError(`unrecognized feature gate: ${name}`);
    }
  }
  return settings;
}

/** Whether a gate is on: as set by name, else as set for its stage, else by default. */
export function isFeatureEnabled(settings: FeatureGateSettings, name: string): boolean {
  const gate = FEATURE_GATES.get(name);
  const stage = gate?.stage === "BETA" ? "AllBeta" : "AllAlpha";
  return settings.get(name) ?? settings.get(stage) ?? gate?.enabledByDefault ?? false;
}

/** Writes gates as `--feature-gates` takes them, sorted by name. */
export function formatFeatureGates(settings: FeatureGateSettings): string {
  return [...settings]
    .map(([name, value]) => `${name}=${value}`)
    .sort()
    .join(",");
}
