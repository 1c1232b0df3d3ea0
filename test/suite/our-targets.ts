/** Our own server as targets of the suite: without a wire, over both transports of gRPC, and by TLS. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Etcd } from "../../src/embed/index.ts";
import type { EtcdOptions } from "../../src/embed/index.ts";
import { GrpcChannel } from "../../src/transport/index.ts";
import type { Differences, RunningServer, ServerOptions, Target } from "./scene.ts";

const PLAIN_URL = "http://127.0.0.1:0";

const OUR_DIFFERENCES: Differences = {
  survivesUnknownAlarmAction: true,
  addsMembers: false,
  downgrades: false,
  shrinksByItself: true,
  reflects: true,
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

/** Our own HTTP/2 by TLS; what asks the port itself does so without. */
export const grpcTlsTarget: Target = {
  name: "gRPC by TLS",
  differences: OUR_DIFFERENCES,
  start: async (options) =>
    startOurs(await makeFolder(), options, { wire: "http2", disk: true, isSecure: true }),
};

async function makeFolder(): Promise<string> {
  return await mkdtemp(join(tmpdir(), "etcdlet-suite-"));
}

async function startOurs(
  folder: string,
  options: ServerOptions,
  how: {
    readonly wire: EtcdOptions["grpcTransport"];
    readonly disk: boolean;
    readonly isSecure?: boolean;
  },
): Promise<RunningServer> {
  const { inMemory: _inMemory, ...rest } = options;
  const secureUrls = how.isSecure === true ? ["https://127.0.0.1:0"] : [];
  const etcd = await Etcd.start({
    ...rest,
    dataDir: how.disk ? join(folder, "data") : undefined,
    unsafeNoFsync: true,
    initialAdvertisePeerUrls: ["http://127.0.0.1:2380"],
    grpcTransport: how.wire,
    ...(how.wire !== undefined ? { listenClientUrls: [PLAIN_URL, ...secureUrls] } : {}),
    tls: how.isSecure === true ? { selfSigned: { folder, years: 1 } } : undefined,
  });
  const [plainUrl, url = plainUrl] = etcd.clientUrls;
  const address = plainUrl === undefined ? undefined : new URL(plainUrl).host;
  const ca = how.isSecure === true ? await readFile(join(folder, "cert.pem")) : undefined;
  const wire = url === undefined ? undefined : await GrpcChannel.connect(url, { tls: { ca } });
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
