import t from "tap";
import type { Test } from "tap";
import { Client } from "../../src/client/index.ts";
import { Etcd } from "../../src/embed/index.ts";
import { EtcdError, STATUS, messages } from "../../src/wire/index.ts";
import { FakeChannel } from "./fake-channel.ts";
import { VirtualClock, settle } from "../../src/testing/virtual-clock.ts";

/** A server with a clock of its own, and a client of it. */
async function start(t: Test): Promise<{ etcd: Etcd; client: Client; clock: VirtualClock }> {
  const clock = new VirtualClock();
  const etcd = await Etcd.start({ clock });
  t.teardown(() => etcd.stop());
  return { etcd, client: etcd.client, clock };
}

t.test("Lock.lock() sends the name and the lease, and answers the key", async (t) => {
  const channel = new FakeChannel();
  channel.answer = messages.encodeLockResponse({ header: { revision: 3 }, key: Buffer.from("k") });
  const { key, header } = await new Client(channel).lock.lock("name", { lease: 5n });
  t.equal(key.toString(), "k");
  t.equal(header?.revision, 3);
  const request = messages.decodeLockRequest(channel.call.request);
  t.match(request, { name: Buffer.from("name"), lease: 5n });
});

t.test("Lock.unlock() sends the key", async (t) => {
  const channel = new FakeChannel();
  await new Client(channel).lock.unlock("k");
  t.match(messages.decodeUnlockRequest(channel.call.request).key, Buffer.from("k"));
});

t.test("Lock.withLock() holds the lock during the body and leaves nothing behind", async (t) => {
  const { client, clock } = await start(t);
  const result = await client.lock.withLock("name", async ({ key, lease, signal }) => {
    t.equal((await client.kv.get(key)).kvs[0]?.lease, lease);
    t.notOk(signal.aborted);
    return 7;
  });
  t.equal(result, 7);
  t.equal((await client.kv.get("", { prefix: true })).count, 0);
  t.strictSame((await client.lease.leases()).ids, []);
  await settle();
  const timers = clock.timerCount;
  await clock.advance(120_000);
  t.ok(clock.timerCount <= timers, "no timer stays");
});

t.test("Lock.withLock() unlocks when the body throws", async (t) => {
  const { client } = await start(t);
  const broken = client.lock.withLock("name", () => {
    throw new RangeError("from the body");
  });
  await t.rejects(broken, new RangeError("from the body"));
  t.strictSame((await client.lease.leases()).ids, []);
});

t.test("Lock.withLock() keeps its lease alive, however long the body takes", async (t) => {
  const { client, clock } = await start(t);
  let resolve = (): void => undefined;
  const promise = new Promise<void>((end) => (resolve = end));
  const run = client.lock.withLock("name", () => promise, { ttl: 10 });
  await settle();
  await clock.advance(600_000);
  t.equal((await client.kv.get("name/", { prefix: true })).count, 1);
  resolve();
  await run;
});

t.test("Lock.withLock() whose lease is revoked tells the body, and rejects after it", async (t) => {
  const { client, clock } = await start(t);
  const steps: string[] = [];
  const run = client.lock.withLock(
    "name",
    async ({ lease, signal }) => {
      const lost = new Promise((resolve) => signal.addEventListener("abort", resolve));
      await client.lease.revoke(lease);
      await lost;
      steps.push("told");
      return 1;
    },
    { ttl: 10 },
  );
  const refused = t.rejects(run, new EtcdError("leaseNotFound"));
  await settle();
  await clock.advance(10_000);
  await refused;
  t.strictSame(steps, ["told"]);
});

t.test("Lock.withLock() that is given up while it waits leaves the line", async (t) => {
  const { client } = await start(t);
  let resolve = (): void => undefined;
  const promise = new Promise<void>((end) => (resolve = end));
  const holder = client.lock.withLock("name", () => promise);
  await settle();
  const controller = new AbortController();
  const body = (): boolean => t.fail("the body runs");
  const waiting = client.lock.withLock("name", body, { signal: controller.signal });
  await settle();
  t.equal((await client.kv.get("name/", { prefix: true })).count, 2);
  const refused = t.rejects(waiting, { message: "enough" });
  controller.abort(new Error("enough"));
  await refused;
  t.equal((await client.kv.get("name/", { prefix: true })).count, 1);
  resolve();
  await holder;
});

t.test(
  "Lock.withLock() of a client without a clock is refused before it does anything",
  async (t) => {
    const channel = new FakeChannel();
    const client = new Client(channel);
    await t.rejects(
      client.lock.withLock("name", () => 1),
      new TypeError("Cannot keep a lease alive: the client was made without a clock"),
    );
    t.equal(channel.calls.length, 0);
  },
);

t.test("Lock.lock() rejects with what the server refuses", async (t) => {
  const channel = new FakeChannel();
  channel.answer = new EtcdError(STATUS.unknown, "mutex: session is expired");
  await t.rejects(new Client(channel).lock.lock("name"), { code: STATUS.unknown });
});
