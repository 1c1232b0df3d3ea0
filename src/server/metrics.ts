/**
 * /metrics: etcd's names for what a single member has of them, and the process's own.
 *
 * Source of names, labels and help: etcd server/etcdserver/metrics.go, mvcc/metrics.go and
 * go-grpc-middleware's prometheus provider. Values are read when asked for: counting costs the
 * calls themselves one addition.
 */
import { Counter, Gauge, Registry, collectDefaultMetrics } from "prom-client";
import {
  CLUSTER_VERSION_SHORT,
  ETCD_VERSION,
  SINGLE_REQUEST_METHODS,
  STATUS,
  STREAM_METHODS,
  UNARY_METHODS,
} from "../wire/index.ts";
import type { Method, StatusCode, StreamMethod } from "../wire/index.ts";
import type { CallCounts, MethodCounts } from "./call-counts.ts";
import type { PagesParts } from "./pages.ts";

/** One registry a server, made at its first scrape. */
const registries = new WeakMap<PagesParts, Registry>();

/** The page's headers and body. */
export async function renderMetrics(
  parts: PagesParts,
): Promise<{ headers: Record<string, string>; body: string }> {
  let registry = registries.get(parts);
  if (registry === undefined) {
    registry = makeRegistry(parts);
    registries.set(parts, registry);
  }
  const headers = {
    "Content-Type": "text/plain; version=0.0.4; charset=utf-8; escaping=underscores",
  };
  return { headers, body: await registry.metrics() };
}

function makeRegistry(parts: PagesParts): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  addServerGauges(registry, parts);
  addStoreGauges(registry, parts);
  addCallCounters(registry, parts);
  return registry;
}

type Labels = Readonly<Record<string, string>>;

/** A gauge whose value is read at each scrape. */
function gauge(
  registry: Registry,
  about: { name: string; help: string; labels?: Labels },
  read: () => number,
): void {
  const labels = about.labels ?? {};
  const made: Gauge = new Gauge({
    name: about.name,
    help: about.help,
    labelNames: Object.keys(labels),
    registers: [registry],
    collect: () => made.set(labels, read()),
  });
}

function addServerGauges(registry: Registry, parts: PagesParts): void {
  const { member, queue, quota, store } = parts;
  const one = (): number => 1;
  const memberHex = member.memberId.toString(16);
  gauge(registry, { name: "etcd_server_has_leader", help: "Whether or not a leader exists." }, one);
  gauge(registry, { name: "etcd_server_is_leader", help: "Whether or not this is a leader." }, one);
  gauge(registry, { name: "etcd_server_is_learner", help: "Whether it is a learner." }, () => 0);
  const id = { name: "etcd_server_id", help: "Server or member ID in hexadecimal format." };
  gauge(registry, { ...id, labels: { server_id: memberHex } }, one);
  const version = { name: "etcd_server_version", help: "Which version is running." };
  gauge(registry, { ...version, labels: { server_version: ETCD_VERSION } }, one);
  const cluster = { name: "etcd_cluster_version", help: "Which version the cluster has." };
  gauge(registry, { ...cluster, labels: { cluster_version: CLUSTER_VERSION_SHORT } }, one);
  const changes = { name: "etcd_server_leader_changes_seen_total", help: "Leader changes seen." };
  counter(registry, changes, (made) => {
    made.inc(1);
  });
  const applied = { name: "etcd_server_proposals_applied_total", help: "Proposals applied." };
  gauge(registry, applied, () => queue.appliedIndex);
  const committed = { name: "etcd_server_proposals_committed_total", help: "Proposals committed." };
  gauge(registry, committed, () => queue.appliedIndex);
  const pending = { name: "etcd_server_proposals_pending", help: "Proposals waiting." };
  gauge(registry, pending, () => queue.waitingCount);
  const quotaBytes = { name: "etcd_server_quota_backend_bytes", help: "Quota of the store." };
  gauge(registry, quotaBytes, () => (Number.isFinite(quota.bytes) ? quota.bytes : -1));
  const revision = { name: "etcd_debugging_mvcc_current_revision", help: "Current revision." };
  gauge(registry, revision, () => store.visibleRevision);
  const compacted = { name: "etcd_debugging_mvcc_compact_revision", help: "Compacted revision." };
  gauge(registry, compacted, () => store.compactedRevision);
}

function addStoreGauges(registry: Registry, { store, counts }: PagesParts): void {
  const size = { name: "etcd_mvcc_db_total_size_in_bytes", help: "Bytes allocated by the store." };
  gauge(registry, size, () => store.sizeBytes);
  const inUse = { name: "etcd_mvcc_db_total_size_in_use_in_bytes", help: "Bytes used logically." };
  gauge(registry, inUse, () => store.sizeInUseBytes);
  const keys = { name: "etcd_debugging_mvcc_keys_total", help: "Total number of keys." };
  gauge(registry, keys, () => store.keyCount);
  const watchers = { name: "etcd_debugging_mvcc_watcher_total", help: "Number of watchers." };
  gauge(registry, watchers, () => store.watchers.counts.total);
  const slow = { name: "etcd_debugging_mvcc_slow_watcher_total", help: "Unsynced watchers." };
  gauge(registry, slow, () => store.watchers.counts.behind);
  for (const [name, method] of [
    ["etcd_mvcc_put_total", "put"],
    ["etcd_mvcc_delete_total", "deleteRange"],
    ["etcd_mvcc_txn_total", "txn"],
    ["etcd_mvcc_range_total", "range"],
  ] as const) {
    const about = { name, help: `Calls of ${method} seen by this member.` };
    counter(registry, about, (made) => {
      made.inc(counts.of(method).started);
    });
  }
}

/** A counter that is filled anew at each scrape. */
function counter(
  registry: Registry,
  about: { name: string; help: string; labelNames?: readonly string[] },
  fill: (made: Counter) => void,
): void {
  const made: Counter = new Counter({
    name: about.name,
    help: about.help,
    labelNames: [...(about.labelNames ?? [])],
    registers: [registry],
    collect: () => {
      made.reset();
      fill(made);
    },
  });
}

const CALL_LABELS = ["grpc_type", "grpc_service", "grpc_method"] as const;

function addCallCounters(registry: Registry, { counts }: PagesParts): void {
  const families: [string, string, (of: MethodCounts) => number][] = [
    ["grpc_server_started_total", "RPCs started on the server.", ({ started }) => started],
    ["grpc_server_msg_received_total", "Stream messages received.", ({ received }) => received],
    ["grpc_server_msg_sent_total", "Stream messages sent by the server.", ({ sent }) => sent],
  ];
  for (const [name, help, read] of families) {
    counter(registry, { name, help, labelNames: CALL_LABELS }, (made) => {
      for (const [method, of] of shown(counts)) made.inc(labelsOf(method), read(of));
    });
  }
  const handled = { name: "grpc_server_handled_total", help: "RPCs completed, by status." };
  counter(registry, { ...handled, labelNames: [...CALL_LABELS, "grpc_code"] }, (made) => {
    for (const [method, of] of shown(counts)) {
      const labels = labelsOf(method);
      if (!isLate(method)) made.inc({ ...labels, grpc_code: "OK" }, 0);
      for (const [code, count] of of.handled) {
        made.inc({ ...labels, grpc_code: CODE_NAMES.get(code) ?? String(code) }, count);
      }
    }
  });
}

/** What etcd counts from the first call on only: what it serves beside its own services. */
function isLate(method: Method): boolean {
  return LATE_METHODS.has(method);
}

const LATE_METHODS: ReadonlySet<Method> = new Set<Method>([
  "lock",
  "unlock",
  "campaign",
  "proclaim",
  "leader",
  "observe",
  "resign",
]);

function shown(counts: CallCounts): [Method, MethodCounts][] {
  return counts.all().filter(([method, { started }]) => started > 0 || !isLate(method));
}

/** As Go's gRPC writes them: `invalidArgument` is `InvalidArgument`, and 0 is `OK`. */
const CODE_NAMES: ReadonlyMap<StatusCode, string> = new Map(
  Object.entries(STATUS).map(([name, code]) => [
    code,
    code === STATUS.ok ? "OK" : name.charAt(0).toUpperCase() + name.slice(1),
  ]),
);

function labelsOf(method: Method): Record<(typeof CALL_LABELS)[number], string> {
  const isStream = method in STREAM_METHODS;
  // Either table has every method; which one is decided by the line above.
  const path = isStream
    ? STREAM_METHODS[method as StreamMethod]
    : UNARY_METHODS[method as keyof typeof UNARY_METHODS];
  const [, grpc_service = "", grpc_method = ""] = path.split("/");
  let grpc_type = "unary";
  if (isStream) {
    const single = SINGLE_REQUEST_METHODS.has(method as StreamMethod);
    grpc_type = single ? "server_stream" : "bidi_stream";
  }
  return { grpc_type, grpc_service, grpc_method };
}
