/**
 * etcd as kubeadm deploys it: real kubeadm writes certificates and manifests, and the manifests'
 * commands run as they are, with bin/etcdlet for etcd.
 *
 * The test runs twice: once to make namespaces, and in them once more, as the node.
 */
import { accessSync, constants } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";
import type { Test } from "tap";
import { findPeers } from "./cluster.ts";
import { KUBEADM_FLAGS, olderCommand, OLDER_PROBE } from "./kubeadm-flags.ts";
import { canUnshare, makeNode, probe, readManifest, succeed, UNSHARED } from "./kubeadm-node.ts";
import type { Manifest } from "./kubeadm-node.ts";
import { poll, Program, run, temporaryFolder } from "./processes.ts";

/** Twice what a run on two busy cores takes. */
const wholeLimitMs = 240_000;

/** Source: the manifests, whose startup probes fail 24 times, 10 s apart. */
const startLimitMs = 60_000;

/** The argument by which this program knows that it is in its namespaces. */
const AS_NODE = "as-node";
const PKI = "/etc/kubernetes/pki";

const { peers, missing } = findPeers();
const peersFolder = dirname(peers.kubectl);
const kubeadm = process.env["KUBEADM"] ?? join(peersFolder, "kubeadm");

/** A node with what runs on it. */
interface Node {
  readonly folder: string;
  readonly etcd: Manifest;
}

t.setTimeout(wholeLimitMs);
if (process.argv.includes(AS_NODE)) {
  await testNode(temporaryFolder("etcdlet-node-"));
} else {
  await t.test("etcd as kubeadm deploys it", (t) => unshares(t));
}

/** Runs this test in namespaces; what it says is said here. */
async function unshares(t: Test): Promise<void> {
  const reason = missingThing();
  if (reason !== undefined) {
    if (process.env["ETCDLET_REQUIRE_PEERS"] === "1") t.fail(reason);
    else t.plan(0, reason);
    return;
  }
  const [program = "", ...args] = UNSHARED;
  const self = fileURLToPath(import.meta.url);
  const { code, stdout, stderr } = await run({
    path: program,
    args: [...args, process.execPath, self, AS_NODE],
    env: { ...process.env, PATH: `${peersFolder}:${process.env["PATH"]}` },
    limitMs: wholeLimitMs,
  });
  if (code !== 0) t.comment(stdout, stderr);
  const results = [...stdout.matchAll(/^ {0,4}(not ok|ok) \d+ - (.*)/gmu)];
  for (const [, result = "", name = ""] of results) t.equal(result, "ok", name);
  t.equal(code, 0);
}

function missingThing(): string | undefined {
  const build = "see test/peers/README.md";
  if (missing.length > 0) return `Cannot run Kubernetes: missing ${missing.join(", ")} (${build})`;
  try {
    accessSync(kubeadm, constants.X_OK);
  } catch {
    return `Cannot run kubeadm: missing ${kubeadm} (${build})`;
  }
  return canUnshare() ? undefined : "Cannot make a node: unshare or ip is refused or not there";
}

async function testNode(folder: string): Promise<void> {
  await t.test("kubeadm makes certificates and manifests", async (t) => {
    await makeNode(folder, kubeadm);
    const [name, ...args] = readManifest("etcd").command;
    t.equal(name, "etcd", "the command's name");
    const names = args.map((text) => /^--([^=]+)=/u.exec(text)?.[1]);
    t.strictSame(names, [...KUBEADM_FLAGS]);
  });
  const node = { folder, etcd: readManifest("etcd") };
  await t.test("the manifest's command runs, and its probes succeed", (t) => runsVerbatim(t, node));
  await t.test("as older versions write it", (t) => runsOlder(t, node));
  await t.test("to join other members is refused", (t) => refusesJoin(t, node));
}

/** Starts the command of a manifest with another name for the program. */
function start(node: Node, command: readonly string[]): Program {
  const [, ...args] = command;
  const program = new Program({
    name: "etcd",
    path: peers.etcd,
    args,
    env: { PATH: process.env["PATH"] },
    logPath: join(node.folder, "etcd.log"),
  });
  return program;
}

async function becomesReady(t: Test, program: Program, manifest: Manifest): Promise<void> {
  const { startupProbe, livenessProbe, readinessProbe } = manifest;
  await program.ready("started", startLimitMs, async () => (await probe(startupProbe)) === 200);
  t.equal(await probe(livenessProbe), 200, `live: ${livenessProbe.path}`);
  t.equal(await probe(readinessProbe), 200, `ready: ${readinessProbe.path}`);
}

/** etcdctl by a pair of kubeadm's. */
async function etcdctl(pair: string, ...args: string[]): Promise<{ code: number; out: string }> {
  const { code, stdout } = await run({
    path: peers.etcdctl,
    args: [
      "--endpoints=https://192.0.2.10:2379",
      "--dial-timeout=1s",
      "--command-timeout=5s",
      `--cacert=${PKI}/etcd/ca.crt`,
      ...(pair === "" ? [] : [`--cert=${PKI}/${pair}.crt`, `--key=${PKI}/${pair}.key`]),
      ...args,
    ],
    env: { PATH: process.env["PATH"] },
    limitMs: startLimitMs,
  });
  return { code, out: stdout };
}

async function runsVerbatim(t: Test, node: Node): Promise<void> {
  const program = start(node, node.etcd.command);
  t.teardown(() => program.stop("SIGKILL"));
  await becomesReady(t, program, node.etcd);
  t.match(program.log(), /"msg":"not listening on peer URLs: there are no peers"/u, "no peers");
  t.notMatch(program.log(), /"level":"(?:error|fatal|panic)"/u, "no errors");
  await succeed("/bin/sh", ["-c", OLDER_PROBE]);
  t.pass("the probe of older versions succeeds");
  t.equal((await etcdctl("etcd/healthcheck-client", "put", "a", "1")).out, "OK\n", "put");
  t.equal((await etcdctl("", "get", "a")).code, 1, "no certificate");
  t.equal((await etcdctl("apiserver-kubelet-client", "get", "a")).code, 1, "of another authority");
  await runsKubernetes(t, node, program);
}

/** kube-apiserver by its own manifest, and what it writes. */
async function runsKubernetes(t: Test, node: Node, etcd: Program): Promise<void> {
  const manifest = readManifest("kube-apiserver");
  const [name, ...args] = manifest.command;
  t.equal(name, "kube-apiserver", "the command's name");
  const apiserver = new Program({
    name: "kube-apiserver",
    path: peers.apiserver,
    args,
    env: { PATH: process.env["PATH"] },
    logPath: join(node.folder, "apiserver.log"),
  });
  t.teardown(() => apiserver.stop("SIGKILL"));
  await becomesReady(t, apiserver, manifest);
  const kubectl = async (...words: string[]): Promise<string> =>
    (await succeed(peers.kubectl, ["--kubeconfig=/etc/kubernetes/super-admin.conf", ...words]))
      .stdout;
  await kubectl("create", "namespace", "one");
  await kubectl("-n", "one", "create", "configmap", "settings", "--from-literal=a=1");
  const key = "/registry/configmaps/one/settings";
  const pair = "apiserver-etcd-client";
  const read = async (): Promise<string> => (await etcdctl(pair, "get", "--keys-only", key)).out;
  t.match(await read(), key, "written by kubectl");
  t.equal(await etcd.stop("SIGTERM", startLimitMs), "SIGTERM");
  const again = start(node, node.etcd.command);
  t.teardown(() => again.stop("SIGKILL"));
  await becomesReady(t, again, node.etcd);
  const value = ["-n", "one", "get", "configmap", "settings", "-o", "jsonpath={.data.a}"];
  t.equal(await poll("kubectl after a restart", startLimitMs, () => kubectl(...value)), "1");
  await kubectl("-n", "one", "delete", "configmap", "settings");
  t.equal(await read(), "", "deleted");
  t.equal(await apiserver.stop("SIGTERM", startLimitMs), "exit code 0");
}

async function runsOlder(t: Test, node: Node): Promise<void> {
  const command = olderCommand(node.etcd.command);
  t.equal(command.filter((argument) => argument.startsWith("--experimental-")).length, 2);
  const program = start(node, command);
  t.teardown(() => program.stop("SIGKILL"));
  await becomesReady(t, program, node.etcd);
  t.match(program.log(), /"flag has another name since etcd 3.7","flag":"--experimental-/u);
  t.equal((await etcdctl("etcd/healthcheck-client", "get", "a")).out, "a\n1\n", "the same data");
}

async function refusesJoin(t: Test, node: Node): Promise<void> {
  const command = node.etcd.command.map((argument) =>
    argument.startsWith("--initial-cluster=")
      ? `${argument},node0=https://192.0.2.9:2380`
      : argument.replace("=/var/lib/etcd", "=/var/lib/joining"),
  );
  const program = start(node, [...command, "--initial-cluster-state=existing"]);
  t.teardown(() => program.stop("SIGKILL"));
  t.equal(await poll("the end", startLimitMs, () => program.ending), "exit code 1");
  t.match(program.log(), /a cluster of several members is not built yet/u);
}
