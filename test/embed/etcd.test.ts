import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import t from "tap";
import type { Test } from "tap";
import { Client } from "../../src/client/index.ts";
import { Etcd, connect } from "../../src/embed/index.ts";
import { META } from "../../src/mvcc/index.ts";
import { LevelEngine, StorageError } from "../../src/storage/index.ts";
import { tempDirectory } from "../harness/temp-dir.ts";
import { ANY_PORT, isFree, rejection, revisionOf, started, takenUrl } from "./embedded.ts";

/** Where the two kinds of servers keep their data. */
const PLACES: Readonly<Record<string, (t: Test) => Promise<string | undefined>>> = {
  "in memory": () => Promise.resolve(undefined),
  "on disk": tempDirectory,
};

/** Runs a scene of child-program.ts to its end; more than its time is a failure. */
async function scene(name: string, folder = ""): Promise<string[]> {
  const path = fileURLToPath(new URL("child-program.js", import.meta.url));
  const options = { timeout: 30_000, killSignal: "SIGKILL" } as const;
  // Without what tap makes of every Node that a test starts.
  const command = ["-u", "NODE_OPTIONS", process.execPath, path, name, folder];
  const { stdout } = await promisify(execFile)("env", command, options);
  return stdout.trim().split("\n");
}

for (const [place, folderFor] of Object.entries(PLACES)) {
  t.test(`Etcd ${place} starts, serves its own process, and stops`, async (t) => {
    const etcd = await Etcd.start({ dataDir: await folderFor(t) });
    t.strictSame(etcd.clientUrls, []);
    t.strictSame(etcd.metricsUrls, []);
    t.match(etcd.ids, { member: /^[0-9a-f]+$/, cluster: /^[0-9a-f]+$/ });
    const { kv, maintenance } = etcd.client;
    t.equal(revisionOf(await kv.put("key", "value")), 2, "the first write of a new store");
    t.equal((await kv.get("key")).kvs[0]?.value.toString(), "value");
    t.equal((await maintenance.status()).leader.toString(16), etcd.ids.member);
    await etcd.stop();
  });

  t.test(`Etcd ${place} has a port that other clients reach`, async (t) => {
    const etcd = await started(t, {
      dataDir: await folderFor(t),
      listenClientUrls: [ANY_PORT],
    });
    const far = await connect(etcd.clientUrls);
    await far.kv.put("key", "from far");
    t.equal((await etcd.client.kv.get("key")).kvs[0]?.value.toString(), "from far");
    const [url = ""] = etcd.clientUrls;
    t.equal(await (await fetch(`${url}/health`)).text(), '{"health":"true","reason":""}');
  });

  t.test(`Etcd ${place} can be stopped more than once, and left like a scope`, async (t) => {
    const dataDir = await folderFor(t);
    const url = await (async () => {
      await using etcd = await Etcd.start({ dataDir, listenClientUrls: [ANY_PORT] });
      return etcd.clientUrls[0] ?? "";
    })();
    t.ok(await isFree(url));
    const etcd = await Etcd.start({ dataDir, listenClientUrls: [ANY_PORT] });
    const first = etcd.stop();
    t.equal(etcd.stop(), first, "both wait for the same");
    await first;
    await etcd.stop();
    await using again = await Etcd.start({ dataDir });
    t.equal((await again.client.kv.get("key")).count, 0);
  });

  t.test(`Etcd ${place} stops while watches are open`, async (t) => {
    const etcd = await Etcd.start({
      dataDir: await folderFor(t),
      listenClientUrls: [ANY_PORT],
    });
    const far = await connect(etcd.clientUrls);
    const watches = [etcd.client, far].map((client) => client.watch("key"));
    await Promise.all(watches.map((watch) => watch.created));
    const waiting = watches.map((watch) => rejection(watch.next()));
    await etcd.stop();
    // Until then it waits for the server to come back.
    far.close();
    const [near, remote] = await Promise.all(waiting);
    t.match(near, { name: "EtcdError", reason: "stopped" });
    t.match(remote, { name: "EtcdError", code: 14 });
  });

  t.test(`Etcd ${place} finishes the writes that are in line when it stops`, async (t) => {
    const etcd = await Etcd.start({ dataDir: await folderFor(t) });
    const writes = Array.from({ length: 50 }, (_, index) =>
      etcd.client.kv.put(`key-${String(index)}`, "value"),
    );
    await etcd.stop();
    const revisions = (await Promise.all(writes)).map(revisionOf);
    t.strictSame(
      revisions,
      revisions.map((_, index) => index + 2),
    );
  });
}

t.test("Two servers in one process do not know each other", async (t) => {
  const memory = await started(t, { name: "one", listenClientUrls: [ANY_PORT] });
  const disk = await started(t, {
    name: "two",
    listenClientUrls: [ANY_PORT],
    dataDir: await tempDirectory(t),
  });
  t.not(memory.clientUrls[0], disk.clientUrls[0]);
  await using watch = disk.client.watch("", { prefix: true });
  await watch.created;
  for (let count = 0; count < 3; count++) await memory.client.kv.put("key", "memory");
  t.equal(revisionOf(await disk.client.kv.put("key", "disk")), 2);
  const { value } = await watch.next();
  t.equal(value?.events[0]?.kv.value.toString(), "disk", "the other's puts were not told");
  const { id } = await memory.client.lease.grant(60);
  t.strictSame((await disk.client.lease.leases()).ids, []);
  await memory.stop();
  t.equal((await disk.client.kv.get("key")).count, 1, "one stops, the other goes on");
  t.equal(typeof id, "bigint");
});

t.test("Etcd in memory forgets, and on disk remembers", async (t) => {
  const dataDir = await tempDirectory(t);
  const before = await Etcd.start({ dataDir, name: "n1" });
  const { id } = await before.client.lease.grant(100);
  await before.client.kv.put("kept", "value", { lease: id });
  const { header } = await before.client.kv.put("key", "value");
  const status = await before.client.maintenance.status();
  await before.stop();
  const after = await started(t, { dataDir, name: "n1" });
  t.strictSame(after.ids, before.ids);
  const read = await after.client.kv.get("kept");
  t.match(read.kvs, [{ value: Buffer.from("value"), lease: id, modRevision: 2, version: 1 }]);
  t.equal(read.header?.revision, header?.revision);
  t.equal(read.header?.raftTerm, (header?.raftTerm ?? 0) + 1, "a term later");
  t.equal(read.header?.clusterId, header?.clusterId);
  t.strictSame((await after.client.lease.leases()).ids, [id]);
  const later = await after.client.maintenance.status();
  t.ok(later.raftIndex >= status.raftIndex, "the index does not go back");

  const fresh = await started(t, { name: "n1" });
  t.equal((await fresh.client.kv.get("kept")).count, 0);
  t.equal(revisionOf(await fresh.client.kv.get("kept")), 1);
});

t.test("Etcd keeps the ids of its data, whatever the options say later", async (t) => {
  const dataDir = await tempDirectory(t);
  const first = await Etcd.start({ dataDir });
  await first.stop();
  const second = await started(t, {
    dataDir,
    initialClusterToken: "another",
    initialAdvertisePeerUrls: ["http://10.1.1.1:2380"],
  });
  t.strictSame(second.ids, first.ids);
});

t.test("Etcd.start() takes all addresses or none, and opens no store without them", async (t) => {
  const dataDir = join(await tempDirectory(t), "data");
  const taken = await takenUrl(t);
  const free = await started(t, { listenClientUrls: [ANY_PORT] });
  const [url = ""] = free.clientUrls;
  await free.stop();
  const port = new URL(taken).port;
  for (const options of [
    { listenClientUrls: [url, taken] },
    { listenClientUrls: [url], listenMetricsUrls: [taken] },
  ]) {
    t.match(await rejection(Etcd.start({ ...options, dataDir })), {
      message: `listen tcp 127.0.0.1:${port}: bind: address already in use`,
    });
    t.ok(await isFree(url), "the other one is free again");
    t.notOk(existsSync(dataDir));
  }
  t.match(await rejection(Etcd.start({ listenClientUrls: ["http://example.com:1"] })), {
    message: "expected IP in URL for binding (http://example.com:1)",
  });
  t.match(await rejection(Etcd.start({ listenClientUrls: ["https://127.0.0.1:0"] })), {
    message:
      "TLS key/cert (--cert-file, --key-file) must be provided for client url " +
      "https://127.0.0.1:0 with HTTPS scheme",
  });
});

t.test("Etcd.start() refuses data that another server has open, and leaves it alone", async (t) => {
  const dataDir = await tempDirectory(t);
  const owner = await started(t, { dataDir });
  await owner.client.kv.put("key", "value");
  const free = await started(t, { listenClientUrls: [ANY_PORT] });
  const [url = ""] = free.clientUrls;
  await free.stop();
  const error = await rejection(Etcd.start({ dataDir, listenClientUrls: [url] }));
  t.ok(error instanceof StorageError);
  t.match(error, { reason: "locked" });
  t.ok(await isFree(url), "its port is free again");
  t.equal((await owner.client.kv.get("key")).count, 1);
  await owner.client.kv.put("key", "again");
  await owner.stop();
  const next = await started(t, { dataDir });
  t.equal((await next.client.kv.get("key")).kvs[0]?.version, 2);
});

t.test("Etcd.start() refuses damaged data, and leaves nothing open", async (t) => {
  const dataDir = await tempDirectory(t);
  await (await Etcd.start({ dataDir })).stop();
  const good = await readdir(dataDir);
  await writeFile(join(dataDir, "CURRENT"), "MANIFEST-999999\n");
  const free = await started(t, { listenClientUrls: [ANY_PORT] });
  const [url = ""] = free.clientUrls;
  await free.stop();
  const error = await rejection(Etcd.start({ dataDir, listenClientUrls: [url] }));
  t.match(error, { name: "StorageError", reason: "corrupt" });
  t.ok(await isFree(url));
  const manifest = good.find((name) => name.startsWith("MANIFEST-")) ?? "";
  await writeFile(join(dataDir, "CURRENT"), `${manifest}\n`);
  await started(t, { dataDir });
  t.pass("with the damage undone, the directory is not locked by the failed start");
});

t.test("Etcd.start() refuses a store of another format, and closes it again", async (t) => {
  const dataDir = await tempDirectory(t);
  const engine = await LevelEngine.open({ directory: dataDir, sync: false });
  const batch = engine.batch();
  batch.put(META.format, Buffer.from("999"));
  await batch.write();
  await engine.close();
  const start = (): Promise<Etcd> => Etcd.start({ dataDir, listenClientUrls: [ANY_PORT] });
  const refusal = { reason: "corrupt", message: 'Unknown data format: "999"' };
  t.match(await rejection(start()), refusal);
  t.match(await rejection(start()), refusal, "not locked by the first attempt");
});

t.test("Etcd.channel takes the bytes of any client", async (t) => {
  const etcd = await started(t);
  const client = new Client(etcd.channel);
  await client.kv.put("key", "value");
  t.equal((await etcd.client.kv.get("key")).count, 1);
});

t.test("Etcd without a port lets its process end, in memory and on disk", async (t) => {
  t.strictSame(await scene("idle"), ["started", "nothing left"]);
  const folder = await tempDirectory(t);
  t.strictSame(await scene("idle on disk", folder), ["started", "nothing left"]);
  const etcd = await started(t, { dataDir: folder });
  t.equal((await etcd.client.kv.get("key")).count, 1, "what was acknowledged is there");
});

t.test("An open watch and a port keep the process alive, until they are closed", async (t) => {
  t.strictSame(await scene("open watch"), ["put", "nothing left"]);
  t.strictSame(await scene("port"), ["stopping", "nothing left"]);
  const words = await scene("stopped", await tempDirectory(t));
  t.strictSame(words, ["watch ended", "stopped", "nothing left"]);
});

t.test("Etcd that was stopped refuses every call, and ends open streams", async (t) => {
  const etcd = await Etcd.start();
  const keeper = etcd.client.lease.keepAlive();
  const { id } = await etcd.client.lease.grant(10);
  await keeper.renew(id);
  await etcd.stop();
  const { kv, lease, maintenance } = etcd.client;
  for (const call of [
    kv.put("key", "value"),
    kv.get("key"),
    lease.grant(1),
    lease.timeToLive(id),
    maintenance.status(),
    keeper.renew(id),
    etcd.client.watch("key").created,
  ]) {
    t.match(await rejection(call), { reason: "stopped" });
  }
});
