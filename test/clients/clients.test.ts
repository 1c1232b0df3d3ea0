/**
 * Clients in other languages, on other implementations of HTTP/2 and gRPC, plain and by TLS. Each does
 * the same things and prints a line for each; the server's end comes last, while it watches.
 */
import { spawn } from "node:child_process";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import t from "tap";
import type { Test } from "tap";
import { TestAuthority } from "../harness/certificates.ts";
import { havePrograms, peerPaths } from "../harness/etcd-process.ts";
import { tempDirectory } from "../harness/temp-dir.ts";
import { RestartableServer } from "./restartable-server.ts";

/** Several times what one client takes on two busy cores. */
const clientLimitMs = 90_000;

/** What clients do, in this order. */
const SCENARIOS = [
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
  "locks",
  "a watch over a restart",
  "the server's end",
];

/** Of clients that do no more than call. */
const RECIPES = ["locks", "a watch over a restart"];

/** The library of a client, and what it does not do. */
const CLIENTS: Readonly<Record<string, { library: string; lacks: readonly string[] }>> = {
  // gRPC for Go pings every ten seconds at most.
  "client-go": { library: "clientv3 (gRPC for Go)", lacks: ["pings"] },
  "client-python": { library: "grpcio (C++)", lacks: RECIPES },
  "client-rust": { library: "tonic", lacks: RECIPES },
  // It packs nothing and sets no deadlines, and gRPC for Java pings as Go's does.
  "client-java": {
    library: "jetcd (gRPC for Java)",
    lacks: [...RECIPES, "a deadline", "gzip", "pings"],
  },
};

t.setTimeout(2 * clientLimitMs * Object.keys(CLIENTS).length);
const { etcd, etcdlet } = peerPaths();
for (const [program, { library, lacks }] of Object.entries(CLIENTS)) {
  const path = join(dirname(etcd), program);
  const expected = SCENARIOS.filter((name) => !lacks.includes(name));
  for (const isSecure of [false, true]) {
    const way = isSecure ? "by TLS" : "plain";
    await t.test(`${library}, ${way}`, { timeout: clientLimitMs + 10_000 }, async (t) => {
      if (!havePrograms(t, [etcdlet, path])) return;
      await runClient(t, { path, expected, isSecure });
    });
  }
}

interface ClientRun {
  readonly path: string;
  readonly expected: readonly string[];
  readonly isSecure: boolean;
}

/** Lets a client do all it can on a server of its own. */
async function runClient(t: Test, { path, expected, isSecure }: ClientRun): Promise<void> {
  const authority = new TestAuthority(await tempDirectory(t));
  const server = await RestartableServer.start(t, etcdlet, isSecure ? authority : undefined);
  const args = [new URL(server.url).host, ...(isSecure ? [authority.certFile] : [])];
  const child = spawn(path, args, { stdio: ["pipe", "pipe", "inherit"] });
  const timer = setTimeout(() => child.kill("SIGKILL"), clientLimitMs);
  t.teardown(() => child.kill("SIGKILL"));
  const done: string[] = [];
  let stopping: Promise<string> | undefined;
  for await (const line of createInterface({ input: child.stdout })) {
    if (line === "ready for the end") stopping = server.stop();
    if (line === "ready for a restart") {
      await server.restart();
      child.stdin.write("restarted\n");
    }
    const [, not, name = "", problem] = /^(not )?ok ([^:]*)(?:: (.*))?$/u.exec(line) ?? [];
    if (name === "") continue;
    done.push(name);
    t.equal(not, undefined, problem === undefined ? name : `${name}: ${problem}`);
  }
  clearTimeout(timer);
  t.same(done, expected, "it did all of it");
  t.match(await stopping, /SIGTERM/u, "the server ended by its signal");
}
