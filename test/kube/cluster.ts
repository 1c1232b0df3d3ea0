/**
 * A Kubernetes control plane of real programs over the etcd under test.
 *
 * All is of one cluster: free ports of 127.0.0.1, one temporary folder with data, logs and keys, one
 * administrator with a token. There is no kubelet; a test that wants pods bound makes a Node object itself.
 */
import { spawnSync } from "node:child_process";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { accessSync, constants, existsSync, readFileSync } from "node:fs";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Api } from "./api.ts";
import { EtcdAccess } from "./etcd-access.ts";
import { freePort, Program, run, temporaryFolder } from "./processes.ts";
import type { RunResult } from "./processes.ts";

/** Limit for a start of the etcd under test. Source: envtest gives it 20 s. */
export const etcdReadyLimitMs = 20_000;

/** Limit for the apiserver's start: 2 to 7 s were measured on two idle cores; a busy machine needs more. */
const apiserverReadyLimitMs = 60_000;

/** Limit for one run of kubectl or etcdctl. */
const commandLimitMs = 30_000;

/** Limit for an orderly end. Source: envtest gives etcd and the apiserver 20 s. */
const stopLimitMs = 20_000;

/** An address of the range for documentation: the apiserver refuses to advertise a loopback address. */
export const advertiseAddress = "192.0.2.1";

/**
 * The apiserver's own compaction, by default every 5 min. It must be longer than etcd may be away in the
 * restart tests (about 10 s): a watch that would resume below a compacted revision has to begin anew.
 */
export const compactionIntervalSeconds = 15;

/**
 * The leader leases' length and the time to renew them, by default 15 and 10 s. etcd 3.7 takes 7 s to end on
 * SIGTERM while watches are open, which with the start leaves the default too little on a busy machine.
 */
const leaderLeaseSeconds = 60;
const leaderRenewSeconds = 40;

/** The programs that a cluster is made of, by their paths. */
export interface Peers {
  readonly etcd: string;
  readonly etcdctl: string;
  readonly apiserver: string;
  readonly controllerManager: string;
  readonly scheduler: string;
  readonly kubectl: string;
}

/**
 * Where the programs are: the etcd under test from ETCDLET_BIN (default: bin/etcdlet of this repository), the
 * others from the folder ETCDLET_PEERS (default: .peers/bin), into which test/peers/build.sh puts them.
 */
export function findPeers(): { readonly peers: Peers; readonly missing: readonly string[] } {
  const repository = findRepository();
  const folder = process.env["ETCDLET_PEERS"] ?? join(repository, ".peers", "bin");
  const peers = {
    etcd: process.env["ETCDLET_BIN"] ?? join(repository, "bin", "etcdlet"),
    etcdctl: join(folder, "etcdctl"),
    apiserver: join(folder, "kube-apiserver"),
    controllerManager: join(folder, "kube-controller-manager"),
    scheduler: join(folder, "kube-scheduler"),
    kubectl: join(folder, "kubectl"),
  };
  return { peers, missing: Object.values(peers).filter((path) => !isExecutable(path)) };
}

/** The ports of one cluster. */
interface Ports {
  readonly etcdClient: number;
  readonly etcdPeer: number;
  readonly apiserver: number;
  readonly controllerManager: number;
  readonly scheduler: number;
}

/** The control plane; starts nothing by itself. */
export class Cluster {
  readonly folder: string;
  /** How the etcd under test is reached. */
  readonly etcd: EtcdAccess;
  readonly #peers: Peers;
  readonly #ports: Ports;
  readonly #token: string = randomBytes(16).toString("hex");
  readonly #programs = new Map<string, Program>();
  #api: Api | undefined;

  private constructor(peers: Peers, ports: Ports, isEtcdSecure: boolean) {
    this.#peers = peers;
    this.#ports = ports;
    this.folder = temporaryFolder("etcdlet-kube-");
    this.etcd = isEtcdSecure
      ? EtcdAccess.secure(ports.etcdClient, this.folder)
      : EtcdAccess.plain(ports.etcdClient);
  }

  /** Finds free ports and writes keys, token and kubeconfig. */
  static async create(peers: Peers, isEtcdSecure: boolean = false): Promise<Cluster> {
    const ports = {
      etcdClient: await freePort(),
      etcdPeer: await freePort(),
      apiserver: await freePort(),
      controllerManager: await freePort(),
      scheduler: await freePort(),
    };
    const cluster = new Cluster(peers, ports, isEtcdSecure);
    cluster.#writeFiles();
    return cluster;
  }

  /** The API as the administrator; only after the apiserver's start. */
  get api(): Api {
    if (this.#api === undefined) {
      throw new Error("Cannot use the API: the apiserver has not been started");
    }
    return this.#api;
  }

  /** A program by its name; throws when it was never started. */
  program(name: string): Program {
    const program = this.#programs.get(name);
    if (program === undefined) {
      throw new Error(`Cannot find program: "${name}" was not started`);
    }
    return program;
  }

  /**
   * Starts the etcd under test as envtest does, except that it syncs to disk: it will be killed. May be
   * another program, on another directory, with more flags.
   */
  async startEtcd({
    program = this.#peers.etcd,
    folder = "etcd",
    flags = [],
  }: {
    readonly program?: string;
    readonly folder?: string;
    readonly flags?: readonly string[];
  } = {}): Promise<void> {
    const etcd = this.#start("etcd", program, [
      `--advertise-client-urls=${this.etcd.url}`,
      `--data-dir=${join(this.folder, folder)}`,
      `--listen-client-urls=${this.etcd.url}`,
      `--listen-peer-urls=http://127.0.0.1:${this.#ports.etcdPeer}`,
      "--unsafe-no-fsync=false",
      ...this.etcd.serverFlags,
      ...flags,
    ]);
    await etcd.ready(
      "healthy",
      etcdReadyLimitMs,
      async () => (await this.etcd.get("/health")).status === 200,
    );
  }

  /** Ends the etcd under test and returns how it ended. */
  stopEtcd(signal: "SIGTERM" | "SIGKILL"): Promise<string> {
    return this.program("etcd").stop(signal, stopLimitMs);
  }

  /** Starts kube-apiserver and waits until /readyz is 200. */
  async startApiserver(): Promise<void> {
    const certificates = join(this.folder, "certificates");
    const apiserver = this.#start("kube-apiserver", this.#peers.apiserver, [
      `--etcd-servers=${this.etcd.url}`,
      ...this.etcd.apiserverFlags,
      "--bind-address=127.0.0.1",
      `--secure-port=${this.#ports.apiserver}`,
      `--advertise-address=${advertiseAddress}`,
      `--cert-dir=${certificates}`,
      "--service-cluster-ip-range=10.0.0.0/24",
      "--service-account-issuer=https://kubernetes.default.svc",
      `--service-account-key-file=${join(this.folder, "service-account.pub")}`,
      `--service-account-signing-key-file=${join(this.folder, "service-account.key")}`,
      `--token-auth-file=${join(this.folder, "tokens.csv")}`,
      "--authorization-mode=Node,RBAC",
      `--etcd-compaction-interval=${compactionIntervalSeconds}s`,
      // These two files of the storage layer say at level 4 when RangeStream is given up.
      "--vmodule=store=4,watcher=4",
    ]);
    const certificate = join(certificates, "apiserver.crt");
    await apiserver.ready("ready", apiserverReadyLimitMs, async () => {
      if (!existsSync(certificate)) {
        return false;
      }
      this.#api = new Api({
        port: this.#ports.apiserver,
        token: this.#token,
        certificate: readFileSync(certificate, "utf8"),
      });
      return (await this.#api.call("GET", "/readyz")).status === 200;
    });
  }

  /** Starts kube-controller-manager and kube-scheduler; what they do shows whether they run. */
  startControllers(): void {
    const common = [
      `--kubeconfig=${join(this.folder, "kubeconfig")}`,
      "--bind-address=127.0.0.1",
      `--leader-elect-lease-duration=${leaderLeaseSeconds}s`,
      `--leader-elect-renew-deadline=${leaderRenewSeconds}s`,
    ];
    this.#start("kube-controller-manager", this.#peers.controllerManager, [
      ...common,
      `--secure-port=${this.#ports.controllerManager}`,
      `--service-account-private-key-file=${join(this.folder, "service-account.key")}`,
      `--root-ca-file=${join(this.folder, "certificates", "apiserver.crt")}`,
      // No kubelet renews the Node of the tests; by default its pods would be evicted after 50 s.
      "--node-monitor-grace-period=1h",
    ]);
    this.#start("kube-scheduler", this.#peers.scheduler, [
      ...common,
      `--secure-port=${this.#ports.scheduler}`,
    ]);
  }

  /** Runs kubectl and returns what it printed; throws when it fails. */
  async kubectl(args: readonly string[], input?: string): Promise<string> {
    const result = await this.tryKubectl(args, input);
    if (result.code !== 0) {
      throw new Error(`Cannot run kubectl ${args.join(" ")}: ${result.stderr.trim()}`);
    }
    return result.stdout;
  }

  /** Runs kubectl, whatever its exit code. */
  tryKubectl(args: readonly string[], input?: string): Promise<RunResult> {
    return run({
      path: this.#peers.kubectl,
      args,
      env: this.#environment(),
      limitMs: commandLimitMs,
      ...(input === undefined ? {} : { input }),
    });
  }

  /** Starts a kubectl that goes on, such as one that watches; its log is its output. */
  startKubectl(name: string, args: readonly string[]): Program {
    return this.#start(name, this.#peers.kubectl, args);
  }

  /** Runs etcdctl on the etcd under test, whatever its exit code. */
  tryEtcdctl(args: readonly string[]): Promise<RunResult> {
    return run({
      path: this.#peers.etcdctl,
      args: [`--endpoints=${this.etcd.url}`, ...this.etcd.etcdctlFlags, ...args],
      env: this.#environment(),
      limitMs: commandLimitMs,
    });
  }

  /** Runs etcdctl on the etcd under test and returns what it printed; throws when it fails. */
  async etcdctl(args: readonly string[]): Promise<string> {
    const result = await this.tryEtcdctl(args);
    if (result.code !== 0) {
      throw new Error(`Cannot run etcdctl ${args.join(" ")}: ${result.stderr.trim()}`);
    }
    return result.stdout;
  }

  /** Every key below /registry, as etcdctl prints them. */
  async registryKeys(): Promise<string[]> {
    const output = await this.etcdctl(["get", "/registry", "--prefix", "--keys-only"]);
    return output.split("\n").filter((line) => line !== "");
  }

  /** The last lines of every program, for the reader of a failed test. */
  logTails(): string {
    return [...this.#programs.values()].map((program) => program.logTail()).join("\n");
  }

  /** Kills every program, clients before servers; the folder goes when this process ends. */
  async stop(): Promise<void> {
    for (const program of [...this.#programs.values()].reverse()) {
      await program.stop("SIGKILL");
    }
  }

  #start(name: string, path: string, args: readonly string[]): Program {
    const program = new Program({
      name,
      path,
      args,
      env: this.#environment(),
      logPath: join(this.folder, `${name}.log`),
    });
    this.#programs.set(name, program);
    return program;
  }

  /** Nothing of the caller's Kubernetes or etcd settings may leak in; HOME takes kubectl's caches. */
  #environment(): NodeJS.ProcessEnv {
    const kept = Object.entries(process.env).filter(
      ([name]) => !/^(KUBE|ETCD_|ETCDCTL_)/.test(name),
    );
    return {
      ...Object.fromEntries(kept),
      HOME: this.folder,
      KUBECONFIG: join(this.folder, "kubeconfig"),
      NO_PROXY: "127.0.0.1",
    };
  }

  #writeFiles(): void {
    mkdirSync(join(this.folder, "certificates"));
    const keys = generateKeyPairSync("rsa", {
      modulusLength: 2048,
      publicKeyEncoding: { type: "spki", format: "pem" },
      privateKeyEncoding: { type: "pkcs8", format: "pem" },
    });
    this.#write("service-account.pub", keys.publicKey);
    this.#write("service-account.key", keys.privateKey);
    this.#write("tokens.csv", `${this.#token},admin,admin,"system:masters"\n`);
    const kubeconfig = {
      apiVersion: "v1",
      kind: "Config",
      "current-context": "test",
      contexts: [{ name: "test", context: { cluster: "test", user: "admin" } }],
      clusters: [
        {
          name: "test",
          cluster: {
            server: `https://127.0.0.1:${this.#ports.apiserver}`,
            // The apiserver writes this file when it starts.
            "certificate-authority": join(this.folder, "certificates", "apiserver.crt"),
          },
        },
      ],
      users: [{ name: "admin", user: { token: this.#token } }],
    };
    // JSON is YAML.
    this.#write("kubeconfig", JSON.stringify(kubeconfig));
  }

  #write(name: string, text: string): void {
    writeFileSync(join(this.folder, name), text, { mode: 0o600 });
  }
}

/** The test runs as compiled JavaScript some folders below the repository's top, wherever that is. */
function findRepository(): string {
  const start = dirname(fileURLToPath(import.meta.url));
  let folder = start;
  while (!existsSync(join(folder, "package.json"))) {
    const parent = dirname(folder);
    if (parent === folder) {
      throw new Error(`Cannot find the repository: no package.json above "${start}"`);
    }
    folder = parent;
  }
  return folder;
}

function isExecutable(path: string): boolean {
  // A bare name is looked up on PATH, as the shell does.
  if (!path.includes("/")) {
    return spawnSync("sh", ["-c", `command -v "$0"`, path]).status === 0;
  }
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
