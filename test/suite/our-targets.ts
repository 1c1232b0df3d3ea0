/** Our own server as three targets of the suite: without a wire, and over both transports of gRPC. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Etcd } from "../../src/embed/index.ts";
import type { EtcdOptions } from "../../src/embed/index.ts";
import { GrpcChannel } from "../../src/transport/index.ts";
import type { Differences, RunningServer, ServerOptions, Target } from "./scene.ts";

const OUR_DIFFERENCES: Differences = {
  survivesUnknownAlarmAction: true,
  addsMembers: false,
  downgrades: false,
};

/** Our server, called without a wire in between; in memory where no test restarts it. */
export const inProcessTarget: Target = {
  name: "in-process",
  differences: OUR_DIFFERENCES,
  start: async (options) =>
    startOurs(await makeFolder(), options, { wire: undefined, disk: options.inMemory !== true }),
};

/** Our server behind a port, always on a disk, over our own HTTP/2. */
export const grpcTarget: Target = {
  name: "gRPC",
  differences: OUR_DIFFERENCES,
  start: async (options) => startOurs(await makeFolder(), options, { wire: "http2", disk: true }),
};

/** The same over the reference transport. */
export const grpcJsTarget: Target = {
  name: "gRPC by grpc-js",
  differences: OUR_DIFFERENCES,
  start: async (options) => startOurs(await makeFolder(), options, { wire: "grpc-js", disk: true }),
};

async function makeFolder(): Promise<string> {
  return await mkdtemp(join(tmpdir(), "etcdlet-suite-"));
}

async function startOurs(
  folder: string,
  options: ServerOptions,
  how: { readonly wire: EtcdOptions["grpcTransport"]; readonly disk: boolean },
): Promise<RunningServer> {
  const { inMemory: _inMemory, ...rest } = options;
  const etcd = await Etcd.start({
    ...rest,
    dataDir: how.disk ? join(folder, "data") : undefined,
    unsafeNoFsync: true,
    initialAdvertisePeerUrls: ["http://127.0.0.1:2380"],
    grpcTransport: how.wire,
    ...(how.wire !== undefined ? { listenClientUrls: ["http://127.0.0.1:0"] } : {}),
  });
  const address = how.wire !== undefined ? new URL(etcd.clientUrls[0] ?? "").host : undefined;
  const wire = address === undefined ? undefined : await GrpcChannel.connect(`http://${address}`);
  const end = async (): Promise<void> => {
    wire?.close();
    await etcd.stop();
  };
  return {
    channel: wire ?? etcd.channel,
    address,
    restart: async () => {
      await end();
      return await startOurs(folder, options, how);
    },
    stop: async () => {
      await end();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
