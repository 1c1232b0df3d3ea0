/** Writing through kubectl: every common kind, patches, server-side apply, deleting collections. */
import type { Test } from "tap";
import type { KubeObject } from "./api.ts";
import type { Cluster } from "./cluster.ts";
import { applied, configMaps, namespace, widget, widgetDefinition } from "./manifests.ts";
import { poll } from "./processes.ts";

/** Within this time the apiserver's own informers have seen a write. */
const informerLimitMs = 15_000;

/** How many configmaps make a collection worth the name. */
const collectionCount = 40;

/** One object as kubectl reads it. */
export async function getObject(cluster: Cluster, kind: string, name: string): Promise<KubeObject> {
  const text = await cluster.kubectl(["get", kind, name, "-n", namespace, "-o", "json"]);
  // What kubectl prints for one object has this shape.
  return JSON.parse(text) as KubeObject;
}

export async function createsObjects(t: Test, cluster: Cluster): Promise<void> {
  const create = (...args: string[]): Promise<string> =>
    cluster.kubectl(["create", "-n", namespace, ...args]);
  await cluster.kubectl(["create", "namespace", namespace]);
  await create("deployment", "web", "--image=example.com/web:1", "--replicas=3");
  await create("configmap", "settings", "--from-literal=colour=blue");
  await create("secret", "generic", "password", "--from-literal=word=sesame");
  await create("serviceaccount", "robot");
  await create("role", "reader", "--verb=get,list", "--resource=pods");
  await create(
    "rolebinding",
    "robot-reads",
    "--role=reader",
    `--serviceaccount=${namespace}:robot`,
  );

  const settings = await getObject(cluster, "configmap", "settings");
  t.equal(settings.data?.["colour"], "blue", "the configmap holds its value");
  const password = await getObject(cluster, "secret", "password");
  t.equal(password.data?.["word"], Buffer.from("sesame").toString("base64"), "so does the secret");
  const deployment = await getObject(cluster, "deployment", "web");
  t.equal(deployment.spec?.["replicas"], 3, "and the deployment");

  const again = await cluster.tryKubectl(["create", "namespace", namespace]);
  t.equal(again.code, 1, "what exists is not created again");
  t.match(again.stderr, /AlreadyExists/, "and kubectl says why");

  await grants(t, cluster);
  await createsCustomObjects(t, cluster);
}

/** The role binding counts once the apiserver's authorizer has watched it come. */
async function grants(t: Test, cluster: Cluster): Promise<void> {
  const ask = async (verb: string): Promise<string> => {
    const who = `--as=system:serviceaccount:${namespace}:robot`;
    const result = await cluster.tryKubectl(["auth", "can-i", verb, "pods", "-n", namespace, who]);
    return result.stdout.trim();
  };
  const answer = await poll("the role binding to count", informerLimitMs, async () =>
    (await ask("list")) === "yes" ? "yes" : undefined,
  );
  t.equal(answer, "yes", "the service account may do what its role says");
  t.equal(await ask("delete"), "no", "and nothing else");
}

async function createsCustomObjects(t: Test, cluster: Cluster): Promise<void> {
  await cluster.kubectl(["create", "-f", "-"], widgetDefinition);
  const definition = "crd/widgets.example.com";
  await cluster.kubectl(["wait", "--for=condition=Established", definition, "--timeout=20s"]);
  // Established comes a moment before the resource is served.
  await poll("widgets to be served", informerLimitMs, async () =>
    (await cluster.tryKubectl(["get", "widgets", "-n", namespace])).code === 0 ? true : undefined,
  );
  await cluster.kubectl(["create", "-f", "-"], widget("small", 1));
  await cluster.kubectl(["create", "-f", "-"], widget("large", 100));
  const large = await getObject(cluster, "widget", "large");
  t.equal(large.spec?.["size"], 100, "a custom object holds its value");
  const names = await cluster.kubectl(["get", "widgets", "-n", namespace, "-o", "name"]);
  t.same(
    names.trim().split("\n"),
    ["widget.example.com/large", "widget.example.com/small"],
    "custom objects are listed in the order of their keys",
  );
}

export async function patches(t: Test, cluster: Cluster): Promise<void> {
  const before = await getObject(cluster, "configmap", "settings");
  const patch = (kind: string, name: string, type: string, text: string): Promise<string> =>
    cluster.kubectl(["patch", kind, name, "-n", namespace, `--type=${type}`, "-p", text]);

  await patch("configmap", "settings", "strategic", `{"data":{"shape":"round"}}`);
  const merged = await getObject(cluster, "configmap", "settings");
  t.same(merged.data, { colour: "blue", shape: "round" }, "a merged key stands beside the old one");
  t.equal(merged.metadata.uid, before.metadata.uid, "in the same object");
  t.ok(
    BigInt(merged.metadata.resourceVersion) > BigInt(before.metadata.resourceVersion),
    "at a later revision",
  );

  await patch("widget", "small", "json", `[{"op":"replace","path":"/spec/size","value":2}]`);
  t.equal((await getObject(cluster, "widget", "small")).spec?.["size"], 2, "a JSON patch works");
  await cluster.kubectl(["label", "configmap", "settings", "-n", namespace, "kept=yes"]);
  await cluster.kubectl(["scale", "deployment", "web", "-n", namespace, "--replicas=2"]);
  t.equal(
    (await getObject(cluster, "deployment", "web")).spec?.["replicas"],
    2,
    "so does a change through a subresource",
  );

  const unchanged = await getObject(cluster, "configmap", "settings");
  await patch("configmap", "settings", "merge", `{"data":{"shape":"round"}}`);
  t.equal(
    (await getObject(cluster, "configmap", "settings")).metadata.resourceVersion,
    unchanged.metadata.resourceVersion,
    "a patch that changes nothing makes no revision",
  );

  const path = `/api/v1/namespaces/${namespace}/configmaps/settings`;
  const stale = await cluster.api.call("PUT", path, { ...before, data: { colour: "red" } });
  t.equal(stale.status, 409, "an update from an old revision is refused");
  const kept = await getObject(cluster, "configmap", "settings");
  t.equal(kept.data?.["colour"], "blue", "and changes nothing");
}

export async function appliesServerSide(t: Test, cluster: Cluster): Promise<void> {
  const apply = (manager: string, data: Record<string, string>, ...more: string[]) =>
    cluster.tryKubectl(
      ["apply", "--server-side", `--field-manager=${manager}`, ...more, "-f", "-"],
      applied(data),
    );
  const first = await apply("first", { a: "1", b: "1" });
  t.equal(first.code, 0, `the first apply creates: ${first.stderr}`);
  const conflict = await apply("second", { a: "2" });
  t.equal(conflict.code, 1, "another manager's field is refused");
  t.match(conflict.stderr, /conflict with "first"/, "naming its owner");
  const forced = await apply("second", { a: "2", c: "2" }, "--force-conflicts");
  t.equal(forced.code, 0, `by force it is taken over: ${forced.stderr}`);
  const narrowed = await apply("first", {});
  t.equal(narrowed.code, 0, `the first manager gives up what it had: ${narrowed.stderr}`);

  const text = [
    "get",
    "configmap",
    "applied",
    "-n",
    namespace,
    "-o",
    "json",
    "--show-managed-fields",
  ];
  // What kubectl prints for one object has this shape.
  const object = JSON.parse(await cluster.kubectl(text)) as KubeObject;
  t.same(object.data, { a: "2", c: "2" }, "only the field that had no other owner is gone");
  t.ok(
    object.metadata.managedFields?.some((f) => f.manager === "second" && f.operation === "Apply"),
    "and the second manager is written down",
  );
}

export async function deletesCollections(t: Test, cluster: Cluster): Promise<void> {
  const path = `/api/v1/namespaces/${namespace}/configmaps`;
  await cluster.kubectl(["create", "-f", "-"], configMaps("heap", collectionCount));
  const others = (await cluster.api.list(path)).items.length - collectionCount;
  const answer = await cluster.api.call("DELETE", `${path}?labelSelector=set%3Dheap`);
  t.equal(answer.status, 200, "the collection is deleted");
  const left = (await cluster.api.list(path)).items.map((item) => item.metadata.name);
  t.equal(left.length, others, "it is gone whole");
  t.ok(left.includes("settings"), "and what did not match stayed");
  const keys = await cluster.registryKeys();
  t.notOk(
    keys.some((key) => key.includes(`/configmaps/${namespace}/heap-`)),
    "etcd has none of its keys",
  );
}
