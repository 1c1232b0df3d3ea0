/** What the flags say about how clients are served, as options of a server. */
import type { EtcdOptions } from "../embed/index.ts";
import { ConfigurationError } from "./configuration-error.ts";
import type { Settings } from "./flags.ts";

/** Source: etcd server/embed/config.go, DefaultMaxConcurrentStreams. */
const STREAMS_UNBOUNDED = 2 ** 32 - 1;

/** Source: gRPC-Go, internal/transport/defaults.go, defaultKeepalivePolicyMinTime. */
const KEEPALIVE_MIN_TIME_UNSET_MS = 5 * 60 * 1000;

/** Source: gRPC-Go, internal/internal.go, KeepaliveMinServerPingTime. */
const KEEPALIVE_INTERVAL_LEAST_MS = 1000;

type KeepaliveOption =
  "grpcKeepaliveMinTimeMs" | "grpcKeepaliveIntervalMs" | "grpcKeepaliveTimeoutMs";

type GrpcOption = "grpcTransport" | "maxConcurrentStreams" | KeepaliveOption;

/**
 * Streams and pings.
 *
 * @throws ConfigurationError
 */
export function grpcOptions(settings: Settings): Pick<EtcdOptions, GrpcOption> {
  return {
    grpcTransport: grpcTransport(settings.get("grpc-transport")),
    maxConcurrentStreams: maxConcurrentStreams(settings.get("max-concurrent-streams")),
    ...keepalive(settings),
  };
}

function grpcTransport(name: string): "http2" | "grpc-js" {
  if (name === "http2" || name === "grpc-js") return name;
  throw new ConfigurationError(`--grpc-transport is "http2" or "grpc-js": "${name}"`);
}

/** Both ends of the range mean no bound. Source: gRPC-Go, server.go, MaxConcurrentStreams. */
function maxConcurrentStreams(count: number): number | undefined {
  return count === 0 || count === STREAMS_UNBOUNDED ? undefined : count;
}

/**
 * Without a time of its own etcd leaves gRPC-Go's in force. Source: etcd server/embed/etcd.go,
 * serveClients; gRPC-Go, server.go, KeepaliveParams.
 */
function keepalive(settings: Settings): Pick<EtcdOptions, KeepaliveOption> {
  const minTimeMs = Number(settings.get("grpc-keepalive-min-time")) / 1e6;
  const intervalMs = Number(settings.get("grpc-keepalive-interval")) / 1e6;
  const timeoutMs = Number(settings.get("grpc-keepalive-timeout")) / 1e6;
  const isPinging = intervalMs > 0 && timeoutMs > 0;
  return {
    grpcKeepaliveMinTimeMs: minTimeMs > 0 ? minTimeMs : KEEPALIVE_MIN_TIME_UNSET_MS,
    grpcKeepaliveIntervalMs: isPinging
      ? Math.max(intervalMs, KEEPALIVE_INTERVAL_LEAST_MS)
      : undefined,
    grpcKeepaliveTimeoutMs: isPinging ? timeoutMs : undefined,
  };
}
