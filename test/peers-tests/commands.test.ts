/**
 * etcdlet's own commands beside the real etcdctl's: each command line on two servers of one kind, the real
 * etcd and bin/etcdlet, prints the same and ends the same.
 */
import t from "tap";
import type { Test } from "tap";
import { havePrograms, peerPaths } from "../harness/etcd-process.ts";
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
import { EtcdctlSession } from "./etcdctl-session.ts";
import { both, comparable, goOn } from "./live-commands.ts";
import type { Sessions } from "./live-commands.ts";
import { FORM_COMMANDS, SYNTAX_COMMANDS, USER_COMMANDS } from "./own-commands.ts";

/** Several times what it takes on two busy cores. */
const wholeLimitMs = 500_000;

/** A member's id, which is another each time, in both forms. */
const NEW_MEMBER = /\b(?!b71f75320dc06a6c|1c45a069f3a1d796)(?:[0-9a-f]{15,16}|\d{18,20})\b/gu;

const { etcd, etcdctl, etcdlet } = peerPaths();
if (havePrograms(t, [etcd, etcdctl, etcdlet])) {
  t.setTimeout(wholeLimitMs);
  for (const [name, server] of Object.entries({ etcd, etcdlet })) {
    await t.test(`on ${name}`, async (t) => {
      const sessions = await compareAll(t, server);
      await t.test("users", (t) => runAll(t, sessions, USER_COMMANDS));
      // etcdlet lets no member in.
      if (server === etcd) await t.test("a learner is let in", (t) => addsLearner(t, sessions));
    });
  }
}

async function compareAll(t: Test, server: string): Promise<Sessions> {
  // The real etcdctl, and the commands under test, each with a server of its own.
  const sessions = await Promise.all([
    EtcdctlSession.start(server, etcdctl),
    EtcdctlSession.start(server, etcdlet),
  ]);
  t.teardown(() => Promise.all(sessions.map((session) => session.stop())));
  // In this order: a later one counts on the keys and revisions of an earlier one.
  const groups = {
    keys: KEY_COMMANDS,
    transactions: TXN_COMMANDS,
    forms: FORM_COMMANDS,
    syntax: SYNTAX_COMMANDS,
    history: HISTORY_COMMANDS,
    maintenance: MAINTENANCE_COMMANDS,
    cluster: CLUSTER_COMMANDS,
    leases: LEASE_COMMANDS,
    auth: AUTH_COMMANDS,
  };
  for (const [name, commands] of Object.entries(groups)) {
    await t.test(name, (t) => runAll(t, sessions, commands));
  }
  await goOn(t, sessions);
  return sessions;
}

async function addsLearner(t: Test, sessions: Sessions): Promise<void> {
  const add = ["member", "add", "extra", "--learner", "--peer-urls=http://127.0.0.1:9"];
  for (const args of [add, ["member", "list"], ["member", "list", "-w", "json"]]) {
    const [real, ours] = await both(sessions, async (session) => {
      const { code, stdout } = await session.run(args);
      return { code, stdout: stdout.replaceAll(NEW_MEMBER, "MEMBER") };
    });
    t.strictSame(ours, real, args.join(" "));
    t.match(real.stdout, "MEMBER");
  }
}

async function runAll(t: Test, sessions: Sessions, commands: readonly Command[]): Promise<void> {
  for (const { args, input, variables } of commands) {
    const [real, ours] = await both(sessions, (session) => session.run(args, input, variables));
    t.strictSame(comparable(ours), comparable(real), `${args.join(" ")} (code ${real.code})`);
  }
}
