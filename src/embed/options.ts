/** Every option of an embedded server. The command line's flags end up here too. */
import type { AutoCompaction, Feature } from "../server/index.ts";
import type { TlsOptions } from "../transport/index.ts";
import type { Faults } from "../testing/index.ts";
import type { Clock, Logger } from "../wire/index.ts";

/** What {@link Etcd.start} takes. Everything may be left out: in memory, without a port. */
export interface EtcdOptions {
  /** Human-readable name of the member. Default "default". Source: etcd --name. */
  readonly name?: string | undefined;
  /** Folder of the data, made when missing. Left out: everything stays in memory. */
  readonly dataDir?: string | undefined;
  /**
   * A database of etcd to be served: a snapshot, or the data directory of an etcd that does not run. It
   * stays as it is: what is written is in memory only. Not together with {@link dataDir}.
   */
  readonly snapshot?: string | undefined;
  /** Acknowledge writes before they are on disk. Source: etcd --unsafe-no-fsync. */
  readonly unsafeNoFsync?: boolean | undefined;
  /**
   * Where to serve clients: `http://host:port` (port 0: the system chooses) or `unix://path`; by
   * TLS `https` and `unixs`. Left out: no port, only {@link Etcd.client}.
   */
  readonly listenClientUrls?: readonly string[] | undefined;
  /**
   * Where to serve health, metrics and calls as JSON, and no gRPC; the client URLs serve gRPC only
   * then. Default none. Source: etcd --listen-client-http-urls.
   */
  readonly listenClientHttpUrls?: readonly string[] | undefined;
  /** Serve etcd's API as JSON below `/v3/`. Default true. Source: etcd --enable-grpc-gateway. */
  readonly enableGrpcGateway?: boolean | undefined;
  /** Origins whose scripts may read answers over HTTP. Default `*`. Source: etcd --cors. */
  readonly cors?: readonly string[] | undefined;
  /** Host names that are answered without TLS. Default `*`. Source: etcd --host-whitelist. */
  readonly hostWhitelist?: readonly string[] | undefined;
  /** Who the server is by TLS, and whom it lets in; needed for URLs by TLS. */
  readonly tls?: TlsOptions | undefined;
  /** Where to serve /metrics, /health, /livez, /readyz and nothing else. Default none. */
  readonly listenMetricsUrls?: readonly string[] | undefined;
  /** What MemberList tells clients. Default: the listen URLs with their real ports. */
  readonly advertiseClientUrls?: readonly string[] | undefined;
  /** What MemberList tells peers. Default `http://localhost:2380`. */
  readonly initialAdvertisePeerUrls?: readonly string[] | undefined;
  /** Goes into the member's and cluster's id. Default "etcd-cluster". */
  readonly initialClusterToken?: string | undefined;
  /** Largest write request, bytes. Default 1572864. Source: etcd embed/config.go. */
  readonly maxRequestBytes?: number | undefined;
  /** Most operations in a transaction. Default 128. Source: etcd embed/config.go. */
  readonly maxTxnOps?: number | undefined;
  /** Size at which writes are refused, bytes; 0 is 2 GiB, negative no limit. Default 0. */
  readonly quotaBackendBytes?: number | undefined;
  /**
   * Bytes of newest values kept in memory; what exceeds them is read from the disk when asked for.
   * Default 256 MiB, and 32 MiB without a folder, where the store itself is in memory.
   */
  readonly valueBytesMax?: number | undefined;
  /** Milliseconds between heartbeats; with the election timeout it makes the least TTL. */
  readonly heartbeatIntervalMs?: number | undefined;
  readonly electionTimeoutMs?: number | undefined;
  /** Default 10 minutes, at least 100 ms. Source: etcd --watch-progress-notify-interval. */
  readonly watchProgressNotifyIntervalMs?: number | undefined;
  /**
   * Keeps what is left of leases of more than five minutes over a restart, up to five minutes old.
   * Default false. Source: etcd, feature gate LeaseCheckpoint.
   */
  readonly leaseCheckpoint?: boolean | undefined;
  /** Milliseconds after which applying a request, or reading, is logged as slow. Default 100. */
  readonly warningApplyDurationMs?: number | undefined;
  /** Milliseconds after which the answer to a call is logged as slow. Default 300. */
  readonly warningUnaryRequestDurationMs?: number | undefined;
  /** Revisions removed per step of a compaction. Default 1000. */
  readonly compactionBatchLimit?: number | undefined;
  /** Pause between two steps of a compaction. Default 10 ms. */
  readonly compactionSleepIntervalMs?: number | undefined;
  /**
   * Compacts by itself what is older than a period, `{ mode: "periodic", periodMs }` with at least
   * 10 ms, or than so many revisions, `{ mode: "revision", revisions }`. Default nothing.
   * Source: etcd --auto-compaction-mode, --auto-compaction-retention.
   */
  readonly autoCompaction?: AutoCompaction | undefined;
  /** Calls that one connection may have open; clients are told. Default no bound. */
  readonly maxConcurrentStreams?: number | undefined;
  /**
   * Milliseconds that a client has to leave between two pings, or it is sent away. They are not
   * counted by TLS, as in etcd, nor by the transport `grpc-js`. Default 5 s.
   * Source: etcd --grpc-keepalive-min-time.
   */
  readonly grpcKeepaliveMinTimeMs?: number | undefined;
  /** Milliseconds of silence before the server pings a client, but not by TLS. Default 2 h. */
  readonly grpcKeepaliveIntervalMs?: number | undefined;
  /** Milliseconds that the client has to answer before its connection is closed. Default 20 s. */
  readonly grpcKeepaliveTimeoutMs?: number | undefined;
  /**
   * Who speaks gRPC on the ports: `http2`, the project's own server side, or `grpc-js`, the
   * reference. Default `http2`.
   */
  readonly grpcTransport?: "http2" | "grpc-js" | undefined;
  /** Serve marks and resets below /debug/marks, to whoever reaches the port. Default false. */
  readonly enableTestEndpoints?: boolean | undefined;
  /**
   * Serve CPU and heap profiles of the whole process under /debug/pprof of client URLs, to whoever asks.
   * Source: etcd --enable-pprof.
   */
  readonly enablePprof?: boolean | undefined;
  /** How much /metrics says: `extensive` has histograms of how long calls take. Default `basic`. */
  readonly metrics?: "basic" | "extensive" | undefined;
  /** etcd's feature gates, for /metrics to tell which are on. Default none. */
  readonly features?: readonly Feature[] | undefined;
  /**
   * Kind of the users' tokens, with its options: `simple`, `jwt,sign-method=RS256,…`, or empty for
   * none. Default "simple". Source: etcd --auth-token.
   */
  readonly authToken?: string | undefined;
  /** Seconds that a simple token is good after it was used last; 0 is the default, 300. */
  readonly authTokenTtl?: number | undefined;
  /** Of hashing passwords, 4 to 31; others stand for the default, 10. Source: etcd --bcrypt-cost. */
  readonly bcryptCost?: number | undefined;
  /**
   * Serve {@link EtcdOptions.faults}, or new ones, under /debug/faults of client URLs, to whoever asks.
   * Default false.
   */
  readonly enableFaultInjection?: boolean | undefined;
  /** What goes wrong when a test says so, see {@link Faults}. Default nothing. */
  readonly faults?: Faults | undefined;
  readonly logger?: Logger | undefined;
  readonly clock?: Clock | undefined;
}
