/**
 * A kube-apiserver whose database is moved from the real etcd to ours and back, while it runs: what there
 * was is there, and it goes on.
 */
import { join } from "node:path";
import t from "tap";
import type { Test } from "tap";
import { exportSnapshot, restoreSnapshot } from "../../src/embed/snapshots.ts";
import { havePrograms, peerPaths } from "../harness/etcd-process.ts";
import { Cluster, findPeers } from "./cluster.ts";
import { poll, run } from "./processes.ts";

const wholeLimitMs = 240_000;
/** How long the apiserver may take to find its etcd again. */
const reconnectLimitMs = 60_000;
const utilityLimitMs = 30_000;
const PEER_URLS = ["http://localhost:2380"];

const { peers, missing } = findPeers();
const paths = peerPaths();

t.setTimeout(wholeLimitMs);
if (havePrograms(t, [...missing, paths.etcd, paths.etcdutl])) {
  const cluster = await Cluster.create(peers);
  t.teardown(async () => {
    if (!t.passing()) t.comment(cluster.logTails());
    await cluster.stop();
  });
  await t.test("the database goes from etcd to etcdlet and back", (t) => moves(t, cluster));
}

async function moves(t: Test, cluster: Cluster): Promise<void> {
  const place = (name: string): string => join(cluster.folder, name);
  await cluster.startEtcd({ program: paths.etcd, folder: "real" });
  await cluster.startApiserver();
  await create(cluster, "on-etcd");
  const before = await inventory(cluster);

  await cluster.stopEtcd("SIGTERM");
  const ids = { peerUrls: PEER_URLS, clusterToken: "etcd-cluster" };
  await restoreSnapshot({ source: place("real"), dataDir: place("ours"), ...ids });
  await cluster.startEtcd({ folder: "ours" });
  t.ok((await has(cluster, "on-etcd")) > 0, "it is on etcdlet");
  t.strictSame(await inventory(cluster), before, "with its identities and revisions");
  await create(cluster, "on-etcdlet");
  const onOurs = await inventory(cluster);

  await cluster.stopEtcd("SIGTERM");
  const names = { name: "default", peerUrls: PEER_URLS, clientUrls: [cluster.etcd.url] };
  await exportSnapshot({ dataDir: place("ours"), path: place("ours.db"), ...names });
  const restore = ["snapshot", "restore", place("ours.db"), `--data-dir=${place("back")}`];
  const utility = { path: paths.etcdutl, args: restore, env: {}, limitMs: utilityLimitMs };
  t.equal((await run(utility)).code, 0, "etcdutl restores what was exported");
  await cluster.startEtcd({ program: paths.etcd, folder: "back" });
  t.ok((await has(cluster, "on-etcdlet")) > 0, "it is on etcd again");
  t.strictSame(await inventory(cluster), onOurs, "with its identities and revisions");
  await create(cluster, "on-etcd-again");

  await cluster.stopEtcd("SIGTERM");
  await cluster.startEtcd({ folder: "none", flags: [`--from-snapshot=${place("ours.db")}`] });
  await poll("the backup", reconnectLimitMs, async () => {
    const keys = await cluster.registryKeys();
    const isThere = keys.includes("/registry/configmaps/default/on-etcdlet");
    return isThere && !keys.includes("/registry/configmaps/default/on-etcd-again")
      ? true
      : undefined;
  });
  t.pass("and as it was when it was saved, where a backup is served");
}

/** Once the apiserver has its etcd again. */
async function create(cluster: Cluster, name: string): Promise<void> {
  await poll(`configmap ${name}`, reconnectLimitMs, async () => {
    const { code, stderr } = await cluster.tryKubectl(["create", "configmap", name]);
    return code === 0 || stderr.includes("AlreadyExists") ? true : undefined;
  });
}

/** Its revision, which a read asks etcd for. */
function has(cluster: Cluster, name: string): Promise<number> {
  const read = ["get", "configmap", name, "-o", "jsonpath={.metadata.resourceVersion}"];
  return poll(`configmap ${name}`, reconnectLimitMs, async () => {
    const { code, stdout } = await cluster.tryKubectl(read);
    return code === 0 ? Number(stdout) : undefined;
  });
}

/** Objects that nobody changes by itself, with what identifies them. */
async function inventory(cluster: Cluster): Promise<string> {
  const kinds = "configmaps,services,clusterroles,clusterrolebindings,namespaces,priorityclasses";
  const columns = "NAME:.metadata.name,UID:.metadata.uid,VERSION:.metadata.resourceVersion";
  return cluster.kubectl(["get", kinds, "-A", "-o", `custom-columns=${columns}`]);
}
