/**
 * Saving and restoring a large store: how long it takes, how much memory, and how long other calls wait
 * meanwhile. One process, no wire; a JSON line for each part.
 *
 *     node dist/bench/snapshot.js [--keys N] [--value BYTES]
 */
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Etcd, restoreSnapshot } from "../src/index.ts";

const { values: options } = parseArgs({
  options: {
    keys: { type: "string", default: "1000000" },
    value: { type: "string", default: "1000" },
  },
});
const KEYS = Number(options.keys);
const VALUE_BYTES = Number(options.value);
/** Puts in flight while the store is filled. */
const GROUP = 500;
const MIB = 1024 * 1024;
const SAMPLE_MS = 10;
const ALONE_MS = 5_000;

/** What a job took beside its result. */
interface Cost {
  readonly seconds: number;
  readonly cpuSeconds: number;
  /** Of its own, above what the process had before. */
  readonly memoryMiB: number;
  /** Between two turns of the event loop. */
  readonly longestTurnMs: number;
  /** Of puts, one after the other meanwhile; 0 for none. */
  readonly putMsLongest: number;
}

/**
 * Memory of its own: not pages of files that LevelDB has mapped, which the system takes back when it likes.
 * Where the system does not tell, all of it.
 */
function ownBytes(): number {
  try {
    const [, kib] = /RssAnon:\s+(\d+) kB/u.exec(readFileSync("/proc/self/status", "utf8")) ?? [];
    if (kib !== undefined) return Number(kib) * 1024;
  } catch {
    // Not Linux.
  }
  return process.memoryUsage.rss();
}

async function costOf(job: () => Promise<unknown>, put?: () => Promise<unknown>): Promise<Cost> {
  global.gc?.();
  const before = ownBytes();
  const cpu = process.cpuUsage();
  const beganMs = performance.now();
  let over = false;
  let most = before;
  let longestTurnMs = 0;
  let putMsLongest = 0;
  let lastMs = beganMs;
  const turn = (): void => {
    const nowMs = performance.now();
    longestTurnMs = Math.max(longestTurnMs, nowMs - lastMs);
    lastMs = nowMs;
    if (!over) setImmediate(turn);
  };
  turn();
  const sampler = setInterval(() => (most = Math.max(most, ownBytes())), SAMPLE_MS);
  const puts = (async () => {
    while (!over && put !== undefined) {
      const askedMs = performance.now();
      await put();
      putMsLongest = Math.max(putMsLongest, performance.now() - askedMs);
    }
  })();
  await job();
  over = true;
  await puts;
  clearInterval(sampler);
  const { user, system } = process.cpuUsage(cpu);
  return {
    seconds: round((performance.now() - beganMs) / 1000),
    cpuSeconds: round((user + system) / 1e6),
    memoryMiB: round((most - before) / MIB),
    longestTurnMs: round(longestTurnMs),
    putMsLongest: round(putMsLongest),
  };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

/** Values that LevelDB cannot make smaller: parts of one buffer of random bytes (mulberry32). */
function randomBytes(length: number): Buffer {
  let state = 1;
  return Buffer.from(
    Array.from({ length }, () => {
      state = (state + 0x6d2b79f5) >>> 0;
      const mixed = Math.imul(state ^ (state >>> 15), state | 1);
      return (mixed ^ (mixed >>> 14)) & 0xff;
    }),
  );
}

async function save(etcd: Etcd, path: string): Promise<void> {
  const file = await open(path, "w");
  for await (const { blob } of etcd.client.maintenance.snapshot()) await file.write(blob);
  await file.close();
}

const folder = mkdtempSync(join(tmpdir(), "etcdlet-snapshot-"));
try {
  const path = join(folder, "snapshot.db");
  const source = randomBytes(VALUE_BYTES + 100_000);
  const first = { dataDir: join(folder, "data"), unsafeNoFsync: true, quotaBackendBytes: -1 };
  const etcd = await Etcd.start(first);
  for (let start = 0; start < KEYS; start += GROUP) {
    const keys = Array.from({ length: Math.min(GROUP, KEYS - start) }, (_, index) => start + index);
    await Promise.all(
      keys.map((key) => {
        const from = (key * 7919) % 100_000;
        return etcd.client.kv.put(
          `/registry/pods/${key}`,
          source.subarray(from, from + VALUE_BYTES),
        );
      }),
    );
  }
  const put = (): Promise<unknown> => etcd.client.kv.put("other", "value");
  // What the machine does to them by itself.
  const alone = await costOf(() => new Promise((resolve) => setTimeout(resolve, ALONE_MS)), put);
  console.log(JSON.stringify({ part: "puts alone", ...alone }));
  const saved = await costOf(() => save(etcd, path), put);
  console.log(JSON.stringify({ part: "save", keys: KEYS, bytes: statSync(path).size, ...saved }));
  await etcd.stop();
  const dataDir = join(folder, "restored");
  const ids = { peerUrls: ["http://localhost:2380"], clusterToken: "etcd-cluster" };
  const restored = await costOf(() => restoreSnapshot({ source: path, dataDir, ...ids }));
  console.log(JSON.stringify({ part: "restore", ...restored }));
  const servers: Etcd[] = [];
  const started = await costOf(async () => {
    servers.push(await Etcd.start({ snapshot: path }));
  });
  console.log(JSON.stringify({ part: "serve", ...started }));
  for (const served of servers) {
    const { count } = await served.client.kv.get("/registry/", { prefix: true, countOnly: true });
    await served.stop();
    if (count !== KEYS) throw new Error(`Served ${count} keys of ${KEYS}`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
