/** Lists: in chunks, from the cache, past it (etcd's RangeStream and Range), and at old revisions. */
import type { Test } from "tap";
import type { KubeList, KubeObject } from "./api.ts";
import { Metrics } from "./api.ts";
import type { Cluster } from "./cluster.ts";
import { configMaps, events, namespace, numbered } from "./manifests.ts";

const configMapsPath = `/api/v1/namespaces/${namespace}/configmaps`;
const eventsPath = `/api/v1/namespaces/${namespace}/events`;

/** Consistent reads to measure: enough for a median that one pause does not move. */
const consistentReadCount = 15;

/**
 * Bounds for a consistent read of a resource that nothing writes to. The apiserver asks for progress every
 * 100 ms and gives up after 3 s; about 100 ms were measured over real etcd.
 */
const consistentReadMedianMs = 500;
const consistentReadWorstMs = 2_000;

/** The name of the apiserver's histogram of lists that went to etcd. */
const listMetric = "apiserver_storage_list_duration_seconds_count";

/** Follows a list to its end, page by page; `between` runs after each page but the last. */
async function pages(
  cluster: Cluster,
  path: string,
  between: (page: KubeList) => Promise<void>,
): Promise<KubeList[]> {
  const all: KubeList[] = [];
  const separator = path.includes("?") ? "&" : "?";
  let token: string | undefined;
  do {
    const suffix: string = token === undefined ? "" : `${separator}continue=${token}`;
    const page: KubeList = await cluster.api.list(`${path}${suffix}`);
    all.push(page);
    token = page.metadata.continue === "" ? undefined : page.metadata.continue;
    if (token !== undefined) {
      await between(page);
    }
  } while (token !== undefined);
  return all;
}

function names(lists: readonly KubeList[]): string[] {
  return lists.flatMap((list) => list.items.map((item: KubeObject) => item.metadata.name));
}

function revisions(lists: readonly KubeList[]): Set<string> {
  return new Set(lists.map((list) => list.metadata.resourceVersion));
}

function sequence(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => numbered(prefix, index));
}

export async function listsInChunks(t: Test, cluster: Cluster): Promise<void> {
  await cluster.kubectl(["create", "-f", "-"], configMaps("page", 25));
  const whole = await cluster.api.list(configMapsPath);
  let late = 0;
  const lists = await pages(cluster, `${configMapsPath}?limit=10`, async () => {
    late++;
    await cluster.kubectl(["create", "configmap", `page-late-${late}`, "-n", namespace]);
  });
  t.same(names(lists), names([whole]), "the pages together are the list before the first page");
  t.equal(revisions(lists).size, 1, "all pages are of one revision");
  t.same(
    lists.map((list) => list.metadata.remainingItemCount ?? 0),
    lists.map((_, index) => Math.max(0, whole.items.length - 10 * (index + 1))),
    "each page knows how many follow",
  );
  t.ok(late >= 2, "though something was created after each page");
  const chunked = await cluster.kubectl([
    "get",
    "cm",
    "-n",
    namespace,
    "--chunk-size=7",
    "-o",
    "name",
  ]);
  t.equal(chunked.trim().split("\n").length, whole.items.length + late, "kubectl sees it all");
}

export async function listsUncached(t: Test, cluster: Cluster): Promise<void> {
  await cluster.kubectl(["create", "-f", "-"], events("red", 30));
  await cluster.kubectl(["create", "-f", "-"], events("tan", 10));
  const all = [...sequence("red", 30), ...sequence("tan", 10)];

  const lists = await pages(cluster, `${eventsPath}?limit=12`, async (page) => {
    if (page.metadata.remainingItemCount === 28) {
      await cluster.kubectl(["delete", "event", "red-020", "-n", namespace]);
    }
  });
  t.same(names(lists), all, "pages show the revision of the first, with what was deleted since");
  t.equal(revisions(lists).size, 1, "and all say so");
  t.same(
    lists.map((list) => list.metadata.remainingItemCount ?? 0),
    [28, 16, 4, 0],
    "each page knows how many follow",
  );

  const selector = "fieldSelector=involvedObject.name%3Dtan";
  const selected = await pages(cluster, `${eventsPath}?limit=4&${selector}`, () =>
    Promise.resolve(),
  );
  t.same(names(selected), sequence("tan", 10), "a selector with a limit finds what is far down");

  const old = lists[0]?.metadata.resourceVersion ?? "";
  const exact = `${eventsPath}?resourceVersion=${old}&resourceVersionMatch=Exact`;
  t.same(names([await cluster.api.list(exact)]), all, "an exact old revision can be read");
  const now = await cluster.api.list(eventsPath);
  t.same(
    names([now]),
    all.filter((name) => name !== "red-020"),
    "the newest one differs",
  );
  await expires(t, cluster, exact, lists[0]?.metadata.continue ?? "");
}

/** After a compaction, old revisions are answered with 410, and a page's token with a way to go on. */
async function expires(t: Test, cluster: Cluster, exact: string, token: string): Promise<void> {
  const leased = await cluster.etcdctl([
    "get",
    `/registry/events/${namespace}/red-000`,
    "-w",
    "json",
  ]);
  t.match(leased, /"lease":[1-9]/, "an event hangs on a lease");
  const now = await cluster.api.list(eventsPath);
  await cluster.etcdctl(["compaction", now.metadata.resourceVersion]);
  const expired = await cluster.api.call("GET", exact);
  t.equal(expired.status, 410, "a compacted revision is gone");
  const stale = await cluster.api.call("GET", `${eventsPath}?limit=12&continue=${token}`);
  t.equal(stale.status, 410, "a page of a compacted revision too");
  t.match(stale.body, /"continue":"[^"]+"/, "and the answer says how to go on from there");
  const future = Number(now.metadata.resourceVersion) + 1_000_000;
  const early = await cluster.api.call(
    "GET",
    `${eventsPath}?resourceVersion=${future}&resourceVersionMatch=Exact`,
  );
  t.equal(early.status, 504, "a future revision is a time-out");
  t.match(early.body, /Too large resource version/, "that says so");
}

export async function answersConsistentReads(t: Test, cluster: Cluster): Promise<void> {
  const labels = { resource: "secrets", success: "true", fallback: "false" };
  const metric = "apiserver_watch_cache_consistent_read_total";
  const before = (await cluster.api.metrics()).sum(metric, labels);
  const timesMs: number[] = [];
  for (let index = 0; index < consistentReadCount; index++) {
    // The write moves the store on but not the cache of secrets, which must hear of it by progress.
    const created = await cluster.api.call("POST", configMapsPath, {
      metadata: { name: numbered("tick", index) },
    });
    t.equal(created.status, 201, `write ${index} succeeds`);
    // The apiserver answered with the object.
    const write = JSON.parse(created.body) as KubeObject;
    const started = performance.now();
    const list = await cluster.api.list(`/api/v1/namespaces/${namespace}/secrets`);
    timesMs.push(performance.now() - started);
    t.ok(
      BigInt(list.metadata.resourceVersion) >= BigInt(write.metadata.resourceVersion),
      `read ${index} is not older than the write before it`,
    );
  }
  const sorted = timesMs.toSorted((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] ?? Infinity;
  const worst = sorted.at(-1) ?? Infinity;
  t.comment(`consistent reads: median ${median.toFixed(0)} ms, worst ${worst.toFixed(0)} ms`);
  t.ok(median < consistentReadMedianMs, `median ${median.toFixed(0)} ms`);
  t.ok(worst < consistentReadWorstMs, `worst ${worst.toFixed(0)} ms`);
  const after = (await cluster.api.metrics()).sum(metric, labels);
  t.ok(after - before >= consistentReadCount, "they were served from the cache");
}

export async function countsConsistentReads(t: Test, cluster: Cluster): Promise<void> {
  const metrics = await cluster.api.metrics();
  const metric = "apiserver_watch_cache_consistent_read_total";
  t.ok(metrics.sum(metric, { success: "true", fallback: "false" }) > 0, "there were such reads");
  t.equal(metrics.sum(metric, { fallback: "true" }), 0, "none had to ask etcd");
  t.equal(metrics.sum(metric, { fallback: "skipped" }), 0, "none was put off");
  t.equal(metrics.sum(metric, { success: "false" }), 0, "none failed");
}

/**
 * One refusal switches RangeStream off in the whole apiserver for 10 minutes. So when the last list without
 * a selector still streams, no list or cache fill before it can have been refused.
 */
export async function usesRangeStream(t: Test, cluster: Cluster): Promise<void> {
  const count = async (streamed: "true" | "false"): Promise<number> =>
    (await cluster.api.metrics()).sum(listMetric, { resource: "events", streamed });
  const before = { streamed: await count("true"), paged: await count("false") };
  await cluster.api.list(eventsPath);
  await cluster.api.list(`${eventsPath}?limit=5`);
  t.equal(await count("true"), before.streamed + 2, "two lists past the cache were streamed");
  t.equal(await count("false"), before.paged, "neither was paged");
  t.notMatch(
    cluster.program("kube-apiserver").log(),
    /does not support RangeStream/,
    "the apiserver never gave RangeStream up",
  );

  const page = await cluster.etcd.get("/metrics");
  t.equal(page.status, 200, "etcd has metrics");
  if (page.body.includes("grpc_server_handled_total")) {
    const streams = { grpc_method: "RangeStream", grpc_code: "OK" };
    t.ok(
      new Metrics(page.body).sum("grpc_server_handled_total", streams) >= 2,
      "etcd counted them",
    );
  } else {
    t.comment("etcd does not count calls: grpc_server_handled_total is not in its metrics");
  }
}
