/** The tree as etcdctl shows it, and what is left of it when etcd goes away under a running apiserver. */
import type { Test } from "tap";
import { advertiseAddress, compactionIntervalSeconds, etcdReadyLimitMs } from "./cluster.ts";
import type { Cluster } from "./cluster.ts";
import { namespace } from "./manifests.ts";
import { poll } from "./processes.ts";
import { watchLimitMs } from "./watches.ts";

const configMapsPath = `/api/v1/namespaces/${namespace}/configmaps`;

/**
 * Keys that come and go by themselves. The apiserver renews its own two leases of 15 s every 10 s, so while
 * etcd ends slowly they expire.
 */
const fleetingKeys = /^\/registry\/(events|masterleases|peerserverleases)\//;

/** Lists whose objects no controller touches once the deployment stands; their revisions must stay. */
const quietPaths = [
  "/api/v1/namespaces",
  configMapsPath,
  `/api/v1/namespaces/${namespace}/secrets`,
  `/api/v1/namespaces/${namespace}/serviceaccounts`,
  `/api/v1/namespaces/${namespace}/pods`,
  `/apis/apps/v1/namespaces/${namespace}/replicasets`,
  `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}/roles`,
  `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}/rolebindings`,
  `/apis/rbac.authorization.k8s.io/v1/clusterroles`,
  `/apis/example.com/v1/namespaces/${namespace}/widgets`,
];

/** Each object of the quiet lists with its identity and revision. */
async function inventory(cluster: Cluster): Promise<string[]> {
  const found: string[] = [];
  for (const path of quietPaths) {
    for (const { metadata } of (await cluster.api.list(path)).items) {
      found.push(`${path}/${metadata.name} ${metadata.uid} ${metadata.resourceVersion}`);
    }
  }
  return found;
}

export async function showsTree(t: Test, cluster: Cluster): Promise<void> {
  const keys = await cluster.registryKeys();
  t.same(keys, keys.toSorted(), "keys come in their order");
  t.equal(new Set(keys).size, keys.length, "each once");
  const patterns = [
    `namespaces/${namespace}`,
    `deployments/${namespace}/web`,
    `replicasets/${namespace}/web-[^/]+`,
    `pods/${namespace}/web-[^/]+`,
    `configmaps/${namespace}/settings`,
    `secrets/${namespace}/password`,
    `serviceaccounts/${namespace}/robot`,
    `roles/${namespace}/reader`,
    `rolebindings/${namespace}/robot-reads`,
    `events/${namespace}/web-[^/]+`,
    "clusterroles/cluster-admin",
    "clusterrolebindings/cluster-admin",
    "minions/node-1",
    "services/specs/default/kubernetes",
    "services/endpoints/default/kubernetes",
    "leases/kube-system/kube-scheduler",
    "leases/kube-system/kube-controller-manager",
    `masterleases/${advertiseAddress.replaceAll(".", "\\.")}`,
    "apiregistration.k8s.io/apiservices/v1.apps",
    "apiextensions.k8s.io/customresourcedefinitions/widgets.example.com",
    `example.com/widgets/${namespace}/(large|small)`,
  ];
  for (const pattern of patterns) {
    const expression = new RegExp(`^/registry/${pattern}$`);
    t.ok(
      keys.some((key) => expression.test(key)),
      `the tree has /registry/${pattern}`,
    );
  }
  const settings = `/registry/configmaps/${namespace}/settings`;
  const value = await cluster.etcdctl(["get", settings, "--print-value-only"]);
  t.ok(value.startsWith("k8s\0"), "a value of a built-in kind has the apiserver's mark");
  const widget = await cluster.etcdctl(["get", `/registry/example.com/widgets/${namespace}/large`]);
  t.match(widget, /"size":100/, "one of a custom kind is JSON");
}

/** The apiserver's compactor writes "0" in its first round and in the next a revision, which it compacts. */
export async function compacts(t: Test, cluster: Cluster): Promise<void> {
  const key = "compact_rev_key";
  const limitMs = 3 * compactionIntervalSeconds * 1000;
  const revision = await poll("the apiserver to compact", limitMs, async () => {
    const value = Number(await cluster.etcdctl(["get", key, "--print-value-only"]));
    return value > 0 ? value : undefined;
  });
  // The key is written a moment before the compaction itself.
  const refused = await poll("the compaction", limitMs, async () => {
    const result = await cluster.tryEtcdctl(["get", key, `--rev=${revision - 1}`]);
    return result.code === 0 ? undefined : result.stderr;
  });
  t.match(refused, /required revision has been compacted/, "what is older is gone");
  await cluster.etcdctl(["get", key, `--rev=${revision}`]);
  t.pass("the compacted revision itself can still be read");
}

/**
 * Ends etcd right after an acknowledged write, starts it again, and looks whether everything is as before
 * and whether the watches, a raw one and kubectl's, go on as if nothing had happened.
 */
export async function survivesRestart(
  t: Test,
  cluster: Cluster,
  signal: "SIGTERM" | "SIGKILL",
): Promise<void> {
  const before = `before-${signal.toLowerCase()}`;
  const after = `after-${signal.toLowerCase()}`;
  const create = (name: string): Promise<string> =>
    cluster.kubectl(["create", "configmap", name, "-n", namespace]);

  const revision = (await cluster.api.list(configMapsPath)).metadata.resourceVersion;
  const watch = await cluster.api.watch(`${configMapsPath}?watch=1&resourceVersion=${revision}`);
  const follow = ["get", "configmaps", "-n", namespace, "--watch", "-o", "name"];
  const follower = cluster.startKubectl(`kubectl-${signal}`, follow);
  try {
    await poll(
      "kubectl to list",
      watchLimitMs,
      () => follower.log().includes("settings") || undefined,
    );
    await create(before);
    const keysBefore = (await cluster.registryKeys()).filter((key) => !fleetingKeys.test(key));
    const inventoryBefore = await inventory(cluster);
    await create(`${before}-last`);

    const stopping = performance.now();
    const ending = await cluster.stopEtcd(signal);
    t.comment(`etcd ended with ${ending} after ${(performance.now() - stopping).toFixed(0)} ms`);
    await restartsEtcd(t, cluster);

    const keysAfter = new Set(await cluster.registryKeys());
    t.same(
      keysBefore.filter((key) => !keysAfter.has(key)),
      [],
      "every key is there",
    );
    t.ok(keysAfter.has(`/registry/configmaps/${namespace}/${before}-last`), "the last write too");
    const inventoryAfter = new Set(await inventory(cluster));
    t.same(
      inventoryBefore.filter((line) => !inventoryAfter.has(line)),
      [],
      "every object has its identity and revision",
    );

    await create(after);
    await watch.find(
      "a write after the restart",
      watchLimitMs,
      (e) => e.object.metadata.name === after,
    );
    t.ok(watch.open, "the watch from before goes on");
    t.same(
      watch.events.map((event) => `${event.type} ${event.object.metadata.name}`),
      [`ADDED ${before}`, `ADDED ${before}-last`, `ADDED ${after}`],
      "and shows each write once",
    );
    await poll(
      "kubectl to see the write",
      watchLimitMs,
      () => follower.log().includes(after) || undefined,
    );
    t.equal(follower.ending, undefined, "kubectl's watch goes on too");
  } finally {
    watch.close();
    await follower.stop("SIGTERM");
  }
}

async function restartsEtcd(t: Test, cluster: Cluster): Promise<void> {
  const started = performance.now();
  await cluster.startEtcd();
  const healthyMs = performance.now() - started;
  await poll("kube-apiserver to be ready again", etcdReadyLimitMs, async () =>
    (await cluster.api.call("GET", "/readyz")).status === 200 ? true : undefined,
  );
  const readyMs = performance.now() - started;
  t.comment(
    `etcd healthy after ${healthyMs.toFixed(0)} ms, apiserver after ${readyMs.toFixed(0)} ms`,
  );
  t.equal(cluster.program("kube-apiserver").ending, undefined, "kube-apiserver ran on");
}
