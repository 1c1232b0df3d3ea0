import t from "tap";
import { Client } from "../../../src/client/index.ts";
import { EtcdError, STATUS } from "../../../src/wire/index.ts";
import type { CallContext } from "../../../src/wire/index.ts";
import { settle } from "../../../src/testing/virtual-clock.ts";
import { bytes, startServer, withServer } from "../server-fixture.ts";
import type { Fixture } from "../server-fixture.ts";

const NAME = bytes("a");

async function lease({ client }: Fixture, ttl = 60): Promise<bigint> {
  return (await client.lease.grant(ttl)).id;
}

async function keyCount({ client }: Fixture): Promise<number> {
  return (await client.kv.get("a/", { prefix: true, countOnly: true })).count;
}

t.test("Lock goes to the next in line when the holder's time is over", async (t) => {
  await withServer(async (fixture) => {
    const { client, clock } = fixture;
    const order: number[] = [];
    const waiting: Promise<unknown>[] = [];
    for (let index = 0; index < 30; index++) {
      // Every one lives longer than those before it.
      const id = await lease(fixture, 10 * (index + 1));
      waiting.push(client.unary("lock", { name: NAME, lease: id }).then(() => order.push(index)));
      await settle();
    }
    t.same(order, [0]);
    for (let index = 1; index < 30; index++) {
      await clock.advance(10_100);
      t.same(order.at(-1), index, "one more, and no other");
      t.equal(order.length, index + 1);
    }
    await Promise.all(waiting);
  });
});

t.test("Lock takes no watcher with it, however it ends", async (t) => {
  await withServer(async (fixture) => {
    const { client, store } = fixture;
    const holder = await lease(fixture);
    const { key } = await client.unary("lock", { name: NAME, lease: holder });
    const controllers = Array.from({ length: 10 }, () => new AbortController());
    const ends: string[] = [];
    for (const { signal } of controllers) {
      const request = { name: NAME, lease: await lease(fixture) };
      client.unary("lock", request, { signal }).then(
        () => ends.push("held"),
        (error: EtcdError) => ends.push(`${error.code} ${error.message}`),
      );
      await settle();
    }
    t.equal(store.watchers.counts.total, 10);
    t.equal(await keyCount(fixture), 11);
    for (const controller of controllers.slice(0, 9)) controller.abort();
    await settle();
    t.same(
      ends,
      Array.from({ length: 9 }, () => "1 context canceled"),
    );
    t.equal(await keyCount(fixture), 2, "they have left the line");
    await client.unary("unlock", { key });
    await settle();
    t.equal(ends.at(-1), "held");
    t.equal(store.watchers.counts.total, 0);
  });
});

t.test("Lock ends with the reason for which it is given up", async (t) => {
  await withServer(async (fixture) => {
    const { client, server } = fixture;
    await client.unary("lock", { name: NAME, lease: await lease(fixture) });
    const signal = AbortSignal.abort(new EtcdError(STATUS.deadlineExceeded, "too late"));
    const context: CallContext = { metadata: () => undefined, signal };
    const late = new Client({
      unary: (method, request) => server.unary(method, request, context),
      stream: (method, _context, output) => server.stream(method, context, output),
    });
    const refused = late.unary("lock", { name: NAME, lease: await lease(fixture) });
    await t.rejects(refused, { code: STATUS.deadlineExceeded, message: "too late" });
    t.equal(await keyCount(fixture), 1);
  });
});

t.test("Locks that wait are refused when the server stops, and leave the line", async (t) => {
  const fixture = await startServer();
  const { client, server, engine, store } = fixture;
  await client.unary("lock", { name: NAME, lease: await lease(fixture) });
  const waiting = client.unary("lock", { name: NAME, lease: await lease(fixture) });
  const campaigning = client.unary("campaign", { name: NAME, lease: await lease(fixture) });
  const refused = Promise.all([
    t.rejects(waiting, { code: STATUS.unavailable, message: "etcdserver: server stopped" }),
    t.rejects(campaigning, { code: STATUS.unavailable }),
  ]);
  await settle();
  t.equal(await keyCount(fixture), 3);
  await server.close();
  await refused;
  t.equal(store.keyCount, 3);
  const left = store.range({
    range: { begin: "a/", end: "a0", single: false },
    revision: store.visibleRevision,
    limit: 0,
    sortOrder: 0,
    sortTarget: 0,
    keysOnly: false,
    countOnly: true,
    minModRevision: 0,
    maxModRevision: 0,
    minCreateRevision: 0,
    maxCreateRevision: 0,
  });
  t.match(left, { count: 1 }, "the holder's");
  await engine.close();
});

t.test("Lock is one call to those who count, whatever it is made of", async (t) => {
  await withServer(async (fixture) => {
    const { client, server } = fixture;
    const lockLease = await lease(fixture);
    const { key } = await client.unary("lock", { name: NAME, lease: lockLease });
    await client.unary("unlock", { key });
    t.match(server.counts.of("lock"), { started: 1, sent: 1 });
    t.equal(server.counts.of("txn").started, 0);
    t.equal(server.counts.of("deleteRange").started, 0);
  });
});

t.test("Lock is refused when there is no room for its key", async (t) => {
  const given = { options: { limits: { maxRequestBytes: 1e6, maxTxnOps: 128, quotaBytes: 1 } } };
  await withServer(async ({ client }) => {
    const refused = client.unary("lock", { name: NAME, lease: 7n });
    const message = "etcdserver: mvcc: database space exceeded";
    await t.rejects(refused, { code: STATUS.unknown, message });
  }, given);
});
