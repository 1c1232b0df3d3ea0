/**
 * kube-apiserver, kube-controller-manager, kube-scheduler and kubectl over the etcd under test.
 *
 * One control plane serves all of it, since its start is the costly part; so the order below matters, and a
 * later test builds on the objects of an earlier one.
 */
import t from "tap";
import type { Test } from "tap";
import { havePrograms } from "../harness/etcd-process.ts";
import { Cluster, findPeers } from "./cluster.ts";
import { binds, bindsAfterRestart } from "./controllers.ts";
import {
  answersConsistentReads,
  countsConsistentReads,
  listsInChunks,
  listsUncached,
  usesRangeStream,
} from "./lists.ts";
import { appliesServerSide, createsObjects, deletesCollections, patches } from "./objects.ts";
import { compacts, showsTree, survivesRestart } from "./restarts.ts";
import { watchesFromRevision, watchesUncached, watchesWithInitialEvents } from "./watches.ts";

/** Twice what a run on two busy cores takes. */
const wholeLimitMs = 240_000;

const { peers, missing } = findPeers();
if (havePrograms(t, missing)) {
  t.setTimeout(wholeLimitMs);
  const cluster = await Cluster.create(peers);
  t.teardown(async () => {
    if (!t.passing()) {
      t.comment(cluster.logTails());
    }
    await cluster.stop();
  });

  const start = await t.test("kube-apiserver becomes ready", (t) => starts(t, cluster));
  // Without it every test below would only wait in vain.
  if (start?.ok === true) {
    await runs(cluster);
  }
}

async function starts(t: Test, cluster: Cluster): Promise<void> {
  const started = performance.now();
  await cluster.startEtcd();
  const etcdMs = performance.now() - started;
  t.pass("etcd is healthy");
  await cluster.startApiserver();
  const apiserverMs = performance.now() - started - etcdMs;
  t.comment(
    `etcd healthy: ${etcdMs.toFixed(0)} ms, kube-apiserver: ${apiserverMs.toFixed(0)} ms more`,
  );
  t.match(
    await cluster.kubectl(["version"]),
    /Server Version: v1\./,
    "kubectl reaches the apiserver",
  );
}

async function runs(cluster: Cluster): Promise<void> {
  await t.test("kubectl creates objects of every common kind", (t) => createsObjects(t, cluster));
  await t.test("a list in chunks is whole and of one revision", (t) => listsInChunks(t, cluster));
  await t.test("a list past the cache pages, filters and expires", (t) =>
    listsUncached(t, cluster),
  );
  await t.test("a consistent read is answered at once", (t) => answersConsistentReads(t, cluster));
  await t.test("a watch begins at its revision", (t) => watchesFromRevision(t, cluster));
  await t.test("a watch past the cache begins at its revision", (t) => watchesUncached(t, cluster));
  await t.test("a watch begins with the objects", (t) => watchesWithInitialEvents(t, cluster));
  await t.test("patches change what they name", (t) => patches(t, cluster));
  await t.test("server-side apply keeps owners apart", (t) => appliesServerSide(t, cluster));
  await t.test("a collection is deleted whole", (t) => deletesCollections(t, cluster));
  await t.test("a Deployment gets its ReplicaSet and bound Pods", (t) => binds(t, cluster));
  await t.test("consistent reads never went past the cache", (t) =>
    countsConsistentReads(t, cluster),
  );
  await t.test("etcdctl shows the tree", (t) => showsTree(t, cluster));
  await t.test("a restart of etcd loses nothing and watches resume", (t) =>
    survivesRestart(t, cluster, "SIGTERM"),
  );
  await t.test("a kill of etcd loses nothing and watches resume", (t) =>
    survivesRestart(t, cluster, "SIGKILL"),
  );
  await t.test("the controllers go on after the restarts", (t) => bindsAfterRestart(t, cluster));
  await t.test("the apiserver compacts its history", (t) => compacts(t, cluster));
  await t.test("RangeStream was used to the end", (t) => usesRangeStream(t, cluster));
}
