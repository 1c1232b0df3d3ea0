/** Series of the server itself. Source: etcd server/etcdserver/metrics.go and where it is named. */
import { CLUSTER_VERSION_SHORT, ETCD_VERSION, messages } from "../../wire/index.ts";
import type { KindTimes, OutcomeTimes } from "../figures.ts";
import type { Histogram } from "../../mvcc/index.ts";
import type { Family, Labels, Sample } from "./exposition.ts";
import { counter, counters, gauge } from "./family.ts";
import type { MetricsSources } from "./sources.ts";

const one = (): number => 1;
const zero = (): number => 0;

/** Families whose value never changes, or hangs on identity and options. */
export function identityFamilies({ member, quota, auth, features }: MetricsSources): Family[] {
  const id = member.memberId.toString(16);
  return [
    gauge(
      "etcd_server_has_leader",
      "Whether or not a leader exists. 1 is existence, 0 is not.",
      one,
    ),
    gauge(
      "etcd_server_is_leader",
      "Whether or not this member is a leader. 1 if is, 0 otherwise.",
      one,
    ),
    gauge(
      "etcd_server_is_learner",
      "Whether or not this member is a learner. 1 if is, 0 otherwise.",
      zero,
    ),
    gauge(
      "etcd_server_id",
      "Server or member ID in hexadecimal format. 1 for 'server_id' label with current ID.",
      one,
      { server_id: id },
    ),
    gauge(
      "etcd_server_version",
      "Which version is running. 1 for 'server_version' label with current version.",
      one,
      { server_version: ETCD_VERSION },
    ),
    gauge(
      "etcd_cluster_version",
      "Which version is running. 1 for 'cluster_version' label with current cluster version",
      one,
      { cluster_version: CLUSTER_VERSION_SHORT },
    ),
    {
      type: "gauge",
      name: "etcd_server_feature_enabled",
      help: "Whether or not a feature is enabled. 1 is enabled, 0 is not.",
      read: () =>
        features.map(({ name, stage, isEnabled }) => ({
          labels: { name, stage },
          value: isEnabled ? 1 : 0,
        })),
    },
    gauge(
      "etcd_debugging_auth_revision",
      "The current revision of auth store.",
      () => auth.visible.revision,
    ),
    gauge("etcd_server_quota_backend_bytes", "Current backend storage quota size in bytes.", () =>
      Number.isFinite(quota.bytes) ? quota.bytes : -1,
    ),
    // Source: etcd api/rafthttp/metrics.go. A member without others knows itself.
    gauge("etcd_network_known_peers", "The current number of known peers.", one, {
      Local: id,
      Remote: id,
    }),
  ];
}

/** What takes others to happen: always the same with one member, in etcd too. */
export function clusterFamilies(): Family[] {
  return [
    counter("etcd_server_leader_changes_seen_total", "The number of leader changes seen.", one),
    counter(
      "etcd_server_heartbeat_send_failures_total",
      "The total number of leader heartbeat send failures (likely overloaded from slow disk).",
      zero,
    ),
    counter(
      "etcd_server_learner_promote_successes",
      "The total number of successful learner promotions while this member is leader.",
      zero,
    ),
    gauge(
      "etcd_server_snapshot_apply_in_progress_total",
      "1 if the server is applying the incoming snapshot. 0 if none.",
      zero,
    ),
    counter(
      "etcd_server_read_indexes_failed_total",
      "The total number of failed read indexes seen.",
      zero,
    ),
    counter(
      "etcd_server_slow_read_indexes_total",
      "The total number of pending read indexes not in sync with leader's or timed out read index requests.",
      zero,
    ),
  ];
}

/** Commands and their durations. */
export function proposalFamilies({ queue, figures, slow }: MetricsSources): Family[] {
  return [
    gauge(
      "etcd_server_proposals_applied_total",
      "The total number of consensus proposals applied.",
      () => queue.appliedIndex,
    ),
    gauge(
      "etcd_server_proposals_committed_total",
      "The total number of consensus proposals committed.",
      () => queue.appliedIndex,
    ),
    gauge(
      "etcd_server_proposals_pending",
      "The current number of pending proposals to commit.",
      () => queue.pendingCount,
    ),
    counter(
      "etcd_server_proposals_failed_total",
      "The total number of failed proposals seen.",
      () => figures.failedProposals,
    ),
    counter(
      "etcd_server_slow_apply_total",
      "The total number of slow apply requests (likely overloaded from slow disk).",
      () => slow.applyCount,
    ),
    {
      type: "histogram",
      name: "etcd_server_apply_duration_seconds",
      help: "The latency distributions of v2 apply called by backend.",
      read: () =>
        byKind(figures.applies, (op, success) => ({ op, success: String(success), version: "v3" })),
    },
    {
      type: "histogram",
      name: "etcd_server_request_duration_seconds",
      help: "Response latency distribution in seconds for each type.",
      read: () => byKind(figures.requests, (type, success) => ({ success: String(success), type })),
    },
    {
      type: "histogram",
      name: "etcd_server_range_duration_seconds",
      help: "The latency distributions of txn.Range",
      read: () => outcomes(figures.ranges, (success) => ({ success: String(success) })),
    },
    counter(
      "etcd_debugging_server_lease_expired_total",
      "The total number of expired leases.",
      () => figures.expiredLeases,
    ),
  ];
}

/** Health checks and alarms. Source: etcd api/etcdhttp/health.go, apply/metrics.go. */
export function healthFamilies({ figures, alarms }: MetricsSources): Family[] {
  return [
    counter(
      "etcd_server_health_success",
      "The total number of successful health checks",
      () => figures.healthSuccesses,
    ),
    counter(
      "etcd_server_health_failures",
      "The total number of failed health checks",
      () => figures.healthFailures,
    ),
    {
      type: "gauge",
      name: "etcd_server_healthcheck",
      help: "The result of each kind of healthcheck.",
      read: () =>
        [...figures.checks.values()].map(({ name, type, isGood }) => ({
          labels: { name, type },
          value: isGood ? 1 : 0,
        })),
    },
    counters(
      "etcd_server_healthchecks_total",
      "The total number of each kind of healthcheck.",
      () =>
        [...figures.checks.values()].flatMap(({ name, type, succeeded, failed }) => [
          ...ifAny({ name, status: "error", type }, failed),
          ...ifAny({ name, status: "success", type }, succeeded),
        ]),
    ),
    {
      type: "gauge",
      name: "etcd_debugging_server_alarms",
      help: "Alarms for every member in cluster. 1 for 'server_id' label with current ID. 2 for 'alarm_type' label with type of this alarm",
      read: () =>
        alarms.raised.map(({ memberId, alarm }) => ({
          labels: { alarm_type: alarmName(alarm), server_id: memberId.toString(16) },
          value: 1,
        })),
    },
  ];
}

/** As protobuf's text form has it. */
function alarmName(alarm: number): string {
  const [name] = Object.entries(messages.AlarmType).find(([, type]) => type === alarm) ?? [];
  return name?.toUpperCase() ?? String(alarm);
}

function ifAny(labels: Labels, value: number): Sample<number>[] {
  return value === 0 ? [] : [{ labels, value }];
}

function byKind(
  times: KindTimes,
  labelsOf: (kind: string, success: boolean) => Labels,
): Sample<Histogram>[] {
  return [...times.byKind].flatMap(([kind, outcome]) =>
    outcomes(outcome, (success) => labelsOf(kind, success)),
  );
}

/** An outcome that has not occurred has no series. */
function outcomes(
  { succeeded, failed }: OutcomeTimes,
  labelsOf: (success: boolean) => Labels,
): Sample<Histogram>[] {
  return [
    { labels: labelsOf(false), value: failed },
    { labels: labelsOf(true), value: succeeded },
  ].filter(({ value }) => value.count > 0);
}
