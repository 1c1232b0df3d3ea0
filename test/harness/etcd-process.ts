/**
 * A server of its own process: the real etcd or bin/etcdlet, both with the same flags and both ready when
 * they write that they serve clients.
 */
import { accessSync, constants, existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Test } from "tap";
import { Program } from "../kube/processes.ts";

/** How long a start may take on a busy machine. */
const startLimitMs = 30_000;

/** Blocks of `ulimit -f` in bytes. Source: POSIX, ulimit. */
export const ULIMIT_BLOCK_BYTES = 512;

/** Nobody listens here; the ids of the one member are made of it. */
const PEER_URL = "http://127.0.0.1:2380";

export interface EtcdProcessOptions {
  /** Path of the program. */
  readonly binary: string;
  /** Data and logs go into it. */
  readonly folder: string;
  /** Do not wait for the disk. Default false: what is acknowledged survives a kill of the machine. */
  readonly unsafeNoFsync?: boolean;
  /** Flags by their names, without dashes; they go before those given here. */
  readonly flags?: Readonly<Record<string, string>>;
  /** Largest file that the process may write, bytes; a multiple of ULIMIT_BLOCK_BYTES. */
  readonly fileBytesMax?: number;
}

/** A server that runs. */
export class EtcdProcess {
  readonly program: Program;
  /** Where it serves clients: `http://host:port`, or `https`. */
  readonly url: string;

  private constructor(program: Program, url: string) {
    this.program = program;
    this.url = url;
  }

  /** Starts on a port that the system chooses; resolves when it serves. Throws, with its log, if it ends. */
  static async start(options: EtcdProcessOptions): Promise<EtcdProcess> {
    const program = spawnEtcd(options);
    await program.ready("serving", startLimitMs, () =>
      Promise.resolve(servingUrl(program.log()) !== undefined),
    );
    return new EtcdProcess(program, servingUrl(program.log()) ?? "");
  }

  /** Ends it, and returns how it ended. */
  async stop(signal: "SIGTERM" | "SIGKILL"): Promise<string> {
    return await this.program.stop(signal);
  }
}

/** Starts the process and waits for nothing. */
export function spawnEtcd(options: EtcdProcessOptions): Program {
  const given: Record<string, string> = {
    "data-dir": join(options.folder, "data"),
    "listen-client-urls": "http://127.0.0.1:0",
    "listen-peer-urls": "http://127.0.0.1:0",
    "advertise-client-urls": "http://127.0.0.1:2379",
    "initial-advertise-peer-urls": PEER_URL,
    "initial-cluster": `default=${PEER_URL}`,
    ...(options.unsafeNoFsync === true ? { "unsafe-no-fsync": "true" } : {}),
    ...options.flags,
  };
  const args = Object.entries(given).map(([name, value]) => `--${name}=${value}`);
  return new Program({
    name: options.binary,
    env: { PATH: process.env["PATH"] },
    logPath: unusedLogPath(options.folder),
    ...throughShell([options.binary, ...args], options.fileBytesMax),
  });
}

/** Each start has a log of its own, so that no line of an earlier one is taken for one of this. */
function unusedLogPath(folder: string): string {
  for (let number = 1; ; number++) {
    const path = join(folder, `etcd-${number}.log`);
    if (!existsSync(path)) {
      return path;
    }
  }
}

/**
 * By way of a shell, which can set a limit, and hides from the server what tap gives to every child: code to be
 * loaded first that catches all signals, of which one is what a too large file is told by.
 */
function throughShell(
  command: readonly string[],
  fileBytesMax: number | undefined,
): { readonly path: string; readonly args: readonly string[] } {
  const limit =
    fileBytesMax === undefined ? "" : `ulimit -f ${fileBytesMax / ULIMIT_BLOCK_BYTES} && `;
  const script = `unset NODE_OPTIONS; ${limit}exec "$@"`;
  return { path: "/bin/sh", args: ["-c", script, "sh", ...command] };
}

/** Made of the address in the line about serving clients, once there is one. */
function servingUrl(log: string): string | undefined {
  const [, way, address] =
    /"msg":"serving client traffic (in)?securely[^}]*"address":"([^"]+)"/.exec(log) ?? [];
  if (address === undefined) return undefined;
  return `${way === undefined ? "https" : "http"}://${address}`;
}

/** The programs that the tests against real peers may need. */
export interface PeerPaths {
  readonly etcd: string;
  readonly etcdctl: string;
  readonly etcdutl: string;
  readonly bbolt: string;
  /** The server under test. */
  readonly etcdlet: string;
}

/**
 * Where the programs are: the server under test from ETCDLET_BIN (default: bin/etcdlet of this repository),
 * the others from the folder ETCDLET_PEERS (default: .peers/bin), into which test/peers/build.sh puts them.
 */
export function peerPaths(): PeerPaths {
  const repository = findRepository();
  const folder = process.env["ETCDLET_PEERS"] ?? join(repository, ".peers", "bin");
  return {
    etcd: join(folder, "etcd"),
    etcdctl: join(folder, "etcdctl"),
    etcdutl: join(folder, "etcdutl"),
    bbolt: join(folder, "bbolt"),
    etcdlet: process.env["ETCDLET_BIN"] ?? join(repository, "bin", "etcdlet"),
  };
}

/**
 * Whether all of these programs are there. If not, the test says so: it fails where
 * ETCDLET_REQUIRE_PEERS is 1, and is skipped elsewhere.
 */
export function havePrograms(t: Test, paths: readonly string[]): boolean {
  const missing = paths.filter((path) => !isExecutable(path));
  if (missing.length === 0) {
    return true;
  }
  const reason = `Cannot run against peers: missing ${missing.join(", ")} (see test/peers/README.md)`;
  if (process.env["ETCDLET_REQUIRE_PEERS"] === "1") {
    t.fail(reason);
  } else {
    t.plan(0, reason);
  }
  return false;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function findRepository(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "package.json"))) {
    const parent = dirname(folder);
    if (parent === folder) {
      throw new Error(`Cannot find the repository: no package.json above "${folder}"`);
    }
    folder = parent;
  }
  return folder;
}
