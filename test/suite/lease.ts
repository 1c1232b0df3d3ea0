/** Leases, as far as no time has to pass. */
import { currentRevision, keys, REFUSALS, refuses, revisionOf, text, within } from "./checks.ts";
import type { SuiteTests } from "./scene.ts";
import { told, withProbe } from "./watch-probe.ts";

/** Least TTL with etcd's default timing, seconds. */
const TTL_FLOOR = 2;

/** Most that may be asked for, seconds. Source: etcd server/lease/lessor.go, MaxLeaseTTL. */
const TTL_MAX = 9_000_000_000;

/** Ids that no test grants and no server chooses: they are not of this member. */
const UNKNOWN = 0x7000_0000_0000_0001n;

export const leaseTests: SuiteTests = {
  "LeaseGrant answers an id above zero and the seconds asked for": async ({ t, client }) => {
    const { id, ttl, header } = await client.lease.grant(60);
    t.ok(id > 0n, "above zero");
    t.ok(id < 2n ** 63n, "a signed number");
    t.equal(ttl, 60);
    t.not(header?.memberId, 0n, "a whole header");
    await client.lease.revoke(id);
  },

  "LeaseGrant chooses another id every time": async ({ t, client }) => {
    const grants = await Promise.all(Array.from({ length: 20 }, () => client.lease.grant(60)));
    t.equal(new Set(grants.map(({ id }) => id)).size, 20);
    await Promise.all(grants.map(({ id }) => client.lease.revoke(id)));
  },

  "LeaseGrant, keeping alive and asking use no revision": async ({ t, client }) => {
    const before = await currentRevision(client);
    const grant = await client.lease.grant(60);
    t.equal(revisionOf(grant), before);
    t.equal(revisionOf(await client.lease.keepAliveOnce(grant.id)), before);
    t.equal(revisionOf(await client.lease.timeToLive(grant.id)), before);
    t.equal(revisionOf(await client.lease.leases()), before);
    t.equal((await client.lease.revoke(grant.id))?.revision, before, "nor revoking, without keys");
    t.equal(await currentRevision(client), before);
  },

  "LeaseGrant raises seconds that are too few": async ({ t, client }) => {
    for (const asked of [1, 0, -1, -1_000_000]) {
      const { id, ttl } = await client.lease.grant(asked);
      t.equal(ttl, TTL_FLOOR, `asked for ${asked}`);
      t.equal((await client.lease.timeToLive(id)).grantedTtl, TTL_FLOOR);
      await client.lease.revoke(id);
    }
    const { id, ttl } = await client.lease.grant(TTL_FLOOR + 1);
    t.equal(ttl, TTL_FLOOR + 1, "enough is enough");
    await client.lease.revoke(id);
  },

  "LeaseGrant refuses seconds that are too many": async ({ t, client }) => {
    const { id, ttl } = await client.lease.grant(TTL_MAX);
    t.equal(ttl, TTL_MAX, "the most there may be");
    await client.lease.revoke(id);
    await refuses(t, client.lease.grant(TTL_MAX + 1), REFUSALS.leaseTtlTooLarge);
    await refuses(t, client.lease.grant(2 ** 52), REFUSALS.leaseTtlTooLarge);
  },

  "LeaseGrant takes the id asked for, and only once": async ({ t, client }) => {
    for (const id of [42n, 2n ** 63n - 1n, -7n, -(2n ** 63n)]) {
      t.equal((await client.lease.grant(60, { id })).id, id);
      await refuses(t, client.lease.grant(60, { id }), REFUSALS.leaseExists);
      t.equal((await client.lease.timeToLive(id)).grantedTtl, 60);
      await client.lease.revoke(id);
      t.equal((await client.lease.timeToLive(id)).ttl, -1);
    }
  },

  "LeaseGrant gives the id of a revoked lease again": async ({ t, client }) => {
    await client.lease.grant(60, { id: 4711n });
    await client.lease.revoke(4711n);
    const { id, ttl } = await client.lease.grant(30, { id: 4711n });
    t.strictSame([id, ttl], [4711n, 30]);
    await client.lease.revoke(id);
  },

  "LeaseRevoke deletes all keys of the lease at one revision, in their order": async (scene) => {
    const { t, client, prefix } = scene;
    const { id } = await client.lease.grant(60);
    for (const name of ["c", "a", "b"]) {
      await client.kv.put(prefix + name, "", { lease: id });
    }
    await client.kv.put(`${prefix}d`, "");
    const before = await currentRevision(client);
    await withProbe(client, async (probe) => {
      await probe.create({ key: prefix, rangeEnd: `${prefix}~` });
      const header = await client.lease.revoke(id);
      t.equal(header?.revision, before + 1, "the header is of after");
      const answer = await probe.next();
      t.equal(told(answer, prefix), "-a -b -c");
      t.equal(revisionOf(answer), before + 1);
    });
    t.strictSame(keys((await client.kv.get(prefix, { prefix: true })).kvs, prefix), ["d"]);
  },

  "LeaseRevoke of an unknown lease is refused": async ({ t, client }) => {
    await refuses(t, client.lease.revoke(UNKNOWN), REFUSALS.leaseNotFound);
    await refuses(t, client.lease.revoke(0n), REFUSALS.leaseNotFound);
    const { id } = await client.lease.grant(60);
    await client.lease.revoke(id);
    await refuses(t, client.lease.revoke(id), REFUSALS.leaseNotFound, "a second time");
  },

  "LeaseRevoke leaves keys that have left the lease": async ({ t, client, prefix }) => {
    const { id } = await client.lease.grant(60);
    const other = await client.lease.grant(60);
    for (const name of ["stays", "detached", "moved", "deleted"]) {
      await client.kv.put(prefix + name, "", { lease: id });
    }
    await client.kv.put(`${prefix}detached`, "");
    await client.kv.put(`${prefix}moved`, "", { lease: other.id });
    await client.kv.delete(`${prefix}deleted`);
    await client.lease.revoke(id);
    const { kvs } = await client.kv.get(prefix, { prefix: true });
    t.strictSame(keys(kvs, prefix), ["detached", "moved"]);
    await client.lease.revoke(other.id);
  },

  "LeaseTimeToLive answers what is left and what was granted": async ({ t, client }) => {
    const granted = await client.lease.grant(60);
    const answer = await client.lease.timeToLive(granted.id);
    t.ok(answer.ttl >= 58 && answer.ttl <= 60, `whole seconds left: ${answer.ttl}`);
    t.equal(answer.grantedTtl, 60);
    t.strictSame(answer.keys, [], "keys are not asked for");
    const raw = await client.unary("leaseTimeToLive", { id: granted.id });
    t.equal(raw.id, granted.id);
    await client.lease.revoke(granted.id);
  },

  "LeaseTimeToLive answers the keys where asked for": async ({ t, client, prefix }) => {
    const { id } = await client.lease.grant(60);
    t.strictSame((await client.lease.timeToLive(id, { keys: true })).keys, [], "none yet");
    await client.kv.put(`${prefix}a`, "", { lease: id });
    await client.kv.put(`${prefix}b`, "", { lease: id });
    await client.kv.put(`${prefix}a`, "again", { lease: id });
    const { keys: attached } = await client.lease.timeToLive(id, { keys: true });
    t.strictSame(attached.map(text).toSorted(), [`${prefix}a`, `${prefix}b`]);
    t.strictSame((await client.lease.timeToLive(id)).keys, [], "and only where asked for");
    await client.lease.revoke(id);
  },

  "LeaseTimeToLive of an unknown lease is -1 and no refusal": async ({ t, client }) => {
    const answer = await client.unary("leaseTimeToLive", { id: UNKNOWN, keys: true });
    t.strictSame([answer.id, answer.ttl, answer.grantedTtl], [UNKNOWN, -1, 0]);
    t.strictSame(answer.keys, []);
  },

  "LeaseLeases answers every lease, the one with the least time first": async ({ t, fresh }) => {
    const { client } = await fresh();
    t.strictSame((await client.lease.leases()).ids, []);
    for (const [id, ttl] of [
      [1n, 300],
      [2n, 100],
      [3n, 200],
    ] as const) {
      await client.lease.grant(ttl, { id });
    }
    t.strictSame((await client.lease.leases()).ids, [2n, 3n, 1n]);
    await client.lease.revoke(3n);
    t.strictSame((await client.lease.leases()).ids, [2n, 1n]);
  },

  "LeaseKeepAlive answers every request in order, with the granted time": async (scene) => {
    const { t, client } = scene;
    const one = await client.lease.grant(60);
    const two = await client.lease.grant(90);
    const stream = client.stream("leaseKeepAlive");
    for (const id of [one.id, two.id, UNKNOWN, one.id]) {
      stream.send({ id });
    }
    const answers: [bigint, number][] = [];
    for (let index = 0; index < 4; index += 1) {
      const { value } = await within("an answer to a keep-alive", stream.next());
      t.equal(value?.header?.revision, await currentRevision(client));
      answers.push([value?.id ?? 0n, value?.ttl ?? -1]);
    }
    t.strictSame(answers, [
      [one.id, 60],
      [two.id, 90],
      [UNKNOWN, 0],
      [one.id, 60],
    ]);
    stream.cancel();
    await client.lease.revoke(one.id);
    await client.lease.revoke(two.id);
  },

  "LeaseKeepAlive of an unknown lease is 0 and the stream goes on": async ({ t, client }) => {
    await using keeper = client.lease.keepAlive();
    t.strictSame((await keeper.renew(UNKNOWN)).ttl, 0);
    const { id } = await client.lease.grant(60);
    t.equal((await keeper.renew(id)).ttl, 60);
    await client.lease.revoke(id);
    t.equal((await keeper.renew(id)).ttl, 0, "revoked is unknown");
  },

  "LeaseKeepAlive ends well when the client has said all": async ({ t, client }) => {
    const { id } = await client.lease.grant(60);
    const stream = client.stream("leaseKeepAlive");
    stream.send({ id });
    stream.end();
    const answer = await within("the answer", stream.next());
    t.equal(answer.value?.ttl, 60);
    t.strictSame(await within("the end", stream.next()), { done: true, value: undefined });
    await client.lease.revoke(id);
  },
};
