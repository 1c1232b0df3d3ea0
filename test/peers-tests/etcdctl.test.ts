/**
 * The real etcdctl on bin/etcdlet and on the real etcd: the same commands print the same and end the same.
 *
 * ETCDLET_BIN names another server to be compared.
 */
import t from "tap";
import type { Test } from "tap";
import { havePrograms, peerPaths } from "../harness/etcd-process.ts";
import { EtcdctlSession } from "./etcdctl-session.ts";
import {
  AUTH_COMMANDS,
  CLUSTER_COMMANDS,
  HISTORY_COMMANDS,
  KEY_COMMANDS,
  LEASE_COMMANDS,
  MAINTENANCE_COMMANDS,
  TXN_COMMANDS,
} from "./etcdctl-commands.ts";
import type { Command } from "./etcdctl-commands.ts";
import { both, goOn, same } from "./live-commands.ts";
import type { Sessions } from "./live-commands.ts";
import { USER_COMMANDS } from "./own-commands.ts";
import { GUIDE_COMMANDS } from "./users-guide.ts";

/** Several times what it takes on two busy cores. */
const wholeLimitMs = 300_000;

const { etcd, etcdctl, etcdlet } = peerPaths();
if (havePrograms(t, [etcd, etcdctl, etcdlet])) {
  t.setTimeout(wholeLimitMs);
  const sessions = await Promise.all([
    EtcdctlSession.start(etcd, etcdctl),
    EtcdctlSession.start(etcdlet, etcdctl),
  ]);
  t.teardown(async () => {
    await Promise.all(sessions.map((session) => session.stop()));
  });
  // In this order: a later one counts on the keys and revisions of an earlier one.
  const groups = {
    keys: KEY_COMMANDS,
    transactions: TXN_COMMANDS,
    history: HISTORY_COMMANDS,
    maintenance: MAINTENANCE_COMMANDS,
    cluster: CLUSTER_COMMANDS,
    auth: AUTH_COMMANDS,
    leases: LEASE_COMMANDS,
  };
  for (const [name, commands] of Object.entries(groups)) {
    await t.test(name, (t) => runAll(t, sessions, commands));
  }
  await goOn(t, sessions);
  await t.test("the guide to access control", (t) => runAll(t, sessions, GUIDE_COMMANDS));
  await t.test("users", (t) => runAll(t, sessions, USER_COMMANDS));
  await t.test("make-mirror copies", (t) => mirrors(t, sessions));
  await t.test("snapshot save", (t) => saves(t, sessions));
}

async function runAll(t: Test, sessions: Sessions, commands: readonly Command[]): Promise<void> {
  for (const { args, input, variables } of commands) {
    const [real, ours] = await both(sessions, (session) => session.run(args, input, variables));
    t.strictSame(ours, real, `${args.join(" ")} (code ${real.code})`);
  }
}

/** From the server to itself, under another prefix. */
async function mirrors(t: Test, sessions: Sessions): Promise<void> {
  const results = await both(sessions, async (session) => {
    const args = ["make-mirror", "--prefix=live/", "--dest-prefix=copy/", "$host"];
    const mirror = await session.background(args, 0);
    await session.run(["put", "live/old", "1"]);
    await session.until(["get", "copy/", "--prefix"], /copy\/old\n1/u);
    await session.run(["put", "live/new", "2"]);
    const copied = await session.until(["get", "copy/", "--prefix"], /copy\/new\n2/u);
    mirror.kill();
    return copied;
  });
  same(t, results, /copy\/new\n2\ncopy\/old\n1\n/u, "make-mirror");
}

/** Not compared: what is printed has sizes and times. peers-tests/snapshot.test.ts looks into the file. */
async function saves(t: Test, sessions: Sessions): Promise<void> {
  for (const session of sessions) {
    const { code, stdout } = await session.run(["snapshot", "save", "$folder/snapshot.db"]);
    t.equal(code, 0);
    t.match(stdout, /Snapshot saved at .*snapshot\.db\nServer version 3\.7\.0\n/u);
  }
}
