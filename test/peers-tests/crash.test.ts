/**
 * bin/etcdlet killed at any moment, started twice, and given too little disk: what it acknowledged is there.
 *
 * CRASH_SEED and CRASH_KILLS say otherwise how it is killed and how often. ETCDLET_BIN names another server;
 * on the real etcd the first test passes too, the others promise what etcd does not.
 */
import t from "tap";
import type { Test } from "tap";
import { Client } from "../../src/client/index.ts";
import { Store } from "../../src/mvcc/index.ts";
import { LevelEngine } from "../../src/storage/index.ts";
import { GrpcChannel } from "../../src/transport/index.ts";
import { EtcdError } from "../../src/wire/index.ts";
import { EtcdProcess, havePrograms, peerPaths, spawnEtcd } from "../harness/etcd-process.ts";
import type { EtcdProcessOptions } from "../harness/etcd-process.ts";
import { Random } from "../harness/random-operations.ts";
import { join } from "node:path";
import { poll, temporaryFolder } from "../kube/processes.ts";
import { CrashAudit, readHistory } from "./crash-audit.ts";
import { CrashWriter } from "./crash-writer.ts";

const { CRASH_SEED: seedGiven = "1", CRASH_KILLS: killsGiven = "50" } = process.env;

const WRITER_COUNT = 9;

/** Writing goes on for so long, milliseconds. */
const writingMsMin = 60;
const writingMsMax = 300;

/** A start takes 150 to 250 ms; this is how far it gets before it is killed. */
const startingMsMax = 200;

/** How soon a process must tell of its trouble: a start on a busy machine. */
const troubleLimitMs = 10_000;

/** Small beside LevelDB's write buffer of 4 MiB, so that its log is what hits the limit. */
const fileBytesMax = 1024 * 1024;

/** Several times what it takes on two busy cores. */
const wholeLimitMs = 600_000;

const { etcdlet } = peerPaths();
if (havePrograms(t, [etcdlet])) {
  t.setTimeout(wholeLimitMs);
  const random = new Random(Number(seedGiven));
  t.comment(`seed ${seedGiven}`);
  await t.test("a killed server has all that it acknowledged", (t) => surviveKills(t, random));
  await t.test("a second process on the same data ends at once", refuseSecond);
  await t.test("a full disk loses nothing acknowledged", surviveFullDisk);
}

/** Short steps and long pauses, so that kills hit compactions. */
function serverOptions(folder: string): EtcdProcessOptions {
  const flags = { "compaction-batch-limit": "20", "compaction-sleep-interval": "5ms" };
  return { binary: etcdlet, folder, flags };
}

/** A server and clients of it, each with a connection of its own. */
async function connect(
  options: EtcdProcessOptions,
  clientCount: number,
): Promise<{ etcd: EtcdProcess; clients: Client[]; close: () => void }> {
  const etcd = await EtcdProcess.start(options);
  const channels = await Promise.all(
    Array.from({ length: clientCount }, () => GrpcChannel.connect(etcd.url)),
  );
  const close = (): void => {
    for (const channel of channels) channel.close();
  };
  const clients = channels.map((channel) => new Client(channel));
  // The first call makes the connection.
  await Promise.all(clients.map((client) => client.unary("status", {})));
  return { etcd, clients, close };
}

async function surviveKills(t: Test, random: Random): Promise<void> {
  const started = performance.now();
  const options = serverOptions(temporaryFolder("etcdlet-crash-"));
  const writers = Array.from(
    { length: WRITER_COUNT },
    (_, index) => new CrashWriter(index + 1, random),
  );
  const audit = new CrashAudit();
  const killCount = Number(killsGiven);
  let compactionCount = 0;
  for (let kill = 1; kill <= killCount; kill++) {
    if (random.percent(10)) {
      const program = spawnEtcd(options);
      await delay(random.below(startingMsMax));
      await program.stop("SIGKILL");
    }
    const { etcd, clients, close } = await connect(options, WRITER_COUNT + 1);
    const [client, ...writing] = clients as [Client, ...Client[]];
    const problems = await audit.look(client, writers);
    if (problems.length > 0) t.strictSame(problems, [], `all is well after kill ${kill - 1}`);
    const work = writers.map((writer, index) => writer.writeUntilDeath(writing[index] ?? client));
    if (random.percent(60)) work.push(compact(client, audit, random));
    await delay(writingMsMin + random.below(writingMsMax - writingMsMin));
    await etcd.stop("SIGKILL");
    await Promise.all(work);
    close();
    if (audit.pendingCompaction !== undefined) compactionCount++;
  }
  await checkQuietly(t, options, { audit, writers });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  t.comment(`${seconds} s, ${killCount} kills, ${audit.revisionCount} revisions`);
  t.comment(`${compactionCount} kills before a compaction was answered`);
}

/** After the kills: replayed from the last compaction, and the same once more after an orderly restart. */
async function checkQuietly(
  t: Test,
  options: EtcdProcessOptions,
  { audit, writers }: { readonly audit: CrashAudit; readonly writers: readonly CrashWriter[] },
): Promise<void> {
  const first = await connect(options, 1);
  const [client] = first.clients as [Client];
  t.strictSame(await audit.look(client, writers), [], "all is well after the last kill");
  const from = Math.max(2, audit.compactedRevision + 1);
  const { problems } = await readHistory(client, { from, to: audit.revision });
  t.strictSame(problems, [], "history from the last compaction has every revision once");
  const before = await client.unary("hashKV", { revision: 0 });
  first.close();
  await first.etcd.stop("SIGTERM");
  const second = await connect(options, 1);
  const [clientAgain] = second.clients as [Client];
  const after = await clientAgain.unary("hashKV", { revision: 0 });
  t.equal(after.hash, before.hash, "an orderly restart leaves the hash as it was");
  t.equal(after.hashRevision, before.hashRevision, "and the revision");
  t.strictSame(await audit.look(clientAgain, writers), [], "all is well after an orderly restart");
  second.close();
  await second.etcd.stop("SIGTERM");
  if (process.env["ETCDLET_BIN"] === undefined) await checkConsistency(t, options.folder);
}

/** Opens the data in this process and compares what memory makes of it with all that is there. */
async function checkConsistency(t: Test, folder: string): Promise<void> {
  const engine = await LevelEngine.open({ directory: join(folder, "data"), sync: true });
  try {
    const store = await Store.open(engine, {
      nowMs: 0,
      leaseExtensionMs: 0,
      onReadFailure: (error) => t.error(error),
    });
    await store.checkConsistency();
    t.pass("the data is consistent");
    await store.close();
  } finally {
    await engine.close();
  }
}

/** Compacts somewhere in what the audit has seen; the server may die before it answers. */
async function compact(client: Client, audit: CrashAudit, random: Random): Promise<void> {
  await delay(random.below(writingMsMin));
  const least = Math.max(2, audit.compactedRevision + 1);
  if (least > audit.revision) return;
  const revision = least + random.below(audit.revision - least + 1);
  audit.pendingCompaction = revision;
  try {
    await client.unary("compact", { revision, physical: random.percent(50) });
    audit.compactedRevision = revision;
    audit.pendingCompaction = undefined;
  } catch (error) {
    if (!(error instanceof EtcdError) || error.message.startsWith("etcdserver:")) throw error;
  }
}

async function refuseSecond(t: Test): Promise<void> {
  const options = serverOptions(temporaryFolder("etcdlet-second-"));
  const { etcd, clients, close } = await connect(options, 1);
  const [client] = clients as [Client];
  await client.kv.put("key", "value");
  const started = performance.now();
  const second = spawnEtcd(options);
  const ending = await poll("the second process to end", troubleLimitMs, () => second.ending);
  t.comment(`ended after ${(performance.now() - started).toFixed(0)} ms`);
  t.equal(ending, "exit code 1", "it ends with exit code 1");
  t.match(second.log(), /"level":"(?:fatal|error)".*lock/u, "it says that the data is locked");
  t.equal((await client.kv.get("key")).kvs.length, 1, "the first one goes on");
  await client.kv.put("key", "again");
  close();
  await etcd.stop("SIGKILL");
  const third = await connect(options, 1);
  t.pass("a killed one leaves no lock behind");
  third.close();
  await third.etcd.stop("SIGTERM");
}

async function surviveFullDisk(t: Test): Promise<void> {
  const options = serverOptions(temporaryFolder("etcdlet-full-"));
  const { etcd, clients, close } = await connect({ ...options, fileBytesMax }, 1);
  const [client] = clients as [Client];
  const value = Buffer.alloc(20_000, "v");
  const limit = (2 * fileBytesMax) / value.length;
  let written = 0;
  let refusal: EtcdError | undefined;
  while (refusal === undefined && written < limit) {
    try {
      await client.kv.put(`key/${written}`, value);
      written++;
    } catch (error) {
      if (!(error instanceof EtcdError)) throw error;
      refusal = error;
    }
  }
  t.comment(`${written} writes, then: ${String(refusal?.code)} ${refusal?.message}`);
  t.ok(refusal, "the write that does not fit is refused");
  t.ok(written > 0, "others before it were not");
  await t.rejects(client.kv.put("later", "value"), EtcdError, "so are all later ones");
  const { count } = await client.kv.get("key/", { prefix: true, countOnly: true });
  t.equal(count, written, "what was acknowledged can be read, and no more");
  await poll("the log to say why", troubleLimitMs, () =>
    /File too large|EFBIG|no space/iu.test(etcd.program.log()) ? true : undefined,
  );
  t.pass("the log says why");
  close();
  await etcd.stop("SIGTERM");
  await checkAfterFullDisk(t, options, written);
}

/** Nothing acknowledged is lost; what was refused as a failure may be there or not. */
async function checkAfterFullDisk(
  t: Test,
  options: EtcdProcessOptions,
  written: number,
): Promise<void> {
  const { etcd, clients, close } = await connect(options, 1);
  const [client] = clients as [Client];
  const { kvs } = await client.kv.get("key/", { prefix: true });
  const keys = new Set(kvs.map(({ key }) => key.toString()));
  const lost = Array.from({ length: written }, (_, index) => `key/${index}`).filter(
    (key) => !keys.has(key),
  );
  t.strictSame(lost, [], "with room again, all that was acknowledged is there");
  await client.kv.put("later", "value");
  t.pass("and writes go on");
  close();
  await etcd.stop("SIGTERM");
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
