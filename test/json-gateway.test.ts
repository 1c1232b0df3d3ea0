/** docs/json-gateway.md, executed: its commands run, and print what it says. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import type { Test } from "tap";
import { Etcd } from "../src/embed/index.ts";
import { EtcdProcess, havePrograms } from "./harness/etcd-process.ts";
import { tempDirectory } from "./harness/temp-dir.ts";
import { freePort } from "./kube/processes.ts";

/** Tests run at the top of the repository. */
const DOCUMENT = readFileSync(join(process.cwd(), "docs/json-gateway.md"), "utf8");

const URL_IN_DOCUMENT = "http://localhost:2379";
const OWN = new Set(["cluster_id", "member_id", "raft_term"]);

/** A command, and the lines that it prints. */
interface Example {
  readonly command: string;
  readonly lines: readonly string[];
}

function examples(): Example[] {
  return [...DOCUMENT.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, code = ""]) => {
    const lines = code.split("\n").filter((line) => line !== "");
    return {
      command: lines.filter((line) => !line.startsWith("# ")).join("\n"),
      lines: lines.filter((line) => line.startsWith("# ")).map((line) => line.slice(2)),
    };
  });
}

/** What a command prints, as far as its number of lines; a stream is ended then. */
function run(command: string, lineCount: number): Promise<string[]> {
  return new Promise((resolve, reject) => {
    // Without what tap makes of every Node; nothing of it is Node here.
    const shell = spawn("/bin/sh", ["-c", `exec ${command}`], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    let [output, problem] = ["", ""];
    const lines = (): string[] => output.split("\n").filter((line) => line !== "");
    shell.stdout.on("data", (chunk: Buffer) => {
      output += chunk.toString();
      const isWhole = output.endsWith("\n") && lines().length >= lineCount;
      if (isWhole) shell.kill("SIGKILL");
    });
    shell.stderr.on("data", (chunk: Buffer) => (problem += chunk.toString()));
    shell.on("error", reject);
    shell.on("close", () => {
      if (problem === "") resolve(lines());
      else reject(new Error(problem));
    });
  });
}

/** Ids are left out; Go puts one of two kinds of space behind "proto:". */
function comparable(line: string): unknown {
  return JSON.parse(line.replace("proto:\u00a0", "proto: "), (name, value: unknown) =>
    OWN.has(name) ? undefined : value,
  );
}

async function check(t: Test, url: string): Promise<void> {
  const all = examples();
  t.ok(all.length >= 9);
  for (const { command, lines } of all) {
    t.ok(lines.length > 0 && command.startsWith("curl "), command);
    const printed = await run(command.replaceAll(URL_IN_DOCUMENT, url), lines.length);
    t.strictSame(printed.map(comparable), lines.map(comparable), command);
  }
}

t.test("The examples of docs/json-gateway.md do on etcdlet what it says", async (t) => {
  if (!havePrograms(t, ["/usr/bin/curl"])) return;
  const etcd = await Etcd.start({ listenClientUrls: ["http://127.0.0.1:0"] });
  t.teardown(() => etcd.stop());
  await check(t, etcd.clientUrls[0] ?? "");
});

const binary = process.env["ETCD_BIN"];
if (binary !== undefined) {
  t.test("The examples of docs/json-gateway.md do the same on the real etcd", async (t) => {
    if (!havePrograms(t, ["/usr/bin/curl", binary])) return;
    const url = `http://127.0.0.1:${String(await freePort())}`;
    const etcd = await EtcdProcess.start({
      binary,
      folder: await tempDirectory(t),
      unsafeNoFsync: true,
      flags: { "listen-client-urls": url },
    });
    t.teardown(() => etcd.stop("SIGKILL"));
    await check(t, url);
  });
}
