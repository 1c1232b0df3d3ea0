/**
 * Our HTTP/2 against h2spec's cases of RFC 9113's and RFC 7541's rules, plain and by TLS. None may
 * fail, and none is moot: there is a limit of streams, and a body.
 */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import type { Test } from "tap";
import { Etcd } from "../../src/embed/index.ts";
import { TestAuthority } from "../harness/certificates.ts";
import { tempDirectory } from "../harness/temp-dir.ts";

const PROGRAM = join(process.env["ETCDLET_PEERS"] ?? ".peers/bin", "h2spec");

/** Two cases ask about a limit of streams, and take as long as opening so many takes. */
const STREAMS_MAX = 100;

/** A whole server, so that the page that h2spec asks for is a real one. */
async function serve(t: Test, scheme: "http" | "https"): Promise<number> {
  const { certFile, keyFile } = new TestAuthority(await tempDirectory(t)).certify("server");
  const etcd = await Etcd.start({
    listenClientUrls: [`${scheme}://127.0.0.1:0`],
    maxConcurrentStreams: STREAMS_MAX,
    tls: { certFile, keyFile },
  });
  t.teardown(() => etcd.stop());
  return Number(new URL(etcd.clientUrls[0] ?? "").port);
}

function run(port: number, flags: readonly string[]): Promise<string> {
  const args = ["-h", "127.0.0.1", "-p", String(port), "-P", "/version", "-o", "2", ...flags];
  return new Promise((resolve) => {
    // Its exit code says no more than its last line.
    execFile(PROGRAM, args, (_error, stdout) => resolve(stdout));
  });
}

const isThere = existsSync(PROGRAM);
const skip = isThere ? false : `no ${PROGRAM}: run test/peers/build.sh h2spec`;
const isRequired = process.env["ETCDLET_REQUIRE_PEERS"] === "1";

for (const [scheme, flags] of [
  ["http", []],
  // It trusts anybody's certificate.
  ["https", ["-t", "-k"]],
] as const) {
  const name = `Etcd passes every case of h2spec by ${scheme}`;
  void t.test(name, { skip: !isRequired && skip }, async (t) => {
    const output = await run(await serve(t, scheme), flags);
    const [, tests, passed, skipped, failed] =
      /(\d+) tests, (\d+) passed, (\d+) skipped, (\d+) failed/u.exec(output) ?? [];
    if (failed !== "0") t.comment(output);
    t.same({ tests, failed, skipped }, { tests: "145", failed: "0", skipped: "0" });
    t.equal(passed, "145");
  });
}
