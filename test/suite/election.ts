/** Service Election. */
import type { Client } from "../../src/client/index.ts";
import { EMPTY_CONTEXT, STATUS } from "../../src/wire/index.ts";
import type { messages } from "../../src/wire/index.ts";
import {
  REFUSALS,
  bytes,
  currentRevision,
  refuses,
  revisionOf,
  text,
  until,
  within,
} from "./checks.ts";
import type { SuiteTests } from "./scene.ts";

const NO_LEADER = [STATUS.unknown, "election: no leader"] as const;
const NOT_LEADER = [STATUS.unknown, "election: not leader"] as const;
const NO_FIELD = [STATUS.unknown, '"leader" field must be provided'] as const;

/** Grants a lease of a minute. */
async function lease(client: Client): Promise<bigint> {
  return (await client.lease.grant(60)).id;
}

async function inLine(client: Client, name: string, count: number): Promise<void> {
  await until(`${count} candidates of ${name}`, async () => {
    const found = await client.kv.get(`${name}/`, { prefix: true, countOnly: true });
    return found.count === count ? true : undefined;
  });
}

interface Candidate {
  readonly id: bigint;
  readonly won: Promise<messages.CampaignResponse>;
}

async function campaign(client: Client, name: string, value: string): Promise<Candidate> {
  const id = await lease(client);
  const request = { name: bytes(name), lease: id, value: bytes(value) };
  return { id, won: client.unary("campaign", request) };
}

/** Opens an observation, as the values that it tells. */
function observe(
  client: Client,
  name: string,
): { next: () => Promise<messages.LeaderResponse | undefined>; cancel: () => void } {
  const stream = client.stream("observe");
  stream.send({ name: bytes(name) });
  const next = async (): Promise<messages.LeaderResponse | undefined> =>
    (await within("a leader", stream.next())).value;
  return { next, cancel: () => stream.cancel() };
}

/** Which value, and by which lease. */
function told(response: messages.LeaderResponse | undefined): string {
  return text(response?.kv?.value ?? bytes("nothing"));
}

export const electionTests: SuiteTests = {
  "Campaign without rivals makes its key and leads": async ({ t, client, prefix }) => {
    const before = await currentRevision(client);
    const { id, won } = await campaign(client, `${prefix}a`, "one");
    const { header, leader } = await won;
    t.equal(header?.revision, before + 1);
    t.strictSame(
      { ...leader, name: text(leader!.name), key: text(leader!.key) },
      {
        name: `${prefix}a`,
        key: `${prefix}a/${id.toString(16)}`,
        rev: before + 1,
        lease: id,
      },
    );
    const [kv] = (await client.kv.get(leader!.key)).kvs;
    t.strictSame([text(kv!.value), kv!.lease], ["one", id]);
    await client.lease.revoke(id);
  },

  "Campaign without a lease gets one of a minute": async ({ t, client, prefix }) => {
    const { leader } = await client.unary("campaign", { name: bytes(`${prefix}a`) });
    t.equal((await client.lease.timeToLive(leader!.lease)).grantedTtl, 60);
    await client.lease.revoke(leader!.lease);
  },

  "Campaign of an unknown lease is refused as a plain error": async ({ t, client, prefix }) => {
    const call = client.unary("campaign", { name: bytes(`${prefix}a`), lease: 0x7000_0002n });
    await refuses(t, call, [STATUS.unknown, "etcdserver: requested lease not found"]);
  },

  "Campaign again changes the value and keeps the revision": async ({ t, client, prefix }) => {
    const { id, won } = await campaign(client, `${prefix}a`, "one");
    const first = await won;
    for (const [value, version] of [
      ["one", 1],
      ["two", 2],
    ] as const) {
      const request = { name: bytes(`${prefix}a`), lease: id, value: bytes(value) };
      const before = await currentRevision(client);
      const again = await client.unary("campaign", request);
      t.strictSame(again.leader, first.leader, value);
      t.equal(revisionOf(again), before, "the header is of before the change");
      const [kv] = (await client.kv.get(first.leader!.key)).kvs;
      t.strictSame([text(kv!.value), kv!.version], [value, version]);
    }
    await client.lease.revoke(id);
  },

  "Campaign waits until those before it are gone": async ({ t, client, prefix }) => {
    const name = `${prefix}a`;
    const one = await campaign(client, name, "one");
    await one.won;
    const two = await campaign(client, name, "two");
    await inLine(client, name, 2);
    const three = await campaign(client, name, "three");
    await inLine(client, name, 3);
    await client.lease.revoke(two.id);
    await t.resolves(client.lease.revoke(one.id));
    const { leader } = await within("the third", three.won);
    t.equal(leader?.lease, three.id);
    // The second was ended in line, and is told that it leads: nobody is before it. So does etcd.
    t.equal((await within("the second", two.won)).leader?.lease, two.id);
    await client.lease.revoke(three.id);
  },

  "Campaign answers with the header of its first step": async ({ t, client, prefix }) => {
    const name = `${prefix}a`;
    const one = await campaign(client, name, "one");
    const { leader } = await one.won;
    const two = await campaign(client, name, "two");
    await inLine(client, name, 2);
    const revision = await currentRevision(client);
    await client.unary("resign", { leader });
    const won = await within("the second", two.won);
    t.strictSame([revisionOf(won), won.leader?.rev], [revision, revision]);
    for (const { id } of [one, two]) await client.lease.revoke(id);
  },

  "Campaign that is given up leaves the line": async ({ t, client, prefix }) => {
    const name = `${prefix}a`;
    const one = await campaign(client, name, "one");
    await one.won;
    const controller = new AbortController();
    const id = await lease(client);
    const request = { name: bytes(name), lease: id, value: bytes("two") };
    const givenUp = client.unary("campaign", request, { signal: controller.signal });
    await inLine(client, name, 2);
    const refused = t.rejects(within("the end", givenUp), { code: STATUS.canceled });
    controller.abort();
    await refused;
    await inLine(client, name, 1);
    for (const each of [one.id, id]) await client.lease.revoke(each);
  },

  "Proclaim changes the leader's value": async ({ t, client, prefix }) => {
    const { id, won } = await campaign(client, `${prefix}a`, "one");
    const { leader } = await won;
    const before = await currentRevision(client);
    const answer = await client.unary("proclaim", { leader, value: bytes("two") });
    t.equal(revisionOf(answer), before + 1);
    const [kv] = (await client.kv.get(leader!.key)).kvs;
    t.strictSame([text(kv!.value), kv!.lease, kv!.createRevision], ["two", id, leader!.rev]);
    await client.lease.revoke(id);
  },

  "Proclaim is refused to those who do not lead": async ({ t, client, prefix }) => {
    const { id, won } = await campaign(client, `${prefix}a`, "one");
    const { leader } = await won;
    const value = bytes("two");
    const other = { ...leader!, rev: leader!.rev + 1 };
    await refuses(t, client.unary("proclaim", { leader: other, value }), NOT_LEADER);
    await refuses(t, client.unary("proclaim", { value }), NO_FIELD);
    const noKey = client.unary("proclaim", { leader: { lease: id }, value });
    await refuses(t, noKey, [STATUS.unknown, "etcdserver: key is not provided"]);
    const unknown = { ...leader!, lease: 0x7000_0002n };
    await refuses(t, client.unary("proclaim", { leader: unknown, value }), [
      STATUS.unknown,
      "etcdserver: requested lease not found",
    ]);
    await client.lease.revoke(id);
    await refuses(t, client.unary("proclaim", { leader, value }), NOT_LEADER);
  },

  "Proclaim and Resign without a lease grant one": async ({ t, client, prefix }) => {
    const { id, won } = await campaign(client, `${prefix}a`, "one");
    const leader = { ...(await won).leader!, lease: 0n };
    const { ids: before } = await client.lease.leases();
    await client.unary("proclaim", { leader, value: bytes("two") });
    const [kv] = (await client.kv.get(leader.key)).kvs;
    t.notOk(before.includes(kv!.lease), "the key hangs on another lease");
    await client.unary("resign", { leader });
    const { ids: after } = await client.lease.leases();
    t.equal(after.length, before.length + 2);
    for (const each of after) if (!before.includes(each)) await client.lease.revoke(each);
    await client.lease.revoke(id);
  },

  "Leader tells the oldest key, and refuses when there is none": async (scene) => {
    const { t, client, prefix } = scene;
    const name = bytes(`${prefix}a`);
    await refuses(t, client.unary("leader", { name }), NO_LEADER);
    const one = await campaign(client, `${prefix}a`, "one");
    await one.won;
    const two = await campaign(client, `${prefix}a`, "two");
    await inLine(client, `${prefix}a`, 2);
    const revision = await currentRevision(client);
    const answer = await client.unary("leader", { name });
    t.equal(revisionOf(answer), revision);
    t.strictSame([told(answer), answer.kv?.lease], ["one", one.id]);
    await client.lease.revoke(one.id);
    await within("the second", two.won);
    t.equal(told(await client.unary("leader", { name })), "two");
    await client.lease.revoke(two.id);
    await refuses(t, client.unary("leader", { name }), NO_LEADER);
  },

  "Observe tells the leader, every value, and the next leader": async (scene) => {
    const { t, client, prefix } = scene;
    const name = `${prefix}a`;
    const one = await campaign(client, name, "one");
    const { leader } = await one.won;
    const revision = await currentRevision(client);
    const observed = observe(client, name);
    const first = await observed.next();
    t.strictSame([told(first), first?.header?.revision], ["one", revision]);
    const proclaimed = await client.unary("proclaim", { leader, value: bytes("one again") });
    const second = await observed.next();
    t.strictSame(
      [told(second), second?.header?.revision],
      ["one again", proclaimed.header?.revision],
    );
    const two = await campaign(client, name, "two");
    await inLine(client, name, 2);
    const resigned = await client.unary("resign", { leader });
    const third = await observed.next();
    t.strictSame([told(third), third?.header?.revision], ["two", resigned.header?.revision]);
    t.equal(third?.kv?.lease, two.id);
    observed.cancel();
    for (const { id } of [one, two]) await client.lease.revoke(id);
  },

  "Observe waits for a first leader": async ({ t, client, prefix }) => {
    const name = `${prefix}a`;
    const observed = observe(client, name);
    const first = observed.next();
    await client.kv.put(`${prefix}b`, "");
    const one = await campaign(client, name, "one");
    const { leader } = await one.won;
    const answer = await first;
    t.strictSame([told(answer), answer?.header?.revision], ["one", leader?.rev]);
    await client.lease.revoke(one.id);
    const again = observed.next();
    const two = await campaign(client, name, "two");
    t.equal(told(await again), "two");
    observed.cancel();
    await client.lease.revoke(two.id);
  },

  "Resign deletes the key of those who lead, and refuses nobody": async (scene) => {
    const { t, client, prefix } = scene;
    const { id, won } = await campaign(client, `${prefix}a`, "one");
    const { leader } = await won;
    const other = { ...leader!, rev: leader!.rev + 1 };
    const before = await currentRevision(client);
    t.equal(revisionOf(await client.unary("resign", { leader: other })), before);
    t.equal((await client.kv.get(leader!.key)).kvs.length, 1, "another's is left");
    t.equal(revisionOf(await client.unary("resign", { leader })), before + 1);
    t.equal((await client.kv.get(leader!.key)).kvs.length, 0);
    t.equal(revisionOf(await client.unary("resign", { leader })), before + 1, "no second time");
    await refuses(t, client.unary("resign", {}), NO_FIELD);
    await client.lease.revoke(id);
  },

  "The methods of Election refuse what is no message": async ({ t, channel }) => {
    const malformed = Buffer.of(0x0a, 0x05, 0x01);
    for (const method of ["campaign", "proclaim", "leader", "resign"] as const) {
      const call = async (): Promise<Uint8Array> =>
        await channel.unary(method, malformed, EMPTY_CONTEXT);
      await refuses(t, call, REFUSALS.unmarshal, method);
    }
  },
};
