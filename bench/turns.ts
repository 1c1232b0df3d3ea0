/**
 * How long other calls wait behind heavy ones: for each, the longest time between two turns of the
 * event loop, and the time it took. One process, no wire.
 *
 *     node dist/bench/turns.js [--keys N] [--value BYTES] [--only TEXT] [--disk]
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Etcd } from "../src/index.ts";
import { messages } from "../src/wire/index.ts";
import type { StreamMethod, UnaryMethod } from "../src/wire/index.ts";

const { values: options } = parseArgs({
  options: {
    keys: { type: "string", default: "1000000" },
    value: { type: "string", default: "128" },
    only: { type: "string", default: "" },
    disk: { type: "boolean", default: false },
  },
});
const KEYS = Number(options.keys);
const ALL = { key: Buffer.from("k"), rangeEnd: Buffer.from("l") };
const CONTEXT = {} as Parameters<Etcd["channel"]["unary"]>[2];

const dataDir = options.disk ? mkdtempSync(join(tmpdir(), "etcdlet-turns-")) : undefined;
const etcd = await Etcd.start({ dataDir, unsafeNoFsync: true, maxTxnOps: 100_000 });

async function unary(method: UnaryMethod, request: Uint8Array): Promise<Uint8Array> {
  return etcd.channel.unary(method, request, CONTEXT);
}

/** Reads a stream to its end; how many bytes came. */
function stream(method: StreamMethod, request: Uint8Array): Promise<number> {
  return new Promise((resolve, reject) => {
    let bytes = 0;
    const input = etcd.channel.stream(method, CONTEXT, {
      write: (message) => {
        bytes += message.length;
        return true;
      },
      end: (error) => {
        if (error === undefined) resolve(bytes);
        else reject(error);
      },
    });
    input.write(request);
  });
}

/** The longest time between two turns while a job runs, and the whole, ms. */
async function measure(job: () => Promise<unknown>): Promise<{ longest: number; all: number }> {
  let over = false;
  let longest = 0;
  const beganMs = performance.now();
  let lastMs = beganMs;
  const turn = (): void => {
    const nowMs = performance.now();
    longest = Math.max(longest, nowMs - lastMs);
    lastMs = nowMs;
    if (!over) setImmediate(turn);
  };
  setImmediate(turn);
  await new Promise((resolve) => setImmediate(resolve));
  await job();
  await new Promise((resolve) => setImmediate(resolve));
  over = true;
  turn();
  return { longest, all: performance.now() - beganMs };
}

function range(fields: Partial<messages.RangeRequest>): () => Promise<unknown> {
  const request = messages.encodeRangeRequest({ ...ALL, ...fields });
  return () => unary("range", request);
}

function keyOf(index: number): Buffer {
  return Buffer.from(`k/${String(index).padStart(8, "0")}`);
}

async function put(index: number, lease = 0n): Promise<void> {
  const value = Buffer.alloc(Number(options.value), String((index * 7919) % 1_000_003));
  await unary("put", messages.encodePutRequest({ key: keyOf(index), value, lease }));
}

async function fill(from: number, to: number, lease = 0n): Promise<void> {
  for (let index = from; index < to; index += 500) {
    const end = Math.min(index + 500, to);
    await Promise.all(Array.from({ length: end - index }, (_, at) => put(index + at, lease)));
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const { CompareResult, CompareTarget, SortOrder, SortTarget } = messages;
const ALL_VERSIONS = { ...ALL, target: CompareTarget.version, result: CompareResult.greater };

function txn(fields: messages.TxnRequestInit): () => Promise<unknown> {
  const request = messages.encodeTxnRequest(fields);
  return () => unary("txn", request);
}

const EVERYTHING = { sortOrder: SortOrder.descend };
const PUT_ONE = { requestPut: { key: Buffer.from("other"), value: Buffer.from("") } };

await fill(0, KEYS);
const firstRevision = KEYS + 1;
// A tenth of the keys again: there is history, and something to compact.
await fill(0, KEYS / 10);
const LEASE = 7n;
await unary("leaseGrant", messages.encodeLeaseGrantRequest({ id: LEASE, ttl: 1000 }));

const jobs: [name: string, job: () => Promise<unknown>][] = [
  ["range", range({})],
  ["range, keys only", range({ keysOnly: true })],
  ["range, count only", range({ countOnly: true })],
  ["range, 10 of all", range({ limit: 10 })],
  ["range by key, descending", range({ ...EVERYTHING, sortTarget: SortTarget.key })],
  ["range by mod revision", range({ ...EVERYTHING, sortTarget: SortTarget.mod })],
  ["range by version", range({ ...EVERYTHING, sortTarget: SortTarget.version })],
  ["range by value", range({ ...EVERYTHING, sortTarget: SortTarget.value })],
  [
    "range by mod revision, limit 1",
    range({ ...EVERYTHING, sortTarget: SortTarget.mod, limit: 1 }),
  ],
  ["range with filter", range({ minModRevision: KEYS, keysOnly: true })],
  ["range at an old revision", range({ revision: firstRevision })],
  ["range stream", () => stream("rangeStream", messages.encodeRangeRequest(ALL))],
  [
    "range stream, keys only",
    () => stream("rangeStream", messages.encodeRangeRequest({ ...ALL, keysOnly: true })),
  ],
  [
    "txn of 3 ranges",
    txn({ success: [1, 2, 3].map(() => ({ requestRange: { ...ALL, keysOnly: true } })) }),
  ],
  ["txn that compares all", txn({ compare: [ALL_VERSIONS], success: [] })],
  [
    "whole: txn of a range and a put",
    txn({ success: [{ requestRange: { ...ALL, keysOnly: true } }, PUT_ONE] }),
  ],
  ["HashKV", () => unary("hashKV", messages.encodeHashKVRequest({}))],
  [
    "compaction",
    () =>
      unary(
        "compact",
        messages.encodeCompactionRequest({ revision: firstRevision + KEYS / 10, physical: true }),
      ),
  ],
  ["defragment", () => unary("defragment", new Uint8Array(0))],
  ["put 100 000 keys with a lease", () => fill(0, Math.min(KEYS, 100_000), LEASE)],
  [
    "lease time to live, keys",
    () =>
      unary("leaseTimeToLive", messages.encodeLeaseTimeToLiveRequest({ id: LEASE, keys: true })),
  ],
  [
    "whole: lease revoke, 100 000 keys",
    () => unary("leaseRevoke", messages.encodeLeaseRevokeRequest({ id: LEASE })),
  ],
  ["whole: delete of the rest", () => unary("deleteRange", messages.encodeDeleteRangeRequest(ALL))],
  [
    "compaction of all that",
    () =>
      unary(
        "compact",
        messages.encodeCompactionRequest({
          revision: firstRevision + KEYS / 10 + Math.min(KEYS, 100_000) + 2,
          physical: true,
        }),
      ),
  ],
];

try {
  for (const [name, job] of jobs) {
    if (!name.includes(options.only)) continue;
    const { longest, all } = await measure(job);
    console.log(
      `${name.padEnd(36)} longest ${longest.toFixed(1).padStart(7)} ms, all ${all.toFixed(0).padStart(6)} ms`,
    );
  }
} finally {
  await etcd.stop();
  if (dataDir !== undefined) rmSync(dataDir, { recursive: true });
}
