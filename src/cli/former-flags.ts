/**
 * Flags by the names that they had before etcd 3.7.
 *
 * etcd 3.7 does not know them any more and ends. Manifests and units outlive the server they were
 * written for, and what they ask for is still there under another name; so they are taken, with a
 * warning. Source: etcd 3.6, server/embed/config.go, and its CHANGELOG.
 */
import { isFlagName } from "./flag-table.ts";
import type { FlagName } from "./flag-table.ts";

/** What a former flag is today. */
export type FormerFlag =
  | { readonly kind: "flag"; readonly name: FlagName }
  /** A feature gate; the flag was a boolean. */
  | { readonly kind: "gate"; readonly gate: string };

const PREFIX = "experimental-";

/** Flags that became gates, without their prefix. */
const GATES: Readonly<Record<string, string>> = {
  "initial-corrupt-check": "InitialCorruptCheck",
  "compact-hash-check-enabled": "CompactHashCheck",
  "enable-lease-checkpoint": "LeaseCheckpoint",
  "enable-lease-checkpoint-persist": "LeaseCheckpointPersist",
  "stop-grpc-service-on-defrag": "StopGRPCServiceOnDefrag",
  "txn-mode-write-with-shared-buffer": "TxnModeWriteWithSharedBuffer",
  "set-member-localaddr": "SetMemberLocalAddr",
};

/** What a flag is today that etcd 3.7 has no more; undefined for any other name. */
export function formerFlag(formerName: string): FormerFlag | undefined {
  if (!formerName.startsWith(PREFIX)) return undefined;
  const name = formerName.slice(PREFIX.length);
  const gate = Object.hasOwn(GATES, name) ? GATES[name] : undefined;
  if (gate !== undefined) return { kind: "gate", gate };
  return isFlagName(name) ? { kind: "flag", name } : undefined;
}
