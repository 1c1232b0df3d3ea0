/**
 * Users by the names in their certificates, by the real etcdctl, on bin/etcdlet and on the real etcd; and
 * what the gateway says to them.
 */
import { request } from "node:https";
import t from "tap";
import type { Test } from "tap";
import { TestAuthority } from "../harness/certificates.ts";
import type { Certificate } from "../harness/certificates.ts";
import { havePrograms, peerPaths } from "../harness/etcd-process.ts";
import { freePort } from "../kube/processes.ts";
import { tempDirectory } from "../harness/temp-dir.ts";
import { EtcdctlSession } from "./etcdctl-session.ts";
import { both } from "./live-commands.ts";
import type { Sessions } from "./live-commands.ts";

/** Several times what it takes on two busy cores. */
const wholeLimitMs = 120_000;

interface Cast {
  readonly authority: TestAuthority;
  readonly people: Readonly<Record<"root" | "kate" | "stranger" | "unnamed", Certificate>>;
}

type Person = keyof Cast["people"];

const COMMANDS: readonly (readonly [person: Person, line: string])[] = [
  ["stranger", "user add root --no-password"],
  ["stranger", "user add kate --no-password"],
  ["stranger", "user add paul:secret"],
  ["stranger", "user grant-role root root"],
  ["stranger", "role add reader"],
  ["stranger", "role grant-permission reader read public/ --prefix"],
  ["stranger", "user grant-role kate reader"],
  ["stranger", "put public/a 1"],
  ["stranger", "put secret/a 2"],
  ["stranger", "auth enable"],
  ["kate", "get public/ --prefix"],
  ["kate", "get secret/ --prefix"],
  ["kate", "get secret/nothing"],
  ["kate", "put public/a 3"],
  ["kate", "user get kate"],
  ["kate", "user get root"],
  ["kate", "user list"],
  ["kate", "lease list"],
  ["kate", "get public/a --user=paul:secret"],
  ["kate", "get public/a --user=paul:wrong"],
  ["kate", "get public/a --user=kate:anything"],
  ["stranger", "get public/a"],
  ["stranger", "user list"],
  ["stranger", "member list"],
  ["stranger", "get public/a --user=paul:secret"],
  ["unnamed", "get public/a"],
  ["unnamed", "user list"],
  ["unnamed", "member list"],
  ["root", "get secret/ --prefix"],
  ["root", "user grant-role paul reader"],
  ["stranger", "get public/a --user=paul:secret"],
  ["root", "user delete kate"],
  ["kate", "get public/a"],
  ["kate", "member list"],
];

const paths = peerPaths();
if (havePrograms(t, [paths.etcd, paths.etcdctl, paths.etcdlet])) {
  t.setTimeout(wholeLimitMs);
  const authority = new TestAuthority(await tempDirectory(t));
  const { certFile, keyFile } = authority.certify("server");
  const people = {
    root: authority.certify("root", { commonName: "root" }),
    kate: authority.certify("kate", { commonName: "kate" }),
    stranger: authority.certify("stranger", { commonName: "stranger" }),
    unnamed: authority.certify("unnamed", { commonName: "" }),
  };
  const flags = {
    "advertise-client-urls": "https://127.0.0.1:2379",
    "cert-file": certFile,
    "key-file": keyFile,
    "trusted-ca-file": authority.certFile,
    "client-cert-auth": "true",
    "bcrypt-cost": "4",
  };
  const sessions = await Promise.all([start(paths.etcd, flags), start(paths.etcdlet, flags)]);
  t.teardown(() => Promise.all(sessions.map((session) => session.stop())));
  await t.test("a certificate is its user's", (t) => runsAll(t, sessions, { authority, people }));
  await t.test("the gateway knows nobody by a certificate, and says so", (t) =>
    asksGateway(t, sessions, { authority, people }),
  );
}

/** Its gateway calls the port by the number that it was given. */
async function start(
  binary: string,
  flags: Readonly<Record<string, string>>,
): Promise<EtcdctlSession> {
  const url = `https://127.0.0.1:${String(await freePort())}`;
  return EtcdctlSession.start(binary, paths.etcdctl, {
    flags: { ...flags, "listen-client-urls": url },
  });
}

async function runsAll(t: Test, sessions: Sessions, { authority, people }: Cast): Promise<void> {
  for (const [person, line] of COMMANDS) {
    const { certFile, keyFile } = people[person];
    const variables = {
      ETCDCTL_CACERT: authority.certFile,
      ETCDCTL_CERT: certFile,
      ETCDCTL_KEY: keyFile,
    };
    const [real, ours] = await both(sessions, (session) =>
      session.run(line.split(" "), "", variables),
    );
    t.strictSame(ours, real, `${person}: ${line} (code ${real.code})`);
  }
}

async function asksGateway(t: Test, sessions: Sessions, cast: Cast): Promise<void> {
  const { authority, people } = cast;
  const asks = async (person: Person, method: string, path: string, expected: RegExp) => {
    const [real, ours] = await both(sessions, (session) =>
      send(session.url + path, { authority, method, ...people[person] }),
    );
    t.match(real, expected, `${method} ${path} by ${person}: as it should be on etcd`);
    t.equal(ours, real, `${method} ${path} by ${person}`);
  };
  for (const path of ["/v3/kv/range", "/v3/auth/status", "/v3beta/kv/range", "/v3/none"]) {
    for (const method of ["POST", "OPTIONS"]) {
      await asks("kate", method, path, /"status":400.*CommonName/u);
    }
  }
  await asks("kate", "GET", "/version", /"status":200/u);
  await asks("unnamed", "POST", "/v3/auth/status", /"status":200.*enabled/u);
  await asks("unnamed", "POST", "/v3/kv/range", /user name is empty/u);
}

interface Sent extends Certificate {
  readonly authority: TestAuthority;
  readonly method: string;
}

/** Status, body and the headers that matter, as one text. */
function send(url: string, { authority, method, cert, key }: Sent): Promise<string> {
  return new Promise((resolve, reject) => {
    // Without this header etcd takes the name in its own certificate for the caller's.
    const headers = { accept: "*/*" };
    const options = { method, headers, cert, key, ca: authority.cert, agent: false };
    const outgoing = request(url, options, (incoming) => {
      let body = "";
      incoming.setEncoding("utf8");
      incoming.on("data", (chunk: string) => (body += chunk));
      incoming.on("end", () => {
        const { statusCode: status } = incoming;
        const cors = incoming.headers["access-control-allow-origin"];
        const comparable = body
          .replaceAll(/"(?:cluster|member)_id":"\d+"|"raft_term":"\d+"/gu, "")
          // Go writes a space, or none, as it likes.
          .replaceAll(/(?<=[,:]) /gu, "");
        resolve(
          JSON.stringify({
            status,
            type: incoming.headers["content-type"],
            cors,
            body: comparable,
          }),
        );
      });
    });
    outgoing.on("error", reject);
    outgoing.end(method === "POST" ? '{"key":"YQ=="}' : undefined);
  });
}
