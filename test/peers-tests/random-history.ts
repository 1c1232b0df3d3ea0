/** A history at random, on any server; and all that a server has, to be compared with another's. */
import type { Client } from "../../src/client/index.ts";
import { EtcdError, latin1 } from "../../src/wire/index.ts";
import { FEW_KEYS } from "../harness/random-operations.ts";
import type { Random, StoreState } from "../harness/random-operations.ts";
import { RandomOperations } from "./differential-operation.ts";

/** Takes so many steps; refusals are a part of it. */
export async function writeHistory(client: Client, random: Random, count: number): Promise<void> {
  const state: StoreState = { revision: 1, compactedRevision: -1, compactions: [] };
  const operations = new RandomOperations(random, FEW_KEYS, state);
  for (let step = 0; step < count; step++) {
    const operation = operations.next();
    try {
      if (operation.kind === "unary") await operation.send(client);
      if (operation.kind === "compact") {
        const { revision = 0 } = operation.request;
        await client.kv.compact(revision, { physical: true });
        state.compactedRevision = revision;
      }
    } catch (error) {
      if (!(error instanceof EtcdError)) throw error;
    }
    state.revision = (await client.maintenance.status()).header?.revision ?? 0;
  }
  await client.maintenance.alarmActivate({ memberId: 77n, alarm: "nospace" });
  await writeUsers(client, random);
}

/** Names in the order in which they are made are not in that of bytes. */
export async function writeUsers(client: Client, random: Random): Promise<void> {
  for (const name of ["r2", "r1", "root"]) {
    await client.unary("roleAdd", { name });
    const key = Buffer.from(`key-${random.below(1000)}`);
    const rangeEnd = Buffer.from(random.percent(50) ? "" : "l");
    const permType = random.below(3);
    await client.unary("roleGrantPermission", { name, perm: { key, rangeEnd, permType } });
  }
  for (const name of ["z", "a", "root"]) {
    const options = { noPassword: name === "a" };
    await client.unary("userAdd", { name, password: `password of ${name}`, options });
    await client.unary("userGrantRole", { user: name, role: random.pick(["r1", "r2"]) });
  }
  await client.unary("userGrantRole", { user: "root", role: "root" });
}

async function usersOf(client: Client): Promise<object> {
  const { authRevision, enabled } = await client.unary("authStatus", {});
  const { users } = await client.unary("userList", {});
  const { roles } = await client.unary("roleList", {});
  const rolesOfUsers: Record<string, unknown> = {};
  for (const name of users) {
    rolesOfUsers[name] = (await client.unary("userGet", { name })).roles;
  }
  const permissions: Record<string, unknown> = {};
  for (const role of roles) permissions[role] = (await client.unary("roleGet", { role })).perm;
  return { authRevision, enabled, rolesOfUsers, permissions };
}

export interface Picture {
  readonly revision: number;
  readonly compactRevision: number;
  /** Of all revisions that can be read. */
  readonly hashes: Readonly<Record<number, number>>;
  readonly leases: Readonly<Record<string, object>>;
  readonly alarms: readonly object[];
  readonly users: object;
}

/** Everything that must be the same after moving. */
export async function pictureOf(client: Client): Promise<Picture> {
  const { header, compactRevision } = await client.maintenance.hashKV();
  const revision = header?.revision ?? 0;
  const hashes: Record<number, number> = {};
  for (let at = Math.max(1, compactRevision); at <= revision; at++) {
    hashes[at] = (await client.maintenance.hashKV(at)).hash;
  }
  const leases: Record<string, object> = {};
  const { ids } = await client.lease.leases();
  for (const id of ids.toSorted((a, b) => (a < b ? -1 : 1))) {
    const { grantedTtl, keys } = await client.lease.timeToLive(id, { keys: true });
    leases[String(id)] = { grantedTtl, keys: keys.map((key) => latin1(key)).toSorted() };
  }
  const alarms = await client.maintenance.alarms();
  return { revision, compactRevision, hashes, leases, alarms, users: await usersOf(client) };
}
