/** kube-controller-manager and kube-scheduler: their informers, leader leases and writes over etcd. */
import type { Test } from "tap";
import type { KubeObject } from "./api.ts";
import type { Cluster } from "./cluster.ts";
import { namespace, node, nodeStatus } from "./manifests.ts";
import { getObject } from "./objects.ts";
import { poll } from "./processes.ts";

/**
 * From the controllers' start to the last pod bound. They start in some seconds; a scheduler that lost its
 * leader lease would need 15 s more.
 */
const bindLimitMs = 60_000;

/** Waits until the deployment "web" has exactly this many pods, all bound to a node, and returns them. */
async function boundPods(cluster: Cluster, count: number): Promise<readonly KubeObject[]> {
  const path = `/api/v1/namespaces/${namespace}/pods?labelSelector=app%3Dweb`;
  return poll(`${count} bound pods`, bindLimitMs, async () => {
    const pods = (await cluster.api.list(path)).items;
    const bound = pods.filter((pod) => pod.spec?.["nodeName"] !== undefined);
    return pods.length === count && bound.length === count ? pods : undefined;
  });
}

export async function binds(t: Test, cluster: Cluster): Promise<void> {
  const started = performance.now();
  cluster.startControllers();
  await cluster.kubectl(["create", "-f", "-"], node);
  await cluster.kubectl(["patch", "node", "node-1", "--subresource=status", "-p", nodeStatus]);

  const pods = await boundPods(cluster, 2);
  t.comment(`pods were bound after ${(performance.now() - started).toFixed(0)} ms`);
  t.ok(
    pods.every((pod) => pod.spec?.["nodeName"] === "node-1"),
    "the scheduler bound every pod to the node",
  );
  const path = `/apis/apps/v1/namespaces/${namespace}/replicasets`;
  const replicaSets = (await cluster.api.list(path)).items;
  t.equal(replicaSets.length, 1, "the deployment has one replica set");
  const owner = replicaSets[0]?.metadata.ownerReferences?.[0];
  t.match(owner, { kind: "Deployment", name: "web" }, "which it owns");
  t.ok(
    pods.every((pod) => pod.metadata.ownerReferences?.[0]?.name === replicaSets[0]?.metadata.name),
    "and which owns the pods",
  );
  const counted = await poll("the deployment to count its pods", bindLimitMs, async () => {
    const replicas = (await getObject(cluster, "deployment", "web")).status?.["replicas"];
    return replicas === 2 ? replicas : undefined;
  });
  t.equal(counted, 2, "the deployment's status was written back");

  const eventsPath = `/api/v1/namespaces/${namespace}/events?fieldSelector=reason%3DScheduled`;
  const scheduled = await poll("the scheduler's events", bindLimitMs, async () => {
    const found = (await cluster.api.list(eventsPath)).items;
    return found.length >= pods.length ? found : undefined;
  });
  t.equal(scheduled.length, pods.length, "each binding left an event");
}

export async function bindsAfterRestart(t: Test, cluster: Cluster): Promise<void> {
  await cluster.kubectl(["scale", "deployment", "web", "-n", namespace, "--replicas=4"]);
  const pods = await boundPods(cluster, 4);
  t.equal(pods.length, 4, "a deployment that grew has its new pods bound");
  for (const name of ["kube-apiserver", "kube-controller-manager", "kube-scheduler"]) {
    t.equal(cluster.program(name).ending, undefined, `${name} runs since its start`);
  }
}
