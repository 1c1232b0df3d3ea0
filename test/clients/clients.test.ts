/**
 * Clients in other languages, on other implementations of HTTP/2 and gRPC, plain and by TLS. Each does
 * the same things and prints a line for each; the server's end comes last, while it watches.
 */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import t from "tap";
import type { Test } from "tap";
import { TestAuthority } from "../harness/certificates.ts";
import { EtcdProcess, havePrograms, peerPaths } from "../harness/etcd-process.ts";
import { tempDirectory } from "../harness/temp-dir.ts";

/** Several times what one client takes on two busy cores. */
const clientLimitMs = 90_000;

/** What every client does, in this order. */
const COMMON = [
  "put, range, delete",
  "txn",
  "an error's code and text",
  "a deadline",
  "a watch, and its cancel",
  "a lease kept alive",
  "a value of a mebibyte",
  "an answer of 20 MiB",
  "gzip",
  "a thousand calls at once",
  "pings",
  "the server's end",
];

/** The library of a client, and what it has no means for. */
const CLIENTS: Readonly<Record<string, { library: string; lacks: readonly string[] }>> = {
  "client-python": { library: "grpcio (C++)", lacks: [] },
  "client-rust": { library: "tonic", lacks: [] },
  // It packs nothing, sets no deadlines, and gRPC for Java pings every ten seconds at most.
  "client-java": { library: "jetcd (gRPC for Java)", lacks: ["a deadline", "gzip", "pings"] },
};

t.setTimeout(2 * clientLimitMs * Object.keys(CLIENTS).length);
const { etcdlet, folder } = { ...peerPaths(), folder: peerFolder() };
for (const [program, { library, lacks }] of Object.entries(CLIENTS)) {
  const path = join(folder, program);
  const expected = COMMON.filter((name) => !lacks.includes(name));
  for (const isSecure of [false, true]) {
    const way = isSecure ? "by TLS" : "plain";
    await t.test(`${library}, ${way}`, { timeout: clientLimitMs + 10_000 }, async (t) => {
      if (!havePrograms(t, [etcdlet, path])) return;
      await runClient(t, { path, expected, isSecure });
    });
  }
}

function peerFolder(): string {
  return join(peerPaths().etcd, "..");
}

interface ClientRun {
  readonly path: string;
  readonly expected: readonly string[];
  readonly isSecure: boolean;
}

/** Lets a client do all it can on a server of its own. */
async function runClient(t: Test, { path, expected, isSecure }: ClientRun): Promise<void> {
  const authority = new TestAuthority(await tempDirectory(t));
  const etcd = await startServer(t, authority, isSecure);
  const args = [new URL(etcd.url).host, ...(isSecure ? [authority.certFile] : [])];
  const child = spawn(path, args, { stdio: ["ignore", "pipe", "inherit"] });
  const timer = setTimeout(() => child.kill("SIGKILL"), clientLimitMs);
  t.teardown(() => child.kill("SIGKILL"));
  const done: string[] = [];
  let stopping: Promise<string> | undefined;
  for await (const line of createInterface({ input: child.stdout })) {
    if (line === "ready for the end") stopping = etcd.stop("SIGTERM");
    const [, not, name = "", problem] = /^(not )?ok ([^:]*)(?:: (.*))?$/u.exec(line) ?? [];
    if (name === "") continue;
    done.push(name);
    t.equal(not, undefined, problem === undefined ? name : `${name}: ${problem}`);
  }
  clearTimeout(timer);
  t.same(done, expected, "it did all of it");
  t.match(await stopping, /SIGTERM/u, "the server ended by its signal");
}

async function startServer(
  t: Test,
  authority: TestAuthority,
  isSecure: boolean,
): Promise<EtcdProcess> {
  const { certFile, keyFile } = authority.certify("server");
  const secure = {
    "listen-client-urls": "https://127.0.0.1:0",
    "cert-file": certFile,
    "key-file": keyFile,
  };
  const etcd = await EtcdProcess.start({
    binary: etcdlet,
    folder: await tempDirectory(t),
    unsafeNoFsync: true,
    flags: { "grpc-keepalive-min-time": "100ms", ...(isSecure ? secure : {}) },
  });
  t.teardown(() => etcd.stop("SIGKILL"));
  return etcd;
}
