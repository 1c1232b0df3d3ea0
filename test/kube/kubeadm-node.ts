/**
 * A node as kubeadm finds one, in namespaces of its own: /etc and /var/lib are empty folders, and the
 * network has a loopback interface with one more address. So kubeadm's paths, ports and addresses are
 * used as they are, and nothing of the machine's is touched.
 */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { request as requestHttp } from "node:http";
import type { IncomingMessage } from "node:http";
import { request as requestHttps } from "node:https";
import { join } from "node:path";
import { parse } from "yaml";
import { run } from "./processes.ts";
import type { RunResult } from "./processes.ts";

/** The node's own address, of a range for documentation. Source: RFC 5737. */
export const NODE_ADDRESS = "192.0.2.10";

const MANIFESTS = "/etc/kubernetes/manifests";

/** Limit for one run of kubeadm or kubectl. */
const commandLimitMs = 60_000;

/** How long a probe may take. Source: the manifests' timeoutSeconds. */
const probeLimitMs = 15_000;

/** Everything that `kubeadm init` makes before the first program runs, and no more. */
const PHASES = [
  "certs ca",
  "certs apiserver",
  "certs apiserver-kubelet-client",
  "certs front-proxy-ca",
  "certs front-proxy-client",
  "certs etcd-ca",
  "certs etcd-server",
  "certs etcd-peer",
  "certs etcd-healthcheck-client",
  "certs apiserver-etcd-client",
  "certs sa",
  "kubeconfig super-admin",
  "etcd local",
  "control-plane apiserver",
];

/** Runs a program in new namespaces, where {@link makeNode} may be called; as `unshare` takes it. */
export const UNSHARED: readonly string[] = [
  "unshare",
  "--map-root-user",
  "--mount",
  "--net",
  "--pid",
  "--fork",
  "--kill-child",
  "--mount-proc",
];

/** Whether this system lets us have namespaces. */
export function canUnshare(): boolean {
  const [program = "", ...args] = UNSHARED;
  return spawnSync(program, [...args, "ip", "link", "set", "lo", "up"]).status === 0;
}

/** Makes this process's namespaces a node, and has kubeadm prepare it. The folder takes its files. */
export async function makeNode(folder: string, kubeadm: string): Promise<void> {
  const script = `set -e
    mkdir -p ${folder}/etc ${folder}/lib
    for file in hosts passwd group nsswitch.conf ld.so.cache; do
      if [ -e /etc/$file ]; then cp /etc/$file ${folder}/etc/; fi
    done
    mount --bind ${folder}/etc /etc
    mount --bind ${folder}/lib /var/lib
    ip link set lo up
    ip address add ${NODE_ADDRESS}/32 dev lo`;
  await succeed("/bin/sh", ["-c", script]);
  const version = (await succeed(kubeadm, ["version", "-o", "short"])).stdout.trim();
  const config = join(folder, "kubeadm.yaml");
  writeFileSync(
    config,
    [
      "apiVersion: kubeadm.k8s.io/v1beta4",
      "kind: InitConfiguration",
      `localAPIEndpoint: {advertiseAddress: ${NODE_ADDRESS}}`,
      "nodeRegistration: {name: node1, criSocket: unix:///nonexistent}",
      "---",
      "apiVersion: kubeadm.k8s.io/v1beta4",
      "kind: ClusterConfiguration",
      // Without it kubeadm would ask the network for the newest.
      `kubernetesVersion: ${version}`,
    ].join("\n"),
  );
  for (const phase of PHASES) {
    await succeed(kubeadm, ["init", "phase", ...phase.split(" "), "--config", config]);
  }
}

/** Runs a program; throws, with what it said, when it fails. */
export async function succeed(path: string, args: readonly string[]): Promise<RunResult> {
  const result = await run({ path, args, env: process.env, limitMs: commandLimitMs });
  if (result.code !== 0) {
    throw new Error(`Cannot run ${path} ${args.join(" ")}: ${result.stderr || result.stdout}`);
  }
  return result;
}

interface HttpProbe {
  readonly host: string;
  readonly path: string;
  readonly port: string | number;
  readonly scheme: string;
}

/** Of a static pod what is used here. */
export interface Manifest {
  readonly command: readonly string[];
  readonly startupProbe: HttpProbe;
  readonly livenessProbe: HttpProbe;
  readonly readinessProbe: HttpProbe;
}

interface Container {
  readonly command: readonly string[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly startupProbe: { readonly httpGet: HttpProbe };
  readonly livenessProbe: { readonly httpGet: HttpProbe };
  readonly readinessProbe: { readonly httpGet: HttpProbe };
}

/** The manifest that kubeadm wrote for a program. */
export function readManifest(name: string): Manifest {
  const text = readFileSync(join(MANIFESTS, `${name}.yaml`), "utf8");
  // The shape is Kubernetes' own; what is not there fails where it is used.
  const { spec } = parse(text) as { readonly spec: { readonly containers: readonly Container[] } };
  const [container] = spec.containers;
  if (container === undefined) throw new Error(`Cannot find a container in: ${name}.yaml`);
  const named = ({ httpGet }: { readonly httpGet: HttpProbe }): HttpProbe => {
    const port = container.ports.find((one) => one.name === httpGet.port)?.containerPort;
    return { ...httpGet, port: port ?? httpGet.port };
  };
  return {
    command: container.command,
    startupProbe: named(container.startupProbe),
    livenessProbe: named(container.livenessProbe),
    readinessProbe: named(container.readinessProbe),
  };
}

/**
 * Probes as a kubelet does; gives the status, or why there was none. Source: Kubernetes,
 * pkg/probe/http: certificates are not verified, and 200 to 399 is success.
 */
export async function probe({ host, path, port, scheme }: HttpProbe): Promise<number | string> {
  const isSecure = scheme === "HTTPS";
  const options = { host, path, port: Number(port), timeout: probeLimitMs, agent: false };
  return await new Promise((resolve) => {
    const take = (answer: IncomingMessage): void => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    };
    const asked = isSecure
      ? requestHttps({ ...options, rejectUnauthorized: false }, take)
      : requestHttp(options, take);
    asked.on("error", (error) => resolve(error.message));
    asked.on("timeout", () => asked.destroy(new Error("timeout")));
    asked.end();
  });
}
