/** Watches: from a revision, past the cache, from a compacted revision, and with the objects first. */
import type { Test } from "tap";
import type { Watch, WatchEvent } from "./api.ts";
import type { Cluster } from "./cluster.ts";
import { events, namespace } from "./manifests.ts";

const configMapsPath = `/api/v1/namespaces/${namespace}/configmaps`;
const eventsPath = `/api/v1/namespaces/${namespace}/events`;

/** Within this time a watch has shown a write; a few milliseconds were measured. */
export const watchLimitMs = 10_000;

/** The types of the events that concern one object, in their order. */
function types(watch: Watch, name: string): string[] {
  return watch.events.filter((event) => named(event, name)).map((event) => event.type);
}

function named(event: WatchEvent, name: string): boolean {
  return event.type !== "ERROR" && event.object.metadata.name === name;
}

export async function watchesFromRevision(t: Test, cluster: Cluster): Promise<void> {
  const manage = (...args: string[]): Promise<string> =>
    cluster.kubectl([...args, "-n", namespace]);
  await manage("create", "configmap", "early");
  const revision = (await cluster.api.list(configMapsPath)).metadata.resourceVersion;
  await manage("create", "configmap", "brief", "--from-literal=step=1");
  await manage("patch", "configmap", "brief", "-p", `{"data":{"step":"2"}}`);
  await manage("delete", "configmap", "brief");

  const watch = await cluster.api.watch(`${configMapsPath}?watch=1&resourceVersion=${revision}`);
  try {
    await watch.find(
      "the past deletion",
      watchLimitMs,
      (e) => e.type === "DELETED" && named(e, "brief"),
    );
    t.same(types(watch, "brief"), ["ADDED", "MODIFIED", "DELETED"], "the past comes in its order");
    t.same(types(watch, "early"), [], "from the revision asked for");
    const deleted = watch.events.find((event) => event.type === "DELETED");
    t.equal(deleted?.object.data?.["step"], "2", "a deletion carries the last value");
    await manage("create", "configmap", "live");
    await watch.find("a new object", watchLimitMs, (event) => named(event, "live"));
    const seen = watch.events.map((event) => BigInt(event.object.metadata.resourceVersion));
    t.ok(
      seen.every((value, index) => value > (seen[index - 1] ?? BigInt(revision))),
      "revisions only ever rise",
    );
  } finally {
    watch.close();
  }
}

export async function watchesUncached(t: Test, cluster: Cluster): Promise<void> {
  const revision = (await cluster.api.list(eventsPath)).metadata.resourceVersion;
  await cluster.kubectl(["create", "-f", "-"], events("watched", 3));
  await cluster.kubectl(["delete", "event", "watched-001", "-n", namespace]);
  const watch = await cluster.api.watch(`${eventsPath}?watch=1&resourceVersion=${revision}`);
  try {
    const deleted = await watch.find(
      "the past deletion",
      watchLimitMs,
      (e) => e.type === "DELETED",
    );
    t.same(
      watch.events.map((event) => `${event.type} ${event.object.metadata.name}`),
      ["ADDED watched-000", "ADDED watched-001", "ADDED watched-002", "DELETED watched-001"],
      "etcd replays the past in its order",
    );
    t.ok(
      BigInt(deleted.object.metadata.resourceVersion) >
        BigInt(watch.events[2]?.object.metadata.resourceVersion ?? "0"),
      "a deletion has the revision at which it was done",
    );
  } finally {
    watch.close();
  }

  // The store was compacted when the lists were tested.
  const stale = await cluster.api.watch(`${eventsPath}?watch=1&resourceVersion=1`);
  try {
    const error = await stale.find("an error", watchLimitMs, (event) => event.type === "ERROR");
    t.equal(error.object.code, 410, "a watch from a compacted revision is told that it is gone");
  } finally {
    stale.close();
  }
}

/** Such a watch ends its first part with a bookmark only after etcd has answered a progress request. */
export async function watchesWithInitialEvents(t: Test, cluster: Cluster): Promise<void> {
  const query =
    "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";
  const expected = (await cluster.api.list(configMapsPath)).items.map((item) => item.metadata.name);
  const started = performance.now();
  const watch = await cluster.api.watch(`${configMapsPath}?${query}`);
  try {
    const mark = await watch.find(
      "the end of the objects",
      watchLimitMs,
      (e) => e.type === "BOOKMARK",
    );
    t.comment(`a streaming list took ${(performance.now() - started).toFixed(0)} ms`);
    t.equal(
      mark.object.metadata.annotations?.["k8s.io/initial-events-end"],
      "true",
      "it is marked",
    );
    const added = watch.events.slice(0, watch.events.indexOf(mark));
    t.same(
      added.map((event) => event.object.metadata.name).toSorted(),
      expected.toSorted(),
      "every object came before it, once",
    );
  } finally {
    watch.close();
  }
}
