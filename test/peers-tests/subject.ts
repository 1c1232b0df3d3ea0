/** A server that the differential test talks to: the real etcd, ours in this process, or any other program. */
import { join } from "node:path";
import { rmSync } from "node:fs";
import { Client } from "../../src/client/index.ts";
import { Etcd } from "../../src/index.ts";
import { GrpcChannel } from "../../src/transport/index.ts";
import type { GrpcTransport } from "../../src/transport/index.ts";
import type { Channel } from "../../src/wire/index.ts";
import { EtcdProcess } from "../harness/etcd-process.ts";
import { temporaryFolder } from "../kube/processes.ts";

/**
 * Fast to elect itself; the least TTL of a lease follows from these, so both servers must have the same.
 * Compactions take many steps.
 */
const OPTIONS = {
  heartbeatIntervalMs: 10,
  electionTimeoutMs: 100,
  compactionBatchLimit: 20,
  compactionSleepIntervalMs: 1,
  bcryptCost: 4,
} as const;

/** A server and the way to it. */
export interface Subject {
  readonly name: string;
  readonly client: Client;
  /** What the client calls by. */
  readonly channel: Channel;
  /** Ends it in an orderly way and starts it on the same data: `client` is another then. */
  restart(): Promise<void>;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
}

/** Starts a server on an empty store. */
export type StartSubject = () => Promise<Subject>;

/** How to start a program with etcd's flags: the real etcd, or bin/etcdlet. */
export function program(name: string, binary: string): StartSubject {
  return (): Promise<Subject> =>
    startSubject(name, async (folder) => {
      const etcd = await EtcdProcess.start({
        binary,
        folder,
        unsafeNoFsync: true,
        flags: {
          "heartbeat-interval": `${OPTIONS.heartbeatIntervalMs}`,
          "election-timeout": `${OPTIONS.electionTimeoutMs}`,
          "bcrypt-cost": `${OPTIONS.bcryptCost}`,
          "compaction-batch-limit": `${OPTIONS.compactionBatchLimit}`,
          "compaction-sleep-interval": `${OPTIONS.compactionSleepIntervalMs}ms`,
        },
      });
      return { url: etcd.url, end: async () => void (await etcd.stop("SIGTERM")) };
    });
}

/** Our server in this process, behind a port of one of its transports. */
export function embedded(grpcTransport: GrpcTransport): StartSubject {
  return () => startSubject("etcdlet", (folder) => serveEmbedded(folder, grpcTransport));
}

async function serveEmbedded(folder: string, grpcTransport: GrpcTransport): Promise<Serving> {
  const etcd = await Etcd.start({
    ...OPTIONS,
    grpcTransport,
    dataDir: join(folder, "data"),
    unsafeNoFsync: true,
    listenClientUrls: ["http://127.0.0.1:0"],
  });
  const [url = ""] = etcd.clientUrls;
  return { url, end: () => etcd.stop() };
}

/** A server that listens. */
interface Serving {
  readonly url: string;
  end(): Promise<void>;
}

async function startSubject(
  name: string,
  start: (folder: string) => Promise<Serving>,
): Promise<Subject> {
  const folder = temporaryFolder("etcdlet-differential-");
  let serving = await start(folder);
  let channel = await GrpcChannel.connect(serving.url);
  let client = new Client(channel);
  // The channel first: a server that is told to end waits for its streams.
  const end = async (): Promise<void> => {
    channel.close();
    await serving.end();
  };
  return {
    name,
    get client(): Client {
      return client;
    },
    get channel(): Channel {
      return channel;
    },
    restart: async () => {
      await end();
      serving = await start(folder);
      channel = await GrpcChannel.connect(serving.url);
      client = new Client(channel);
    },
    stop: async () => {
      await end();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
