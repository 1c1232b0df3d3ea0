/** Service Lock. */
import { EMPTY_CONTEXT, STATUS } from "../../src/wire/index.ts";
import type { Client } from "../../src/client/index.ts";
import {
  REFUSALS,
  bytes,
  currentRevision,
  keys,
  refuses,
  revisionOf,
  text,
  until,
  within,
} from "./checks.ts";
import type { SuiteTests } from "./scene.ts";

/** A lease that no test grants. */
const UNKNOWN = 0x7000_0000_0000_0002n;

/** Grants a lease of a minute. */
async function lease(client: Client): Promise<bigint> {
  return (await client.lease.grant(60)).id;
}

/** Waits until so many keys stand in line for a lock. */
async function inLine(client: Client, name: string, count: number): Promise<void> {
  await until(`${count} in line for ${name}`, async () => {
    const found = await client.kv.get(`${name}/`, { prefix: true, countOnly: true });
    return found.count === count ? true : undefined;
  });
}

export const lockTests: SuiteTests = {
  "Lock makes a key of the name and the lease, in one revision": async (scene) => {
    const { t, client, prefix } = scene;
    const id = await lease(client);
    const before = await currentRevision(client);
    const { key, header } = await client.unary("lock", { name: bytes(`${prefix}a`), lease: id });
    t.equal(text(key), `${prefix}a/${id.toString(16)}`);
    t.equal(header?.revision, before + 1);
    t.not(header?.memberId, 0n, "a whole header");
    const [kv] = (await client.kv.get(key)).kvs;
    t.match(kv, { createRevision: before + 1, version: 1, lease: id });
    t.equal(kv?.value.length, 0);
    await client.lease.revoke(id);
  },

  "Lock writes a negative lease with its sign": async ({ t, client, prefix }) => {
    const { id } = await client.lease.grant(60, { id: -255n });
    const { key } = await client.unary("lock", { name: bytes(`${prefix}a`), lease: id });
    t.equal(text(key), `${prefix}a/-ff`);
    await client.lease.revoke(id);
  },

  "Lock takes any bytes for a name, also none": async ({ t, client }) => {
    const id = await lease(client);
    for (const name of [new Uint8Array(0), Buffer.of(0), Buffer.of(0xff, 0xff, 0x80)]) {
      const { key } = await client.unary("lock", { name, lease: id });
      t.strictSame([...key], [...name, ...bytes(`/${id.toString(16)}`)]);
    }
    await client.lease.revoke(id);
  },

  "Lock of the lease that holds it comes back at once": async ({ t, client, prefix }) => {
    const id = await lease(client);
    const name = bytes(`${prefix}a`);
    const first = await client.unary("lock", { name, lease: id });
    await client.kv.put(`${prefix}other`, "");
    const again = await client.unary("lock", { name, lease: id });
    t.strictSame(again.key, first.key);
    t.equal(revisionOf(again), revisionOf(first) + 1, "the revision now");
    const [kv] = (await client.kv.get(first.key)).kvs;
    t.equal(kv?.version, 1, "the key is as it was");
    await client.lease.revoke(id);
  },

  "Lock without a lease gets one of a minute": async ({ t, client, prefix }) => {
    const { key } = await client.unary("lock", { name: bytes(`${prefix}a`) });
    const id = BigInt(`0x${text(key).slice(prefix.length + 2)}`);
    const { ttl, grantedTtl } = await client.lease.timeToLive(id);
    t.equal(grantedTtl, 60);
    t.ok(ttl >= 58 && ttl <= 60, `whole seconds left: ${ttl}`);
    await client.lease.revoke(id);
  },

  "Lock of an unknown lease is refused as a plain error": async ({ t, client, prefix }) => {
    const call = client.unary("lock", { name: bytes(`${prefix}a`), lease: UNKNOWN });
    await refuses(t, call, [STATUS.unknown, "etcdserver: requested lease not found"]);
  },

  "Lock waits its turn, in the order of coming": async ({ t, client, prefix }) => {
    const name = `${prefix}a`;
    const leases = [await lease(client), await lease(client), await lease(client)];
    const order: bigint[] = [];
    const held = leases.map(async (id, index) => {
      await inLine(client, name, index);
      const answer = await client.unary("lock", { name: bytes(name), lease: id });
      order.push(id);
      return answer;
    });
    await inLine(client, name, 3);
    for (const [index, waiting] of held.entries()) {
      const { key } = await within(`lock ${index}`, waiting);
      t.strictSame(order, leases.slice(0, index + 1), "nobody else has it");
      await client.unary("unlock", { key });
    }
    for (const id of leases) await client.lease.revoke(id);
  },

  "Lock that waited answers with the revision at which it was free": async (scene) => {
    const { t, client, prefix } = scene;
    const name = bytes(`${prefix}a`);
    const [one, two] = [await lease(client), await lease(client)];
    const { key } = await client.unary("lock", { name, lease: one });
    const waiting = client.unary("lock", { name, lease: two });
    await inLine(client, `${prefix}a`, 2);
    const { header } = await client.unary("unlock", { key });
    t.equal(revisionOf(await within("the lock", waiting)), header?.revision);
    await client.lease.revoke(one);
    await client.lease.revoke(two);
  },

  "Lock is free when its holder's lease ends": async ({ t, client, prefix }) => {
    const name = bytes(`${prefix}a`);
    const [one, two] = [await lease(client), await lease(client)];
    await client.unary("lock", { name, lease: one });
    const waiting = client.unary("lock", { name, lease: two });
    await inLine(client, `${prefix}a`, 2);
    await client.lease.revoke(one);
    const { key } = await within("the lock", waiting);
    t.equal(text(key), `${prefix}a/${two.toString(16)}`);
    await client.lease.revoke(two);
  },

  "Lock whose own lease ends while it waits is refused at its turn": async (scene) => {
    const { t, client, prefix } = scene;
    const name = bytes(`${prefix}a`);
    const [one, two] = [await lease(client), await lease(client)];
    const { key } = await client.unary("lock", { name, lease: one });
    const waiting = client.unary("lock", { name, lease: two });
    await inLine(client, `${prefix}a`, 2);
    const expired = [STATUS.unknown, "mutex: session is expired"] as const;
    const refused = refuses(t, within("the refusal", waiting), expired);
    await client.lease.revoke(two);
    await client.unary("unlock", { key });
    await refused;
    await client.lease.revoke(one);
  },

  "Lock that is given up leaves the line": async ({ t, client, prefix }) => {
    const name = `${prefix}a`;
    const leases = [await lease(client), await lease(client), await lease(client)];
    const [one, two, three] = leases;
    const { key } = await client.unary("lock", { name: bytes(name), lease: one! });
    const givesUp = new AbortController();
    const request = { name: bytes(name), lease: two! };
    const givenUp = client.unary("lock", request, { signal: givesUp.signal });
    await inLine(client, name, 2);
    const last = client.unary("lock", { name: bytes(name), lease: three! });
    await inLine(client, name, 3);
    const refused = t.rejects(within("the end", givenUp), { code: STATUS.canceled });
    givesUp.abort();
    await refused;
    await inLine(client, name, 2);
    const { kvs } = await client.kv.get(`${name}/`, { prefix: true });
    t.strictSame(
      keys(kvs, `${name}/`),
      [one, three].map((id) => id!.toString(16)).toSorted(),
      "its key is gone",
    );
    await client.unary("unlock", { key });
    t.equal(text((await within("the lock", last)).key), `${name}/${three!.toString(16)}`);
    for (const id of leases) await client.lease.revoke(id);
  },

  "Lock excludes, whoever leaves and whenever": async ({ t, client, prefix }) => {
    const name = `${prefix}a`;
    const counter = `${prefix}counter`;
    let holders = 0;
    let exclusive = true;
    const workers = Array.from({ length: 20 }, async (_, index) => {
      const id = await lease(client);
      const controller = new AbortController();
      const request = { name: bytes(name), lease: id };
      const waiting = client.unary("lock", request, { signal: controller.signal });
      if (index % 5 === 3) controller.abort();
      try {
        const { key } = await waiting;
        holders++;
        exclusive &&= holders === 1;
        const before = Number((await client.kv.get(counter)).kvs[0]?.value ?? 0);
        await client.kv.put(counter, String(before + 1));
        exclusive &&= holders === 1;
        holders--;
        // Some leave without a word.
        if (index % 4 === 0) await client.lease.revoke(id);
        else await client.unary("unlock", { key });
        return 1;
      } catch (error) {
        t.match(error, { code: STATUS.canceled });
        await client.lease.revoke(id);
        return 0;
      }
    });
    const done: number[] = await within("all of them", Promise.all(workers));
    const count = done.reduce((sum, one) => sum + one, 0);
    t.ok(count >= 16, `those who did not give up: ${count}`);
    t.ok(exclusive, "one at a time");
    t.equal(text((await client.kv.get(counter)).kvs[0]?.value ?? bytes("")), String(count));
  },

  "Unlock deletes the key, and needs none": async ({ t, client, prefix }) => {
    const id = await lease(client);
    const { key } = await client.unary("lock", { name: bytes(`${prefix}a`), lease: id });
    const before = await currentRevision(client);
    t.equal(revisionOf(await client.unary("unlock", { key })), before + 1);
    t.equal((await client.kv.get(key)).kvs.length, 0);
    t.equal(revisionOf(await client.unary("unlock", { key })), before + 1, "no second time");
    await client.lease.revoke(id);
  },

  "Unlock without a key is refused as a plain error": async ({ t, client }) => {
    await refuses(t, client.unary("unlock", {}), [
      STATUS.unknown,
      "etcdserver: key is not provided",
    ]);
  },

  "Lock and Unlock refuse what is no message": async ({ t, channel }) => {
    const malformed = Buffer.of(0x0a, 0x05, 0x01);
    for (const method of ["lock", "unlock"] as const) {
      const call = async (): Promise<Uint8Array> =>
        await channel.unary(method, malformed, EMPTY_CONTEXT);
      await refuses(t, call, REFUSALS.unmarshal, method);
    }
  },
};
