/** Status, Defragment, MoveLeader, and Downgrade. */
import { STATUS } from "../../src/wire/index.ts";
import { currentRevision, refuses, revisionOf, rows } from "./checks.ts";
import type { SuiteTests } from "./scene.ts";

const BAD_TRANSFEREE = [STATUS.failedPrecondition, "etcdserver: bad leader transferee"] as const;
const WRONG_FORMAT = [
  STATUS.invalidArgument,
  "etcdserver: wrong downgrade target version format",
] as const;
const INVALID_TARGET = [
  STATUS.invalidArgument,
  "etcdserver: invalid downgrade target version",
] as const;
const IN_PROGRESS = [
  STATUS.failedPrecondition,
  "etcdserver: cluster has a downgrade job in progress",
] as const;
const UNKNOWN_ACTION = [STATUS.unknown, "etcdserver: unknown method"] as const;

/** What etcd takes when nothing is said. Source: etcd server/storage/quota.go. */
const QUOTA_DEFAULT_BYTES = 2_147_483_648;

export const maintenanceTests: SuiteTests = {
  "Status tells a version that clients can compare": async ({ t, client }) => {
    const status = await client.maintenance.status();
    t.match(status.version, /^3\.7\.\d+$/);
    t.equal(status.storageVersion, "3.7.0");
  },

  "Status tells of a leader that is this member": async ({ t, client }) => {
    const status = await client.maintenance.status();
    t.not(status.leader, 0n);
    t.equal(status.leader, status.header?.memberId);
    t.equal(status.isLearner, false);
    t.strictSame(status.errors, []);
    t.strictSame(status.downgradeInfo, { enabled: false, targetVersion: "" });
  },

  "Status tells the sizes of the store": async ({ t, client, prefix }) => {
    await client.kv.put(`${prefix}a`, "v");
    const status = await client.maintenance.status();
    t.ok(status.dbSize > 0, `on disk: ${status.dbSize}`);
    t.ok(status.dbSizeInUse > 0 && status.dbSizeInUse <= status.dbSize, "and of that in use");
    t.equal(status.dbSizeQuota, QUOTA_DEFAULT_BYTES);
  },

  "Status tells an index that grows with every write, and a term": async (scene) => {
    const { t, client, prefix } = scene;
    const before = await client.maintenance.status();
    await client.kv.put(`${prefix}a`, "v");
    const after = await client.maintenance.status();
    t.ok(after.raftIndex > before.raftIndex);
    t.ok(after.raftAppliedIndex > before.raftAppliedIndex);
    t.ok(after.raftAppliedIndex <= after.raftIndex);
    t.equal(after.raftTerm, before.raftTerm);
    t.equal(after.raftTerm, after.header?.raftTerm);
    t.ok(after.raftTerm >= 2);
    t.equal(revisionOf(after), await currentRevision(client));
  },

  "Defragment keeps everything and answers no header": async ({ t, client, prefix }) => {
    await client.kv.put(`${prefix}a`, "1");
    const first = await currentRevision(client);
    await client.kv.put(`${prefix}a`, "2");
    t.strictSame(await client.unary("defragment", {}), { header: undefined });
    t.strictSame(rows((await client.kv.get(`${prefix}a`)).kvs, prefix), ["a=2"]);
    const past = await client.kv.get(`${prefix}a`, { revision: first });
    t.strictSame(rows(past.kvs, prefix), ["a=1"], "history too");
    t.equal(await currentRevision(client), first + 1);
  },

  "MoveLeader to the leader itself succeeds, and answers no header": async ({ t, client }) => {
    const { leader } = await client.maintenance.status();
    t.strictSame(await client.unary("moveLeader", { targetId: leader }), { header: undefined });
  },

  "MoveLeader to one who is no member is refused": async ({ t, client }) => {
    await refuses(t, client.maintenance.moveLeader(12_345n), BAD_TRANSFEREE);
    await refuses(t, client.maintenance.moveLeader(0n), BAD_TRANSFEREE);
  },

  "Downgrade takes only the minor version below": async ({ t, client }) => {
    for (const version of ["3.6", "3.6.0", "3.6.5"]) {
      const answer = await client.maintenance.downgrade("validate", { version });
      t.equal(answer.version, "3.7", `${version}: answers the cluster's version`);
      t.equal(revisionOf(answer), await currentRevision(client));
    }
    for (const version of ["3.7", "3.7.0", "3.5", "3.8", "2.6", "4.6"]) {
      const asked = client.maintenance.downgrade("validate", { version });
      await refuses(t, asked, INVALID_TARGET, version);
    }
  },

  "Downgrade refuses what is no version": async ({ t, client }) => {
    for (const version of ["", "x", "3", "3.6.", "3.six", "v3.6"]) {
      const validate = client.maintenance.downgrade("validate", { version });
      await refuses(t, validate, WRONG_FORMAT, `validate ${version}`);
      const enable = client.maintenance.downgrade("enable", { version });
      await refuses(t, enable, WRONG_FORMAT, `enable ${version}`);
    }
  },

  "Downgrade refuses an action that it does not know": async ({ t, client }) => {
    await refuses(t, client.unary("downgrade", { action: 7, version: "3.6" }), UNKNOWN_ACTION);
  },

  "Downgrade can be cancelled where there is none": async ({ t, client }) => {
    await client.maintenance.downgrade("cancel");
    t.strictSame((await client.maintenance.status()).downgradeInfo, {
      enabled: false,
      targetVersion: "",
    });
  },

  "Downgrade that is under way is told, refuses another, and can be cancelled": async (scene) => {
    const { t, target, fresh } = scene;
    if (!target.differences.downgrades) {
      t.pass("there is no older version");
      return;
    }
    const { client } = await fresh();
    const enabled = await client.maintenance.downgrade("enable", { version: "3.6" });
    t.equal(enabled.version, "3.7");
    t.strictSame((await client.maintenance.status()).downgradeInfo, {
      enabled: true,
      targetVersion: "3.6.0",
    });
    for (const action of ["enable", "validate"] as const) {
      const again = client.maintenance.downgrade(action, { version: "3.6" });
      await refuses(t, again, IN_PROGRESS, action);
    }
    await client.maintenance.downgrade("cancel");
    t.equal((await client.maintenance.status()).downgradeInfo?.enabled, false);
  },
};
