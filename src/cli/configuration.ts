/**
 * From settings to the options of a server: everything that etcd checks before it starts, in its
 * order and with its texts. Source: etcd server/embed/config.go, Validate.
 */
import type { EtcdOptions } from "../embed/index.ts";
import { autoCompaction, checkCompaction } from "./compaction-settings.ts";
import { ConfigurationError } from "./configuration-error.ts";
import { FEATURE_GATES, isFeatureEnabled } from "./feature-gates.ts";
import type { FeatureGateSettings } from "./feature-gates.ts";
import { flagDefinition } from "./flag-table.ts";
import { formatFlagValue, presetValue } from "./flag-values.ts";
import type { Settings } from "./flags.ts";
import { formerFlag } from "./former-flags.ts";
import { quote } from "./go-values.ts";
import type { LogNote } from "./log-note.ts";
import { checkBindUrls, checkHostUrls, UrlError } from "./service-url.ts";
import type { ServiceUrl } from "./service-url.ts";
import {
  grpcOptions,
  hasCertificate,
  httpOptions,
  tlsNotes,
  tlsOptions,
} from "./transport-settings.ts";

/** A server that may be started. */
export interface Configuration {
  readonly options: EtcdOptions & { readonly name: string };
  /** The data directory, also when the store is in memory. */
  readonly dataDir: string;
  readonly settings: Settings;
  /** Nothing listens on them: there are no peers. */
  readonly listenPeerUrls: readonly ServiceUrl[];
  /** `name=url,...`, after etcd's defaults. */
  readonly initialCluster: string;
  /** What the user should know about these settings. */
  readonly notes: readonly LogNote[];
}

/** Where the settings come from. */
export interface SettingsSource {
  /** A file, and not flags and environment. */
  readonly isFile: boolean;
  /** Keys of a file that ask for protection which is not built yet. */
  readonly unbuilt: readonly string[];
  /** Common names of which a client's certificate must have one. Default none in particular. */
  readonly clientCommonNames?: readonly string[] | undefined;
}

/** Longest election timeout, ms. Source: etcd server/embed/config.go, maxElectionMs. */
const ELECTION_MS_MAX = 50_000;

/** Requests beyond it are warned about, bytes. Source: etcd etcdserver/bootstrap.go. */
const REQUEST_BYTES_RECOMMENDED = 10 * 1024 * 1024;

/** Quotas beyond it are warned about, bytes. Source: etcd server/storage/quota.go. */
const QUOTA_BYTES_RECOMMENDED = 8 * 1024 ** 3;

/**
 * Checks settings and turns them into options.
 *
 * @throws ConfigurationError
 */
export function readConfiguration(settings: Settings, source: SettingsSource): Configuration {
  if (!source.isFile && settings.get("discovery-fallback") === "proxy") {
    throw new ConfigurationError(
      `v2 proxy is deprecated, and --discovery-fallback can't be configured as "proxy"`,
    );
  }
  checkUrls(settings);
  checkDiscovery(settings);
  checkTimes(settings);
  const isListening = settings.isExplicit("listen-client-urls");
  if (!source.isFile && isListening && !settings.isExplicit("advertise-client-urls")) {
    throw new ConfigurationError(ADVERTISE_MISSING);
  }
  checkCompaction(settings);
  checkFeatureGates(settings);
  checkTlsVersions(settings);
  checkNotBuilt(settings, source.unbuilt);
  const dataDir = settings.get("data-dir") || `${settings.get("name")}.etcd`;
  return {
    options: serverOptions(settings, dataDir, source.clientCommonNames ?? []),
    dataDir,
    settings,
    listenPeerUrls: settings.get("listen-peer-urls"),
    initialCluster: initialCluster(settings),
    notes: [
      ...deprecationNotes(settings),
      ...formerNotes(settings),
      ...effectNotes(settings),
      ...limitNotes(settings),
      ...tlsNotes(settings),
    ],
  };
}

/** Source: etcd server/embed/config.go, ErrUnsetAdvertiseClientURLsFlag. */
export const ADVERTISE_MISSING =
  "--advertise-client-urls is required when --listen-client-urls is set explicitly";

function checkUrls(settings: Settings): void {
  const attempt = (check: () => void, wrap = (problem: string): string => problem): void => {
    try {
      check();
    } catch (error) {
      throw error instanceof UrlError ? new ConfigurationError(wrap(error.message)) : error;
    }
  };
  const clientUrls = settings.get("listen-client-urls");
  const metricsUrls = settings.get("listen-metrics-urls");
  attempt(() => checkBindUrls(settings.get("listen-peer-urls")));
  attempt(() => checkBindUrls(clientUrls));
  attempt(() => checkBindUrls(settings.get("listen-client-http-urls")));
  attempt(() => checkBindUrls(metricsUrls));
  const peers = settings.get("initial-advertise-peer-urls");
  attempt(
    () => checkHostUrls(peers),
    (problem) =>
      `--initial-advertise-peer-urls ${quote(texts(peers).join(","))} must be "host:port" ` +
      `(${problem})`,
  );
  const advertised = settings.get("advertise-client-urls");
  attempt(
    () => checkHostUrls(advertised),
    (problem) =>
      `--advertise-client-urls ${quote(texts(advertised).join(","))} must be in the format ` +
      `"host:port", "unix:/path/to/socket" or "unixs:/path/to/socket" (${problem})`,
  );
  const plainUrls = [...clientUrls, ...settings.get("listen-client-http-urls")];
  if (!hasCertificate(settings) && !settings.get("auto-tls")) checkPlain(plainUrls, metricsUrls);
}

/** Source: etcd server/embed/etcd.go, configureClientListeners, createMetricsListener. */
function checkPlain(clientUrls: readonly ServiceUrl[], metricsUrls: readonly ServiceUrl[]): void {
  const isSecure = ({ scheme }: ServiceUrl): boolean => /^(?:https|unixs)$/.test(scheme);
  const secure = clientUrls.find(isSecure);
  if (secure !== undefined) {
    throw new ConfigurationError(
      "TLS key/cert (--cert-file, --key-file) must be provided for client url " +
        `${secure.text} with HTTPS scheme`,
      "start",
    );
  }
  if (metricsUrls.some(isSecure)) {
    throw new ConfigurationError(
      "client TLS key/cert (--cert-file, --key-file) must be provided for metrics secure url",
      "start",
    );
  }
}

function checkDiscovery(settings: Settings): void {
  const hasEndpoints = settings.get("discovery-endpoints").length > 0;
  if (hasEndpoints !== (settings.get("discovery-token") !== "")) {
    throw new ConfigurationError("both --discovery-token and --discovery-endpoints must be set");
  }
}

function checkTimes(settings: Settings): void {
  const heartbeatMs = settings.get("heartbeat-interval");
  const electionMs = settings.get("election-timeout");
  if (heartbeatMs === 0) {
    throw new ConfigurationError("--heartbeat-interval must be >0 (set to 0ms)");
  }
  if (electionMs === 0) {
    throw new ConfigurationError("--election-timeout must be >0 (set to 0ms)");
  }
  if (5 * heartbeatMs > electionMs) {
    throw new ConfigurationError(
      `--election-timeout[${electionMs}ms] should be at least as 5 times as ` +
        `--heartbeat-interval[${heartbeatMs}ms]`,
    );
  }
  if (electionMs > ELECTION_MS_MAX) {
    throw new ConfigurationError(
      `--election-timeout[${electionMs}ms] is too long, and should be set less than ` +
        `${ELECTION_MS_MAX}ms`,
    );
  }
}

function checkFeatureGates(settings: Settings): void {
  const gates = settings.get("feature-gates");
  const persists = isFeatureEnabled(gates, "LeaseCheckpointPersist");
  if (persists && !isFeatureEnabled(gates, "LeaseCheckpoint")) {
    throw new ConfigurationError(
      "enabling feature gate LeaseCheckpointPersist requires enabling feature gate LeaseCheckpoint",
    );
  }
}

function checkTlsVersions(settings: Settings): void {
  const versions = ["", "TLS1.2", "TLS1.3"];
  const least = settings.get("tls-min-version");
  const greatest = settings.get("tls-max-version");
  for (const version of [least, greatest]) {
    if (!versions.includes(version)) {
      throw new ConfigurationError(
        `unexpected TLS version ${quote(version)} (must be one of: TLS1.2, TLS1.3)`,
      );
    }
  }
  if (greatest !== "" && least > greatest) {
    throw new ConfigurationError(
      `min version (${least}) is greater than max version (${greatest})`,
    );
  }
  if (least === "TLS1.3" && settings.get("cipher-suites").length > 0) {
    throw new ConfigurationError("cipher suites cannot be configured when only TLS1.3 is enabled");
  }
}

/** Whoever asks for protection or for a cluster must not be left in the belief of having it. */
function checkNotBuilt(settings: Settings, unbuiltKeys: readonly string[]): void {
  for (const name of settings.explicitNames()) {
    const definition = flagDefinition(name);
    if (definition.status === "later" && !isDefault(settings, name)) {
      throw new ConfigurationError(`--${name} is not supported: ${definition.reason ?? ""}`);
    }
  }
  const [key] = unbuiltKeys;
  if (key !== undefined) {
    throw new ConfigurationError(`${key} is not supported: it is not built yet`);
  }
}

function isDefault(settings: Settings, name: Parameters<Settings["get"]>[0]): boolean {
  const definition = flagDefinition(name);
  const text = formatFlagValue(definition.kind, settings.get(name));
  return text === formatFlagValue(definition.kind, presetValue(definition));
}

function serverOptions(
  settings: Settings,
  dataDir: string,
  allowedCommonNames: readonly string[],
): Configuration["options"] {
  const snapshot = settings.get("from-snapshot") || undefined;
  return {
    name: settings.get("name"),
    dataDir: settings.get("in-memory") || snapshot !== undefined ? undefined : dataDir,
    snapshot,
    unsafeNoFsync: settings.get("unsafe-no-fsync"),
    listenClientUrls: texts(settings.get("listen-client-urls")),
    listenClientHttpUrls: texts(settings.get("listen-client-http-urls")),
    listenMetricsUrls: texts(settings.get("listen-metrics-urls")),
    advertiseClientUrls: advertisedUrls(settings),
    initialAdvertisePeerUrls: texts(settings.get("initial-advertise-peer-urls")),
    initialClusterToken: settings.get("initial-cluster-token"),
    maxRequestBytes: settings.get("max-request-bytes"),
    maxTxnOps: settings.get("max-txn-ops"),
    quotaBackendBytes: settings.get("quota-backend-bytes"),
    valueBytesMax: settings.get("value-bytes-max"),
    heartbeatIntervalMs: settings.get("heartbeat-interval"),
    electionTimeoutMs: settings.get("election-timeout"),
    watchProgressNotifyIntervalMs: milliseconds(settings.get("watch-progress-notify-interval")),
    compactionBatchLimit: settings.get("compaction-batch-limit") || undefined,
    compactionSleepIntervalMs: milliseconds(settings.get("compaction-sleep-interval")),
    warningApplyDurationMs: Number(settings.get("warning-apply-duration")) / 1e6,
    warningUnaryRequestDurationMs: Number(settings.get("warning-unary-request-duration")) / 1e6,
    enablePprof: settings.get("enable-pprof") || settings.get("log-level") === "debug",
    enableFaultInjection: settings.get("enable-fault-injection"),
    enableTestEndpoints: settings.get("enable-test-endpoints"),
    leaseCheckpoint: isFeatureEnabled(settings.get("feature-gates"), "LeaseCheckpoint"),
    autoCompaction: autoCompaction(settings),
    // Everything else is basic, in etcd too.
    metrics: settings.get("metrics") === "extensive" ? "extensive" : "basic",
    features: features(settings.get("feature-gates")),
    authToken: settings.get("auth-token"),
    authTokenTtl: settings.get("auth-token-ttl"),
    bcryptCost: settings.get("bcrypt-cost"),
    ...grpcOptions(settings),
    ...httpOptions(settings),
    tls: tlsOptions(settings, { dataDir, allowedCommonNames }),
  };
}

/** Undefined, which stands for the real ones, where a harness left the choice of ports to the system. */
function advertisedUrls(settings: Settings): readonly string[] | undefined {
  const advertised = texts(settings.get("advertise-client-urls"));
  const listening = texts(settings.get("listen-client-urls"));
  const isLeftToSystem = advertised.some((url) => url.endsWith(":0"));
  return isLeftToSystem && advertised.join() === listening.join() ? undefined : advertised;
}

/** Every gate, for the metrics to tell. */
function features(gates: FeatureGateSettings): Configuration["options"]["features"] {
  return [...FEATURE_GATES].map(([name, { stage }]) => {
    const isEnabled = isFeatureEnabled(gates, name);
    return { name, stage, isEnabled };
  });
}

/** Zero stands for the default, as in etcd. */
function milliseconds(durationNs: bigint): number | undefined {
  return durationNs === 0n ? undefined : Number(durationNs) / 1e6;
}

/** Source: etcd server/embed/config.go, UpdateDefaultClusterFromName. */
function initialCluster(settings: Settings): string {
  const given = settings.get("initial-cluster");
  const name = settings.get("name");
  if (name === "default" || given !== flagDefinition("initial-cluster").preset) {
    return given;
  }
  const urls = settings.get("initial-advertise-peer-urls");
  return urls.map((url) => `${name || "default"}=${url.text}`).join(",");
}

function texts(urls: readonly ServiceUrl[]): readonly string[] {
  return urls.map((url) => url.text);
}

/** Source: etcd server/etcdmain/config.go, deprecatedFlags. */
function deprecationNotes(settings: Settings): readonly LogNote[] {
  const messages = {
    "max-snapshots": "--max-snapshots is deprecated in 3.6 and will be decommissioned in 3.8.",
    "v2-deprecation":
      "--v2-deprecation is deprecated and scheduled for removal in v3.8. " +
      "The default value is enforced, ignoring user input.",
  } as const;
  return (["max-snapshots", "v2-deprecation"] as const)
    .filter((name) => settings.isExplicit(name))
    .map((name) => ({ level: "warn", message: messages[name], fields: {} }));
}

function formerNotes(settings: Settings): readonly LogNote[] {
  return settings.formerNames.map((name) => {
    const former = formerFlag(name);
    const now = former?.kind === "gate" ? `feature-gates=${former.gate}` : (former?.name ?? "");
    const fields = { flag: `--${name}`, now: `--${now}` };
    return { level: "warn", message: "flag has another name since etcd 3.7", fields };
  });
}

function effectNotes(settings: Settings): readonly LogNote[] {
  const notes: LogNote[] = [];
  for (const name of settings.explicitNames()) {
    const { status, reason } = flagDefinition(name);
    if (status === "accepted" && !isDefault(settings, name)) {
      const fields = { flag: `--${name}`, reason };
      notes.push({ level: "warn", message: "flag is accepted but has no effect", fields });
    }
  }
  for (const [gate, isOn] of settings.get("feature-gates")) {
    const { enabledByDefault, reason } = FEATURE_GATES.get(gate) ?? {};
    if (reason !== undefined && enabledByDefault !== isOn) {
      const fields = { "feature-gate": gate, value: isOn, reason };
      notes.push({ level: "warn", message: "feature gate is accepted but has no effect", fields });
    }
  }
  return notes;
}

function limitNotes(settings: Settings): readonly LogNote[] {
  const notes: LogNote[] = [];
  const requestBytes = settings.get("max-request-bytes");
  if (requestBytes > REQUEST_BYTES_RECOMMENDED) {
    const fields = {
      "max-request-bytes": requestBytes,
      "recommended-request-bytes": REQUEST_BYTES_RECOMMENDED,
    };
    notes.push({ level: "warn", message: "exceeded recommended request limit", fields });
  }
  const quotaBytes = settings.get("quota-backend-bytes");
  if (quotaBytes > QUOTA_BYTES_RECOMMENDED) {
    const fields = {
      "quota-size-bytes": quotaBytes,
      "quota-maximum-size-bytes": QUOTA_BYTES_RECOMMENDED,
    };
    notes.push({ level: "warn", message: "quota exceeds the maximum value", fields });
  }
  return notes;
}
