import { randomBytes } from "node:crypto";
import t from "tap";
import { FLAGS } from "../../src/cli/flag-table.ts";
import { presetValue } from "../../src/cli/flag-values.ts";
import type { FlagName } from "../../src/cli/flag-table.ts";
import { electionTimeoutMs, serverOptions } from "../../src/embed/defaults.ts";
import { SYSTEM_CLOCK } from "../../src/embed/system.ts";
import { SILENT_LOGGER } from "../../src/wire/index.ts";
import { VirtualClock } from "../../src/testing/virtual-clock.ts";

const GIB = 1024 ** 3;

t.test("serverOptions() of nothing are etcd's defaults", async (t) => {
  const { auth, clock, logger, random, wallClockMs, ...rest } = serverOptions({}, []);
  const { randomBytes: bytes, ...authentication } = auth;
  t.equal(bytes, randomBytes);
  t.strictSame(authentication, {
    token: "simple",
    simpleTokenTtlMs: 300_000,
    bcryptCost: 10,
    hasCertificateUsers: false,
  });
  t.strictSame(rest, {
    name: "default",
    peerUrls: ["http://localhost:2380"],
    clientUrls: [],
    clusterToken: "etcd-cluster",
    limits: { maxRequestBytes: 1_572_864, maxTxnOps: 128, quotaBytes: 2 * GIB },
    compaction: { batchLimit: 1000, sleepIntervalMs: 10 },
    autoCompaction: undefined,
    metrics: undefined,
    features: undefined,
    leaseTtlMin: 2,
    leaseCheckpoint: false,
    slow: { applyMs: 100, unaryMs: 300 },
    requestTimeoutMs: 7000,
    watchProgressIntervalMs: 600_000,
  });
  t.equal(clock, SYSTEM_CLOCK);
  t.equal(logger, SILENT_LOGGER);
  t.ok(random() >= 0 && random() < 1);
  t.ok(Math.abs(wallClockMs - Date.now()) < 60_000);
  t.equal(electionTimeoutMs({}), 1000);
});

t.test("serverOptions() of nothing are the defaults of the command line", async (t) => {
  const { limits, compaction, slow, watchProgressIntervalMs, name, clusterToken, peerUrls } =
    serverOptions({}, []);
  const presets = Object.fromEntries(
    // The cast is what Object.keys loses: FLAGS has no other keys.
    (Object.keys(FLAGS) as FlagName[]).map((flag) => [flag, presetValue(FLAGS[flag])]),
  );
  t.equal(name, presets["name"]);
  t.equal(clusterToken, presets["initial-cluster-token"]);
  t.match(presets["initial-advertise-peer-urls"], [{ text: peerUrls[0] }]);
  t.equal(limits.maxRequestBytes, presets["max-request-bytes"]);
  t.equal(limits.maxTxnOps, presets["max-txn-ops"]);
  t.equal(compaction.batchLimit, presets["compaction-batch-limit"]);
  t.equal(BigInt(compaction.sleepIntervalMs) * 1_000_000n, presets["compaction-sleep-interval"]);
  t.equal(BigInt(watchProgressIntervalMs) * 1_000_000n, presets["watch-progress-notify-interval"]);
  t.equal(BigInt(slow.applyMs) * 1_000_000n, presets["warning-apply-duration"]);
  t.equal(BigInt(slow.unaryMs) * 1_000_000n, presets["warning-unary-request-duration"]);
  t.equal(electionTimeoutMs({}), presets["election-timeout"]);
});

t.test("serverOptions() takes what it is given", async (t) => {
  const clock = new VirtualClock();
  const given = serverOptions(
    {
      name: "n1",
      initialAdvertisePeerUrls: ["http://10.0.0.1:2380"],
      initialClusterToken: "token",
      maxRequestBytes: 1,
      maxTxnOps: 2,
      quotaBackendBytes: 3,
      heartbeatIntervalMs: 10,
      electionTimeoutMs: 5000,
      watchProgressNotifyIntervalMs: 4000,
      compactionBatchLimit: 5,
      compactionSleepIntervalMs: 6,
      clock,
    },
    [],
  );
  t.match(given, {
    name: "n1",
    peerUrls: ["http://10.0.0.1:2380"],
    clusterToken: "token",
    limits: { maxRequestBytes: 1, maxTxnOps: 2, quotaBytes: 3 },
    compaction: { batchLimit: 5, sleepIntervalMs: 6 },
    leaseTtlMin: 8,
    watchProgressIntervalMs: 4000,
  });
  t.equal(given.clock, clock);
  t.equal(electionTimeoutMs({ electionTimeoutMs: 5000 }), 5000);
});

t.test("serverOptions() tells clients the URLs it is told, or those listened on", async (t) => {
  const listened = ["http://127.0.0.1:4711"];
  t.strictSame(serverOptions({}, listened).clientUrls, listened);
  const advertiseClientUrls = ["http://10.0.0.1:2379"];
  t.strictSame(serverOptions({ advertiseClientUrls }, listened).clientUrls, advertiseClientUrls);
});

t.test("serverOptions() takes a quota of 0 for 2 GiB, and a negative one for none", async (t) => {
  const quotaOf = (quotaBackendBytes: number): number =>
    serverOptions({ quotaBackendBytes }, []).limits.quotaBytes;
  t.equal(quotaOf(0), 2 * GIB);
  t.equal(quotaOf(-1), Number.POSITIVE_INFINITY);
  t.equal(quotaOf(8 * GIB), 8 * GIB);
});
