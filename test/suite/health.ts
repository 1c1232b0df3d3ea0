/** gRPC's own health service. */
import { messages, STATUS } from "../../src/wire/index.ts";
import { refuses, within } from "./checks.ts";
import type { SuiteTests } from "./scene.ts";

const { serving, notServing, serviceUnknown } = messages.ServingStatus;

export const healthTests: SuiteTests = {
  "Health of the server as a whole is good": async ({ t, client }) => {
    t.equal((await client.unary("healthCheck", {})).status, serving);
  },

  "Health of an unknown service is refused": async ({ t, client }) => {
    const asked = client.unary("healthCheck", { service: "nope" });
    await refuses(t, asked, [STATUS.notFound, "unknown service"]);
  },

  "Health is listed": async ({ t, client }) => {
    const { statuses } = await client.unary("healthList", {});
    t.strictSame(
      [...statuses].map(([service, { status }]) => [service, status]),
      [["", serving]],
    );
  },

  "Health is told at once to those who watch it": async ({ t, client }) => {
    for (const [service, status] of [
      ["", serving],
      ["nope", serviceUnknown],
    ] as const) {
      const stream = client.stream("healthWatch");
      stream.send({ service });
      const { value } = await within("the health", stream.next());
      t.equal(value?.status, status);
      stream.cancel();
    }
  },

  "Health is not good during a defragmentation, where that is asked for": async ({ t, fresh }) => {
    const gate = { name: "StopGRPCServiceOnDefrag", stage: "ALPHA", isEnabled: true } as const;
    const { client } = await fresh({ features: [gate] });
    const stream = client.stream("healthWatch");
    stream.send({ service: "" });
    const told = async () => (await within("the health", stream.next())).value?.status;
    t.equal(await told(), serving);
    await client.maintenance.defragment();
    t.equal(await told(), notServing);
    t.equal(await told(), serving);
    t.equal((await client.unary("healthCheck", {})).status, serving);
    stream.cancel();
  },
};
