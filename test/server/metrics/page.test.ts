import t from "tap";
import type { Server } from "../../../src/server/index.ts";
import { bytes, pageOf, refuses, WatchProbe, withServer } from "../server-fixture.ts";

async function scrape(server: Server): Promise<Map<string, number>> {
  const reply = await pageOf(server, "/metrics");
  const samples = new Map<string, number>();
  for (const line of reply.body.split("\n")) {
    if (line === "" || line.startsWith("#")) continue;
    const space = line.lastIndexOf(" ");
    const text = line.slice(space + 1);
    samples.set(line.slice(0, space), text === "+Inf" ? Number.POSITIVE_INFINITY : Number(text));
  }
  return samples;
}

function call(name: string, method: string, code?: string): string {
  const [service, rpc] = method.split("/");
  const type = rpc === "Watch" ? "bidi_stream" : rpc === "RangeStream" ? "server_stream" : "unary";
  const labels = `grpc_method="${rpc!}",grpc_service="${service!}",grpc_type="${type}"`;
  return `${name}{${code === undefined ? "" : `grpc_code="${code}",`}${labels}}`;
}

const KV = "etcdserverpb.KV";

t.test("/metrics has etcd's names for what a single member has", async (t) => {
  await withServer(async ({ server, client }) => {
    await client.kv.put("a", "1");
    await client.kv.put("b", "1");
    await client.kv.compact(2);
    const samples = await scrape(server);
    const id = server.member.memberId.toString(16);
    const expected: Record<string, number> = {
      etcd_server_has_leader: 1,
      etcd_server_is_leader: 1,
      etcd_server_is_learner: 0,
      [`etcd_server_id{server_id="${id}"}`]: 1,
      'etcd_server_version{server_version="3.7.3"}': 1,
      'etcd_cluster_version{cluster_version="3.7"}': 1,
      etcd_server_leader_changes_seen_total: 1,
      etcd_server_proposals_pending: 0,
      etcd_debugging_mvcc_keys_total: 2,
      etcd_debugging_mvcc_total_put_size_in_bytes: 4,
      etcd_debugging_mvcc_current_revision: 3,
      etcd_debugging_mvcc_compact_revision: 2,
      etcd_debugging_mvcc_watcher_total: 0,
      etcd_debugging_mvcc_slow_watcher_total: 0,
      etcd_mvcc_put_total: 2,
      etcd_mvcc_range_total: 0,
      etcd_server_quota_backend_bytes: -1,
    };
    for (const [name, value] of Object.entries(expected)) t.equal(samples.get(name), value, name);
    for (const name of [
      "etcd_server_proposals_applied_total",
      "etcd_server_proposals_committed_total",
      "etcd_mvcc_db_total_size_in_bytes",
      "etcd_mvcc_db_total_size_in_use_in_bytes",
      "process_resident_memory_bytes",
      "process_cpu_seconds_total",
      "process_start_time_seconds",
      "process_open_fds",
      "process_max_fds",
    ]) {
      t.ok((samples.get(name) ?? 0) > 0, name);
    }
  });
});

t.test("/metrics counts calls as Go's gRPC middleware does", async (t) => {
  await withServer(async ({ server, client }) => {
    await client.kv.put("k", "v");
    await client.kv.get("k");
    await refuses(client.kv.put("", ""), "emptyKey");
    const probe = new WatchProbe(server);
    probe.create({ key: bytes("k") });
    await client.kv.put("k", "v");
    const first = await scrape(server);
    const samples = await scrape(server);
    t.equal(
      first.get(call("grpc_server_started_total", `${KV}/Put`)),
      3,
      "scraping counts nothing twice",
    );
    const expected: Record<string, number> = {
      [call("grpc_server_started_total", `${KV}/Put`)]: 3,
      [call("grpc_server_handled_total", `${KV}/Put`, "OK")]: 2,
      [call("grpc_server_handled_total", `${KV}/Put`, "InvalidArgument")]: 1,
      [call("grpc_server_msg_received_total", `${KV}/Put`)]: 3,
      [call("grpc_server_msg_sent_total", `${KV}/Put`)]: 3,
      [call("grpc_server_handled_total", `${KV}/Range`, "OK")]: 1,
      [call("grpc_server_started_total", `${KV}/RangeStream`)]: 0,
      [call("grpc_server_started_total", "etcdserverpb.Watch/Watch")]: 1,
      [call("grpc_server_handled_total", "etcdserverpb.Watch/Watch", "OK")]: 0,
      [call("grpc_server_msg_sent_total", "etcdserverpb.Watch/Watch")]: 2,
      [call("grpc_server_started_total", "etcdserverpb.Maintenance/Status")]: 0,
      [call("grpc_server_started_total", "grpc.health.v1.Health/Check")]: 0,
      etcd_debugging_mvcc_watcher_total: 1,
    };
    for (const [name, value] of Object.entries(expected)) t.equal(samples.get(name), value, name);
  });
});

t.test("/metrics of two servers do not mix", async (t) => {
  await withServer(async (one) => {
    await withServer(async (other) => {
      await one.client.kv.put("k", "v");
      const name = "etcd_mvcc_put_total";
      t.equal((await scrape(one.server)).get(name), 1);
      t.equal((await scrape(other.server)).get(name), 0);
    });
  });
});

t.test("/metrics has Lock and Election from their first call on", async (t) => {
  await withServer(async ({ client, server }) => {
    const services = async (): Promise<string[]> =>
      [...(await scrape(server)).keys()].filter((name) => /Lock|Election/.test(name)).toSorted();
    t.same(await services(), []);
    await t.rejects(client.unary("leader", { name: Buffer.from("a") }));
    const method = "v3electionpb.Election/Leader";
    t.same(
      await services(),
      [
        call("grpc_server_started_total", method),
        call("grpc_server_msg_received_total", method),
        call("grpc_server_msg_sent_total", method),
        call("grpc_server_handled_total", method, "Unknown"),
      ].toSorted(),
    );
  });
});

t.test("/metrics has snapshots sent, and the revision of users and roles", async (t) => {
  await withServer(async ({ server, client }) => {
    const name = "etcd_disk_backend_snapshot_duration_seconds_count";
    const before = await scrape(server);
    t.equal(before.get(name), 0);
    t.equal(before.get("etcd_debugging_auth_revision"), 1);
    for await (const { blob } of client.maintenance.snapshot()) t.ok(blob.length > 0);
    await client.auth.roleAdd("r");
    const after = await scrape(server);
    t.equal(after.get(name), 1);
    t.equal(after.get("etcd_debugging_auth_revision"), 2);
  });
});
