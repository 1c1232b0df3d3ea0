/** What the flags say about how clients are served, as options of a server. */
import { join } from "node:path";
import type { EtcdOptions, TlsOptions } from "../embed/index.ts";
import { ConfigurationError } from "./configuration-error.ts";
import type { Settings } from "./flags.ts";
import type { LogNote } from "./log-note.ts";

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

/** What is no flag. */
export interface TlsSource {
  /** Where a certificate of the server's own making is kept. */
  readonly dataDir: string;
  /** Of clients, by the file of a configuration. */
  readonly allowedCommonNames: readonly string[];
}

/**
 * Certificates. That versions are right has been checked.
 * Source: etcd server/embed/etcd.go, configureClientListeners; embed/config.go, ClientSelfCert.
 */
export function tlsOptions(
  settings: Settings,
  { dataDir, allowedCommonNames }: TlsSource,
): TlsOptions | undefined {
  const isGiven = hasCertificate(settings);
  if (!isGiven && !settings.get("auto-tls")) return undefined;
  const folder = join(dataDir, "fixtures", "client");
  const selfSigned = { folder, years: settings.get("self-signed-cert-validity") };
  return {
    ...(isGiven
      ? { certFile: settings.get("cert-file"), keyFile: settings.get("key-file") }
      : { selfSigned }),
    clientCertFile: settings.get("client-cert-file"),
    clientKeyFile: settings.get("client-key-file"),
    crlFile: settings.get("client-crl-file"),
    allowedHostnames: settings.get("client-cert-allowed-hostname"),
    allowedCommonNames,
    trustedCaFile: settings.get("trusted-ca-file") || undefined,
    clientCertAuth: settings.get("client-cert-auth"),
    minVersion: tlsVersion(settings.get("tls-min-version")),
    maxVersion: tlsVersion(settings.get("tls-max-version")),
    cipherSuites: settings.get("cipher-suites"),
  };
}

/** What is served beside gRPC, and to whom. */
export function httpOptions(
  settings: Settings,
): Pick<EtcdOptions, "cors" | "enableGrpcGateway" | "hostWhitelist"> {
  return {
    enableGrpcGateway: settings.get("enable-grpc-gateway"),
    cors: settings
      .get("cors")
      .split(",")
      .map((origin) => origin.trim()),
    hostWhitelist: settings.get("host-whitelist"),
  };
}

/** What a user should know who gives certificates that protect nothing. */
export function tlsNotes(settings: Settings): readonly LogNote[] {
  const notes: LogNote[] = [];
  const warn = (message: string, fields: LogNote["fields"] = {}): void => {
    notes.push({ level: "warn", message, fields });
  };
  const isGiven = hasCertificate(settings);
  if (isGiven && settings.get("auto-tls")) warn("ignoring client auto TLS since certs given");
  for (const { scheme, text } of [
    ...settings.get("listen-client-urls"),
    ...settings.get("listen-client-http-urls"),
  ]) {
    if (scheme !== "http" && scheme !== "unix") continue;
    const fields = { "client-url": text };
    if (isGiven) {
      warn(`${PLAIN} key and cert files are present; ignoring key and cert files`, fields);
    }
    if (settings.get("client-cert-auth")) {
      warn(
        `${PLAIN} --client-cert-auth is enabled; ignoring client cert auth for this URL`,
        fields,
      );
    }
  }
  return notes;
}

const PLAIN = "scheme is http or unix while";

/** Whether the server has a certificate of its own, or half of one, which the start refuses. */
export function hasCertificate(settings: Settings): boolean {
  return settings.get("cert-file") !== "" || settings.get("key-file") !== "";
}

function tlsVersion(text: string): TlsOptions["minVersion"] {
  return text === "TLS1.2" || text === "TLS1.3" ? text : undefined;
}
