/** The real grpcurl, which has no proto files: it knows by reflection what to say. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { Etcd } from "../../src/embed/index.ts";

const PROGRAM = join(process.env["ETCDLET_PEERS"] ?? ".peers/bin", "grpcurl");
const isRequired = process.env["ETCDLET_REQUIRE_PEERS"] === "1";
const skip = existsSync(PROGRAM) ? false : `no ${PROGRAM}: run test/peers/build.sh grpcurl`;

const SERVICES = [
  "etcdserverpb.Auth",
  "etcdserverpb.Cluster",
  "etcdserverpb.KV",
  "etcdserverpb.Lease",
  "etcdserverpb.Maintenance",
  "etcdserverpb.Watch",
  "grpc.health.v1.Health",
  "grpc.reflection.v1.ServerReflection",
  "grpc.reflection.v1alpha.ServerReflection",
  "v3electionpb.Election",
  "v3lockpb.Lock",
];

function grpcurl(...args: string[]): Promise<string> {
  return new Promise((resolve) => {
    execFile(PROGRAM, ["-plaintext", "-max-time", "20", ...args], (_error, stdout, stderr) =>
      resolve(stdout + stderr),
    );
  });
}

const base64 = (text: string): string => Buffer.from(text).toString("base64");

for (const grpcTransport of ["http2", "grpc-js"] as const) {
  const name = `grpcurl lists, describes and calls methods by ${grpcTransport}`;
  void t.test(name, { skip: !isRequired && skip }, async (t) => {
    const listenClientUrls = ["http://127.0.0.1:0"];
    await using etcd = await Etcd.start({ listenClientUrls, grpcTransport });
    const { host } = new URL(etcd.clientUrls[0] ?? "");
    t.strictSame((await grpcurl(host, "list")).trim().split("\n"), SERVICES);
    for (const service of SERVICES) {
      t.match(await grpcurl(host, "describe", service), `${service} is a service:`);
    }
    const described = await grpcurl(host, "describe", "grpc.health.v1.HealthListResponse");
    t.match(described, "map<string, .grpc.health.v1.HealthCheckResponse> statuses = 1;");
    t.match(
      await grpcurl(host, "describe", "etcdserverpb.RequestOp"),
      /oneof request \{\s+\.etcdserverpb\.RangeRequest request_range = 1;/,
    );
    const put = JSON.stringify({ key: base64("a"), value: base64("b") });
    t.match(JSON.parse(await grpcurl("-d", put, host, "etcdserverpb.KV/Put")), {
      header: { revision: "2" },
    });
    const range = JSON.stringify({ key: base64("a"), rangeEnd: base64("z") });
    t.match(JSON.parse(await grpcurl("-d", range, host, "etcdserverpb.KV/Range")), {
      kvs: [{ key: base64("a"), value: base64("b"), modRevision: "2" }],
      count: "1",
    });
    const lock = JSON.stringify({ name: base64("name") });
    const held = JSON.parse(await grpcurl("-d", lock, host, "v3lockpb.Lock/Lock")) as {
      key: string;
    };
    t.match(Buffer.from(held.key, "base64").toString(), /^name\/[0-9a-f]+$/);
  });
}
