/** Alarms, and what they refuse. Each test has a server of its own. */
import { randomBytes } from "node:crypto";
import { op } from "../../src/client/index.ts";
import type { Alarm, Client } from "../../src/client/index.ts";
import { EtcdError } from "../../src/wire/index.ts";
import { bytes, currentRevision, REFUSALS, refuses, revisionOf } from "./checks.ts";
import type { SuiteTests } from "./scene.ts";

const NOSPACE = { memberId: 77n, alarm: "nospace" } as const;
const CORRUPT = { memberId: 78n, alarm: "corrupt" } as const;

export const alarmTests: SuiteTests = {
  "Alarm tells those that are on, of all kinds or of one": async ({ t, fresh }) => {
    const { client } = await fresh();
    t.strictSame(await client.maintenance.alarms(), []);
    t.strictSame(await client.maintenance.alarmActivate(NOSPACE), [NOSPACE]);
    t.strictSame(await client.maintenance.alarmActivate(CORRUPT), [CORRUPT]);
    const all = await client.maintenance.alarms();
    t.equal(all.length, 2);
    t.strictSame(await client.maintenance.alarms("nospace"), [NOSPACE]);
    t.strictSame(await client.maintenance.alarms("corrupt"), [CORRUPT]);
    const other = await client.unary("alarm", { action: 0, memberId: 1n, alarm: 1 });
    t.equal(other.alarms.length, 1, "whatever the member asked for");
  },

  "Alarm that is on can be set off again": async ({ t, fresh }) => {
    const { client } = await fresh();
    await client.maintenance.alarmActivate(NOSPACE);
    t.strictSame(await client.maintenance.alarmActivate(NOSPACE), [NOSPACE], "and is answered");
    t.strictSame(await client.maintenance.alarms(), [NOSPACE], "and is one");
  },

  "Alarm of no kind is none": async ({ t, fresh }) => {
    const { client } = await fresh();
    const answer = await client.unary("alarm", { action: 1, memberId: 1n, alarm: 0 });
    t.strictSame(answer.alarms, []);
    t.strictSame(await client.maintenance.alarms(), []);
  },

  "Alarm is taken back by its kind and its member, and no other way": async ({ t, fresh }) => {
    const { client } = await fresh();
    await client.maintenance.alarmActivate(NOSPACE);
    const takeBack = (alarm: Alarm) => client.maintenance.alarmDeactivate(alarm);
    t.strictSame(await takeBack({ ...NOSPACE, memberId: 0n }), []);
    t.strictSame(await takeBack({ ...NOSPACE, memberId: 1n }), []);
    t.strictSame(await takeBack({ ...NOSPACE, alarm: "corrupt" }), []);
    t.strictSame(await client.maintenance.alarms(), [NOSPACE]);
    t.strictSame(await takeBack(NOSPACE), [NOSPACE]);
    t.strictSame(await client.maintenance.alarms(), []);
    t.strictSame(await takeBack(NOSPACE), []);
  },

  "Alarm answers a whole header and uses no revision": async ({ t, fresh }) => {
    const { client } = await fresh();
    const before = await currentRevision(client);
    const answer = await client.unary("alarm", { action: 1, memberId: 1n, alarm: 1 });
    t.equal(revisionOf(answer), before);
    t.not(answer.header?.memberId, 0n);
    t.equal(await currentRevision(client), before);
  },

  "Alarm is told in the status": async ({ t, fresh }) => {
    const { client } = await fresh();
    await client.maintenance.alarmActivate(NOSPACE);
    const { errors } = await client.maintenance.status();
    t.equal(errors.length, 1);
    t.match(errors[0], /^memberID:77 {1,2}alarm:NOSPACE ?$/);
  },

  "Alarm stays on over a restart": async ({ t, fresh }) => {
    const own = await fresh();
    await own.client.maintenance.alarmActivate(NOSPACE);
    await own.restart();
    t.strictSame(await own.client.maintenance.alarms(), [NOSPACE]);
    await refuses(t, own.client.kv.put("a", "1"), REFUSALS.noSpace);
    await own.client.maintenance.alarmDeactivate(NOSPACE);
    await own.client.kv.put("a", "1");
    t.equal((await own.client.kv.get("a")).count, 1);
  },

  "Alarm NOSPACE refuses what needs space, and nothing else": async ({ t, fresh }) => {
    const { client } = await fresh();
    await prepare(client);
    await client.maintenance.alarmActivate(NOSPACE);
    const { kv, lease } = client;
    const put = op.put("b", "1");
    await refuses(t, kv.put("a", "1"), REFUSALS.noSpace, "Put");
    await refuses(t, lease.grant(60), REFUSALS.noSpace, "LeaseGrant");
    await refuses(t, kv.txn().then(put).commit(), REFUSALS.noSpace, "Txn that puts");
    const untaken = kv.txn().then(op.delete("none")).else(put).commit();
    await refuses(t, untaken, REFUSALS.noSpace, "Txn that could put");
    const nested = kv
      .txn()
      .then(op.txn(kv.txn().then(put)))
      .commit();
    await refuses(t, nested, REFUSALS.noSpace, "Txn that puts inside");
    t.equal((await kv.get("a")).count, 1, "Range");
    t.equal((await kv.txn().then(op.get("a")).commit()).succeeded, true, "Txn that reads");
    t.equal((await kv.txn().then(op.delete("x")).commit()).succeeded, true, "Txn that deletes");
    t.equal((await kv.delete("a")).deleted, 1, "DeleteRange");
    t.equal((await lease.keepAliveOnce(5n)).ttl, 60, "LeaseKeepAlive");
    t.ok(await lease.revoke(5n), "LeaseRevoke");
    t.ok(await kv.compact(2), "Compact");
    await client.maintenance.alarmDeactivate(NOSPACE);
    await kv.put("a", "again");
    t.equal((await kv.get("a")).count, 1, "and everything when it is over");
  },

  "Alarm NOSPACE comes with the quota, and goes when there is space again": async ({
    t,
    target,
    fresh,
  }) => {
    const { client } = await fresh({ quotaBackendBytes: 16 * 1024 * 1024 });
    const { kv, lease, maintenance } = client;
    await kv.put("small", "1");
    await lease.grant(60, { id: 5n });
    await kv.put("leased", "1", { lease: 5n });
    const { header } = await client.unary("status", {});
    const alarm = { memberId: header?.memberId ?? 0n, alarm: "nospace" } as const;
    let last = await fill(client);
    t.strictSame(await maintenance.alarms(), [alarm]);
    t.equal((await maintenance.status()).errors.length, 1);
    await refuses(t, kv.put("small", "2"), REFUSALS.noSpace, "what would fit is refused too");
    t.strictSame(await maintenance.alarmDeactivate(alarm), [alarm]);
    const again = await fill(client);
    if (!target.differences.shrinksByItself) t.equal(again, 0, "refused at once");
    t.strictSame(await maintenance.alarms(), [alarm], "raised again");
    last = Math.max(last, again);
    t.equal((await kv.delete("small")).deleted, 1);
    t.ok(await lease.revoke(5n));
    t.equal((await kv.get("leased")).count, 0);
    await kv.compact(last, { physical: true });
    await maintenance.defragment();
    await refuses(t, kv.put("small", "3"), REFUSALS.noSpace, "until somebody takes the alarm back");
    await maintenance.alarmDeactivate(alarm);
    await kv.put("small", "4");
    t.strictSame(await maintenance.alarms(), []);
    t.strictSame((await maintenance.status()).errors, []);
  },

  "Alarm CORRUPT refuses writes, and reads nothing": async ({ t, fresh }) => {
    const { client } = await fresh();
    await prepare(client);
    await client.maintenance.alarmActivate(CORRUPT);
    const { kv, lease } = client;
    await refuses(t, kv.put("a", "1"), REFUSALS.corrupt, "Put");
    await refuses(t, kv.delete("a"), REFUSALS.corrupt, "DeleteRange");
    await refuses(t, kv.txn().then(op.put("a", "1")).commit(), REFUSALS.corrupt, "Txn");
    await refuses(t, kv.compact(2), REFUSALS.corrupt, "Compact");
    await refuses(t, lease.grant(60), REFUSALS.corrupt, "LeaseGrant");
    await refuses(t, lease.revoke(5n), REFUSALS.corrupt, "LeaseRevoke");
    t.equal((await kv.get("a")).count, 1, "Range");
    t.equal((await kv.txn().then(op.get("a")).commit()).succeeded, true, "Txn that reads");
    await client.maintenance.alarmDeactivate(CORRUPT);
    t.equal((await kv.delete("a")).deleted, 1, "and everything when it is over");
  },

  "Alarm with an unknown action does not end the server": async ({ t, target, fresh }) => {
    if (!target.differences.survivesUnknownAlarmAction) {
      t.pass("the real server dies of it");
      return;
    }
    const { client } = await fresh();
    try {
      const { alarms } = await client.unary("alarm", { action: 9, memberId: 1n, alarm: 1 });
      t.strictSame(alarms, []);
    } catch (error) {
      t.ok(error instanceof EtcdError, "refused");
    }
    await client.unary("put", { key: bytes("a") });
    t.strictSame(await client.maintenance.alarms(), []);
  },
};

/** Overwrites one key until there is no space; answers the last revision, 0 for none. */
async function fill({ kv }: Client): Promise<number> {
  let revision = 0;
  for (;;) {
    try {
      revision = revisionOf(await kv.put("large", randomBytes(1_000_000)));
    } catch (error) {
      if (error instanceof EtcdError && error.reason === "noSpace") return revision;
      throw error;
    }
  }
}

async function prepare(client: Client): Promise<void> {
  await client.kv.put("a", "1");
  await client.kv.put("x", "1");
  await client.lease.grant(60, { id: 5n });
}
