/** Options with every gap filled. */
import { randomBytes } from "node:crypto";
import {
  BCRYPT_COST,
  QUOTA_BYTES,
  REQUEST_BYTES_MAX,
  TXN_OPERATIONS_MAX,
  bcryptCost,
  leaseTtlMin,
  requestTimeoutMs,
} from "../server/index.ts";
import type { ServerOptions } from "../server/index.ts";
import { SILENT_LOGGER } from "../wire/index.ts";
import type { EtcdOptions } from "./options.ts";
import { SYSTEM_CLOCK } from "./system.ts";

/** Source: etcd server/embed/config.go. */
const HEARTBEAT_MS = 100;
const ELECTION_MS = 1000;
const PROGRESS_INTERVAL_MS = 10 * 60 * 1000;
/** Source: etcd server/storage/mvcc/watchable_store.go: shorter ones are raised to it. */
const PROGRESS_INTERVAL_MIN_MS = 100;
const COMPACTION_BATCH = 1000;
const WARNING_APPLY_MS = 100;
const WARNING_UNARY_MS = 300;
const COMPACTION_SLEEP_MS = 10;
/** Seconds. Source: etcd server/auth/simple_token.go. */
const SIMPLE_TOKEN_TTL = 300;
const PEER_URL = "http://localhost:2380";
const CLUSTER_TOKEN = "etcd-cluster";

/** What the server is told. `clientUrls` are what is really listened on. */
export function serverOptions(options: EtcdOptions, clientUrls: readonly string[]): ServerOptions {
  const heartbeatMs = options.heartbeatIntervalMs ?? HEARTBEAT_MS;
  return {
    name: options.name ?? "default",
    peerUrls: options.initialAdvertisePeerUrls ?? [PEER_URL],
    clientUrls: options.advertiseClientUrls ?? clientUrls,
    clusterToken: options.initialClusterToken ?? CLUSTER_TOKEN,
    clock: options.clock ?? SYSTEM_CLOCK,
    wallClockMs: Date.now(),
    random: Math.random,
    logger: options.logger ?? SILENT_LOGGER,
    limits: {
      maxRequestBytes: options.maxRequestBytes ?? REQUEST_BYTES_MAX,
      maxTxnOps: options.maxTxnOps ?? TXN_OPERATIONS_MAX,
      quotaBytes: quotaOf(options.quotaBackendBytes ?? 0),
    },
    compaction: {
      batchLimit: options.compactionBatchLimit ?? COMPACTION_BATCH,
      sleepIntervalMs: options.compactionSleepIntervalMs ?? COMPACTION_SLEEP_MS,
    },
    autoCompaction: options.autoCompaction,
    metrics: options.metrics,
    features: options.features,
    leaseTtlMin: leaseTtlMin(heartbeatMs, electionTimeoutMs(options)),
    slow: {
      applyMs: options.warningApplyDurationMs ?? WARNING_APPLY_MS,
      unaryMs: options.warningUnaryRequestDurationMs ?? WARNING_UNARY_MS,
    },
    leaseCheckpoint: options.leaseCheckpoint ?? false,
    requestTimeoutMs: requestTimeoutOf(options),
    auth: authOptions(options),
    watchProgressIntervalMs: Math.max(
      options.watchProgressNotifyIntervalMs ?? PROGRESS_INTERVAL_MS,
      PROGRESS_INTERVAL_MIN_MS,
    ),
  };
}

function authOptions(options: EtcdOptions): ServerOptions["auth"] {
  return {
    token: options.authToken ?? "simple",
    simpleTokenTtlMs: (options.authTokenTtl || SIMPLE_TOKEN_TTL) * 1000,
    bcryptCost: bcryptCost(options.bcryptCost ?? BCRYPT_COST),
    hasCertificateUsers: options.tls?.clientCertAuth === true,
    randomBytes,
  };
}

/** What every lease gets on top after a restart. Source: etcd server/lease/lessor.go, Promote. */
export function electionTimeoutMs(options: EtcdOptions): number {
  return options.electionTimeoutMs ?? ELECTION_MS;
}

/** Milliseconds that a request may take. */
export function requestTimeoutOf(options: EtcdOptions): number {
  return requestTimeoutMs(electionTimeoutMs(options));
}

function quotaOf(bytes: number): number {
  if (bytes < 0) return Number.POSITIVE_INFINITY;
  return bytes === 0 ? QUOTA_BYTES : bytes;
}
