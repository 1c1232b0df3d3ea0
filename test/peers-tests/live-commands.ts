/** Commands that go on: what two programs print while keys change, held against each other. */
import type { Test } from "tap";
import type { CommandResult, EtcdctlSession } from "./etcdctl-session.ts";

/** The holder's key, and that of whoever waits. */
const TWO_KEYS = /^one-[^]*\n+one-/u;

/** What is right, and what is under test: two programs, or one on two servers. */
export type Sessions = readonly [EtcdctlSession, EtcdctlSession];

/** The same on both. */
export async function both<Result>(
  sessions: Sessions,
  action: (session: EtcdctlSession) => Promise<Result>,
): Promise<[Result, Result]> {
  return await Promise.all([action(sessions[0]), action(sessions[1])]);
}

/** The two did the same, and it was not nothing. */
export function same(
  t: Test,
  [real, ours]: readonly [CommandResult, CommandResult],
  expected: RegExp,
  what: string,
): void {
  t.match(real.stdout, expected, `${what}: as it should be on etcd`);
  t.strictSame(ours, real, what);
}

/** All commands that go on, each a test. */
export async function goOn(t: Test, sessions: Sessions): Promise<void> {
  await t.test("watch follows", (t) => watches(t, sessions));
  await t.test("a watch of many", (t) => watchesInteractively(t, sessions));
  await t.test("lease keep-alive goes on", (t) => keepsAlive(t, sessions));
  await t.test("lock waits for its holder", (t) => locks(t, sessions));
  await t.test("elect campaigns and observes", (t) => elects(t, sessions));
}

/** Live, whatever the moment at which the watch is there: it begins at the next revision. */
async function watches(t: Test, sessions: Sessions): Promise<void> {
  const results = await both(sessions, async (session) => {
    const args = [
      "watch",
      "live/",
      "--prefix",
      "--prev-kv",
      `--rev=${await nextRevision(session)}`,
    ];
    const watch = await session.background(args, 0);
    await session.run(["put", "live/a", "1"]);
    await session.run(["put", "live/b", "2"]);
    await session.run(["put", "other", "3"]);
    await session.run(["put", "live/a", "4"]);
    await session.run(["del", "live/", "--prefix"]);
    // Of a put: type, key, value, and what was there; of a deletion, type, what was there, and key.
    await watch.lines(3 + 3 + 5 + 4 + 4);
    return await watch.interrupt();
  });
  same(t, results, /PUT\nlive\/a\n1\n[^]*DELETE\nlive\/b\n2\nlive\/b/u, "watch --prefix --prev-kv");
}

async function nextRevision(session: EtcdctlSession): Promise<number> {
  const { stdout } = await session.run(["get", "none", "-w", "json"]);
  return Number(/"revision":(\d+)/u.exec(stdout)?.[1]) + 1;
}

/** Two watches that are typed in, one after the other. */
async function watchesInteractively(t: Test, sessions: Sessions): Promise<void> {
  const results = await both(sessions, async (session) => {
    const next = await nextRevision(session);
    const watch = await session.background(["watch", "--interactive"], 0);
    watch.type(`watch many/x --rev ${next}\nwatch many/y --rev ${next}\n`);
    await session.run(["put", "many/x", "1"]);
    await watch.lines(3);
    await session.run(["put", "many/y", "2"]);
    await watch.lines(6);
    return await watch.interrupt();
  });
  same(t, results, /PUT\nmany\/x\n1\nPUT\nmany\/y\n2\n/u, "watch --interactive");
}

/** A lease is renewed until it is gone. */
async function keepsAlive(t: Test, sessions: Sessions): Promise<void> {
  const results = await both(sessions, async (session) => {
    const { stdout } = await session.run(["lease", "grant", "3"]);
    const number = /LEASE(\d+)/u.exec(stdout)?.[1] ?? "";
    const keeper = await session.background(["lease", "keep-alive", `$lease${number}`], 2);
    await session.run(["lease", "revoke", `$lease${number}`]);
    // Learns at the next renewal, a third of the time to live later, that there is no such lease.
    return await keeper.end();
  });
  const lines = results.map(({ code, stdout }) => [code, [...new Set(stdout.split("\n"))]]);
  t.match(results[0].stdout, /keepalived with TTL\(3\)[^]*expired or revoked/u, "etcd renews");
  t.strictSame(lines[1], lines[0], "lease keep-alive");
}

/** A lock waits, is passed on, and leaves nothing. */
async function locks(t: Test, sessions: Sessions): Promise<void> {
  const results = await both(sessions, async (session) => {
    const holder = await session.background(["lock", "one-lock"], 1);
    const waiting = await session.background(["lock", "one-lock", "echo", "locked at last"], 0);
    await session.until(["get", "one-lock/", "--prefix", "--keys-only"], TWO_KEYS);
    const held = await holder.interrupt();
    const waited = await waiting.end();
    const failed = comparable(await session.run(["lock", "one-lock", "sh", "-c", "exit 3"]));
    return { held: hideLease(held), waited, failed };
  });
  t.match(results[0].held.stdout, /^one-lock\/LEASE/u, "etcd's key is made of name and lease");
  t.match(results[0].waited.stdout, /locked at last/u, "etcd's lock was passed on");
  t.strictSame(results[1], results[0], "lock");
  const [real, ours] = await both(sessions, (session) =>
    session.run(["get", "one-lock", "--prefix"]),
  );
  t.strictSame(ours, real, "nothing is left of the locks");
}

/** A campaign waits for the one before; an observer sees both. */
async function elects(t: Test, sessions: Sessions): Promise<void> {
  const results = await both(sessions, async (session) => {
    const leader = await session.background(["elect", "one-election", "first"], 2);
    const observer = await session.background(["elect", "--listen", "one-election"], 2);
    const second = await session.background(["elect", "one-election", "second"], 0);
    await session.until(["get", "one-election/", "--prefix", "--keys-only"], TWO_KEYS);
    const led = hideLease(await leader.interrupt());
    await second.lines(2);
    await observer.lines(4);
    const observed = hideLease(await observer.interrupt());
    return { led, observed, second: hideLease(await second.interrupt()) };
  });
  t.match(
    results[0].observed.stdout,
    /\nfirst\n[^]*\nsecond\n/u,
    "etcd's observer sees both leaders",
  );
  t.strictSame(results[1], results[0], "elect");
}

/** Names of locks and elections end with the lease of a session, whose id etcdctl asks the server for. */
function hideLease(result: CommandResult): CommandResult {
  return { ...result, stdout: result.stdout.replaceAll(/\/[0-9a-f]{10,}/gu, "/LEASE") };
}

/**
 * How to use a command is said in words of our own; and where the session has masked a line of the
 * client's log, an empty one is left.
 */
export function comparable(result: CommandResult): CommandResult {
  const stderr = result.stderr.replace(/\nUsage:\n[^]*/u, "\n").replaceAll(/^\n/gmu, "");
  return { ...result, stderr };
}
