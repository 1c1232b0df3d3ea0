import t from "tap";
import { EMPTY_CONTEXT, messages } from "../../../src/wire/index.ts";
import type { EtcdError } from "../../../src/wire/index.ts";
import { settle } from "../../../src/testing/virtual-clock.ts";
import { bytes, withServer } from "../server-fixture.ts";
import type { Fixture } from "../server-fixture.ts";

/** An observer that reads as long as it is told to. */
function observe({ server }: Fixture, name: Uint8Array = bytes("a")) {
  const seen = {
    values: new Array<string>(),
    ended: undefined as EtcdError | null | undefined,
    isReading: true,
    cancel: () => input.cancel(),
    drained: () => input.drained(),
  };
  const input = server.stream("observe", EMPTY_CONTEXT, {
    write: (message) => {
      seen.values.push(Buffer.from(messages.decodeLeaderResponse(message).kv!.value).toString());
      return seen.isReading;
    },
    end: (error) => {
      seen.ended = error ?? null;
    },
  });
  input.write(messages.encodeLeaderRequest({ name }));
  input.end();
  return seen;
}

t.test("Observe holds nothing for a caller that does not read", async (t) => {
  await withServer(async (fixture) => {
    const { client, store } = fixture;
    const { leader } = await client.unary("campaign", { name: bytes("a"), value: bytes("0") });
    const seen = observe(fixture);
    seen.isReading = false;
    await settle();
    t.same(seen.values, ["0"]);
    for (let value = 1; value <= 100; value++) {
      await client.unary("proclaim", { leader, value: bytes(String(value)) });
    }
    t.same(seen.values, ["0"], "told to wait");
    seen.isReading = true;
    seen.drained();
    for (let turn = 0; turn < 50 && seen.values.length < 101; turn++) await settle();
    t.same(
      seen.values,
      Array.from({ length: 101 }, (_, value) => String(value)),
    );
    t.equal(store.watchers.counts.total, 1);
    seen.cancel();
    await settle();
    t.equal(store.watchers.counts.total, 0);
    t.equal(seen.ended, undefined);
  });
});

t.test("Observe leaves at once when its caller goes, whatever it waits for", async (t) => {
  await withServer(async (fixture) => {
    const { client, store } = fixture;
    const withoutLeader = observe(fixture);
    await settle();
    t.equal(store.watchers.counts.total, 1);
    withoutLeader.cancel();
    await settle();
    t.equal(store.watchers.counts.total, 0);
    await client.unary("campaign", { name: bytes("a"), value: bytes("0") });
    const blocked = observe(fixture);
    blocked.isReading = false;
    await settle();
    blocked.cancel();
    await settle();
    t.equal(store.watchers.counts.total, 0);
    t.same([withoutLeader.ended, blocked.ended], [undefined, undefined]);
  });
});

t.test("Observe ends well when its leader's history is gone, as etcd's does", async (t) => {
  await withServer(async (fixture) => {
    const { client } = fixture;
    const { leader } = await client.unary("campaign", { name: bytes("a"), value: bytes("0") });
    const seen = observe(fixture);
    seen.isReading = false;
    await settle();
    await client.unary("proclaim", { leader, value: bytes("1") });
    await client.unary("proclaim", { leader, value: bytes("2") });
    await client.kv.compact((await client.kv.get("a")).header!.revision, { physical: true });
    seen.isReading = true;
    seen.drained();
    for (let turn = 0; turn < 20 && seen.ended === undefined; turn++) await settle();
    t.equal(seen.ended, null);
  });
});

t.test("Observe refuses a request that is no message", async (t) => {
  await withServer(async ({ server }) => {
    let ended: EtcdError | undefined;
    const input = server.stream("observe", EMPTY_CONTEXT, {
      write: () => true,
      end: (error) => {
        ended = error;
      },
    });
    input.write(Buffer.of(0x0a, 0x05, 0x01));
    t.match(ended, { code: 13, message: /^grpc: failed to unmarshal the received message/ });
  });
});
