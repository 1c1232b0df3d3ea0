/** What a server must be told; the embedding room fills in the defaults. */
import type { Clock, Logger } from "../wire/index.ts";
import type { AutoCompaction } from "./auto-compactor.ts";
import type { CompactionLimits } from "./compactor.ts";
import type { RequestLimits } from "./limits.ts";
import type { SlowLimits } from "./slow-calls.ts";

/** A feature gate and whether it is on. */
export interface Feature {
  readonly name: string;
  readonly stage: "ALPHA" | "BETA";
  readonly isEnabled: boolean;
}

/** How users show who they are. */
export interface AuthOptions {
  /** Kind of tokens and its options. Source: etcd --auth-token. */
  readonly token: string;
  /** How long a simple token is good after it was used last, milliseconds. */
  readonly simpleTokenTtlMs: number;
  /** Of hashing a password; 4 to 31. */
  readonly bcryptCost: number;
  /** The name in a client's certificate is a user's. Source: etcd --client-cert-auth. */
  readonly hasCertificateUsers: boolean;
  /** Bytes that nobody can foresee. */
  readonly randomBytes: (count: number) => Uint8Array;
}

export interface ServerOptions {
  readonly name: string;
  readonly peerUrls: readonly string[];
  readonly clientUrls: readonly string[];
  /** Goes into the ids at the first start. */
  readonly clusterToken: string;
  readonly clock: Clock;
  /** Wall-clock time of the start, milliseconds: the origin of generated lease ids. */
  readonly wallClockMs: number;
  /** A number from 0 to 1, as Math.random gives. */
  readonly random: () => number;
  readonly logger: Logger;
  readonly limits: RequestLimits;
  readonly compaction: CompactionLimits;
  /** Undefined: nothing is compacted but what a client asks for. */
  readonly autoCompaction?: AutoCompaction | undefined;
  /** Seconds; shorter leases are made this long. */
  readonly leaseTtlMin: number;
  /** Whether what is left of long leases is kept over a restart. */
  readonly leaseCheckpoint: boolean;
  readonly watchProgressIntervalMs: number;
  /** What is worth a line in the log. */
  readonly slow: SlowLimits;
  /** How long a write may wait for the disk. */
  readonly requestTimeoutMs: number;
  /** Source: etcd --metrics: extensive has histograms of how long calls take. Default basic. */
  readonly metrics?: "basic" | "extensive" | undefined;
  /** etcd's feature gates, for the metrics to tell. Default none. */
  readonly features?: readonly Feature[] | undefined;
  readonly auth: AuthOptions;
}

/**
 * The shortest lease, seconds: one and a half elections, rounded up.
 * Source: etcd server/etcdserver/server.go, minTTL.
 */
export function leaseTtlMin(heartbeatIntervalMs: number, electionTimeoutMs: number): number {
  const electionTicks = Math.floor(electionTimeoutMs / heartbeatIntervalMs);
  const minMs = Math.floor((3 * electionTicks) / 2) * heartbeatIntervalMs;
  return Math.max(1, Math.ceil(minMs / 1000));
}

/** How long a request may take. Source: etcd server/config/config.go, ReqTimeout. */
export function requestTimeoutMs(electionTimeoutMs: number): number {
  return 5000 + 2 * electionTimeoutMs;
}
