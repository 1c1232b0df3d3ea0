/** The effects of options about limits and times: a part of options.test.ts. */
import type { Test } from "tap";
import { connect } from "../../src/embed/index.ts";
import type { Etcd, EtcdOptions } from "../../src/embed/index.ts";
import { EMPTY_CONTEXT, SILENT_LOGGER, messages } from "../../src/wire/index.ts";
import { tempDirectory } from "../harness/temp-dir.ts";
import { VirtualClock } from "../../src/testing/virtual-clock.ts";
import { ANY_PORT, rejection, revisionOf, started } from "./embedded.ts";

const GIB = 1024 ** 3;

/** A test for each of these options. */
export const LIMIT_EFFECTS = {
  maxRequestBytes: async (t) => {
    const etcd = await started(t, { maxRequestBytes: 1000, listenClientUrls: [ANY_PORT] });
    await etcd.client.kv.put("key", Buffer.alloc(900));
    const put = etcd.client.kv.put("key", Buffer.alloc(1000));
    t.match(await rejection(put), { reason: "requestTooLarge" });
    const far = await connect(etcd.clientUrls);
    t.match(await rejection(far.kv.put("key", Buffer.alloc(1000 + 512 * 1024))), {
      code: 8,
      message: /^grpc: received message larger than max \(\d+ vs\. 525288\)$/,
    });
  },

  maxTxnOps: async (t) => {
    const { kv } = (await started(t, { maxTxnOps: 2 })).client;
    const operations = ["a", "b", "c"].map((key) => ({ requestRange: { key: Buffer.from(key) } }));
    t.ok(
      (
        await kv
          .txn()
          .then(...operations.slice(0, 2))
          .commit()
      ).succeeded,
    );
    const refused = kv
      .txn()
      .then(...operations)
      .commit();
    t.match(await rejection(refused), { reason: "tooManyOps" });
  },

  autoCompaction: async (t) => {
    const periodMs = 60_000;
    const clock = new VirtualClock();
    const etcd = await started(t, { clock, autoCompaction: { mode: "periodic", periodMs } });
    await etcd.client.kv.put("key", "1");
    await clock.advance(2 * periodMs);
    const old = etcd.client.kv.get("key", { revision: 1 });
    t.match(await rejection(old), { reason: "compacted" });
  },

  quotaBackendBytes: async (t) => {
    const { kv, maintenance } = (await started(t, { quotaBackendBytes: 100_000 })).client;
    await kv.put("small", "value");
    t.match(await rejection(kv.put("large", Buffer.alloc(100_000))), { reason: "noSpace" });
    t.match(await maintenance.alarms(), [{ alarm: "nospace" }]);
    const quotas = [undefined, 0, -1, 5 * GIB].map(async (quotaBackendBytes) => {
      const etcd = await started(t, { quotaBackendBytes });
      return (await etcd.client.maintenance.status()).dbSizeQuota;
    });
    t.strictSame(await Promise.all(quotas), [2 * GIB, 2 * GIB, -1, 5 * GIB]);
  },

  valueBytesMax: async (t) => {
    const request = messages.encodeRangeRequest({ key: Buffer.from("key") });
    for (const [valueBytesMax, isInMemory] of [
      [undefined, true],
      [0, false],
    ] as const) {
      const etcd = await started(t, { valueBytesMax });
      await etcd.client.kv.put("key", "value");
      const answer = etcd.channel.unary("range", request, EMPTY_CONTEXT);
      t.equal(answer instanceof Uint8Array, isInMemory, "memory answers at once");
      t.equal(messages.decodeRangeResponse(await answer).count, 1);
    }
  },

  watchProgressNotifyIntervalMs: async (t) => {
    const clock = new VirtualClock();
    const { client } = await started(t, { watchProgressNotifyIntervalMs: 1000, clock });
    const watch = client.watch("key", { progressNotify: true });
    await watch.created;
    let told = 0;
    const next = watch.next().then((result) => {
      told++;
      return result;
    });
    await clock.advance(999);
    t.equal(told, 0);
    // Up to a tenth is added, so that streams do not all tell at once.
    await clock.advance(102);
    t.match(await next, { value: { events: [] } });
    watch.cancel();
  },

  warningApplyDurationMs: async (t) => {
    const line = "apply request took too long";
    t.notOk((await linesOfDelete(t, {})).includes(line));
    t.ok((await linesOfDelete(t, { warningApplyDurationMs: 1 })).includes(line));
  },

  warningUnaryRequestDurationMs: async (t) => {
    const line = "request stats";
    t.notOk((await linesOfDelete(t, {})).includes(line));
    t.ok((await linesOfDelete(t, { warningUnaryRequestDurationMs: 1 })).includes(line));
  },

  enablePprof: async (t) => {
    for (const [enablePprof, status] of [
      [true, 200],
      [false, 404],
    ] as const) {
      const urls = { listenClientUrls: [ANY_PORT], listenMetricsUrls: [ANY_PORT] };
      const etcd = await started(t, { ...urls, enablePprof });
      const pathOf = (url = ""): string => `${url}/debug/pprof/`;
      t.equal((await fetch(pathOf(etcd.clientUrls[0]))).status, status);
      t.equal((await fetch(pathOf(etcd.metricsUrls[0]))).status, 404);
    }
  },

  leaseCheckpoint: async (t) => {
    for (const [leaseCheckpoint, ttl] of [
      [true, 3301],
      [false, 3601],
    ] as const) {
      const clock = new VirtualClock();
      const options = { clock, leaseCheckpoint, dataDir: await tempDirectory(t) };
      const first = await started(t, options);
      const { id } = await first.client.lease.grant(3600);
      await clock.advance(300_000);
      // Written, when a write after it is.
      await first.client.kv.put("key", "value");
      await first.stop();
      const second = await started(t, options);
      t.equal((await second.client.lease.timeToLive(id)).ttl, ttl);
      await second.stop();
    }
  },

  compactionBatchLimit: async (t) => {
    const clock = new VirtualClock();
    const limits = { compactionBatchLimit: 1, compactionSleepIntervalMs: 10 };
    const etcd = await started(t, { ...limits, clock });
    const revision = await putTwice(etcd, 5);
    const compacted = etcd.client.kv.compact(revision, { physical: true });
    t.equal(await virtualMs(clock, compacted), 40, "five steps, four pauses");
    const whole = await started(t, { clock });
    const atOnce = whole.client.kv.compact(await putTwice(whole, 5), { physical: true });
    t.equal(await virtualMs(clock, atOnce), 0, "one step");
  },

  compactionSleepIntervalMs: async (t) => {
    const clock = new VirtualClock();
    const limits = { compactionBatchLimit: 1, compactionSleepIntervalMs: 500 };
    const etcd = await started(t, { ...limits, clock });
    const revision = await putTwice(etcd, 3);
    const compacted = etcd.client.kv.compact(revision, { physical: true });
    t.equal(await virtualMs(clock, compacted), 1000, "three steps, two pauses");
  },
} satisfies { readonly [Option in keyof EtcdOptions]: (t: Test) => Promise<void> };

/** Warnings about one call, on a clock that goes on by 10 ms whenever it is read. */
async function linesOfDelete(t: Test, options: EtcdOptions): Promise<string[]> {
  const lines: string[] = [];
  const logger = { ...SILENT_LOGGER, warn: (message: string) => void lines.push(message) };
  let nowMs = 0;
  const clock = { nowMs: () => (nowMs += 10), after: () => () => undefined };
  const etcd = await started(t, { ...options, clock, logger });
  await etcd.client.kv.delete("none");
  return lines;
}

/** How much virtual time passes until a promise resolves, ms, in steps. */
async function virtualMs(clock: VirtualClock, work: Promise<unknown>): Promise<number> {
  const stepMs = 10;
  let done = false;
  void work.then(() => (done = true)); // Rejections are the caller's, who awaits it too.
  const began = clock.nowMs();
  await clock.advance(0);
  while (!done) await clock.advance(stepMs);
  await work;
  return clock.nowMs() - began;
}

/** Keys with two versions each: every one of them has something to compact. */
async function putTwice(etcd: Etcd, keyCount: number): Promise<number> {
  let revision = 0;
  for (let index = 0; index < 2 * keyCount; index++) {
    revision = revisionOf(await etcd.client.kv.put(`key-${index % keyCount}`, "value"));
  }
  return revision;
}
