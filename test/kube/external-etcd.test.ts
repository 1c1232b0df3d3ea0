/**
 * kube-apiserver over an etcd of its own host, reached by TLS with certificates on both sides
 * (`--etcd-cafile`, `--etcd-certfile`, `--etcd-keyfile`): the essentials of kube-apiserver.test.ts.
 */
import t from "tap";
import type { Test } from "tap";
import { havePrograms } from "../harness/etcd-process.ts";
import { Cluster, findPeers } from "./cluster.ts";
import { answersConsistentReads, listsInChunks, usesRangeStream } from "./lists.ts";
import { createsObjects } from "./objects.ts";
import { compacts, survivesRestart } from "./restarts.ts";
import { watchesFromRevision, watchesWithInitialEvents } from "./watches.ts";

/** Twice what a run on two busy cores takes. */
const wholeLimitMs = 180_000;

const { peers, missing } = findPeers();
if (havePrograms(t, missing)) {
  t.setTimeout(wholeLimitMs);
  const cluster = await Cluster.create(peers, true);
  t.teardown(async () => {
    if (!t.passing()) t.comment(cluster.logTails());
    await cluster.stop();
  });
  const start = await t.test("kube-apiserver becomes ready", (t) => starts(t, cluster));
  if (start?.ok === true) await runs(cluster);
}

async function starts(t: Test, cluster: Cluster): Promise<void> {
  await cluster.startEtcd();
  t.match(cluster.etcd.url, /^https:/u);
  await cluster.startApiserver();
  t.match(await cluster.kubectl(["version"]), /Server Version: v1\./, "kubectl reaches it");
}

async function runs(cluster: Cluster): Promise<void> {
  await t.test("kubectl creates objects of every kind", (t) => createsObjects(t, cluster));
  await t.test("a list in chunks is whole", (t) => listsInChunks(t, cluster));
  await t.test("a consistent read is answered at once", (t) => answersConsistentReads(t, cluster));
  await t.test("a watch begins at its revision", (t) => watchesFromRevision(t, cluster));
  await t.test("a watch begins with the objects", (t) => watchesWithInitialEvents(t, cluster));
  await t.test("a kill of etcd loses nothing", (t) => survivesRestart(t, cluster, "SIGKILL"));
  await t.test("the apiserver compacts its history", (t) => compacts(t, cluster));
  await t.test("RangeStream was used to the end", (t) => usesRangeStream(t, cluster));
}
