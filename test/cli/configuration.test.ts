import t from "tap";
import { ConfigurationError } from "../../src/cli/configuration-error.ts";
import { readConfiguration } from "../../src/cli/configuration.ts";
import type { Configuration } from "../../src/cli/configuration.ts";
import { parseArguments } from "../../src/cli/flags.ts";

const FLAGS_ONLY = { isFile: false, unbuilt: [] } as const;

function configure(
  args: string,
  source: Parameters<typeof readConfiguration>[1] = FLAGS_ONLY,
): Configuration {
  const parsed = parseArguments(args === "" ? [] : args.split(" "));
  if (parsed.kind !== "parsed") {
    throw new Error(`Cannot parse ${args}: ${JSON.stringify(parsed)}`);
  }
  return readConfiguration(parsed.settings, source);
}

t.test("readConfiguration() without flags gives etcd's defaults", (t) => {
  const { options, initialCluster, notes } = configure("");
  const { features, ...others } = options;
  t.equal(features?.length, 11);
  t.same(
    features?.filter(({ isEnabled }) => isEnabled).map(({ name }) => name),
    ["FastLeaseKeepAlive", "TxnModeWriteWithSharedBuffer"],
  );
  t.same(others, {
    metrics: "basic",
    name: "default",
    dataDir: "default.etcd",
    unsafeNoFsync: false,
    listenClientUrls: ["http://localhost:2379"],
    listenClientHttpUrls: [],
    listenMetricsUrls: [],
    advertiseClientUrls: ["http://localhost:2379"],
    initialAdvertisePeerUrls: ["http://localhost:2380"],
    initialClusterToken: "etcd-cluster",
    maxRequestBytes: 1_572_864,
    maxTxnOps: 128,
    authToken: "simple",
    authTokenTtl: 300,
    bcryptCost: 10,
    quotaBackendBytes: 0,
    valueBytesMax: 268_435_456,
    heartbeatIntervalMs: 100,
    electionTimeoutMs: 1_000,
    watchProgressNotifyIntervalMs: 600_000,
    autoCompaction: undefined,
    enablePprof: false,
    enableFaultInjection: false,
    enableTestEndpoints: false,
    leaseCheckpoint: false,
    warningApplyDurationMs: 100,
    warningUnaryRequestDurationMs: 300,
    compactionBatchLimit: 1_000,
    compactionSleepIntervalMs: 10,
    grpcTransport: "http2",
    cors: ["*"],
    enableGrpcGateway: true,
    hostWhitelist: ["*"],
    tls: undefined,
    maxConcurrentStreams: undefined,
    grpcKeepaliveMinTimeMs: 5_000,
    grpcKeepaliveIntervalMs: 7_200_000,
    grpcKeepaliveTimeoutMs: 20_000,
  });
  t.equal(initialCluster, "default=http://localhost:2380");
  t.same(notes, []);
  t.end();
});

t.test("readConfiguration() serves profiles with the flag, and when debugging", (t) => {
  t.equal(configure("--enable-pprof").options.enablePprof, true);
  t.equal(configure("--log-level=debug").options.enablePprof, true);
  t.equal(configure("--log-level=info").options.enablePprof, false);
  t.equal(configure("--enable-test-endpoints").options.enableTestEndpoints, true);
  t.end();
});

t.test("readConfiguration() knows the feature gate LeaseCheckpoint", (t) => {
  const { options, notes } = configure("--feature-gates=LeaseCheckpoint=true");
  t.equal(options.leaseCheckpoint, true);
  t.same(notes, []);
  t.equal(configure("--feature-gates=AllAlpha=true").options.leaseCheckpoint, true);
  t.end();
});

t.test("readConfiguration() maps flags to options", (t) => {
  const { options, initialCluster } = configure(
    "--name=n --data-dir=/d --unsafe-no-fsync --listen-client-urls=unix:///s " +
      "--advertise-client-urls=http://a:1 --initial-advertise-peer-urls=http://p:1,http://p:2 " +
      "--watch-progress-notify-interval=1500us --compaction-batch-limit=0 " +
      "--enable-grpc-gateway=false --cors=http://a:1,http://b:2 --host-whitelist=a,b " +
      "--listen-client-http-urls=http://127.0.0.1:3 " +
      "--compaction-sleep-interval=0 --quota-backend-bytes=-1 --initial-cluster-token=t",
  );
  t.match(options, {
    name: "n",
    dataDir: "/d",
    unsafeNoFsync: true,
    listenClientUrls: ["unix:///s"],
    listenClientHttpUrls: ["http://127.0.0.1:3"],
    enableGrpcGateway: false,
    cors: ["http://a:1", "http://b:2"],
    hostWhitelist: ["a", "b"],
    advertiseClientUrls: ["http://a:1"],
    initialAdvertisePeerUrls: ["http://p:1", "http://p:2"],
    watchProgressNotifyIntervalMs: 1.5,
    compactionBatchLimit: undefined,
    compactionSleepIntervalMs: undefined,
    quotaBackendBytes: -1,
    initialClusterToken: "t",
  });
  t.equal(initialCluster, "n=http://p:1,n=http://p:2");
  t.equal(configure("--name=n --initial-cluster=x").initialCluster, "x");
  t.equal(configure("--name=n").options.dataDir, "n.etcd");
  t.end();
});

/** What etcd 3.7.3 says about each. */
const REFUSED: readonly (readonly [string, string])[] = [
  ["--listen-client-urls=http://foo:1", "expected IP in URL for binding (http://foo:1)"],
  ["--listen-peer-urls=http://foo:1", "expected IP in URL for binding (http://foo:1)"],
  ["--listen-metrics-urls=http://foo:1", "expected IP in URL for binding (http://foo:1)"],
  [
    "--initial-advertise-peer-urls=http://:1",
    '--initial-advertise-peer-urls "http://:1" must be "host:port" ' +
      "(unexpected empty host (http://:1))",
  ],
  [
    "--advertise-client-urls=http://:1",
    '--advertise-client-urls "http://:1" must be in the format "host:port", ' +
      '"unix:/path/to/socket" or "unixs:/path/to/socket" (unexpected empty host (http://:1))',
  ],
  [
    "--listen-client-urls=http://127.0.0.1:0",
    "--advertise-client-urls is required when --listen-client-urls is set explicitly",
  ],
  ["--heartbeat-interval=0", "--heartbeat-interval must be >0 (set to 0ms)"],
  ["--election-timeout=0", "--election-timeout must be >0 (set to 0ms)"],
  [
    "--heartbeat-interval=500",
    "--election-timeout[1000ms] should be at least as 5 times as --heartbeat-interval[500ms]",
  ],
  [
    "--election-timeout=60000",
    "--election-timeout[60000ms] is too long, and should be set less than 50000ms",
  ],
  ["--auto-compaction-mode=foo", 'unknown auto-compaction-mode "foo"'],
  ["--auto-compaction-mode=", "undefined auto-compaction-mode"],
  ["--compact-hash-check-time=-5m", "--compact-hash-check-time must be >0 (set to -5m0s)"],
  [
    "--feature-gates=LeaseCheckpointPersist=true",
    "enabling feature gate LeaseCheckpointPersist requires enabling feature gate LeaseCheckpoint",
  ],
  ["--tls-min-version=foo", 'unexpected TLS version "foo" (must be one of: TLS1.2, TLS1.3)'],
  [
    "--tls-min-version=TLS1.3 --tls-max-version=TLS1.2",
    "min version (TLS1.3) is greater than max version (TLS1.2)",
  ],
  [
    "--tls-min-version=TLS1.3 --cipher-suites=TLS_RSA_WITH_AES_128_CBC_SHA",
    "cipher suites cannot be configured when only TLS1.3 is enabled",
  ],
  ["--discovery-token=x", "both --discovery-token and --discovery-endpoints must be set"],
  ["--discovery-endpoints=x", "both --discovery-token and --discovery-endpoints must be set"],
  [
    "--discovery-fallback=proxy",
    `v2 proxy is deprecated, and --discovery-fallback can't be configured as "proxy"`,
  ],
];

t.test("readConfiguration() refuses with etcd's texts", (t) => {
  for (const [args, message] of REFUSED) {
    t.throws(() => configure(args), new ConfigurationError(message), args);
  }
  t.end();
});

t.test("readConfiguration() leaves to the start what etcd finds at the start", (t) => {
  const cases: readonly (readonly [string, string])[] = [
    [
      "--auto-compaction-retention=foo",
      'error parsing CompactionRetention: time: invalid duration "foo"',
    ],
    [
      "--auto-compaction-retention=-5",
      'error parsing CompactionRetention: time: missing unit in duration "-5"',
    ],
    [
      "--listen-client-urls=https://127.0.0.1:0 --advertise-client-urls=https://a:1",
      "TLS key/cert (--cert-file, --key-file) must be provided for client url " +
        "https://127.0.0.1:0 with HTTPS scheme",
    ],
    [
      "--listen-metrics-urls=https://127.0.0.1:0",
      "client TLS key/cert (--cert-file, --key-file) must be provided for metrics secure url",
    ],
  ];
  for (const [args, message] of cases) {
    t.throws(() => configure(args), new ConfigurationError(message, "start"), args);
  }
  t.end();
});

t.test("readConfiguration() refuses protection that is not built, unless it is off", (t) => {
  const refused = (args: string, message: RegExp): void => {
    t.throws(() => configure(args), message, args);
  };
  refused("--discovery-token=a --discovery-endpoints=b", /^--discovery-endpoints is not supported/);
  t.throws(
    () => configure("", { isFile: true, unbuilt: ["a.b"] }),
    new ConfigurationError("a.b is not supported: it is not built yet"),
  );
  const off = "--client-cert-auth=false --cert-file= --host-whitelist=* --auto-tls=0";
  t.same(configure(off).notes, []);
  t.end();
});

t.test("readConfiguration() notes the flags that have no effect, unless they ask for none", (t) => {
  const { notes } = configure(
    "--snapshot-count=10000 --peer-cert-file=c --auto-compaction-retention=0 --pre-vote=true " +
      "--feature-gates=InitialCorruptCheck=true,FastLeaseKeepAlive=true",
  );
  t.same(
    notes.map((note) => [note.level, note.message, note.fields]),
    [
      [
        "warn",
        "flag is accepted but has no effect",
        { flag: "--peer-cert-file", reason: "there are no peers" },
      ],
      [
        "warn",
        "feature gate is accepted but has no effect",
        {
          "feature-gate": "InitialCorruptCheck",
          value: true,
          reason: "there are no peers; the data is checked at every start",
        },
      ],
    ],
  );
  t.end();
});

t.test("readConfiguration() notes deprecated flags and large limits", (t) => {
  const { notes } = configure(
    "--max-snapshots=5 --v2-deprecation=gone --max-request-bytes=10485761 " +
      "--quota-backend-bytes=8589934593",
  );
  t.same(
    notes.map((note) => note.message),
    [
      "--max-snapshots is deprecated in 3.6 and will be decommissioned in 3.8.",
      "--v2-deprecation is deprecated and scheduled for removal in v3.8. " +
        "The default value is enforced, ignoring user input.",
      "flag is accepted but has no effect",
      "exceeded recommended request limit",
      "quota exceeds the maximum value",
    ],
  );
  t.end();
});

t.test("readConfiguration() of a file does not ask for --advertise-client-urls", (t) => {
  const { options } = configure("--listen-client-urls=http://127.0.0.1:0", {
    isFile: true,
    unbuilt: [],
  });
  t.same(options.advertiseClientUrls, ["http://localhost:2379"]);
  t.end();
});

t.test("readConfiguration() warns of flags by names from before etcd 3.7", (t) => {
  const { notes } = configure(
    "--experimental-initial-corrupt-check=true --experimental-max-learners=1",
  );
  const message = "flag has another name since etcd 3.7";
  t.same(
    notes.filter((note) => note.message === message).map(({ fields }) => fields),
    [
      {
        flag: "--experimental-initial-corrupt-check",
        now: "--feature-gates=InitialCorruptCheck",
      },
      { flag: "--experimental-max-learners", now: "--max-learners" },
    ],
  );
  t.end();
});
