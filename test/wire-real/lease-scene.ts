/** Every field of the messages of Lease, Lock, and Election, given values that show. */
import type { Test } from "tap";
import type { Api } from "./api.ts";
import { refusal, rest } from "./exchange.ts";

const bytes = (text: string): Buffer => Buffer.from(text);
const text = (value: Uint8Array | undefined): string => Buffer.from(value ?? []).toString();

/** Needs all of 64 bits less one, so that it cannot be a number. */
const LEASE = 0x7123_4567_89ab_cdefn;

export async function leaseScene(t: Test, { lease, kv }: Api): Promise<void> {
  t.match(await lease.grant({ id: LEASE, ttl: 700 }), { id: LEASE, ttl: 700, error: "" });
  await kv.put({ key: bytes("leased"), value: bytes("1"), lease: LEASE });
  const left = await lease.timeToLive({ id: LEASE, keys: true });
  t.match(left, { id: LEASE, grantedTtl: 700 });
  t.equal(left.ttl > 690 && left.ttl <= 700, true, `${left.ttl} s left`);
  t.equal(text(left.keys[0]), "leased");
  t.strictSame((await lease.timeToLive({ id: LEASE })).keys, []);
  t.match(await lease.timeToLive({ id: 5n }), { id: 5n, ttl: -1 });
  t.equal(
    (await lease.leases({})).leases.some((one) => one.id === LEASE),
    true,
  );

  const stream = lease.keepAlive();
  stream.send({ id: LEASE });
  t.match(await stream.next(), { id: LEASE, ttl: 700 });
  stream.send({ id: 5n });
  t.match(await stream.next(), { id: 5n, ttl: 0 });
  stream.end();
  t.strictSame(await rest(stream), []);

  await lease.revoke({ id: LEASE });
  t.equal((await kv.range({ key: bytes("leased") })).count, 0);
  t.equal(await refusal(lease.revoke({ id: LEASE })), "5 etcdserver: requested lease not found");
}

export async function lockScene(t: Test, { lock, lease, kv }: Api): Promise<void> {
  await lease.grant({ id: LEASE, ttl: 700 });
  const { key } = await lock.lock({ name: bytes("door"), lease: LEASE });
  t.equal(text(key), `door/${LEASE.toString(16)}`);
  t.equal((await kv.range({ key })).kvs[0]?.lease, LEASE);
  await lock.unlock({ key });
  t.equal((await kv.range({ key })).count, 0);
}

/** After {@link lockScene}, whose lease it uses. */
export async function electionScene(t: Test, { election }: Api): Promise<void> {
  const name = bytes("house");
  const campaign = { name, lease: LEASE, value: bytes("first") };
  const { leader, header } = await election.campaign(campaign);
  t.match(leader, { lease: LEASE, rev: header?.revision });
  t.equal(text(leader?.name), "house");
  t.equal(text(leader?.key), `house/${LEASE.toString(16)}`);

  const observer = election.observe();
  observer.send({ name });
  observer.end();
  t.equal(text((await observer.next())?.kv?.value), "first");
  await election.proclaim({ leader, value: bytes("second") });
  t.equal(text((await observer.next())?.kv?.value), "second");
  observer.cancel();

  t.match((await election.leader({ name })).kv, { version: 2, lease: LEASE });
  await election.resign({ leader });
  t.equal(await refusal(election.leader({ name })), "2 election: no leader");
}
