/** What the real etcdctl makes of faults: it retries, resumes and gives up as it does with an etcd. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import t from "tap";
import type { Test } from "tap";
import { Etcd } from "../../src/embed/index.ts";
import { Faults } from "../../src/testing/index.ts";
import { havePrograms, peerPaths } from "../harness/etcd-process.ts";

const { etcdctl } = peerPaths();

/** Of one command, which retries by itself. */
const COMMAND_MS = 20_000;

interface Scene {
  readonly etcd: Etcd;
  readonly faults: Faults;
  readonly run: (...command: string[]) => Promise<string>;
}

async function scene(t: Test): Promise<Scene> {
  const faults = new Faults();
  const etcd = await Etcd.start({ faults, listenClientUrls: ["http://127.0.0.1:0"] });
  t.teardown(() => etcd.stop());
  const endpoints = `--endpoints=${etcd.clientUrls.join(",")}`;
  const run = async (...command: string[]): Promise<string> => {
    const limit = { timeout: COMMAND_MS };
    const done = promisify(execFile)(etcdctl, [endpoints, ...command], limit);
    const { stdout, stderr } = await done.catch(
      (error: { stdout: string; stderr: string }) => error,
    );
    return stdout + stderr;
  };
  return { etcd, faults, run };
}

if (havePrograms(t, [etcdctl])) {
  t.test("etcdctl tells of etcd's errors, and of an answer that is lost", async (t) => {
    const { etcd, faults, run } = await scene(t);
    faults.add({ methods: "put", times: 1, action: { kind: "error", error: "noSpace" } });
    t.match(await run("put", "key", "1"), /etcdserver: mvcc: database space exceeded/);
    faults.add({ methods: "put", times: 1, action: { kind: "loseAnswer" } });
    t.match(await run("put", "key", "2"), /etcdserver: request timed out/);
    t.equal((await etcd.client.kv.get("key")).kvs[0]?.value.toString(), "2");
    faults.add({ methods: "range", times: 1, action: { kind: "error", error: "noLeader" } });
    t.match(await run("get", "key"), /^key\n2\n/, "it reads again by itself");
    t.same(
      faults.list().map(({ hits }) => hits),
      [1, 1, 1],
    );
  });

  t.test("etcdctl's watch goes on where its stream broke", async (t) => {
    const { etcd, faults, run } = await scene(t);
    for (const value of ["1", "2", "3", "4"]) await etcd.client.kv.put("key", value);
    faults.add({ methods: "watch", times: 2, action: { kind: "breakStream", afterMessages: 2 } });
    const asked = faults.add({ methods: "watch", times: 3, action: { kind: "delay", for: 0 } });
    const watching = run("watch", "--rev=2", "key");
    while (asked.hits < 2) await new Promise((resolve) => setImmediate(resolve));
    await etcd.client.kv.put("key", "5");
    while (asked.hits < 3) await new Promise((resolve) => setImmediate(resolve));
    // The third goes on until its revision is gone.
    while ((await faults.compactWatches("key")) === 0) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    const output = await watching;
    t.same(output.match(/^\d$/gmu), ["1", "2", "3", "4", "5"]);
    t.match(output, /required revision has been compacted/);
  });

  t.test("etcdctl is told that there is no leader", async (t) => {
    const { faults, run } = await scene(t);
    faults.loseLeader();
    t.match(await run("endpoint", "status", "--write-out=json"), /"etcdserver: no leader"/);
    t.match(await run("--command-timeout=500ms", "put", "key", "1"), /deadline exceeded/);
    t.equal(await run("get", "key", "--consistency=s"), "");
    faults.regainLeader();
    t.equal(await run("put", "key", "1"), "OK\n");
  });
}
