/**
 * Databases both ways: what our server saves is a database to the real etcd's own programs, and the
 * etcd that is started on it has all of the history.
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import type { Test } from "tap";
import fc from "fast-check";
import type { Client } from "../../src/client/index.ts";
import { exportSnapshot, restoreSnapshot, snapshotStatus } from "../../src/embed/snapshots.ts";
import { Etcd, connect } from "../../src/index.ts";
import { anyContent, readBolt, writeBolt } from "../harness/bolt-content.ts";
import { EtcdProcess, havePrograms, peerPaths } from "../harness/etcd-process.ts";
import { Random } from "../harness/random-operations.ts";
import { pictureOf, writeHistory, writeUsers } from "./random-history.ts";
import { run } from "../kube/processes.ts";
import { tempDirectory } from "../harness/temp-dir.ts";

const paths = peerPaths();
const LIMIT_MS = 30_000;
const STEPS = 400;
const SEEDS =
  process.env["SNAPSHOT_SEED"] === undefined ? [1, 2] : [Number(process.env["SNAPSHOT_SEED"])];
const PEER_URLS = ["http://127.0.0.1:2380"];
const IDS = { peerUrls: PEER_URLS, clusterToken: "etcd-cluster" };

t.setTimeout(300_000);

void t.test("databases and the real programs", async (t) => {
  if (!havePrograms(t, [paths.etcd, paths.etcdctl, paths.etcdutl, paths.bbolt])) return;
  await t.test("bbolt check finds nothing in what planBolt() writes", checkedByBbolt);
  await t.test("BoltFile reads what bbolt has written", readsBbolt);
  for (const seed of SEEDS) {
    const [random, other] = [new Random(seed), new Random(seed)];
    await t.test(`etcdlet to etcd and back, seed ${seed}`, (t) => fromOurs(t, random));
    await t.test(`etcd to etcdlet and back, seed ${seed}`, (t) => fromEtcd(t, other));
  }
  await t.test("users go along, with their passwords", usersGoAlong);
  await t.test("what etcdutl has bumped to", bumpedByEtcdutl);
  await t.test("a log that goes on behind its database", behindItsLog);
});

async function checkedByBbolt(t: Test): Promise<void> {
  const path = join(await tempDirectory(t), "db");
  await fc.assert(
    fc.asyncProperty(anyContent, async (content) => {
      await writeBolt(path, content);
      const { stdout } = await programs(paths.bbolt, ["check", path]);
      t.equal(stdout.trim(), "OK");
    }),
    { numRuns: 40 },
  );
}

async function fromOurs(t: Test, random: Random): Promise<void> {
  const folder = await tempDirectory(t);
  const saved = join(folder, "ours.db");
  const expected = await withOurs(join(folder, "ours"), async (client, url) => {
    await writeHistory(client, random, STEPS);
    await etcdctl(url, ["snapshot", "save", saved]);
  }).then(() => withOurs(join(folder, "ours"), pictureOf));
  await checkStatus(t, saved);
  const moved = join(folder, "etcd.db");
  await restoreToEtcd(saved, join(folder, "etcd"));
  await withEtcd(join(folder, "etcd"), async (client, url) => {
    t.strictSame(await pictureOf(client), expected, "etcd has all of it");
    await client.kv.compact(expected.revision - 5, { physical: true });
    await etcdctl(url, ["snapshot", "save", moved]);
  });
  const compacted = await withEtcd(join(folder, "etcd"), pictureOf);
  t.equal(compacted.compactRevision, expected.revision - 5);
  await restoreSnapshot({ source: moved, dataDir: join(folder, "back"), ...IDS });
  t.strictSame(await withOurs(join(folder, "back"), pictureOf), compacted, "and we have it again");
}

async function fromEtcd(t: Test, random: Random): Promise<void> {
  const folder = await tempDirectory(t);
  const data = join(folder, "etcd");
  const saved = join(folder, "etcd.db");
  await withEtcd(data, async (client, url) => {
    await writeHistory(client, random, STEPS);
    await etcdctl(url, ["snapshot", "save", saved]);
    await t.rejects(
      restoreSnapshot({ source: join(data, "data"), dataDir: join(folder, "no"), ...IDS }),
      /an etcd runs on it, process \d+/u,
    );
  });
  const expected = await withEtcd(data, pictureOf);
  await checkStatus(t, saved);
  await restoreSnapshot({ source: saved, dataDir: join(folder, "saved"), ...IDS });
  const fromSnapshot = await withOurs(join(folder, "saved"), pictureOf);
  t.strictSame(fromSnapshot, expected, "by a snapshot");
  await restoreSnapshot({ source: join(data, "data"), dataDir: join(folder, "copied"), ...IDS });
  const fromDirectory = await withOurs(join(folder, "copied"), pictureOf);
  t.strictSame(fromDirectory, expected, "by its data directory");
  const exported = join(folder, "exported.db");
  const names = { name: "default", peerUrls: PEER_URLS, clientUrls: [] };
  await exportSnapshot({ dataDir: join(folder, "copied"), path: exported, ...names });
  await restoreToEtcd(exported, join(folder, "back"));
  t.strictSame(await withEtcd(join(folder, "back"), pictureOf), expected, "and etcd has it again");
}

const ROOT = ["--user", "root:password of root"];

async function usersGoAlong(t: Test): Promise<void> {
  const folder = await tempDirectory(t);
  const [first, second] = [join(folder, "1.db"), join(folder, "2.db")];
  const isGuarded = async (url: string): Promise<void> => {
    await t.rejects(etcdctl(url, ["get", "key"]), /user name is empty/u);
    await t.rejects(etcdctl(url, ["--user", "root:wrong", "get", "key"]), /authentication failed/u);
    await etcdctl(url, [...ROOT, "get", "key"]);
  };
  await withOurs(join(folder, "ours"), async (client, url) => {
    await writeUsers(client, new Random(1));
    await etcdctl(url, ["auth", "enable"]);
    await isGuarded(url);
    await etcdctl(url, [...ROOT, "snapshot", "save", first]);
  });
  await restoreToEtcd(first, join(folder, "etcd"));
  await withEtcd(join(folder, "etcd"), async (_, url) => {
    await isGuarded(url);
    await etcdctl(url, [...ROOT, "snapshot", "save", second]);
  });
  await restoreSnapshot({ source: second, dataDir: join(folder, "back"), ...IDS });
  await withOurs(join(folder, "back"), (_, url) => isGuarded(url));
}

/** It leaves a row without a key, which has no place with us; the compaction says the same. */
async function bumpedByEtcdutl(t: Test): Promise<void> {
  const folder = await tempDirectory(t);
  const [saved, bumped] = [join(folder, "saved.db"), join(folder, "bumped.db")];
  await withEtcd(join(folder, "etcd"), async (client, url) => {
    await client.kv.put("a", "1");
    await etcdctl(url, ["snapshot", "save", saved]);
  });
  const bump = ["--bump-revision=1000", "--mark-compacted"];
  await restoreToEtcd(saved, join(folder, "bumped"), bump);
  await withEtcd(join(folder, "bumped"), async (client, url) => {
    t.equal((await client.kv.get("a")).header?.revision, 1002);
    await etcdctl(url, ["snapshot", "save", bumped]);
  });
  await checkStatus(t, bumped);
  await restoreSnapshot({ source: bumped, dataDir: join(folder, "ours"), ...IDS });
  await withOurs(join(folder, "ours"), async (client) => {
    const { kvs, header } = await client.kv.get("a");
    t.strictSame([kvs[0]?.value.toString(), header?.revision], ["1", 1002]);
    await t.rejects(client.kv.get("a", { revision: 1001 }), /has been compacted/u);
  });
}

/** etcd writes its database every tenth of a second; what it has acknowledged since is in the log. */
async function behindItsLog(t: Test): Promise<void> {
  const folder = await tempDirectory(t);
  const data = join(folder, "etcd");
  await mkdir(data);
  const etcd = await EtcdProcess.start({ binary: paths.etcd, folder: data });
  const client = await connect(etcd.url);
  for (let index = 0; index < 50; index++) await client.kv.put("a", String(index));
  await etcd.stop("SIGKILL");
  client.close();
  const source = join(data, "data");
  const dataDir = join(folder, "ours");
  const behind = /has \d+ changes that its database has not/u;
  await t.rejects(restoreSnapshot({ source, dataDir, ...IDS }), behind);
  await t.rejects(Etcd.start({ snapshot: source }), behind);
  await withEtcd(data, async () => undefined);
  await restoreSnapshot({ source, dataDir, ...IDS });
  const value = async ({ kv }: Client): Promise<string> =>
    String((await kv.get("a")).kvs[0]?.value);
  t.equal(await withOurs(dataDir, value), "49");
}

/** What etcdutl says of a file is what we say. */
async function checkStatus(t: Test, path: string): Promise<void> {
  const { stdout } = await programs(paths.etcdutl, ["snapshot", "status", path, "-w", "json"]);
  t.strictSame(await snapshotStatus(path), JSON.parse(stdout));
}

/** The program's flags are those that EtcdProcess has. */
async function restoreToEtcd(
  path: string,
  folder: string,
  more: readonly string[] = [],
): Promise<void> {
  await programs(paths.etcdutl, [
    "snapshot",
    "restore",
    path,
    `--data-dir=${join(folder, "data")}`,
    `--initial-cluster=default=${PEER_URLS.join(",")}`,
    `--initial-advertise-peer-urls=${PEER_URLS.join(",")}`,
    ...more,
  ]);
}

async function etcdctl(url: string, args: readonly string[]): Promise<void> {
  await programs(paths.etcdctl, ["--endpoints", url, ...args]);
}

type Use<T> = (client: Client, url: string) => Promise<T>;

async function withOurs<T>(dataDir: string, use: Use<T>): Promise<T> {
  const listenClientUrls = ["http://127.0.0.1:0"];
  await using etcd = await Etcd.start({ dataDir, listenClientUrls, unsafeNoFsync: true });
  return await use(etcd.client, etcd.clientUrls[0] ?? "");
}

async function withEtcd<T>(folder: string, use: Use<T>): Promise<T> {
  await mkdir(folder, { recursive: true });
  const etcd = await EtcdProcess.start({ binary: paths.etcd, folder, unsafeNoFsync: true });
  const client = await connect(etcd.url);
  try {
    return await use(client, etcd.url);
  } finally {
    client.close();
    await etcd.stop("SIGTERM");
  }
}

/** bbolt compacts a file by writing all of its rows into a new one, with its own splits of pages. */
async function readsBbolt(t: Test): Promise<void> {
  const folder = await tempDirectory(t);
  const path = join(folder, "ours");
  let number = 0;
  await fc.assert(
    fc.asyncProperty(anyContent, async (content) => {
      await writeBolt(path, content);
      const copy = join(folder, `bbolt-${String(number++)}`);
      await programs(paths.bbolt, ["compact", "-o", copy, path]);
      t.strictSame(readBolt(copy), readBolt(path));
    }),
    { numRuns: 40 },
  );
}

async function programs(path: string, args: readonly string[]): Promise<{ stdout: string }> {
  const result = await run({ path, args, env: {}, limitMs: LIMIT_MS });
  if (result.code === 0) return result;
  throw new Error(
    `${path} ${args.join(" ")}: ${String(result.code)} ${result.stdout}${result.stderr}`,
  );
}
