import t from "tap";
import { EMPTY_CONTEXT, messages } from "../../../src/wire/index.ts";
import type { EtcdError, StreamInput } from "../../../src/wire/index.ts";
import { settle } from "../../../src/testing/virtual-clock.ts";
import { refuses, withServer } from "../server-fixture.ts";
import type { Fixture } from "../server-fixture.ts";

/** A keep-alive stream whose answers are kept as they come. */
class KeepAlive {
  readonly answers: messages.LeaseKeepAliveResponse[] = [];
  readonly #input: StreamInput;
  ended: EtcdError | null | undefined = undefined;

  constructor({ server }: Fixture) {
    this.#input = server.stream("leaseKeepAlive", EMPTY_CONTEXT, {
      write: (message) => this.answers.push(messages.decodeLeaseKeepAliveResponse(message)) > 0,
      end: (error) => {
        this.ended = error ?? null;
      },
    });
  }

  send(...ids: bigint[]): void {
    for (const id of ids) this.#input.write(messages.encodeLeaseKeepAliveRequest({ id }));
  }

  halfClose(): void {
    this.#input.end();
  }

  cancel(): void {
    this.#input.cancel();
  }

  get ttls(): [bigint, number][] {
    return this.answers.map(({ id, ttl }) => [id, ttl]);
  }
}

t.test("LeaseGrant raises short times to the least one, and says so", async (t) => {
  await withServer(async ({ client, store }) => {
    for (const ttl of [-5, 0, 1, 2, 3, 9_000_000_000]) {
      const response = await client.unary("leaseGrant", { ttl });
      t.equal(response.ttl, Math.max(2, ttl));
      t.equal(response.error, "");
    }
    t.equal(store.visibleRevision, 1, "a lease takes no revision");
    await refuses(client.unary("leaseGrant", { ttl: 9_000_000_001 }), "leaseTtlTooLarge");
  });
});

t.test("LeaseGrant makes positive ids that do not repeat, and takes any other", async (t) => {
  await withServer(async ({ client }) => {
    const granted = await Promise.all(
      Array.from({ length: 500 }, async () => client.unary("leaseGrant", { ttl: 10 })),
    );
    t.equal(new Set(granted.map(({ id }) => id)).size, 500);
    t.ok(granted.every(({ id }) => id > 0n));
    for (const id of [-(2n ** 63n), -1n, 1n, 2n ** 63n - 1n]) {
      t.equal((await client.unary("leaseGrant", { id, ttl: 10 })).id, id);
      await refuses(client.unary("leaseGrant", { id, ttl: 10 }), "leaseExists");
    }
  });
});

t.test("LeaseRevoke deletes the keys at one revision, or takes none", async (t) => {
  await withServer(async ({ client, store }) => {
    await client.unary("leaseGrant", { id: 1n, ttl: 10 });
    await client.unary("leaseGrant", { id: 2n, ttl: 10 });
    for (const key of ["b", "a"]) await client.kv.put(key, "v", { lease: 1n });
    t.equal((await client.unary("leaseRevoke", { id: 1n })).header?.revision, 4);
    t.equal((await client.unary("leaseRevoke", { id: 2n })).header?.revision, 4);
    t.equal(store.visibleRevision, 4);
    await refuses(client.unary("leaseRevoke", { id: 1n }), "leaseNotFound");
  });
});

t.test(
  "LeaseTimeToLive tells whole seconds, keys when asked for, and -1 of the unknown",
  async (t) => {
    await withServer(async ({ client, clock }) => {
      await client.unary("leaseGrant", { id: 1n, ttl: 10 });
      for (const key of ["a", "b"]) await client.kv.put(key, "v", { lease: 1n });
      await clock.advance(2_001);
      const { keys, ...rest } = await client.unary("leaseTimeToLive", { id: 1n, keys: true });
      t.match(rest, { id: 1n, ttl: 7, grantedTtl: 10, header: { revision: 3 } });
      t.same(keys.map((key) => Buffer.from(key).toString()).sort(), ["a", "b"]);
      t.same((await client.unary("leaseTimeToLive", { id: 1n })).keys, []);
      const unknown = await client.unary("leaseTimeToLive", { id: 9n, keys: true });
      t.match(unknown, { id: 9n, ttl: -1, grantedTtl: 0, keys: [] });
    });
  },
);

t.test("LeaseLeases lists by what ends first", async (t) => {
  await withServer(async ({ client }) => {
    for (const [id, ttl] of [
      [1n, 30],
      [2n, 10],
      [3n, 20],
    ] as const) {
      await client.unary("leaseGrant", { id, ttl });
    }
    const { leases, header } = await client.unary("leaseLeases", {});
    t.same(
      leases.map(({ id }) => id),
      [2n, 3n, 1n],
    );
    t.equal(header?.revision, 1);
  });
});

t.test("LeaseKeepAlive renews, in order, and knows nothing of unknown leases", async (t) => {
  await withServer(async (fixture) => {
    const { client, clock, store, server } = fixture;
    await client.unary("leaseGrant", { id: 1n, ttl: 5 });
    await client.unary("leaseGrant", { id: 2n, ttl: 7 });
    await clock.advance(4_000);
    const stream = new KeepAlive(fixture);
    stream.send(1n, 9n, 2n, 1n);
    t.same(stream.ttls, [
      [1n, 5],
      [9n, 0],
      [2n, 7],
      [1n, 5],
    ]);
    t.same(stream.answers[0]!.header, server.member.header(1));
    t.equal(store.lessor.get(1n)?.deadlineMs, 9_000);
    t.equal(store.lessor.get(2n)?.deadlineMs, 11_000);
    t.equal(stream.ended, undefined);
    t.equal(store.visibleRevision, 1);
    stream.halfClose();
    t.equal(stream.ended, null, "a half-close ends it well");
  });
});

t.test("LeaseKeepAlive of a lease whose time is over ends it before it answers", async (t) => {
  await withServer(async (fixture) => {
    const { client, clock, store, engine } = fixture;
    await client.unary("leaseGrant", { id: 1n, ttl: 5 });
    await client.kv.put("k", "v", { lease: 1n });
    engine.holdWrites();
    const advanced = clock.advance(5_000);
    await engine.heldWrite();
    await advanced;
    const stream = new KeepAlive(fixture);
    stream.send(1n);
    stream.halfClose();
    await settle();
    t.same(stream.ttls, []);
    engine.releaseWrites();
    await settle();
    t.same(stream.ttls, [[1n, 0]]);
    t.equal(stream.ended, null);
    t.equal(store.lessor.size, 0);
    t.equal((await client.kv.get("k")).count, 0);
  });
});

t.test("LeaseKeepAlive answers in order when several leases are over", async (t) => {
  await withServer(async (fixture) => {
    const { client, clock } = fixture;
    for (const id of [1n, 2n]) await client.unary("leaseGrant", { id, ttl: 5 });
    await client.unary("leaseGrant", { id: 3n, ttl: 50 });
    // No timer has fired: the stream itself must end them.
    clock.skip(5_000);
    const stream = new KeepAlive(fixture);
    stream.send(1n, 2n, 3n, 1n);
    stream.halfClose();
    await settle();
    t.same(stream.ttls, [
      [1n, 0],
      [2n, 0],
      [3n, 50],
      [1n, 0],
    ]);
    t.equal(stream.ended, null);
  });
});

t.test("LeaseKeepAlive holds a bounded number of requests while the disk is busy", async (t) => {
  await withServer(async (fixture) => {
    const { client, engine } = fixture;
    engine.holdWrites();
    const write = client.kv.put("k", "v");
    await engine.heldWrite();
    const stream = new KeepAlive(fixture);
    for (let index = 0; index < 1_000; index++) stream.send(1n);
    t.equal(stream.ended, undefined);
    stream.send(1n);
    t.match(stream.ended, { reason: "tooManyRequests" });
    engine.releaseWrites();
    await write;
    await settle();
    t.equal(stream.answers.length, 0);
  });
});

t.test("LeaseKeepAlive left by its client answers nothing more", async (t) => {
  await withServer(async (fixture) => {
    const stream = new KeepAlive(fixture);
    stream.cancel();
    stream.send(1n);
    stream.halfClose();
    await settle();
    t.same(stream.answers, []);
    t.equal(stream.ended, undefined);
  });
});
