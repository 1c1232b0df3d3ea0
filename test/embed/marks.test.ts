import assert from "node:assert/strict";
import fc from "fast-check";
import t from "tap";
import type { Test } from "tap";
import { Client } from "../../src/client/index.ts";
import { Etcd, connect } from "../../src/embed/index.ts";
import { MARKS_MAX } from "../../src/embed/marks.ts";
import type { Mark } from "../../src/embed/index.ts";
import { EtcdError } from "../../src/wire/index.ts";
import { ANY_PORT } from "./embedded.ts";
import { tempDirectory } from "../harness/temp-dir.ts";
import { VirtualClock } from "../../src/testing/virtual-clock.ts";

/** Keys with value and lease, and leases with their time to live. */
interface Content {
  readonly keys: Record<string, string>;
  readonly leases: Record<string, number>;
}

async function contentOf(etcd: Etcd): Promise<Content> {
  const { kvs } = await etcd.client.kv.get("\0", { rangeEnd: "\0" });
  const { ids } = await etcd.client.lease.leases();
  const granted = await Promise.all(
    ids.map(async (id): Promise<[string, number]> => {
      const { grantedTtl, keys } = await etcd.client.lease.timeToLive(id, { keys: true });
      return [`${String(id)} ${keys.map(String).sort().join()}`, grantedTtl];
    }),
  );
  return {
    keys: Object.fromEntries(
      kvs.map(({ key, value, lease }) => [String(key), `${String(value)} ${String(lease)}`]),
    ),
    leases: Object.fromEntries(granted.toSorted(([a], [b]) => (a < b ? -1 : 1))),
  };
}

const KEYS = ["a", "b", "b/1", "b/2", "c"];
const LEASES = [11n, 12n];

const step = fc.record({
  what: fc.constantFrom(
    "put",
    "put",
    "put",
    "delete",
    "deleteAll",
    "grant",
    "revoke",
    "compact",
    "mark",
    "reset",
    "fork",
  ),
  key: fc.constantFrom(...KEYS),
  value: fc.constantFrom("1", "2", ""),
  lease: fc.constantFrom(0n, ...LEASES),
  ttl: fc.constantFrom(100, 200),
  number: fc.nat({ max: 20 }),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Calls may be refused: what they did is read back. */
async function change(etcd: Etcd, { what, key, value, lease, ttl }: Step): Promise<void> {
  const { kv, lease: leases } = etcd.client;
  try {
    if (what === "put") await kv.put(key, value, { lease });
    if (what === "delete") await kv.delete(key);
    if (what === "deleteAll") await kv.delete("b", { prefix: true });
    if (what === "grant") await leases.grant(ttl, { id: lease });
    if (what === "revoke") await leases.revoke(lease);
    if (what === "compact") {
      const { header } = await kv.get("a");
      await kv.compact(header?.revision ?? 0, { physical: true });
    }
  } catch (error) {
    if (!(error instanceof EtcdError)) throw error;
  }
}

/** What a watch on everything hears of a reset, held against what the reset had to do. */
async function checkedReset(etcd: Etcd, mark: Mark, expected: Content): Promise<void> {
  const before = await contentOf(etcd);
  const changes = await etcd.diff(mark);
  const watch = etcd.client.watch("\0", { rangeEnd: "\0" });
  const created = await watch.created;
  const began = created?.revision ?? 0;
  const revision = await etcd.reset(mark);
  const heard: string[] = [];
  const wanted = new Set(changes.map(({ key }) => String(key)));
  if (wanted.size > 0) {
    for await (const { events } of watch) {
      for (const { type, kv } of events) {
        heard.push(`${type} ${String(kv.key)}`);
        assert.ok(kv.modRevision > began && kv.modRevision <= revision);
      }
      if (heard.length >= wanted.size) break;
    }
  }
  watch.cancel();
  assert.equal(revision - began, wanted.size, "a revision for every key");
  assert.deepEqual(
    heard,
    changes.map(
      ({ key, before: marked }) => `${marked === undefined ? "delete" : "put"} ${String(key)}`,
    ),
  );
  const now = await contentOf(etcd);
  assert.deepEqual(now, expected);
  const differing = KEYS.filter((key) => before.keys[key] !== now.keys[key]);
  assert.deepEqual([...wanted], differing);
  assert.deepEqual(await etcd.diff(mark), []);
}

async function run(t: Test, steps: readonly Step[], dataDir: string | undefined): Promise<void> {
  const clock = new VirtualClock();
  const servers = [await Etcd.start({ dataDir, clock })];
  const marks: { server: number; mark: Mark; content: Content }[] = [];
  for (const given of steps) {
    const index = given.number % servers.length;
    const server = servers[index]!;
    if (given.what === "mark") {
      marks.push({ server: index, mark: await server.mark(), content: await contentOf(server) });
    } else if (given.what === "reset") {
      const own = marks.filter((mark) => mark.server === index);
      const { mark, content } = own[given.number % own.length] ?? {};
      if (mark !== undefined && content !== undefined) await checkedReset(server, mark, content);
    } else if (given.what === "fork") {
      const fork = await server.fork();
      assert.deepEqual(await contentOf(fork), await contentOf(server));
      servers.push(fork);
    } else {
      const others = servers.filter((other) => other !== server);
      const before = await Promise.all(others.map(contentOf));
      await change(server, given);
      assert.deepEqual(
        await Promise.all(others.map(contentOf)),
        before,
        "others know nothing of it",
      );
    }
  }
  for (const { server, mark, content } of marks)
    await checkedReset(servers[server]!, mark, content);
  for (const { mark } of marks.slice(1)) await mark.release();
  await Promise.all(servers.map((server) => server.stop()));
  t.ok(servers.length > 0);
}

t.test("Etcd goes back to its marks, and its forks go their own ways", async (t) => {
  const property = fc.asyncProperty(
    fc.array(step, { minLength: 15, maxLength: 40, size: "max" }),
    (steps) => run(t, steps, undefined),
  );
  await fc.assert(property, { numRuns: 60 });
});

t.test("Etcd on disk goes back to its marks, and its forks go their own ways", async (t) => {
  const property = fc.asyncProperty(
    fc.array(step, { minLength: 15, maxLength: 30, size: "max" }),
    async (steps) => run(t, steps, await tempDirectory(t)),
  );
  await fc.assert(property, { numRuns: 8 });
});
t.test("Etcd.reset() refuses marks that are released, or of another server", async (t) => {
  await using etcd = await Etcd.start();
  await using other = await Etcd.start();
  const mark = await etcd.mark();
  await t.rejects(other.reset(mark), /released, or of another server/);
  await mark.release();
  await mark.release();
  await t.rejects(etcd.reset(mark), /released, or of another server/);
  await t.rejects(etcd.fork({ mark }), /released, or of another server/);
});

t.test("Etcd.mark() has a bound", async (t) => {
  await using etcd = await Etcd.start();
  await Promise.all(Array.from({ length: MARKS_MAX }, () => etcd.mark()));
  await t.rejects(etcd.mark(), /Cannot take a mark: 1000 are held already/);
});

t.test("Etcd.fork() of a mark begins there, with its history", async (t) => {
  await using etcd = await Etcd.start();
  await etcd.client.kv.put("key", "first");
  await etcd.client.kv.put("key", "second");
  const mark = await etcd.mark();
  await etcd.client.kv.put("key", "third");
  await using fork = await etcd.fork({ mark });
  await mark.release();
  t.equal(String((await fork.client.kv.get("key")).kvs[0]?.value), "second");
  t.equal(String((await fork.client.kv.get("key", { revision: 2 })).kvs[0]?.value), "first");
  t.same(fork.clientUrls, []);
  const watch = fork.client.watch("key", { startRevision: 2 });
  for await (const { events } of watch) {
    t.same(
      events.map(({ kv }) => String(kv.value)),
      ["first", "second"],
    );
    break;
  }
});

t.test("Etcd.fork() has ports when asked, and outlives a server in memory", async (t) => {
  const etcd = await Etcd.start({ listenClientUrls: [ANY_PORT] });
  await etcd.client.kv.put("key", "value");
  await using fork = await etcd.fork({ listenClientUrls: [ANY_PORT] });
  t.not(fork.clientUrls[0], etcd.clientUrls[0]);
  await etcd.stop();
  using far = await connect(fork.clientUrls);
  t.equal(String((await far.kv.get("key")).kvs[0]?.value), "value");
});

t.test("Etcd.fork() of a server on disk stops with it, and leaves nothing there", async (t) => {
  const dataDir = await tempDirectory(t);
  const etcd = await Etcd.start({ dataDir });
  await etcd.client.kv.put("key", "value");
  const fork = await etcd.fork();
  await fork.client.kv.put("key", "fork");
  const ofFork = await fork.fork();
  t.equal(String((await ofFork.client.kv.get("key")).kvs[0]?.value), "fork");
  await etcd.stop();
  await t.rejects(fork.client.kv.get("key"), /server stopped/);
  await using again = await Etcd.start({ dataDir });
  t.equal(String((await again.client.kv.get("key")).kvs[0]?.value), "value");
  await ofFork.stop();
});

t.test("Etcd.fork() does not go deeper than its bound", async (t) => {
  const forks = [await Etcd.start()];
  let refused: unknown;
  for (let depth = 0; depth < 70 && refused === undefined; depth++) {
    try {
      forks.push(await forks.at(-1)!.fork());
    } catch (error) {
      refused = error;
    }
  }
  t.match(refused, /Cannot fork/);
  t.equal(forks.length, 64);
  for (const server of forks) await server.stop();
});

t.test("Etcd.fork() has users, and Etcd.reset() leaves them as they are", async (t) => {
  await using etcd = await Etcd.start({ bcryptCost: 4 });
  const { auth, kv } = etcd.client;
  await kv.put("key", "first");
  await auth.userAdd("root", "secret");
  await auth.userGrantRole("root", "root");
  const mark = await etcd.mark();
  await kv.put("key", "second");
  await auth.userAdd("ann", "secret");
  await auth.enable();

  await using fork = await etcd.fork();
  await t.rejects(fork.client.kv.get("key"), { message: "etcdserver: user name is empty" });
  const token = await fork.client.auth.authenticate("root", "secret");
  const root = new Client(fork.channel, { metadata: { token } });
  t.same(await root.auth.userList(), ["ann", "root"]);
  t.equal(String((await root.kv.get("key")).kvs[0]?.value), "second");
  await root.auth.userDelete("ann");

  await etcd.reset(mark);
  await t.rejects(kv.get("key"), { message: "etcdserver: user name is empty" });
  const again = await auth.authenticate("root", "secret");
  const origin = new Client(etcd.channel, { metadata: { token: again } });
  t.same(await origin.auth.userList(), ["ann", "root"], "not those of the mark, nor the fork's");
  t.equal(String((await origin.kv.get("key")).kvs[0]?.value), "first");
});
