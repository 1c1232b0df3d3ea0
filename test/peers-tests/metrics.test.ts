/**
 * /metrics, held against the real etcd's page after the same work: names, types, help texts, labels
 * and buckets of every family, as docs/compatibility.md says of it, and the values that do not hang on
 * time. Needs the binary's path in ETCD_BIN; without it the test is skipped, or fails where
 * ETCDLET_REQUIRE_PEERS is 1.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import t from "tap";
import { FEATURE_GATES } from "../../src/cli/feature-gates.ts";
import { Client } from "../../src/client/index.ts";
import { messages } from "../../src/wire/index.ts";
import { ACCEPTED_ENCODINGS, ACCEPTED_TYPES } from "../harness/metrics-requests.ts";
import { parseMetrics } from "../harness/metrics-text.ts";
import type { MetricsFamily } from "../harness/metrics-text.ts";
import { etcdTarget } from "../suite/etcd-target.ts";
import { grpcTarget } from "../suite/our-targets.ts";
import type { Target } from "../suite/scene.ts";

const { ETCD_BIN: binary = "", ETCDLET_REQUIRE_PEERS: required } = process.env;
const ROOT = process.cwd();
const PEERS = process.env["ETCDLET_PEERS"] ?? join(ROOT, ".peers/bin");

/** State by family, as the document says. */
function described(): Map<string, string> {
  const text = readFileSync(join(ROOT, "docs/compatibility.md"), "utf8");
  const [, section = ""] = /^## Metrics\n([^]*?)^## /mu.exec(text) ?? [];
  const rows = section.matchAll(/^\| `(\w+)` \| (\w+) \|/gmu);
  return new Map([...rows].map(([, name = "", state = ""]) => [name, state]));
}

const bytes = (text: string): Buffer => Buffer.from(text);

/** Every kind of call that a figure is about. */
async function work(client: Client, url: string): Promise<void> {
  const { kv, lease } = client;
  for (let index = 0; index < 5; index++) await kv.put(`a${String(index)}`, `v${String(index)}`);
  await kv.get("a0");
  await client.unary("range", { key: bytes("a"), rangeEnd: bytes("b"), serializable: true });
  await client.unary("range", { key: bytes("a0"), revision: 99 }).catch(() => undefined);
  await client.unary("put", { key: bytes("") }).catch(() => undefined);
  await client.unary("put", { key: bytes("k"), lease: 77n }).catch(() => undefined);
  await client.unary("put", { key: bytes("a0"), value: bytes("w"), prevKv: true });
  await client.unary("txn", {
    compare: [{ key: bytes("a0"), target: 0, result: 0, version: 2 }],
    success: [
      { requestPut: { key: bytes("a1"), value: bytes("x") } },
      { requestRange: { key: bytes("a2") } },
      { requestDeleteRange: { key: bytes("a3") } },
    ],
  });
  await client.unary("txn", { success: [{ requestRange: { key: bytes("a2") } }] });
  await client.unary("deleteRange", { key: bytes("a4"), prevKv: true });
  const { id } = await lease.grant(600);
  await kv.put("leased1", "v", { lease: id });
  await kv.put("leased2", "v", { lease: id });
  await client.unary("leaseTimeToLive", { id });
  await lease.revoke(id);
  await client.unary("compact", { revision: 5, physical: true });
  await client.unary("defragment", {});
  await client.unary("hash", {});
  await client.unary("hashKV", {});
  for await (const { blob } of client.maintenance.snapshot()) assert(blob.length > 0);
  await client.unary("status", {});
  await client.unary("memberList", {});
  await fetch(`${url}/health`);
  await fetch(`${url}/livez`);
  await fetch(`${url}/readyz`);
  await client.unary("alarm", {
    action: messages.AlarmAction.activate,
    memberId: 1n,
    alarm: messages.AlarmType.corrupt,
  });
}

/** With the escaping and the compression that are answered to what clients ask for. */
interface Scraped {
  readonly page: string;
  readonly escapings: Readonly<Record<string, string>>;
  readonly areGzip: Readonly<Record<string, boolean>>;
  readonly variables: readonly string[];
}

async function negotiated(url: string): Promise<Pick<Scraped, "escapings" | "areGzip">> {
  const escapings: Record<string, string> = {};
  const areGzip: Record<string, boolean> = {};
  for (const [accept] of ACCEPTED_TYPES) {
    const { headers } = await fetch(url, { headers: { accept } });
    escapings[accept] = /; escaping=(.*)$/u.exec(headers.get("content-type") ?? "")?.[1] ?? "";
  }
  for (const [encoding] of ACCEPTED_ENCODINGS) {
    const { headers } = await fetch(url, { headers: { "accept-encoding": encoding } });
    areGzip[encoding] = headers.get("content-encoding") === "gzip";
  }
  return { escapings, areGzip };
}

/** /debug/vars with what hangs on program and time left out. */
async function variablesAt(url: string): Promise<string[]> {
  const get = await fetch(url);
  const text = await get.text();
  const variables = JSON.parse(text) as Record<string, unknown>;
  t.type(variables["file_descriptor_limit"], "number");
  t.ok(Array.isArray(variables["cmdline"]));
  t.type((variables["memstats"] as Record<string, unknown>)["HeapAlloc"], "number");
  const head = await fetch(url, { method: "HEAD" });
  const form = text
    .replace(/^("cmdline": ).*(,)$/mu, "$1$2")
    .replace(/^("memstats": ).*(,)$/mu, "$1$2")
    .replace(/"[0-9a-f]{10,}"/gu, "an id")
    .replace(/\d+/gu, "0");
  return [String(get.headers.get("content-type")), form, String(head.status)];
}

async function scrape(target: Target): Promise<Scraped> {
  const features = [...FEATURE_GATES].map(([name, { stage, enabledByDefault: isEnabled }]) => ({
    name,
    stage,
    isEnabled,
  }));
  const running = await target.start({ metrics: "extensive", features });
  try {
    const url = `http://${running.address ?? ""}`;
    await work(new Client(running.channel), url);
    const page = await (await fetch(`${url}/metrics`)).text();
    const variables = await variablesAt(`${url}/debug/vars`);
    return { page, variables, ...(await negotiated(`${url}/metrics`)) };
  } finally {
    await running.stop();
  }
}

/** Families whose values are the same after the same work, in every series of theirs. */
const EQUAL_VALUES = [
  "etcd_debugging_auth_revision",
  "etcd_debugging_lease_granted_total",
  "etcd_debugging_lease_revoked_total",
  "etcd_debugging_lease_ttl_total",
  "etcd_debugging_mvcc_compact_revision",
  "etcd_debugging_mvcc_current_revision",
  "etcd_debugging_mvcc_keys_total",
  "etcd_debugging_mvcc_pending_events_total",
  "etcd_debugging_mvcc_slow_watcher_total",
  "etcd_debugging_mvcc_total_put_size_in_bytes",
  "etcd_debugging_mvcc_watch_stream_total",
  "etcd_debugging_mvcc_watcher_total",
  "etcd_debugging_server_alarms",
  "etcd_debugging_server_lease_expired_total",
  "etcd_disk_defrag_inflight",
  "etcd_mvcc_delete_total",
  "etcd_mvcc_put_total",
  "etcd_mvcc_txn_total",
  "etcd_server_client_requests_total",
  "etcd_server_feature_enabled",
  "etcd_server_has_leader",
  "etcd_server_health_failures",
  "etcd_server_health_success",
  "etcd_server_healthcheck",
  "etcd_server_healthchecks_total",
  "etcd_server_is_leader",
  "etcd_server_is_learner",
  "etcd_server_leader_changes_seen_total",
  "etcd_server_proposals_failed_total",
  "etcd_server_proposals_pending",
  "etcd_server_quota_backend_bytes",
  "etcd_server_version",
  "etcd_cluster_version",
  "grpc_server_handled_total",
  "grpc_server_msg_received_total",
  "grpc_server_msg_sent_total",
  "grpc_server_started_total",
] as const;

/** Histograms of which, kind by kind, as many observations are made. */
const EQUAL_COUNTS = [
  'etcd_server_apply_duration_seconds_count{op="Put",success="true",version="v3"}',
  'etcd_server_apply_duration_seconds_count{op="Put",success="false",version="v3"}',
  'etcd_server_apply_duration_seconds_count{op="Txn",success="true",version="v3"}',
  'etcd_server_apply_duration_seconds_count{op="DeleteRange",success="true",version="v3"}',
  'etcd_server_apply_duration_seconds_count{op="LeaseGrant",success="true",version="v3"}',
  'etcd_server_apply_duration_seconds_count{op="LeaseRevoke",success="true",version="v3"}',
  'etcd_server_apply_duration_seconds_count{op="Compaction",success="true",version="v3"}',
  'etcd_server_request_duration_seconds_count{success="true",type="Txn"}',
  'etcd_server_request_duration_seconds_count{success="true",type="ReadonlyTxn"}',
  'etcd_server_request_duration_seconds_count{success="false",type="Range"}',
  'etcd_server_range_duration_seconds_count{success="false"}',
  "etcd_disk_backend_defrag_duration_seconds_count",
  "etcd_disk_backend_snapshot_duration_seconds_count",
  "etcd_mvcc_hash_duration_seconds_count",
  "etcd_mvcc_hash_rev_duration_seconds_count",
] as const;

function sampleIn(page: ReadonlyMap<string, MetricsFamily>, series: string): number | undefined {
  const family = series.replace(/_count(?:\{.*)?$/u, "");
  return page.get(family)?.samples.get(series);
}

async function compare(real: Scraped, ours: Scraped): Promise<void> {
  t.strictSame(real.escapings, Object.fromEntries(ACCEPTED_TYPES), "as the tables have it");
  t.strictSame(ours.escapings, real.escapings, "types");
  t.strictSame(real.areGzip, Object.fromEntries(ACCEPTED_ENCODINGS), "as the tables have it");
  t.strictSame(ours.areGzip, real.areGzip, "encodings");
  t.strictSame(ours.variables, real.variables, "/debug/vars");
  const expected = parseMetrics(real.page);
  const found = parseMetrics(ours.page);
  const states = described();
  for (const [name, family] of expected) {
    if (name.startsWith("go_")) continue;
    const state = states.get(name);
    t.ok(state, `${name} is in the document`);
    if (state === "missing") continue;
    const { type, help, labels, bounds } = found.get(name) ?? {};
    const { type: realType, help: realHelp, labels: realLabels, bounds: realBounds } = family;
    t.strictSame(
      { type, help, labels, bounds },
      { type: realType, help: realHelp, labels: realLabels, bounds: realBounds },
      name,
    );
  }
  for (const name of EQUAL_VALUES) {
    // Compared without regard to their order.
    const values = (page: typeof found): object =>
      Object.fromEntries(page.get(name)?.samples ?? []);
    t.ok(Object.keys(values(found)).length > 0, name);
    t.same(values(found), values(expected), `values of ${name}`);
  }
  for (const series of EQUAL_COUNTS) {
    t.type(sampleIn(found, series), "number", series);
    t.equal(sampleIn(found, series), sampleIn(expected, series), series);
  }
}

/** What promtool finds fault with, by family. */
async function faults(promtool: string, page: string): Promise<string[]> {
  const run = promisify(execFile)(promtool, ["check", "metrics"]);
  run.child.stdin?.end(page);
  const { stdout, stderr } = await run.catch((error: { stdout: string; stderr: string }) => error);
  const lines = `${stdout}${stderr}`.split("\n").filter((line) => line !== "");
  return lines.toSorted();
}

if (binary !== "") {
  const real = await scrape(etcdTarget(binary));
  const ours = await scrape(grpcTarget);
  await compare(real, ours);
  const promtool = join(PEERS, "promtool");
  if (existsSync(promtool) || required === "1") {
    // Names that it does not like, but that are etcd's.
    const known = await faults(promtool, real.page);
    t.ok(known.length > 0, "it was run");
    const own = (await faults(promtool, ours.page)).filter((line) => !line.startsWith("nodejs_"));
    t.strictSame(
      own.filter((line) => !known.includes(line)),
      [],
      "promtool finds nothing that it does not find with etcd",
    );
  }
} else if (required === "1") {
  t.fail("ETCD_BIN is not set, and ETCDLET_REQUIRE_PEERS asks for it");
} else {
  t.plan(0, "ETCD_BIN is not set: no real etcd to compare with");
}
