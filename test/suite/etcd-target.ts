/** The real etcd as a target of the suite: it is the judge of what the suite says. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GrpcChannel } from "../../src/transport/index.ts";
import { Program } from "../kube/processes.ts";
import type { RunningServer, ServerOptions, Target } from "./scene.ts";

/** How long etcd may take to elect itself on a busy machine. */
const startLimitMs = 30_000;

/** The real etcd, by the path of its binary. */
export function etcdTarget(binary: string): Target {
  return {
    name: "etcd",
    differences: {
      survivesUnknownAlarmAction: false,
      addsMembers: true,
      downgrades: true,
      shrinksByItself: false,
      reflects: false,
    },
    start: async (options) => {
      const folder = await mkdtemp(join(tmpdir(), "etcdlet-suite-"));
      return await startEtcd(binary, folder, options);
    },
  };
}

async function startEtcd(
  binary: string,
  folder: string,
  options: ServerOptions,
): Promise<RunningServer> {
  const program = new Program({
    name: "etcd",
    path: binary,
    args: etcdArguments(folder, options),
    env: {},
    logPath: join(folder, "etcd.log"),
  });
  await program.ready("serving", startLimitMs, () =>
    Promise.resolve(servingAddress(program.log()) !== undefined),
  );
  const address = servingAddress(program.log()) ?? "";
  const channel = await GrpcChannel.connect(`http://${address}`);
  const end = async (): Promise<void> => {
    channel.close();
    await program.stop("SIGKILL");
  };
  return {
    channel,
    address,
    restart: async () => {
      await end();
      await rm(program.logPath);
      return await startEtcd(binary, folder, options);
    },
    stop: async () => {
      await end();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function etcdArguments(folder: string, options: ServerOptions): string[] {
  const peerUrl = "http://127.0.0.1:2380";
  const given: Record<string, string | undefined> = {
    "data-dir": join(folder, "data"),
    // The system chooses the ports; the log says which.
    "listen-client-urls": "http://127.0.0.1:0",
    "listen-peer-urls": "http://127.0.0.1:0",
    "advertise-client-urls": "http://127.0.0.1:2379",
    "initial-advertise-peer-urls": peerUrl,
    "initial-cluster": `default=${peerUrl}`,
    "watch-progress-notify-interval": milliseconds(options.watchProgressNotifyIntervalMs),
    "compaction-batch-limit": options.compactionBatchLimit?.toString(),
    "auto-compaction-retention": milliseconds(options.autoCompaction?.periodMs),
    "quota-backend-bytes": options.quotaBackendBytes?.toString(),
    metrics: options.metrics,
    "feature-gates": options.features
      ?.map(({ name, isEnabled }) => `${name}=${isEnabled}`)
      .join(","),
    "heartbeat-interval": options.heartbeatIntervalMs?.toString(),
    "auth-token": options.authToken,
    "auth-token-ttl": options.authTokenTtl?.toString(),
    "bcrypt-cost": options.bcryptCost?.toString(),
    "election-timeout": options.electionTimeoutMs?.toString(),
  };
  const flags = Object.entries(given).filter(([, value]) => value !== undefined);
  return ["--unsafe-no-fsync", ...flags.map(([name, value]) => `--${name}=${value ?? ""}`)];
}

function milliseconds(value: number | undefined): string | undefined {
  return value === undefined ? undefined : `${value}ms`;
}

/** The address in etcd's own line about serving clients, once there is one. */
function servingAddress(log: string): string | undefined {
  return /"msg":"serving client traffic insecurely[^}]*"address":"([^"]+)"/.exec(log)?.[1];
}
