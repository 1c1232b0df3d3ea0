import { once } from "node:events";
import { rmSync, writeFileSync } from "node:fs";
import { connect } from "node:tls";
import type { ConnectionOptions } from "node:tls";
import t from "tap";
import type { Test } from "tap";
import { ClientCheck } from "../../src/transport/client-check.ts";
import type { ClientRules } from "../../src/transport/client-check.ts";
import { GrpcChannel, serve } from "../../src/transport/index.ts";
import type { TlsOptions } from "../../src/transport/index.ts";
import { EMPTY_CONTEXT, SILENT_LOGGER } from "../../src/wire/index.ts";
import { TestAuthority } from "../harness/certificates.ts";
import type { Certificate } from "../harness/certificates.ts";
import { echoChannel } from "../harness/echo-channel.ts";
import { tempDirectory } from "../harness/temp-dir.ts";

const HELLO = Buffer.from("hello");
const TRANSPORTS = ["http2", "grpc-js"] as const;
const NO_NAME = "client certificate authentication failed";

interface Guarded {
  readonly authority: TestAuthority;
  readonly port: number;
  /** Why clients were not let in. */
  readonly problems: string[];
  /** Whether a client gets an answer to a call. */
  readonly isServed: (client: Certificate) => Promise<boolean>;
}

/** A server that lets only clients of an authority in, and not all of them. */
async function guarded(
  t: Test,
  rules: (authority: TestAuthority) => Partial<TlsOptions>,
  grpcTransport: (typeof TRANSPORTS)[number] = "http2",
): Promise<Guarded> {
  const authority = new TestAuthority(await tempDirectory(t));
  const { certFile, keyFile } = authority.certify("server");
  const problems: string[] = [];
  const serving = await serve({
    clientUrls: ["https://127.0.0.1:0"],
    channel: echoChannel(),
    pages: { page: () => ({ status: 200, headers: {}, body: "page" }) },
    grpcTransport,
    tls: { certFile, keyFile, trustedCaFile: authority.certFile, ...rules(authority) },
    logger: {
      ...SILENT_LOGGER,
      warn: (message, fields) => problems.push(`${message}: ${String(fields?.["error"])}`),
    },
  });
  t.teardown(() => serving.close({ graceMs: 0 }));
  const [url = ""] = serving.clientUrls;
  const isServed = async ({ cert, key }: Certificate): Promise<boolean> => {
    const tls = { ca: authority.cert, cert, key };
    const client = await GrpcChannel.connect(url, { tls });
    try {
      return HELLO.equals(await client.unary("put", HELLO, EMPTY_CONTEXT));
    } catch {
      return false;
    } finally {
      client.close();
    }
  };
  return { authority, port: Number(new URL(url).port), problems, isServed };
}

for (const grpcTransport of TRANSPORTS) {
  void t.test(`A revoked certificate is refused from its list on (${grpcTransport})`, async (t) => {
    const crl = (authority: TestAuthority) => ({ crlFile: authority.revoke("list", []) });
    const { authority, problems, isServed } = await guarded(t, crl, grpcTransport);
    const [kate, john] = [authority.certify("kate"), authority.certify("john")];
    t.same([await isServed(kate), await isServed(john)], [true, true]);
    authority.revoke("list", [kate]);
    t.same([await isServed(kate), await isServed(john)], [false, true]);
    t.match(problems[0], /^rejected connection on client endpoint: .* serial [0-9a-f]+ revoked$/u);
    authority.revoke("list", [john]);
    t.same([await isServed(kate), await isServed(john)], [true, false], "another list");
  });

  void t.test(`A certificate needs one of the names (${grpcTransport})`, async (t) => {
    const rules = { allowedHostnames: ["b.test", "10.0.0.9"] };
    const { authority, problems, isServed } = await guarded(t, () => rules, grpcTransport);
    const named = (...hosts: string[]): Certificate => authority.certify("some", { hosts });
    t.equal(await isServed(named("a.test", "b.test")), true);
    t.equal(await isServed(named("10.0.0.9")), true);
    t.equal(await isServed(named("a.test")), false);
    t.equal(await isServed(authority.certify("cn", { commonName: "b.test", hosts: [] })), false);
    t.match(problems[0], new RegExp(`^rejected connection on client endpoint: ${NO_NAME}`, "u"));
  });
}

void t.test("A certificate needs one of the common names", async (t) => {
  const { authority, isServed } = await guarded(t, () => ({ allowedCommonNames: ["kate"] }));
  t.equal(await isServed(authority.certify("a", { commonName: "kate" })), true);
  t.equal(await isServed(authority.certify("b", { commonName: "john", hosts: ["kate"] })), false);
});

void t.test("Without a list that can be read, nobody is let in", async (t) => {
  let crlFile = "";
  const rules = (authority: TestAuthority) => ({ crlFile: (crlFile = authority.revoke("l", [])) });
  const { authority, problems, isServed } = await guarded(t, rules);
  const kate = authority.certify("kate");
  writeFileSync(crlFile, "junk");
  t.equal(await isServed(kate), false);
  rmSync(crlFile);
  t.equal(await isServed(kate), false);
  const rejected = "rejected connection on client endpoint";
  t.same(
    [...new Set(problems)],
    [`${rejected}: x509: malformed crl`, `${rejected}: open ${crlFile}: no such file or directory`],
  );
  authority.revoke("l", []);
  t.equal(await isServed(kate), true);
});

void t.test("Who is not asked for a certificate is not looked at", async (t) => {
  const rules = { trustedCaFile: undefined, crlFile: "/nonexistent", allowedHostnames: ["a.test"] };
  const { authority, isServed } = await guarded(t, () => rules);
  t.equal(await isServed(authority.certify("kate")), true);
});

void t.test("Nobody comes back with a session by which certificates are passed over", async (t) => {
  const { authority, port } = await guarded(t, (by) => ({ crlFile: by.revoke("list", []) }));
  const { cert, key } = authority.certify("kate");
  for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
    const isResumed = async (session?: Buffer): Promise<[boolean, Buffer | undefined]> => {
      const options: ConnectionOptions = { ca: authority.cert, cert, key, maxVersion };
      const socket = connect({ ...options, port, host: "127.0.0.1", session });
      let latest: Buffer | undefined;
      let isReused = false;
      socket.once("secureConnect", () => (isReused = socket.isSessionReused()));
      socket.on("session", (given) => (latest = given));
      socket.write("GET / HTTP/1.0\r\n\r\n");
      await once(socket.resume(), "close");
      return [isReused, latest];
    };
    const [, session] = await isResumed();
    t.type(session, Buffer, "the client has one");
    t.equal((await isResumed(session))[0], false, maxVersion);
  }
});

void t.test("ClientCheck refuses rules that exclude each other, in etcd's words", (t) => {
  const rules: ClientRules = { allowedHostnames: ["a", "b"], allowedCommonNames: ["c"] };
  t.throws(() => new ClientCheck(rules), {
    message:
      'AllowedCNs and AllowedHostnames are mutually exclusive (cns=["c"], hostnames=["a" "b"])',
  });
  t.equal(new ClientCheck({}).isNeeded, false);
  t.equal(new ClientCheck({ crlFile: "" }).isNeeded, false);
  t.equal(new ClientCheck({ allowedCommonNames: ["c"] }).isNeeded, true);
  t.end();
});
