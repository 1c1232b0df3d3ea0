/** The settings of a server as fields of its log. Source: etcd server/embed/etcd.go, print. */
import { availableParallelism, cpus } from "node:os";
import type { LogFields } from "../wire/index.ts";
import { retentionOf } from "./compaction-settings.ts";
import type { Configuration } from "./configuration.ts";
import { formatFeatureGates, isFeatureEnabled } from "./feature-gates.ts";
import type { ServiceUrl } from "./service-url.ts";
import { ETCD_VERSION, formatDuration, formatMilliseconds } from "../wire/index.ts";
import { goArchitecture, packageVersion } from "./version.ts";

/** Bytes of the quota that zero stands for. Source: etcd server/storage/quota.go. */
const QUOTA_BYTES_DEFAULT = 2 * 1024 ** 3;

/** Fields of "starting an etcd server": what decides how it behaves, by etcd's names. */
export function startFields(
  configuration: Configuration,
  directory: { readonly isEmpty: boolean },
): LogFields {
  const { settings, options } = configuration;
  const gates = settings.get("feature-gates");
  return {
    "etcd-version": ETCD_VERSION,
    "etcdlet-version": packageVersion(),
    "node-version": process.version,
    "go-os": process.platform,
    "go-arch": goArchitecture(process.arch),
    "max-cpu-set": availableParallelism(),
    "max-cpu-available": cpus().length,
    "member-initialized": !directory.isEmpty,
    name: options.name,
    "data-dir": configuration.dataDir,
    "in-memory": settings.get("in-memory"),
    "unsafe-no-fsync": settings.get("unsafe-no-fsync"),
    "heartbeat-interval": formatMilliseconds(settings.get("heartbeat-interval")),
    "election-timeout": formatMilliseconds(settings.get("election-timeout")),
    ...addressFields(configuration),
    "initial-cluster": configuration.initialCluster,
    "initial-cluster-state": settings.get("initial-cluster-state"),
    "initial-cluster-token": settings.get("initial-cluster-token"),
    "quota-backend-bytes": settings.get("quota-backend-bytes") || QUOTA_BYTES_DEFAULT,
    "max-request-bytes": settings.get("max-request-bytes"),
    "max-txn-ops": settings.get("max-txn-ops"),
    "feature-gates": formatFeatureGates(gates),
    "initial-corrupt-check": isFeatureEnabled(gates, "InitialCorruptCheck"),
    "watch-progress-notify-interval": formatDuration(
      settings.get("watch-progress-notify-interval"),
    ),
    "auto-compaction-mode": settings.get("auto-compaction-mode"),
    "auto-compaction-retention": formatDuration(retentionOf(settings)),
    "auto-compaction-interval": formatDuration(retentionOf(settings)),
  };
}

/** Where the server listens and what it tells others, as configured. */
export function addressFields(configuration: Configuration): LogFields {
  const { settings, listenPeerUrls } = configuration;
  return {
    "initial-advertise-peer-urls": urlTexts(settings.get("initial-advertise-peer-urls")),
    "listen-peer-urls": urlTexts(listenPeerUrls),
    "advertise-client-urls": urlTexts(settings.get("advertise-client-urls")),
    "listen-client-urls": urlTexts(settings.get("listen-client-urls")),
    "listen-metrics-urls": urlTexts(settings.get("listen-metrics-urls")),
  };
}

/** URLs as a list of texts. */
export function urlTexts(urls: readonly ServiceUrl[]): readonly string[] {
  return urls.map((url) => url.text);
}
