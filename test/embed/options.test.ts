/** Every option of Etcd.start() has the effect that it says. */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { readdir, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { connect as connectHttp2, constants } from "node:http2";
import type { ClientHttp2Session, IncomingHttpHeaders } from "node:http2";
import type { IncomingMessage } from "node:http";
import { connect as connectTcp } from "node:net";
import { join } from "node:path";
import t from "tap";
import type { Test } from "tap";
import { Faults } from "../../src/testing/index.ts";
import { connect } from "../../src/embed/index.ts";
import { Etcd } from "../../src/embed/index.ts";
import type { EtcdOptions } from "../../src/embed/index.ts";
import type { Logger } from "../../src/wire/index.ts";
import { tempDirectory } from "../harness/temp-dir.ts";
import { VirtualClock } from "../../src/testing/virtual-clock.ts";
import { AUTH_EFFECTS } from "./auth-effects.ts";
import { ANY_PORT, rejection, revisionOf, started } from "./embedded.ts";
import { HTTP_EFFECTS } from "./http-effects.ts";
import { LIMIT_EFFECTS } from "./limit-effects.ts";

/** What the member says of itself. */
async function memberOf(etcd: Etcd) {
  const [member] = (await etcd.client.cluster.memberList()).members;
  return member;
}

async function status(socketPath: string, path: string): Promise<number | undefined> {
  const asked = request({ socketPath, path, agent: false }).end();
  // The only argument of that event.
  const [answer] = (await once(asked, "response")) as [IncomingMessage];
  answer.resume();
  await once(answer, "end");
  return answer.statusCode;
}

const TRANSPORTS = ["http2", "grpc-js"] as const;

/** A connection of HTTP/2 to a server with these options. */
async function session(t: Test, options: EtcdOptions): Promise<ClientHttp2Session> {
  const etcd = await started(t, { ...options, listenClientUrls: [ANY_PORT] });
  const connection = connectHttp2(etcd.clientUrls[0] ?? "");
  connection.on("error", () => undefined);
  t.teardown(() => connection.destroy());
  await once(connection, "remoteSettings");
  return connection;
}

/** A call without an end. */
function openStream(connection: ClientHttp2Session): void {
  const call = connection.request({
    ":method": "POST",
    ":path": "/etcdserverpb.Watch/Watch",
    "content-type": "application/grpc",
  });
  call.on("error", () => undefined);
}

async function ping(connection: ClientHttp2Session): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    connection.ping((error) => (error === null ? resolve() : reject(error)));
  });
}

/** A test for each option: the compiler misses one that is missing. */
const EFFECTS: { readonly [Option in keyof Required<EtcdOptions>]: (t: Test) => Promise<void> } = {
  ...LIMIT_EFFECTS,
  ...AUTH_EFFECTS,

  enableTestEndpoints: async (t) => {
    const options = { listenClientUrls: ["http://127.0.0.1:0"], enableTestEndpoints: true };
    const [url = ""] = (await started(t, options)).clientUrls;
    t.equal((await fetch(`${url}/debug/marks`, { method: "POST" })).status, 201);
  },

  name: async (t) => {
    t.equal((await memberOf(await started(t)))?.name, "default");
    t.equal((await memberOf(await started(t, { name: "n1" })))?.name, "n1");
  },

  dataDir: async (t) => {
    const dataDir = join(await tempDirectory(t), "made", "for", "us");
    const etcd = await started(t, { dataDir });
    await etcd.client.kv.put("key", "value");
    await etcd.stop();
    t.ok((await readdir(dataDir)).includes("CURRENT"));
    t.equal((await (await started(t, { dataDir })).client.kv.get("key")).count, 1);
  },

  snapshot: async (t) => {
    const path = join(await tempDirectory(t), "snapshot.db");
    const etcd = await started(t);
    await etcd.client.kv.put("key", "value");
    const blobs: Uint8Array[] = [];
    for await (const { blob } of etcd.client.maintenance.snapshot()) blobs.push(blob);
    await writeFile(path, Buffer.concat(blobs));
    const served = await started(t, { snapshot: path });
    t.equal((await served.client.kv.get("key")).count, 1);
    await t.rejects(Etcd.start({ snapshot: path, dataDir: path }), /Cannot serve a snapshot/u);
  },

  unsafeNoFsync: async (t) => {
    // docs/data-layout.md: the mark says how far the log is on disk, so without syncing there is none.
    for (const unsafeNoFsync of [false, true]) {
      const dataDir = await tempDirectory(t);
      const etcd = await started(t, { dataDir, unsafeNoFsync });
      await etcd.client.kv.put("key", "value");
      await etcd.stop();
      t.equal((await readdir(dataDir)).includes("SYNCED"), !unsafeNoFsync);
    }
  },

  enableFaultInjection: async (t) => {
    for (const enableFaultInjection of [false, true]) {
      const etcd = await started(t, { enableFaultInjection, listenClientUrls: [ANY_PORT] });
      const reply = await fetch(`${etcd.clientUrls[0] ?? ""}/debug/faults`);
      t.equal(reply.status, enableFaultInjection ? 200 : 404);
    }
  },

  faults: async (t) => {
    const faults = new Faults();
    faults.add({ times: 1, action: { kind: "error", error: "noLeader" } });
    const { client } = await started(t, { faults });
    t.match(await rejection(client.kv.get("key")), { reason: "noLeader" });
    t.equal((await client.kv.get("key")).count, 0);
  },

  listenClientUrls: async (t) => {
    const socket = join(await tempDirectory(t), "etcd.sock");
    const listenClientUrls = [ANY_PORT, ANY_PORT, `unix://${socket}`];
    const etcd = await started(t, { listenClientUrls });
    const [first = "", second = "", third = ""] = etcd.clientUrls;
    t.match([first, second], [/^http:\/\/127\.0\.0\.1:\d+$/, /^http:\/\/127\.0\.0\.1:\d+$/]);
    t.notOk(first.endsWith(":0"));
    t.not(first, second);
    t.equal(third, `unix://${socket}`);
    for (const url of [first, second]) t.equal((await fetch(`${url}/health`)).status, 200);
    t.equal(await status(socket, "/health"), 200);
  },

  ...HTTP_EFFECTS,

  listenMetricsUrls: async (t) => {
    const etcd = await started(t, { listenMetricsUrls: [ANY_PORT] });
    t.strictSame(etcd.clientUrls, []);
    const [url = ""] = etcd.metricsUrls;
    for (const path of ["/metrics", "/health", "/livez", "/readyz", "/readyz/non_learner"]) {
      t.equal((await fetch(url + path)).status, 200, path);
    }
    for (const path of ["/version", "/debug/vars", "/v3/kv/range", "/"]) {
      t.equal((await fetch(url + path)).status, 404, path);
    }
    const client = await connect(url);
    t.match(await rejection(client.kv.get("key")), { code: 14 }, "there is no gRPC");
  },

  advertiseClientUrls: async (t) => {
    const etcd = await started(t, { listenClientUrls: [ANY_PORT] });
    t.strictSame((await memberOf(etcd))?.clientUrls, etcd.clientUrls, "what is listened on");
    const advertiseClientUrls = ["http://etcd.example:2379"];
    const told = await started(t, { listenClientUrls: [ANY_PORT], advertiseClientUrls });
    t.strictSame((await memberOf(told))?.clientUrls, advertiseClientUrls);
  },

  initialAdvertisePeerUrls: async (t) => {
    const initialAdvertisePeerUrls = ["http://127.0.0.1:23002"];
    const etcd = await started(t, { initialAdvertisePeerUrls });
    t.strictSame((await memberOf(etcd))?.peerUrls, initialAdvertisePeerUrls);
    // Seen on etcd 3.7.3 with this URL and the default token.
    t.strictSame(etcd.ids, {
      member: "a7be38d986537a7c",
      cluster: 5651537195376832483n.toString(16),
    });
  },

  initialClusterToken: async (t) => {
    const usual = await started(t);
    const same = await started(t, { initialClusterToken: "etcd-cluster" });
    const other = await started(t, { initialClusterToken: "another" });
    t.strictSame(same.ids, usual.ids);
    t.not(other.ids.member, usual.ids.member);
    t.not(other.ids.cluster, usual.ids.cluster);
  },

  heartbeatIntervalMs: async (t) => {
    const ttlOf = async (options: EtcdOptions): Promise<number> =>
      (await (await started(t, options)).client.lease.grant(1)).ttl;
    t.equal(await ttlOf({}), 2);
    // One election is one heartbeat then, and half of it is none: see leaseTtlMin().
    t.equal(await ttlOf({ heartbeatIntervalMs: 999 }), 1);
  },

  electionTimeoutMs: async (t) => {
    const dataDir = await tempDirectory(t);
    const options = { dataDir, electionTimeoutMs: 5000, clock: new VirtualClock() };
    const first = await started(t, options);
    const { id, ttl } = await first.client.lease.grant(1);
    t.equal(ttl, 8, "one and a half elections, in whole seconds");
    t.equal((await first.client.lease.timeToLive(id)).ttl, 8);
    await first.stop();
    const second = await started(t, options);
    t.equal((await second.client.lease.timeToLive(id)).ttl, 13, "an election more after a start");
  },

  grpcTransport: async (t) => {
    // Only our own HTTP/2 has the pages over HTTP/2 too.
    for (const [grpcTransport, status] of [
      ["http2", 200],
      ["grpc-js", 415],
    ] as const) {
      const etcd = await started(t, { grpcTransport, listenClientUrls: [ANY_PORT] });
      const session = connectHttp2(etcd.clientUrls[0] ?? "");
      const answer = session.request({ ":path": "/version" });
      const [headers] = (await once(answer, "response")) as [IncomingHttpHeaders];
      t.equal(headers[":status"], status, grpcTransport);
      session.destroy();
    }
  },

  tls: async (t) => {
    const folder = join(await tempDirectory(t), "own");
    const etcd = await started(t, {
      listenClientUrls: ["https://127.0.0.1:0"],
      tls: { selfSigned: { folder, years: 1 } },
    });
    const ca = readFileSync(join(folder, "cert.pem"));
    const client = await connect(etcd.clientUrls, { tls: { ca } });
    t.teardown(() => client.close());
    t.equal(revisionOf(await client.kv.put("key", "value")), 2);
  },

  maxConcurrentStreams: async (t) => {
    for (const grpcTransport of TRANSPORTS) {
      const told = await session(t, { maxConcurrentStreams: 7, grpcTransport });
      t.equal(told.remoteSettings.maxConcurrentStreams, 7, grpcTransport);
    }
    const free = await session(t, {});
    t.equal(free.remoteSettings.maxConcurrentStreams, 2 ** 32 - 1);
  },

  grpcKeepaliveMinTimeMs: async (t) => {
    const allowed = await session(t, { grpcKeepaliveMinTimeMs: 1e-3 });
    openStream(allowed);
    const sentAway = await session(t, {});
    openStream(sentAway);
    for (let count = 0; count < 10; count++) await ping(allowed);
    const leaving = once(sentAway, "goaway");
    for (let count = 0; count < 10 && !sentAway.destroyed; count++) sentAway.ping(() => undefined);
    const [code, , text] = (await leaving) as [number, number, Buffer];
    t.equal(code, constants.NGHTTP2_ENHANCE_YOUR_CALM);
    t.equal(text.toString(), "too_many_pings");
    t.equal(allowed.destroyed, false);
  },

  grpcKeepaliveIntervalMs: async (t) => {
    for (const grpcTransport of TRANSPORTS) {
      const pinged = await session(t, { grpcKeepaliveIntervalMs: 5, grpcTransport });
      await once(pinged, "ping");
      t.equal(pinged.destroyed, false, grpcTransport);
    }
  },

  grpcKeepaliveTimeoutMs: async (t) => {
    for (const grpcTransport of TRANSPORTS) {
      const etcd = await started(t, {
        listenClientUrls: [ANY_PORT],
        grpcKeepaliveIntervalMs: 5,
        grpcKeepaliveTimeoutMs: 5,
        grpcTransport,
      });
      // Says that it is a client, and answers nothing.
      const mute = connectTcp(Number(new URL(etcd.clientUrls[0] ?? "").port), "127.0.0.1");
      mute.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0", "latin1");
      mute.resume();
      await once(mute, "close");
      t.equal(mute.destroyed, true, grpcTransport);
    }
  },

  metrics: async (t) => {
    const page = async (options: EtcdOptions): Promise<string> => {
      const { clientUrls } = await started(t, { ...options, listenClientUrls: [ANY_PORT] });
      return (await fetch(`${clientUrls[0] ?? ""}/metrics`)).text();
    };
    t.notMatch(await page({}), "grpc_server_handling_seconds");
    t.match(await page({ metrics: "extensive" }), "grpc_server_handling_seconds_bucket");
  },

  features: async (t) => {
    const features = [{ name: "LeaseCheckpoint", stage: "ALPHA", isEnabled: true }] as const;
    const { clientUrls } = await started(t, { features, listenClientUrls: [ANY_PORT] });
    const page = await (await fetch(`${clientUrls[0] ?? ""}/metrics`)).text();
    t.match(page, 'etcd_server_feature_enabled{name="LeaseCheckpoint",stage="ALPHA"} 1');
  },

  logger: async (t) => {
    const lines: string[] = [];
    const log = (message: string): void => void lines.push(message);
    const logger: Logger = { debug: log, info: log, warn: log, error: log };
    await started(t, { logger, listenClientUrls: [ANY_PORT] });
    t.ok(lines.includes("ready to serve client requests"), lines.join());
  },

  clock: async (t) => {
    const clock = new VirtualClock(1_000_000);
    const { kv, lease } = (await started(t, { clock })).client;
    const { id } = await lease.grant(60);
    await kv.put("key", "value", { lease: id });
    await clock.advance(59_900);
    t.equal((await kv.get("key")).count, 1);
    // Leases are looked at every 500 ms at the latest.
    await clock.advance(600);
    t.equal((await kv.get("key")).count, 0);
    t.equal((await lease.timeToLive(id)).ttl, -1);
  },
};

for (const [option, effect] of Object.entries(EFFECTS)) {
  t.test(`Option "${option}" has its effect`, effect);
}

t.test('Option "watchProgressNotifyIntervalMs" is at least 100 ms', async (t) => {
  const clock = new VirtualClock();
  const { client } = await started(t, { watchProgressNotifyIntervalMs: 1, clock });
  const watch = client.watch("key", { progressNotify: true });
  await watch.created;
  let told = 0;
  const next = watch.next().then(() => told++);
  await clock.advance(99);
  t.equal(told, 0);
  watch.cancel();
  await next;
});
