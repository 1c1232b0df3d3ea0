/** Real etcd programs: one to begin with, and a second that joins it later. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { freePort, poll, Program, temporaryFolder } from "../kube/processes.ts";

/** How long etcd may take to serve on a busy machine. */
const START_MS_MAX = 30_000;

export interface Members {
  /** Where clients reach the first member: host and port. */
  readonly address: string;
  readonly secondPeerUrl: string;
  /** Starts the second member, once the cluster knows its peer URL; gives its client address. */
  startSecond(): Promise<string>;
  stop(): Promise<void>;
}

/** Starts the first member. Peers must know each other's ports beforehand, clients need not. */
export async function startMembers(binary: string): Promise<Members> {
  const folder = temporaryFolder("etcdlet-wire-");
  const [firstPeerUrl, secondPeerUrl] = [await peerUrl(), await peerUrl()];
  const programs: Program[] = [];
  const start = async (name: string, url: string, joining: string[]): Promise<string> => {
    const program = new Program({
      name,
      path: binary,
      args: [
        `--name=${name}`,
        `--data-dir=${join(folder, name)}`,
        `--listen-peer-urls=${url}`,
        `--initial-advertise-peer-urls=${url}`,
        "--listen-client-urls=http://127.0.0.1:0",
        "--advertise-client-urls=http://127.0.0.1:2379",
        "--watch-progress-notify-interval=100ms",
        "--bcrypt-cost=4",
        "--unsafe-no-fsync",
        // Members may come and go before they were healthy for five seconds.
        "--strict-reconfig-check=false",
        ...joining,
      ],
      env: {},
      logPath: join(folder, `${name}.log`),
    });
    programs.push(program);
    const served = (): string | undefined => servingAddress(program.log());
    await program.ready("serving", START_MS_MAX, async () => served() !== undefined);
    return served() ?? "";
  };
  const first = `first=${firstPeerUrl}`;
  return {
    address: await start("first", firstPeerUrl, [`--initial-cluster=${first}`]),
    secondPeerUrl,
    startSecond: () =>
      start("second", secondPeerUrl, [
        `--initial-cluster=${first},second=${secondPeerUrl}`,
        "--initial-cluster-state=existing",
      ]),
    stop: async () => {
      for (const program of programs) await program.stop("SIGKILL");
      await poll("the folder to be gone", START_MS_MAX, async () => {
        await rm(folder, { recursive: true, force: true });
        return true;
      });
    },
  };
}

async function peerUrl(): Promise<string> {
  return `http://127.0.0.1:${await freePort()}`;
}

/** The address in etcd's own line about serving clients, once there is one. */
function servingAddress(log: string): string | undefined {
  return /"msg":"serving client traffic insecurely[^}]*"address":"([^"]+)"/.exec(log)?.[1];
}
