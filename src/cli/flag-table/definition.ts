/** What the table of flags says about each flag. */
import type { FlagForm } from "../flag-values.ts";

/**
 * - `effective`: does what it does in etcd.
 * - `accepted`: has no effect here, and the log says so when it is set to anything but its default.
 * - `later`: not built yet, and a user could believe to be protected by it, or to run a cluster:
 *   setting it is an error.
 */
export type FlagStatus = "effective" | "accepted" | "later";

/** A flag. */
export interface FlagDefinition extends FlagForm {
  readonly help: string;
  readonly status: FlagStatus;
  /** Why the flag has no effect; goes into the warning or the error. */
  readonly reason?: string;
}

/** Flags by name, in the order in which the help lists them. */
export type FlagGroup = Readonly<Record<string, FlagDefinition>>;

/** Reasons that many flags share. */
export const REASONS = {
  noPeers: "there are no peers",
  noRaftLog: "there is no raft log",
  noBoltFile: "the store is not a bbolt file",
  noDiscovery: "there is no discovery of other members",
  notBuilt: "it is not built yet",
} as const;
