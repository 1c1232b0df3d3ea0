/** A server under a program that starts it for its tests, and what is left when that one is gone. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import t from "tap";
import type { Test } from "tap";
import { connect } from "../../src/embed/index.ts";
import { peerPaths } from "../harness/etcd-process.ts";
import { tempDirectory } from "../harness/temp-dir.ts";

const PROGRAM = peerPaths().etcdlet;
const ANY_PORT = ["--listen-client-urls", "--advertise-client-urls"].map(
  (flag) => `${flag}=http://127.0.0.1:0`,
);

/** Starts a server with a pipe as descriptor 3, says its number and then its line, and stays. */
const PARENT = `
  const { spawn } = require("node:child_process");
  const [program, ...args] = process.argv.slice(1);
  const child = spawn(program, args, { stdio: ["ignore", "ignore", "inherit", "pipe"] });
  console.log(child.pid);
  child.stdio[3].on("data", (line) => process.stdout.write(line));
`;

/** Its own program and that one's child; standard error is that of both, so that it ends with both. */
class Family {
  readonly #parent: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #log: Promise<string>;

  constructor(t: Test, folder: string, args: readonly string[]) {
    const all = [PROGRAM, "--ready-fd=3", ...ANY_PORT, ...args];
    this.#parent = spawn("env", ["-u", "NODE_OPTIONS", process.execPath, "-e", PARENT, ...all], {
      cwd: folder,
      stdio: ["ignore", "pipe", "pipe"],
    });
    t.teardown(() => this.#parent.kill("SIGKILL"));
    const { stdout, stderr } = this.#parent;
    if (stdout === null || stderr === null) throw new Error("Cannot read: no pipes");
    this.#log = text(stderr);
    this.#lines = createInterface(stdout)[Symbol.asyncIterator]();
  }

  /** The number of the child, once there is one; it is killed with the test at the latest. */
  async born(t: Test): Promise<number> {
    const pid = Number(await this.#line());
    t.teardown(() => {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // As it should be.
      }
    });
    return pid;
  }

  /** Where the child serves; {@link Family.born} comes first. */
  async served(): Promise<string> {
    return await this.#line();
  }

  async #line(): Promise<string> {
    const { value } = await this.#lines.next();
    return String(value);
  }

  /** Kills the parent; settles with the log when both are gone. */
  async bereave(): Promise<string> {
    this.#parent.kill("SIGKILL");
    return await this.#log;
  }
}

t.test("A server dies with its killed parent, and takes its data with it", async (t) => {
  const folder = await tempDirectory(t);
  const flags = ["--die-with-parent", "--remove-data-dir", "--data-dir=data", "--port-file=ports"];
  const family = new Family(t, folder, flags);
  await family.born(t);
  const url = await family.served();
  t.equal(await readFile(join(folder, "ports"), "utf8"), `${url}\n`);
  const client = await connect(url);
  await client.kv.put("key", "value");
  const { members } = await client.cluster.memberList();
  t.same(members[0]?.clientUrls, [url], "the member tells its real port");
  client.close();
  t.same((await readdir(folder)).sort(), ["data", "ports"]);
  const log = await family.bereave();
  t.match(log, /"msg":"closed etcd server"/);
  t.same(await readdir(folder), []);
});

t.test("A server whose parent went before it served ends too", async (t) => {
  const folder = await tempDirectory(t);
  const family = new Family(t, folder, ["--die-with-parent", "--remove-data-dir"]);
  await family.born(t);
  // What the child then sees of its parent is that nobody reads descriptor 3.
  t.match(await family.bereave(), /EPIPE/);
  t.same(await readdir(folder), []);
});

t.test("A server that is not to die with its parent outlives it", async (t) => {
  const folder = await tempDirectory(t);
  const family = new Family(t, folder, ["--in-memory"]);
  const pid = await family.born(t);
  const url = await family.served();
  const gone = family.bereave();
  const client = await connect(url);
  await client.kv.put("key", "value");
  t.same(await readdir(folder), [], "and in memory there is nothing on the disk");
  client.close();
  process.kill(pid, "SIGTERM");
  await gone;
});
