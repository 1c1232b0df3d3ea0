/** The objects that the tests create, as kubectl reads them (JSON is YAML). */

/** Namespace of everything that the tests create. */
export const namespace = "shop";

/** A CustomResourceDefinition with a status, and the columns of its objects left at their default. */
export const widgetDefinition: string = JSON.stringify({
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: "widgets.example.com" },
  spec: {
    group: "example.com",
    scope: "Namespaced",
    names: { plural: "widgets", singular: "widget", kind: "Widget" },
    versions: [
      {
        name: "v1",
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: {
            type: "object",
            properties: {
              spec: { type: "object", properties: { size: { type: "integer", minimum: 1 } } },
            },
          },
        },
      },
    ],
  },
});

/** A custom object of that definition. */
export function widget(name: string, size: number): string {
  return JSON.stringify({
    apiVersion: "example.com/v1",
    kind: "Widget",
    metadata: { name, namespace },
    spec: { size },
  });
}

/** Configmaps `<prefix>-000` and so on, of 1 KiB each, all with the label `set=<prefix>`. */
export function configMaps(prefix: string, count: number): string {
  const items = Array.from({ length: count }, (_, index) => ({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: numbered(prefix, index), namespace, labels: { set: prefix } },
    data: { index: String(index), filler: "x".repeat(1024) },
  }));
  return JSON.stringify({ apiVersion: "v1", kind: "List", items });
}

/** Events: the apiserver keeps no cache of them, so that their lists and watches reach etcd. */
export function events(prefix: string, count: number): string {
  const items = Array.from({ length: count }, (_, index) => ({
    apiVersion: "v1",
    kind: "Event",
    metadata: { name: numbered(prefix, index), namespace },
    involvedObject: { kind: "ConfigMap", name: prefix, namespace },
    reason: "Tested",
    message: `Event ${index}`,
    type: "Normal",
  }));
  return JSON.stringify({ apiVersion: "v1", kind: "List", items });
}

/** The name of object number `index` of a set. */
export function numbered(prefix: string, index: number): string {
  return `${prefix}-${String(index).padStart(3, "0")}`;
}

/** A configmap for server-side apply. */
export function applied(data: Readonly<Record<string, string>>): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "applied", namespace },
    data,
  });
}

/** A Node that no kubelet stands behind. */
export const node: string = JSON.stringify({
  apiVersion: "v1",
  kind: "Node",
  metadata: {
    name: "node-1",
    labels: { "kubernetes.io/hostname": "node-1", "kubernetes.io/os": "linux" },
  },
});

/** The status with which the scheduler takes that Node for a working one. */
export const nodeStatus: string = JSON.stringify({
  status: {
    capacity: { cpu: "8", memory: "16Gi", pods: "110" },
    allocatable: { cpu: "8", memory: "16Gi", pods: "110" },
    conditions: [
      {
        type: "Ready",
        status: "True",
        reason: "KubeletReady",
        message: "No kubelet, but ready",
      },
    ],
  },
});
