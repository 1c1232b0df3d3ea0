import { mkdir, readFile, readdir, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import type { Test } from "tap";
import { exportSnapshot, restoreSnapshot, snapshotStatus } from "../../src/embed/snapshots.ts";
import type { RestoreOptions } from "../../src/embed/snapshots.ts";
import { Etcd } from "../../src/index.ts";
import type { Client } from "../../src/index.ts";
import { writeBolt } from "../harness/bolt-content.ts";
import { tempDirectory } from "../harness/temp-dir.ts";

const IDS = { peerUrls: ["http://localhost:2380"], clusterToken: "etcd-cluster" };
const NAMES = { name: "default", peerUrls: ["http://localhost:2380"], clientUrls: [] };

/** A snapshot of a small store, in a folder of its own. */
async function snapshot(t: Test, fill?: (client: Client) => Promise<unknown>) {
  const folder = await tempDirectory(t);
  const path = join(folder, "snapshot.db");
  await using etcd = await Etcd.start();
  const { client } = etcd;
  await client.kv.put("a", "1");
  await client.kv.put("a", "2");
  await client.kv.delete("a");
  await client.lease.grant(1000, { id: 5n });
  await client.kv.put("b", "3", { lease: 5n });
  await fill?.(client);
  const blobs: Uint8Array[] = [];
  for await (const { blob } of client.maintenance.snapshot()) blobs.push(blob);
  await writeFile(path, Buffer.concat(blobs));
  return { folder, path };
}

/** Fails, and leaves nothing. */
async function refuses(
  t: Test,
  folder: string,
  options: Partial<RestoreOptions> & { source: string },
  problem: RegExp,
): Promise<void> {
  const before = await readdir(folder);
  const dataDir = join(folder, "data");
  await t.rejects(restoreSnapshot({ dataDir, ...IDS, ...options }), problem);
  t.strictSame(await readdir(folder), before);
}

t.test("restoreSnapshot() makes a data directory that a server goes on with", async (t) => {
  const { folder, path } = await snapshot(t);
  const dataDir = join(folder, "deep", "data");
  t.strictSame(await restoreSnapshot({ source: path, dataDir, ...IDS }), { revision: 5 });
  t.equal((await stat(dataDir)).mode & 0o777, 0o700);
  t.strictSame(await readdir(join(folder, "deep")), ["data"]);
  await using etcd = await Etcd.start({ dataDir });
  const { client } = etcd;
  t.equal((await client.kv.get("a", { revision: 3 })).kvs[0]?.value.toString(), "2");
  t.equal((await client.kv.get("a")).count, 0);
  const lease = await client.lease.timeToLive(5n, { keys: true });
  t.strictSame([lease.grantedTtl, String(lease.keys[0])], [1000, "b"]);
  t.equal((await client.kv.put("c", "4")).header?.revision, 6);
});

t.test("restoreSnapshot() goes further and compacts, where it shall", async (t) => {
  const { folder, path } = await snapshot(t);
  const dataDir = join(folder, "data");
  const bumped = await restoreSnapshot({ source: path, dataDir, bumpRevision: 1000, ...IDS });
  t.equal(bumped.revision, 1005);
  await using etcd = await Etcd.start({ dataDir });
  const { client } = etcd;
  await t.rejects(client.kv.get("a", { revision: 1004 }), /required revision has been compacted/u);
  t.equal((await client.kv.get("b")).header?.revision, 1005);
  t.equal((await client.kv.put("b", "5")).header?.revision, 1006);
});

t.test("restoreSnapshot() takes the ids from peer URLs and token", async (t) => {
  const { folder, path } = await snapshot(t);
  const ids = async (dataDir: string, peerUrl: string, clusterToken: string): Promise<object> => {
    await restoreSnapshot({ source: path, dataDir, peerUrls: [peerUrl], clusterToken });
    await using etcd = await Etcd.start({ dataDir });
    return etcd.ids;
  };
  const first = await ids(join(folder, "1"), "http://localhost:2380", "etcd-cluster");
  t.strictSame(first, { member: "8e9e05c52164694d", cluster: "cdf818194e3a8c32" });
  t.strictNotSame(await ids(join(folder, "2"), "http://localhost:2380", "other"), first);
});

t.test("restoreSnapshot() refuses what is damaged, and leaves nothing", async (t) => {
  const { folder, path } = await snapshot(t);
  const whole = await readFile(path);
  const damaged = join(folder, "damaged");
  const with_ = async (change: (bytes: Buffer) => void): Promise<string> => {
    const bytes = Buffer.from(whole);
    change(bytes);
    await writeFile(damaged, bytes);
    return damaged;
  };
  const source = await with_((bytes) => void (bytes[9000] = bytes[9000]! ^ 1));
  await refuses(t, folder, { source }, /^expected sha256 \[\d+ .*\], got \[\d+ .*\]$/u);
  await with_((bytes) => void bytes.fill(0, 2 * 4096, 3 * 4096));
  await refuses(t, folder, { source, skipHashCheck: true }, /page 2 of .*: it says it is page 0/u);
  await truncate(damaged, whole.length - 4096);
  await refuses(t, folder, { source, skipHashCheck: true }, /is cut short/u);
  await truncate(damaged, whole.length - 4096 - 32);
  await refuses(t, folder, { source }, /snapshot missing hash but --skip-hash-check=false/u);
  await refuses(t, folder, { source: join(folder, "none") }, /ENOENT/u);
});

t.test("restoreSnapshot() refuses what is foreign", async (t) => {
  const folder = await tempDirectory(t);
  const source = join(folder, "db");
  const check = async (
    content: Parameters<typeof writeBolt>[1],
    problem: RegExp,
  ): Promise<void> => {
    await writeBolt(source, content);
    await refuses(t, folder, { source, skipHashCheck: true }, problem);
  };
  await check({ users: { a: "b" } }, /has no bucket "key"/u);
  await check({ key: {} }, /has no bucket "meta"/u);
  await check({ key: {}, meta: { storageVersion: "3.8.0" } }, /of etcd 3.8.0, newer than 3.7.0/u);
  await check({ key: {}, meta: { term: "1" } }, /strange term: 31/u);
  await check({ key: {}, meta: { finishedCompactRev: "x" } }, /strange finishedCompactRev: 78/u);
  await check({ key: { a: "b" }, meta: {} }, /strange key of a revision: 61/u);
  await check({ key: {}, lease: { a: "" }, meta: {} }, /strange key of a lease: 61/u);
  await check({ key: {}, lease: { a: "\xff" }, meta: {} }, /unreadable lease/u);
  const row = (main: number, mark = ""): string =>
    `\0\0\0\0\0\0\0${String.fromCharCode(main)}_\0\0\0\0\0\0\0\0${mark}`;
  await check(
    { key: { [row(5)]: "\n\x01a\x10\x05\x18\x05\x20\x01" }, meta: {} },
    /missing after: 1.0/u,
  );
  await check({ key: { [row(2)]: "\n\x01a" }, meta: {} }, /2.0 is no deletion, or no put/u);
});

t.test("restoreSnapshot() refuses a directory that is in use, or no etcd's", async (t) => {
  const { folder, path } = await snapshot(t);
  const dataDir = join(folder, "used");
  await mkdir(dataDir);
  await refuses(t, folder, { source: dataDir }, /has no member\/snap\/db of an etcd/u);
  await writeFile(join(dataDir, "file"), "");
  await refuses(t, folder, { source: path, dataDir }, /data-dir ".*used" not empty/u);
});

t.test("exportSnapshot() makes what the server on the directory would send", async (t) => {
  const { folder, path } = await snapshot(t);
  const dataDir = join(folder, "data");
  await restoreSnapshot({ source: path, dataDir, ...IDS });
  await (await Etcd.start({ dataDir })).stop();
  const exported = join(folder, "exported.db");
  await exportSnapshot({ dataDir, path: exported, ...NAMES });
  const { revision, totalKey, version } = await snapshotStatus(exported);
  t.strictSame({ revision, totalKey, version }, { revision: 5, totalKey: 1, version: "3.7.0" });
  const again = join(folder, "again");
  t.same(await restoreSnapshot({ source: exported, dataDir: again, ...IDS }), { revision: 5 });
  await using etcd = await Etcd.start({ dataDir });
  await t.rejects(exportSnapshot({ dataDir, path: exported, ...NAMES }), { name: "StorageError" });
  t.ok(etcd.ids);
  const none = { dataDir: join(folder, "none"), path: join(folder, "x"), ...NAMES };
  await t.rejects(exportSnapshot(none), { code: "ENOENT" });
  t.strictSame(await readdir(folder), ["again", "data", "exported.db", "snapshot.db"]);
});

t.test("snapshotStatus() counts keys that exist", async (t) => {
  const { path } = await snapshot(t, async (client) => {
    await client.kv.put("c", "1");
    await client.kv.compact(4);
  });
  const { hash, ...status } = await snapshotStatus(path);
  t.type(hash, "number");
  t.strictSame(status, { revision: 6, totalKey: 2, totalSize: 3 * 4096, version: "3.7.0" });
});
