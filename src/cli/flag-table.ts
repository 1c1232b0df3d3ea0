/**
 * Every flag of etcd 3.7, with what it means here.
 *
 * Source of names, kinds and defaults: `etcd --help` of 3.7.3, and etcd server/embed/config.go.
 */
import { CLUSTERING_FLAGS } from "./flag-table/clustering.ts";
import type { FlagDefinition, FlagGroup } from "./flag-table/definition.ts";
import { HARNESS_FLAGS } from "./flag-table/harness.ts";
import { MEMBER_FLAGS } from "./flag-table/member.ts";
import {
  FEATURE_FLAGS,
  GENERAL_FLAGS,
  LOGGING_FLAGS,
  PROFILING_FLAGS,
  TRACING_FLAGS,
  UNSAFE_FLAGS,
} from "./flag-table/operation.ts";
import { AUTHENTICATION_FLAGS, SECURITY_FLAGS } from "./flag-table/security.ts";
import type { ValueOfKind } from "./flag-values.ts";

/** Every flag by name. */
export const FLAGS = {
  ...MEMBER_FLAGS,
  ...CLUSTERING_FLAGS,
  ...SECURITY_FLAGS,
  ...AUTHENTICATION_FLAGS,
  ...PROFILING_FLAGS,
  ...LOGGING_FLAGS,
  ...TRACING_FLAGS,
  ...FEATURE_FLAGS,
  ...UNSAFE_FLAGS,
  ...HARNESS_FLAGS,
  ...GENERAL_FLAGS,
} as const;

/** The name of a flag, without dashes before it. */
export type FlagName = keyof typeof FLAGS;

/** What the flag of that name holds. */
export type ValueOfFlag<Name extends FlagName> = ValueOfKind[(typeof FLAGS)[Name]["kind"]];

/** Flags under the headings of etcd's help, in its order. */
export const FLAG_GROUPS: ReadonlyMap<string, FlagGroup> = new Map<string, FlagGroup>([
  ["Member", MEMBER_FLAGS],
  ["Clustering", CLUSTERING_FLAGS],
  ["Security", SECURITY_FLAGS],
  ["Auth", AUTHENTICATION_FLAGS],
  ["Profiling and Monitoring", PROFILING_FLAGS],
  ["Logging", LOGGING_FLAGS],
  ["Distributed tracing", TRACING_FLAGS],
  ["Features", FEATURE_FLAGS],
  ["Unsafe feature", UNSAFE_FLAGS],
  ["Test harness", HARNESS_FLAGS],
]);

/** Flags of old versions that are taken and forgotten. Source: etcd server/etcdmain/config.go. */
export const IGNORED_FLAGS: ReadonlySet<string> = new Set([
  "cluster-active-size",
  "cluster-remove-delay",
  "cluster-sync-interval",
  "config",
  "force",
  "max-result-buffer",
  "max-retry-attempts",
  "peer-heartbeat-interval",
  "peer-election-timeout",
  "retry-interval",
  "snapshot",
  "test.coverprofile",
  "test.outputdir",
  "v",
  "vv",
]);

/** The definition of a flag. */
export function flagDefinition(name: FlagName): FlagDefinition {
  return FLAGS[name];
}

/** Whether a text names a flag. */
export function isFlagName(text: string): text is FlagName {
  return Object.hasOwn(FLAGS, text);
}

/** All names, sorted, which is the order in which etcd looks at them. */
export function flagNames(): readonly FlagName[] {
  // The cast is what Object.keys loses: FLAGS has no other keys.
  return (Object.keys(FLAGS) as FlagName[]).sort();
}
