import t from "tap";
import { STATUS } from "../../../src/wire/index.ts";
import { settle } from "../../../src/testing/virtual-clock.ts";
import { bytes, withServer } from "../server-fixture.ts";

const NAME = bytes("a");

t.test("Campaign passes on to the next when the leader's time is over", async (t) => {
  await withServer(async ({ client, clock }) => {
    const order: number[] = [];
    const waiting: Promise<unknown>[] = [];
    for (let index = 0; index < 10; index++) {
      const { id } = await client.lease.grant(10 * (index + 1));
      const request = { name: NAME, lease: id, value: bytes(String(index)) };
      waiting.push(client.unary("campaign", request).then(() => order.push(index)));
      await settle();
    }
    for (let index = 0; index < 10; index++) {
      t.same(
        order,
        Array.from({ length: index + 1 }, (_, each) => each),
      );
      const { kv } = await client.unary("leader", { name: NAME });
      t.equal(Buffer.from(kv!.value).toString(), String(index));
      await clock.advance(10_100);
    }
    await Promise.all(waiting);
    const nobody = client.unary("leader", { name: NAME });
    await t.rejects(nobody, { code: STATUS.unknown, message: "election: no leader" });
  });
});

t.test("Campaign that is given up resigns, and nobody else's key is touched", async (t) => {
  await withServer(async ({ client, store }) => {
    const first = await client.unary("campaign", { name: NAME, value: bytes("first") });
    const controller = new AbortController();
    const request = { name: NAME, value: bytes("second") };
    const second = client.unary("campaign", request, { signal: controller.signal });
    await settle();
    const refused = t.rejects(second, { code: STATUS.canceled, message: "context canceled" });
    controller.abort();
    await refused;
    const { kvs } = await client.kv.get("a/", { prefix: true });
    t.same(
      kvs.map(({ key }) => key),
      [Buffer.from(first.leader!.key)],
    );
    t.equal(store.watchers.counts.total, 0);
  });
});
