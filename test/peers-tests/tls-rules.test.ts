/** Whom the real etcd and bin/etcdlet let in by TLS, with each flag that says so. */
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import { join } from "node:path";
import t from "tap";
import type { Test } from "tap";
import { TestAuthority } from "../harness/certificates.ts";
import type { Certificate } from "../harness/certificates.ts";
import { EtcdProcess, havePrograms, peerPaths, spawnEtcd } from "../harness/etcd-process.ts";
import { tempDirectory } from "../harness/temp-dir.ts";
import { freePort, poll } from "../kube/processes.ts";

/** Several times what it takes on two busy cores. */
const wholeLimitMs = 120_000;

/** Several times what a start may take that is refused. */
const endLimitMs = 30_000;

const REJECTED = "rejected connection on client endpoint";

/** Clients that ask both servers. */
interface Pair {
  readonly servers: readonly [EtcdProcess, EtcdProcess];
  /** Asks both for a page, by a certificate; what came of it, once it is the same for both. */
  ask(t: Test, client: Certificate | undefined, name: string): Promise<string>;
  /** Waits until both logs say that a client was not let in for that reason. */
  logged(t: Test, problem: string): Promise<void>;
}

const paths = peerPaths();
if (havePrograms(t, [paths.etcd, paths.etcdlet])) {
  t.setTimeout(wholeLimitMs);
  await t.test("a list of revoked certificates", checksList);
  await t.test("a list that cannot be read", readsNothing);
  await t.test("names of clients", checksHostnames);
  await t.test("common names of clients, by a file", checksCommonNames);
  await t.test("metrics by TLS", servesMetrics);
  await t.test("versions of TLS", checksVersions);
  await t.test("starts that are refused", refusesStarts);
}

/** Both servers with a certificate, and more flags. */
async function start(
  t: Test,
  authority: TestAuthority,
  flags: Readonly<Record<string, string>>,
): Promise<Pair> {
  const { certFile, keyFile } = authority.certify("server");
  const servers = await Promise.all([
    EtcdProcess.start(await options(t, paths.etcd, { certFile, keyFile, flags })),
    EtcdProcess.start(await options(t, paths.etcdlet, { certFile, keyFile, flags })),
  ]);
  t.teardown(() => Promise.all(servers.map((server) => server.stop("SIGKILL"))));
  return {
    servers,
    ask: async (t, client, name) => {
      const [real, ours] = await Promise.all(
        servers.map(({ url }) => ask(`${url}/version`, authority, client)),
      );
      t.equal(ours, real, name);
      return ours ?? "";
    },
    logged: async (t, problem) => {
      const said = `"error":"${problem}"`;
      for (const { program } of servers) {
        // A log may be written a little later.
        await poll(`${program.name} to say ${said}`, endLimitMs, () => {
          const lines = program.log().split("\n");
          return lines.find((line) => line.includes(REJECTED) && line.includes(said));
        });
        t.pass(`${program.name} says ${problem}`);
      }
    },
  };
}

type StartOptions = Parameters<typeof EtcdProcess.start>[0];

async function options(
  t: Test,
  binary: string,
  tls: {
    readonly certFile: string;
    readonly keyFile: string;
    readonly flags: Readonly<Record<string, string>>;
  },
): Promise<StartOptions> {
  return {
    binary,
    folder: await tempDirectory(t),
    unsafeNoFsync: true,
    flags: {
      "listen-client-urls": "https://127.0.0.1:0",
      "advertise-client-urls": "https://127.0.0.1:2379",
      "cert-file": tls.certFile,
      "key-file": tls.keyFile,
      ...tls.flags,
    },
  };
}

/** The status of an answer, or that there was none. */
async function ask(
  url: string,
  authority: TestAuthority,
  client: Certificate | undefined,
  tls: { readonly maxVersion?: "TLSv1.2"; readonly minVersion?: "TLSv1.3" } = {},
): Promise<string> {
  const identity = client === undefined ? {} : { cert: client.cert, key: client.key };
  const asked = request(url, { ca: authority.cert, agent: false, ...identity, ...tls });
  try {
    const [answer] = (await once(asked.end(), "response")) as [IncomingMessage];
    answer.resume();
    return String(answer.statusCode);
  } catch {
    return "refused";
  }
}

async function checksList(t: Test): Promise<void> {
  const authority = new TestAuthority(await tempDirectory(t));
  const [kate, john] = [authority.certify("kate"), authority.certify("john")];
  const pair = await start(t, authority, {
    "trusted-ca-file": authority.certFile,
    "client-crl-file": authority.revoke("list", [kate]),
  });
  t.equal(await pair.ask(t, john, "a good one"), "200");
  t.equal(await pair.ask(t, kate, "a revoked one"), "refused");
  const serial = new X509Certificate(kate.cert).serialNumber.toLowerCase();
  await pair.logged(t, `transport: certificate serial ${serial} revoked`);
  authority.revoke("list", []);
  t.equal(await pair.ask(t, kate, "with the next list"), "200");
  // etcd does not look at who made a list, only at the numbers in it.
  new TestAuthority(authority.certFile.replace(/\/[^/]+$/u, ""), "other").revoke("list", [john]);
  t.equal(await pair.ask(t, john, "revoked by another authority"), "refused");
}

async function readsNothing(t: Test): Promise<void> {
  const authority = new TestAuthority(await tempDirectory(t));
  const file = join(await tempDirectory(t), "list");
  writeFileSync(file, "junk");
  const flags = { "client-cert-auth": "true", "trusted-ca-file": authority.certFile };
  const pair = await start(t, authority, { ...flags, "client-crl-file": file });
  const kate = authority.certify("kate");
  t.equal(await pair.ask(t, kate, "junk"), "refused");
  await pair.logged(t, "x509: malformed crl");
}

async function checksHostnames(t: Test): Promise<void> {
  const authority = new TestAuthority(await tempDirectory(t));
  const pair = await start(t, authority, {
    "trusted-ca-file": authority.certFile,
    "client-cert-allowed-hostname": "a.test,x.b.test,10.0.0.9,::1",
  });
  const cases: readonly (readonly [string, readonly string[], string])[] = [
    ["the first", ["a.test"], "200"],
    ["one of two", ["z.test", "a.test"], "200"],
    ["capitals", ["A.TEST"], "200"],
    ["any of a domain", ["*.b.test"], "200"],
    ["any, too deep", ["*.test"], "200"],
    ["a part of a label", ["*x.b.test"], "refused"],
    ["an address", ["10.0.0.9"], "200"],
    ["a long address", ["::1"], "200"],
    ["another address", ["10.0.0.8"], "refused"],
    ["another", ["b.test"], "refused"],
    ["none", [], "refused"],
  ];
  for (const [name, hosts, expected] of cases) {
    const client = authority.certify("client", { hosts, commonName: "a.test" });
    t.equal(await pair.ask(t, client, name), expected, name);
  }
  t.equal(await pair.ask(t, undefined, "no certificate"), "refused");
  await pair.logged(t, "client certificate authentication failed");
}

/** Only a file has them; all else is in it too then. */
async function checksCommonNames(t: Test): Promise<void> {
  const authority = new TestAuthority(await tempDirectory(t));
  const { certFile, keyFile } = authority.certify("server");
  const security = {
    "cert-file": certFile,
    "key-file": keyFile,
    "trusted-ca-file": authority.certFile,
    "allowed-cn": ["kate", "kim"],
  };
  const servers = await Promise.all(
    [paths.etcd, paths.etcdlet].map(async (binary) => {
      const folder = await tempDirectory(t);
      const file = join(folder, "config.json");
      const content = {
        "data-dir": join(folder, "data"),
        "listen-client-urls": "https://127.0.0.1:0",
        "advertise-client-urls": "https://127.0.0.1:2379",
        "listen-peer-urls": "http://127.0.0.1:0",
        "client-transport-security": security,
      };
      writeFileSync(file, JSON.stringify(content));
      return await EtcdProcess.start({ binary, folder, flags: { "config-file": file } });
    }),
  );
  t.teardown(() => Promise.all(servers.map((server) => server.stop("SIGKILL"))));
  for (const [commonName, expected] of [
    ["kate", "200"],
    ["kim", "200"],
    ["john", "refused"],
    ["Kate", "refused"],
  ] as const) {
    const client = authority.certify("client", { commonName });
    const answers = await Promise.all(
      servers.map(({ url }) => ask(`${url}/version`, authority, client)),
    );
    t.strictSame(answers, [expected, expected], commonName);
  }
}

/** By TLS for the same clients as calls, and without for everybody. */
async function servesMetrics(t: Test): Promise<void> {
  const authority = new TestAuthority(await tempDirectory(t));
  const { certFile, keyFile } = authority.certify("server");
  const clients = {
    "of this address": authority.certify("here"),
    "without an address": authority.certify("nowhere", { hosts: [] }),
    "of another address": authority.certify("there", { hosts: ["10.0.0.9"] }),
    "without a certificate": undefined,
  };
  const results = await Promise.all(
    [paths.etcd, paths.etcdlet].map(async (binary) => {
      const ports = [await freePort(), await freePort()];
      const urls = [`https://127.0.0.1:${ports[0]}`, `http://127.0.0.1:${ports[1]}`];
      const flags = {
        "trusted-ca-file": authority.certFile,
        "client-cert-auth": "true",
        "listen-metrics-urls": urls.join(","),
      };
      const server = await EtcdProcess.start(
        await options(t, binary, { certFile, keyFile, flags }),
      );
      t.teardown(() => server.stop("SIGKILL"));
      const [secure = "", plain = ""] = urls;
      const answers: Record<string, string> = {};
      for (const [name, client] of Object.entries(clients)) {
        answers[name] = await ask(`${secure}/metrics`, authority, client);
      }
      answers["plain"] = String((await fetch(`${plain}/readyz`)).status);
      answers["no such page"] = String((await fetch(`${plain}/version`)).status);
      return answers;
    }),
  );
  const common = {
    "of this address": "200",
    "without an address": "200",
    "without a certificate": "refused",
    plain: "200",
    "no such page": "404",
  };
  // Here alone etcd holds a certificate's names against the address that the client comes from.
  t.strictSame(results, [
    { ...common, "of another address": "refused" },
    { ...common, "of another address": "200" },
  ]);
}

async function checksVersions(t: Test): Promise<void> {
  const authority = new TestAuthority(await tempDirectory(t));
  const old = await start(t, authority, {
    "tls-max-version": "TLS1.2",
    // Without the first etcd serves nobody: Go's HTTP/2 wants it.
    "cipher-suites":
      "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
  });
  const young = await start(t, authority, { "tls-min-version": "TLS1.3" });
  const answers = async (pair: Pair, tls: Parameters<typeof ask>[3]): Promise<string[]> =>
    await Promise.all(
      pair.servers.map(({ url }) => ask(`${url}/version`, authority, undefined, tls)),
    );
  const both = { served: ["200", "200"], refused: ["refused", "refused"] };
  t.strictSame(await answers(old, { maxVersion: "TLSv1.2" }), both.served);
  t.strictSame(await answers(old, { minVersion: "TLSv1.3" }), both.refused);
  t.strictSame(await answers(young, { maxVersion: "TLSv1.2" }), both.refused);
  t.strictSame(await answers(young, { minVersion: "TLSv1.3" }), both.served);
}

/** Both end, and for the same reason. */
async function refusesStarts(t: Test): Promise<void> {
  const authority = new TestAuthority(await tempDirectory(t));
  const [one, other] = [authority.certify("one"), authority.certify("other")];
  const none = join(await tempDirectory(t), "none");
  const cases: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    "halves of two pairs": { "key-file": other.keyFile },
    "a certificate for a key": { "key-file": one.certFile },
    "no such certificate": { "cert-file": none },
    "no key": { "key-file": "" },
    "no such authority": { "trusted-ca-file": none },
    "half a pair of its own": { "client-cert-file": one.certFile },
    "two halves of its own": { "client-cert-file": one.certFile, "client-key-file": other.keyFile },
    "an unknown version": { "tls-min-version": "TLS1.1" },
    "versions the wrong way round": { "tls-min-version": "TLS1.3", "tls-max-version": "TLS1.2" },
    "suites for TLS 1.3 alone": {
      "tls-min-version": "TLS1.3",
      "cipher-suites": "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    },
    "an unknown suite": { "cipher-suites": "TLS_NONE" },
    "no years": {
      "cert-file": "",
      "key-file": "",
      "auto-tls": "true",
      "self-signed-cert-validity": "0",
    },
    "no certificate for metrics": {
      "cert-file": "",
      "key-file": "",
      "listen-client-urls": "http://127.0.0.1:0",
      "listen-metrics-urls": "https://127.0.0.1:0",
    },
  };
  for (const [name, flags] of Object.entries(cases)) {
    const { certFile, keyFile } = one;
    const [real, ours] = await Promise.all(
      [paths.etcd, paths.etcdlet].map(async (binary) => {
        const program = spawnEtcd(await options(t, binary, { certFile, keyFile, flags }));
        const end = await poll("the end", endLimitMs, () => program.ending);
        return { end, problem: lastProblem(program.log()) };
      }),
    );
    t.strictSame(ours, real, `${name}: ${String(real?.problem)}`);
  }
}

/** The last error in a log. */
function lastProblem(log: string): string {
  const errors = [...log.matchAll(/"error":"((?:[^"\\]|\\.)*)"/gu)].map(([, text]) => text);
  return errors.at(-1) ?? "";
}
