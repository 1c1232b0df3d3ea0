/**
 * What dashboards and alerts ask for is there: the series that the rules and panels of etcd's own
 * mixin name, which kube-prometheus takes over, with the labels that they select by. Those about peers
 * are left out: a single member has none.
 */
import t from "tap";
import { parseMetrics } from "../../harness/metrics-text.ts";
import type { MetricsFamily } from "../../harness/metrics-text.ts";
import { pageOf, withServer } from "../server-fixture.ts";

/** Codes that count as failures there. */
const FAILURES = [
  "Unknown",
  "FailedPrecondition",
  "ResourceExhausted",
  "Internal",
  "Unavailable",
  "DataLoss",
  "DeadlineExceeded",
] as const;

/** A series that somebody asks for, and the labels by which. */
interface Wanted {
  readonly family: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** A label that sums are made by, or left out of. */
  readonly grouped?: readonly string[];
}

const ALERTS: Readonly<Record<string, readonly Wanted[]>> = {
  "no leader": [{ family: "etcd_server_has_leader" }],
  "many leader changes": [{ family: "etcd_server_leader_changes_seen_total" }],
  "many failed calls": FAILURES.map((grpc_code) => ({
    family: "grpc_server_handled_total",
    labels: { grpc_code },
    grouped: ["grpc_method", "grpc_service", "grpc_type"],
  })),
  "slow calls": [
    {
      family: "grpc_server_handling_seconds",
      labels: { grpc_type: "unary", grpc_method: "Range" },
      grouped: ["grpc_service", "le"],
    },
  ],
  "many failed proposals": [{ family: "etcd_server_proposals_failed_total" }],
  "slow sync": [{ family: "etcd_disk_wal_fsync_duration_seconds", grouped: ["le"] }],
  "slow commit": [{ family: "etcd_disk_backend_commit_duration_seconds", grouped: ["le"] }],
  "quota nearly used up": [
    { family: "etcd_mvcc_db_total_size_in_bytes" },
    { family: "etcd_server_quota_backend_bytes" },
  ],
  "much space that is not in use": [{ family: "etcd_mvcc_db_total_size_in_use_in_bytes" }],
};

const PANELS: Readonly<Record<string, readonly Wanted[]>> = {
  calls: [{ family: "grpc_server_started_total", labels: { grpc_type: "unary" } }],
  "failed calls": FAILURES.map((grpc_code) => ({
    family: "grpc_server_handled_total",
    labels: { grpc_code, grpc_type: "unary" },
  })),
  "streams under way": ["etcdserverpb.Watch", "etcdserverpb.Lease"].flatMap((grpc_service) =>
    ["grpc_server_started_total", "grpc_server_handled_total"].map((family) => ({
      family,
      labels: { grpc_service, grpc_type: "bidi_stream" },
    })),
  ),
  memory: [{ family: "process_resident_memory_bytes" }],
  traffic: [
    { family: "etcd_network_client_grpc_received_bytes_total" },
    { family: "etcd_network_client_grpc_sent_bytes_total" },
  ],
  proposals: [
    { family: "etcd_server_proposals_pending" },
    { family: "etcd_server_proposals_committed_total" },
    { family: "etcd_server_proposals_applied_total" },
  ],
  files: [{ family: "process_open_fds" }, { family: "process_max_fds" }],
  processor: [{ family: "process_cpu_seconds_total" }, { family: "process_start_time_seconds" }],
};

function isThere(page: ReadonlyMap<string, MetricsFamily>, wanted: Wanted): boolean {
  const series = [...(page.get(wanted.family)?.samples.keys() ?? [])];
  return series.some(
    (name) =>
      Object.entries(wanted.labels ?? {}).every(([label, value]) =>
        name.includes(`${label}="${value}"`),
      ) && (wanted.grouped ?? []).every((label) => name.includes(`${label}="`)),
  );
}

t.test("Every series is there that alerts and dashboards ask for", async (t) => {
  await withServer(
    async ({ server }) => {
      const { body } = await pageOf(server, "/metrics");
      const page = parseMetrics(body);
      for (const [about, series] of [...Object.entries(ALERTS), ...Object.entries(PANELS)]) {
        for (const wanted of series) {
          t.ok(isThere(page, wanted), `${about}: ${JSON.stringify(wanted)}`);
        }
      }
      const absent = { family: "grpc_server_handled_total", labels: { grpc_code: "Other" } };
      t.notOk(isThere(page, absent), "and what is not there is not found");
    },
    { options: { metrics: "extensive" } },
  );
});
