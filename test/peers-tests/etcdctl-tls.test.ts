/**
 * The real etcdctl by TLS, with certificates on both sides, on bin/etcdlet and on the real etcd.
 */
import { copyFileSync } from "node:fs";
import { once } from "node:events";
import { connect } from "node:http2";
import t from "tap";
import type { Test } from "tap";
import { TestAuthority } from "../harness/certificates.ts";
import { havePrograms, peerPaths } from "../harness/etcd-process.ts";
import { tempDirectory } from "../harness/temp-dir.ts";
import { HISTORY_COMMANDS, KEY_COMMANDS, TXN_COMMANDS } from "./etcdctl-commands.ts";
import { EtcdctlSession } from "./etcdctl-session.ts";

/** Several times what it takes on two busy cores. */
const wholeLimitMs = 120_000;

/** The real etcd, and the server under test. */
type Sessions = readonly [EtcdctlSession, EtcdctlSession];

interface Side {
  readonly sessions: Sessions;
  readonly authority: TestAuthority;
  /** Of etcdctl, for whoever has a good certificate. */
  readonly variables: NodeJS.ProcessEnv;
  readonly client: { readonly cert: string; readonly key: string };
}

const paths = peerPaths();
if (havePrograms(t, [paths.etcd, paths.etcdctl, paths.etcdlet])) {
  t.setTimeout(wholeLimitMs);
  const side = await start(t);
  await t.test("commands print the same", (t) => runsAll(t, side));
  await t.test("a watch follows", (t) => watches(t, side));
  await t.test("clients without a good certificate are refused", (t) => refuses(t, side));
  await t.test("pings are not counted", (t) => countsNoPings(t, side));
  await t.test("a new certificate is in force at once", (t) => rotates(t, side));
}

async function start(t: Test): Promise<Side> {
  const authority = new TestAuthority(await tempDirectory(t));
  const { certFile, keyFile } = authority.certify("server");
  const client = authority.certify("client", { commonName: "kate" });
  const flags = {
    "listen-client-urls": "https://127.0.0.1:0",
    "advertise-client-urls": "https://127.0.0.1:2379",
    "cert-file": certFile,
    "key-file": keyFile,
    "trusted-ca-file": authority.certFile,
    "client-cert-auth": "true",
  };
  const variables = {
    ETCDCTL_CACERT: authority.certFile,
    ETCDCTL_CERT: client.certFile,
    ETCDCTL_KEY: client.keyFile,
  };
  const sessions = await Promise.all([
    EtcdctlSession.start(paths.etcd, paths.etcdctl, { flags, variables }),
    EtcdctlSession.start(paths.etcdlet, paths.etcdctl, { flags, variables }),
  ]);
  t.teardown(() => Promise.all(sessions.map((session) => session.stop())));
  return { sessions, authority, variables, client };
}

async function both<Result>(
  sessions: Sessions,
  action: (session: EtcdctlSession) => Promise<Result>,
): Promise<[Result, Result]> {
  return await Promise.all([action(sessions[0]), action(sessions[1])]);
}

async function runsAll(t: Test, { sessions }: Side): Promise<void> {
  for (const { args, input } of [...KEY_COMMANDS, ...TXN_COMMANDS, ...HISTORY_COMMANDS]) {
    const [real, ours] = await both(sessions, (session) => session.run(args, input));
    t.strictSame(ours, real, `${args.join(" ")} (code ${real.code})`);
  }
}

async function watches(t: Test, { sessions }: Side): Promise<void> {
  const [real, ours] = await both(sessions, async (session) => {
    const { stdout } = await session.run(["get", "none", "-w", "json"]);
    const next = Number(/"revision":(\d+)/u.exec(stdout)?.[1]) + 1;
    const watch = await session.background(["watch", "live", `--rev=${next}`], 0);
    for (let count = 0; count < 3; count++) await session.run(["put", "live", String(count)]);
    await watch.lines(9);
    return await watch.interrupt();
  });
  t.strictSame(ours, real);
  t.match(ours.stdout, /^PUT\nlive\n0\nPUT\nlive\n1\nPUT\nlive\n2\n/u);
}

async function refuses(t: Test, { sessions, authority, variables }: Side): Promise<void> {
  const folder = await tempDirectory(t);
  const stranger = new TestAuthority(folder).certify("stranger");
  const late = authority.certify("late", { days: -1 });
  const cases = {
    "none at all": { ETCDCTL_CACERT: authority.certFile },
    "of another authority": {
      ...variables,
      ETCDCTL_CERT: stranger.certFile,
      ETCDCTL_KEY: stranger.keyFile,
    },
    "out of date": { ...variables, ETCDCTL_CERT: late.certFile, ETCDCTL_KEY: late.keyFile },
  };
  for (const [name, given] of Object.entries(cases)) {
    const impatient = { ...given, ETCDCTL_COMMAND_TIMEOUT: "1s", ETCDCTL_DIAL_TIMEOUT: "1s" };
    const [real, ours] = await both(sessions, (session) =>
      session.run(["get", "a"], "", impatient),
    );
    t.strictSame([ours.code, ours.stdout], [real.code, real.stdout], name);
    t.equal(ours.code, 1, name);
    t.match(ours.stderr, /context deadline exceeded/u, name);
  }
}

/** Where pings are counted, three without a call are too many. */
async function countsNoPings(t: Test, { sessions, authority, client }: Side): Promise<void> {
  const [real, ours] = await both(sessions, async (session) => {
    const { cert, key } = client;
    const connection = connect(session.url, { ca: authority.cert, cert, key });
    connection.on("error", () => undefined);
    let isSentAway = false;
    connection.once("goaway", () => (isSentAway = true));
    await once(connection, "remoteSettings");
    for (let count = 0; count < 20; count++) {
      await new Promise<void>((resolve, reject) => {
        connection.ping((error) => (error === null ? resolve() : reject(error)));
      });
    }
    connection.destroy();
    return isSentAway;
  });
  t.strictSame([real, ours], [false, false]);
}

/** Comes last: the servers are of another authority afterwards. */
async function rotates(t: Test, { sessions, authority, variables }: Side): Promise<void> {
  const other = new TestAuthority(await tempDirectory(t), "other");
  const { certFile, keyFile } = other.certify("server");
  copyFileSync(certFile, authority.certFile.replace("authority.crt", "server.crt"));
  copyFileSync(keyFile, authority.certFile.replace("authority.crt", "server.key"));
  const [real, ours] = await both(sessions, (session) =>
    session.run(["get", "live"], "", { ...variables, ETCDCTL_CACERT: other.certFile }),
  );
  t.strictSame(ours, real);
  t.strictSame(ours, { code: 0, stdout: "live\n2\n", stderr: "" });
}
