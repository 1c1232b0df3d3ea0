/** What a client does by itself with leases, locks and elections, on a real clock. */
import { STATUS } from "../../src/wire/index.ts";
import { refuses, text, until, within } from "./checks.ts";
import type { SuiteTests } from "./scene.ts";

export const clientConcurrencyTests: SuiteTests = {
  "Lock.lock() is held by one lease until it is unlocked": async ({ t, client, prefix }) => {
    const one = await client.lease.grant(60);
    const two = await client.lease.grant(60);
    const held = await client.lock.lock(`${prefix}a`, { lease: one.id });
    const waiting = client.lock.lock(`${prefix}a`, { lease: two.id });
    await until("two in line", async () => {
      const { count } = await client.kv.get(`${prefix}a/`, { prefix: true, countOnly: true });
      return count === 2 ? true : undefined;
    });
    await client.lock.unlock(held.key);
    const { key } = await within("the lock", waiting);
    t.equal(text(key), `${prefix}a/${two.id.toString(16)}`);
    await client.lease.revoke(one.id);
    await client.lease.revoke(two.id);
  },

  "Lock.withLock() excludes, also bodies that throw": async ({ t, client, prefix }) => {
    let holders = 0;
    let most = 0;
    const workers = Array.from({ length: 10 }, (_, index) =>
      client.lock.withLock(`${prefix}a`, async ({ key }) => {
        most = Math.max(most, ++holders);
        t.equal((await client.kv.get(key)).count, 1);
        holders--;
        if (index % 3 === 0) throw new RangeError("from the body");
      }),
    );
    const ends = await within("all workers", Promise.allSettled(workers));
    t.equal(most, 1);
    t.equal(ends.filter(({ status }) => status === "rejected").length, 4);
    t.equal((await client.kv.get(`${prefix}a/`, { prefix: true })).count, 0, "nobody is left");
  },

  "Lock.withLock() whose lease is revoked tells its body": async ({ t, fresh }) => {
    const { client } = await fresh();
    const body = async ({ lease, signal }: { lease: bigint; signal: AbortSignal }) => {
      const lost = new Promise((resolve) => signal.addEventListener("abort", resolve));
      await client.lease.revoke(lease);
      await within("the loss", lost);
    };
    const run = client.lock.withLock("a", body, { ttl: 2 });
    await refuses(t, run, [STATUS.notFound, "etcdserver: requested lease not found"]);
  },

  "Lease.session() outlives its time, and ends with its scope": async ({ t, fresh }) => {
    const { client } = await fresh();
    const watch = client.watch("a");
    await watch.created;
    {
      await using session = await client.lease.session(1);
      await client.kv.put("a", "", { lease: session.id });
      const began = await client.lease.grant(2);
      await until("a shorter life to end", async () => {
        const { ttl } = await client.lease.timeToLive(began.id);
        return ttl === -1 ? true : undefined;
      });
      t.equal((await client.kv.get("a")).count, 1);
      t.equal(session.signal.aborted, false);
    }
    t.equal((await client.kv.get("a")).count, 0);
    watch.cancel();
  },

  "Election.observe() tells of each leader and what it proclaims": async (scene) => {
    const { t, client, prefix } = scene;
    const name = `${prefix}e`;
    await using one = await client.lease.session(60);
    await using two = await client.lease.session(60);
    await using observation = client.election.observe(name);
    const seen = async (): Promise<string> => {
      const { value } = await within("a leader", observation.next());
      return text(value!.kv.value);
    };
    const first = await client.election.campaign(name, "one", { lease: one.id });
    t.equal(await seen(), "one");
    await client.election.proclaim(first, "one again");
    t.equal(await seen(), "one again");
    const waiting = client.election.campaign(name, "two", { lease: two.id });
    t.equal(text((await client.election.leader(name)).kv.value), "one again");
    await client.election.resign(first);
    const second = await within("the second leader", waiting);
    t.equal(await seen(), "two");
    t.equal(second.lease, two.id);
    await refuses(t, client.election.proclaim(first, "late"), [
      STATUS.unknown,
      "election: not leader",
    ]);
  },

  "Election.campaign() that is given up leaves the line": async ({ t, client, prefix }) => {
    const name = `${prefix}e`;
    await using one = await client.lease.session(60);
    await using two = await client.lease.session(60);
    await client.election.campaign(name, "one", { lease: one.id });
    const controller = new AbortController();
    const { signal } = controller;
    const waiting = client.election.campaign(name, "two", { lease: two.id, signal });
    const inLine = (count: number) => async (): Promise<true | undefined> => {
      const found = await client.kv.get(`${name}/`, { prefix: true, countOnly: true });
      return found.count === count ? true : undefined;
    };
    await until("two in line", inLine(2));
    const refused = t.rejects(within("the end", waiting), { code: STATUS.canceled });
    controller.abort();
    await refused;
    await until("one in line", inLine(1));
  },
};
