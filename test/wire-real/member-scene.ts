/** Every field of the messages of Cluster and Maintenance, given values that show. */
import type { Test } from "tap";
import { messages as m } from "../../src/wire/index.ts";
import { poll } from "../kube/processes.ts";
import { api } from "./api.ts";
import type { Api } from "./api.ts";
import { Exchange, refusal } from "./exchange.ts";
import type { Ledger } from "./exchange.ts";
import type { Members } from "./members.ts";
import { holds, snapshotFile } from "./snapshot-file.ts";

/** How long a second member may take to start, to catch up, or to take over. */
const MEMBER_MS_MAX = 30_000;

export async function maintenanceScene(t: Test, etcd: Api): Promise<void> {
  const { maintenance, kv } = etcd;
  const { header } = await kv.put({ key: Buffer.from("hashed") });
  const revision = header?.revision ?? 0;
  const hash = await maintenance.hash({});
  t.not(hash.hash, 0);
  const old = await maintenance.hashKv({ revision: revision - 1 });
  const current = await maintenance.hashKv({});
  t.match([old, current], [{ hashRevision: revision - 1 }, { hashRevision: revision }]);
  t.not(old.hash, current.hash);
  t.equal(old.compactRevision > 1 && old.compactRevision < revision, true);
  t.equal((await maintenance.defragment({})).header, undefined);
  await alarmScene(t, maintenance);
  await downgradeScene(t, maintenance);
  await snapshotScene(t, etcd);
}

async function alarmScene(t: Test, maintenance: Api["maintenance"]): Promise<void> {
  const { get, activate, deactivate } = m.AlarmAction;
  const alarm = { memberId: 0xfedc_ba98_7654_3210n, alarm: m.AlarmType.corrupt };
  const raised = await maintenance.alarm({ action: activate, ...alarm });
  t.match(raised.alarms, [alarm]);
  t.match((await maintenance.alarm({ action: get, alarm: alarm.alarm })).alarms, [alarm]);
  const status = await maintenance.status({});
  t.match(status.errors, [/memberID:18364758544493064720 +alarm:CORRUPT/]);
  t.match(status, {
    version: /^3\.7\.\d+$/,
    storageVersion: "3.7.0",
    leader: status.header?.memberId,
  });
  t.equal(status.dbSizeInUse <= status.dbSize && status.dbSize < status.dbSizeQuota, true);
  t.equal(status.raftAppliedIndex <= status.raftIndex, true);
  t.equal(status.raftTerm, status.header?.raftTerm);
  await maintenance.alarm({ action: deactivate, ...alarm });
  t.strictSame((await maintenance.alarm({ action: get })).alarms, []);
}

async function downgradeScene(t: Test, maintenance: Api["maintenance"]): Promise<void> {
  const { validate, enable, cancel } = m.DowngradeAction;
  t.equal((await maintenance.downgrade({ action: validate, version: "3.6" })).version, "3.7");
  await maintenance.downgrade({ action: enable, version: "3.6" });
  const { downgradeInfo } = await maintenance.status({});
  t.match(downgradeInfo, { enabled: true, targetVersion: /^3\.6/ });
  await maintenance.downgrade({ action: cancel });
  t.equal((await maintenance.status({})).downgradeInfo?.enabled, false);
}

async function snapshotScene(t: Test, etcd: Api): Promise<void> {
  const lease = { id: 0x1234_5678_9abc_def0n, ttl: 4_321 };
  await etcd.lease.grant(lease);
  const file = await snapshotFile(t, etcd);
  t.equal(holds(file, m.encodeLease(lease)), true, "a lease as we would store it");
}

/** Takes a second member in as a learner, makes it a voter, lets it lead, and sends it away. */
export async function memberScene(
  t: Test,
  { cluster, maintenance }: Api,
  members: Members,
  ledger: Ledger,
): Promise<void> {
  const elsewhere = "http://127.0.0.1:1";
  const added = await cluster.add({ peerUrls: [elsewhere], isLearner: true });
  const { id = 0n } = added.member ?? {};
  t.match(added.member, { name: "", peerUrls: [elsewhere], isLearner: true });
  t.equal(added.members.length, 2);
  const peerUrls = [members.secondPeerUrl];
  const updated = await cluster.update({ id, peerUrls });
  t.strictSame(updated.members.find((one) => one.id === id)?.peerUrls, peerUrls);

  const second = new Exchange(await members.startSecond(), ledger);
  try {
    const there = api(second);
    t.equal((await there.maintenance.status({})).isLearner, true);
    const promoted = await poll("the learner to be in sync", MEMBER_MS_MAX, () =>
      cluster.promote({ id }),
    );
    t.equal(promoted.members.find((one) => one.id === id)?.isLearner, false);
    const { members: listed } = await cluster.list({ linearizable: true });
    t.strictSame(listed.map((one) => one.name).toSorted(), ["first", "second"]);
    t.equal(
      listed.every((one) => one.clientUrls.length === 1),
      true,
    );
    await maintenance.moveLeader({ targetId: id });
    t.equal((await there.maintenance.status({})).leader, id);
    const first = listed.find((one) => one.id !== id)?.id ?? 0n;
    t.equal(await refusal(maintenance.moveLeader({ targetId: first })), "9 etcdserver: not leader");
    await there.maintenance.moveLeader({ targetId: first });
  } finally {
    second.close();
  }
  t.equal((await cluster.remove({ id })).members.length, 1);
}
