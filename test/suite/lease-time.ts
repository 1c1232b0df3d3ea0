/**
 * Leases and time. These tests wait for real seconds, so they run all at once, each on a server of
 * its own, where the least TTL is one second.
 */
import { currentRevision, REFUSALS, refuses, revisionOf, until } from "./checks.ts";
import type { SuiteTests } from "./scene.ts";
import { told, withProbe } from "./watch-probe.ts";

/** Seconds until a lease may be gone at the latest: it is looked for every half second. */
const EXPIRY_SLACK_SECONDS = 2;

export const leaseTimeTests: SuiteTests = {
  "Lease timing makes the least time to live": async ({ t, fresh }) => {
    const { client } = await fresh();
    t.equal((await client.lease.grant(0)).ttl, 1);
  },

  "Lease that is not kept alive goes, with all its keys, at one revision": async (scene) => {
    const { t, fresh } = scene;
    const { client } = await fresh();
    const startedMs = performance.now();
    const { id, ttl } = await client.lease.grant(1);
    for (const key of ["c", "a", "b"]) {
      await client.kv.put(key, "", { lease: id });
    }
    await client.kv.put("stays", "");
    const before = await currentRevision(client);
    await withProbe(client, async (probe) => {
      await probe.create({ key: "a", rangeEnd: "\u0000" });
      const answer = await probe.next("the lease to end");
      const seconds = (performance.now() - startedMs) / 1_000;
      t.equal(told(answer, ""), "-a -b -c", "in the order of keys");
      t.equal(revisionOf(answer), before + 1);
      t.ok(seconds >= ttl, `not before its time: ${seconds} s`);
      t.ok(seconds < ttl + EXPIRY_SLACK_SECONDS, `not long after its time: ${seconds} s`);
    });
    t.equal((await client.lease.timeToLive(id)).ttl, -1);
    await refuses(t, client.lease.revoke(id), REFUSALS.leaseNotFound);
    t.equal((await client.lease.keepAliveOnce(id)).ttl, 0);
    t.strictSame((await client.lease.leases()).ids, []);
    t.equal((await client.kv.get("stays")).count, 1);
  },

  "Lease without keys goes without a revision": async ({ t, fresh }) => {
    const { client } = await fresh();
    const before = await currentRevision(client);
    const { id } = await client.lease.grant(1);
    await until("the lease to end", async () => {
      const { ttl } = await client.lease.timeToLive(id);
      return ttl === -1 ? true : undefined;
    });
    t.equal(await currentRevision(client), before);
  },

  "Leases that end together each have a revision of their own": async ({ t, fresh }) => {
    const { client } = await fresh();
    for (const id of [1n, 2n, 3n]) {
      await client.lease.grant(1, { id });
      await client.kv.put(`a${id}`, "", { lease: id });
      await client.kv.put(`b${id}`, "", { lease: id });
    }
    await withProbe(client, async (probe) => {
      await probe.create({ key: "a", rangeEnd: "\u0000" });
      const answers = await probe.take(6);
      const events = answers.flatMap((answer) => answer.events);
      const revisions = new Set(events.map(({ kv }) => kv?.modRevision));
      // An answer may have several revisions.
      const ends = Array.from(revisions, (revision) =>
        told({ events: events.filter(({ kv }) => kv?.modRevision === revision) }, ""),
      );
      t.strictSame(ends.toSorted(), ["-a1 -b1", "-a2 -b2", "-a3 -b3"]);
    });
  },

  "Lease that is kept alive stays": async ({ t, fresh }) => {
    const { client } = await fresh();
    const kept = await client.lease.grant(2);
    await client.lease.grant(3, { id: 3n });
    await client.kv.put("kept", "", { lease: kept.id });
    await client.kv.put("clock", "", { lease: 3n });
    await using keeper = client.lease.keepAlive();
    await withProbe(client, async (probe) => {
      await probe.create({ key: "clock" });
      const renewing = setInterval(() => {
        keeper.renew(kept.id).catch((error: unknown) => {
          t.threw(error);
        });
      }, 300);
      await probe.next("a lease with a longer time to end");
      clearInterval(renewing);
    });
    t.equal((await client.kv.get("kept")).count, 1, "the other one ended, this one did not");
  },

  "Lease's time left goes down and renewing brings it back": async ({ t, fresh }) => {
    const { client } = await fresh();
    const { id } = await client.lease.grant(10);
    const left = await until("a second to pass", async () => {
      const { ttl } = await client.lease.timeToLive(id);
      return ttl < 9 ? ttl : undefined;
    });
    t.equal(left, 8, "whole seconds, cut off");
    t.equal((await client.lease.keepAliveOnce(id)).ttl, 10);
    t.ok((await client.lease.timeToLive(id)).ttl >= 9);
  },

  "Lease survives a restart and has all its time again": async ({ t, fresh }) => {
    const own = await fresh();
    const { id } = await own.client.lease.grant(100);
    await own.client.kv.put("a", "v", { lease: id });
    await own.client.lease.grant(50, { id: -5n });
    await until("two seconds to pass", async () => {
      const { ttl } = await own.client.lease.timeToLive(id);
      return ttl < 98 ? true : undefined;
    });
    await own.restart();
    const { client } = own;
    const after = await client.lease.timeToLive(id, { keys: true });
    t.ok(after.ttl >= 99, `what had passed is forgotten: ${after.ttl}`);
    t.equal(after.grantedTtl, 100);
    t.strictSame(after.keys.map(String), ["a"]);
    t.equal((await client.lease.timeToLive(-5n)).grantedTtl, 50);
    t.strictSame((await client.lease.leases()).ids, [-5n, id]);
    await client.lease.revoke(id);
    t.equal((await client.kv.get("a")).count, 0);
  },
};
