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
