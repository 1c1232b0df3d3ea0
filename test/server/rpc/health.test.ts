import t from "tap";
import { messages } from "../../../src/wire/index.ts";
import { withServer } from "../server-fixture.ts";

const { ServingStatus } = messages;

t.test("Health/Check knows the whole server and nothing else", async (t) => {
  await withServer(async ({ client }) => {
    const { status } = await client.unary("healthCheck", {});
    t.equal(status, ServingStatus.serving);
    const other = client.unary("healthCheck", { service: "etcdserverpb.KV" });
    await t.rejects(other, { code: 5, message: "unknown service" });
  });
});

t.test("Health/List has the whole server", async (t) => {
  await withServer(async ({ client }) => {
    const { statuses } = await client.unary("healthList", {});
    t.same([...statuses], [["", { status: ServingStatus.serving }]]);
  });
});

t.test("Health/Watch says how things stand and stays open", async (t) => {
  await withServer(async ({ client }) => {
    for (const [service, expected] of [
      ["", ServingStatus.serving],
      ["other", ServingStatus.serviceUnknown],
    ] as const) {
      const stream = client.stream("healthWatch");
      stream.send({ service });
      stream.end();
      const { value } = await stream.next();
      t.equal(value?.status, expected);
      stream.cancel();
    }
  });
});

t.test("Health is not good during a defragmentation, if the feature is on", async (t) => {
  const feature = { name: "StopGRPCServiceOnDefrag", stage: "ALPHA" } as const;
  for (const isEnabled of [true, false]) {
    const options = { features: [{ ...feature, isEnabled }] };
    await withServer(
      async ({ server, client, log }) => {
        const stream = client.stream("healthWatch");
        stream.send({ service: "" });
        t.equal((await stream.next()).value?.status, ServingStatus.serving);
        const defragmented = client.maintenance.defragment();
        const meanwhile = isEnabled ? ServingStatus.notServing : ServingStatus.serving;
        t.equal((await client.unary("healthCheck", {})).status, meanwhile);
        const { statuses } = await client.unary("healthList", {});
        t.same([...statuses], [["", { status: meanwhile }]]);
        const { status } = await server.page({
          method: "GET",
          path: "/health",
          query: new URLSearchParams(),
          fields: [],
        });
        t.equal(status, 200, "the page knows nothing of it");
        await defragmented;
        t.equal((await client.unary("healthCheck", {})).status, ServingStatus.serving);
        const changes = log.filter(({ message }) => message === "grpc service status changed");
        if (isEnabled) {
          t.equal((await stream.next()).value?.status, ServingStatus.notServing);
          t.equal((await stream.next()).value?.status, ServingStatus.serving);
          t.same(
            changes.map(({ level, fields }) => [level, fields]),
            [
              ["warn", { service: "", status: "NOT_SERVING", reason: "defrag is active" }],
              ["info", { service: "", status: "SERVING" }],
            ],
          );
        } else t.same(changes, []);
        stream.cancel();
      },
      { options },
    );
  }
});
