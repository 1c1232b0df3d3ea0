/** Flags of the groups about running a server: watching, logging, tuning. */
import { REASONS } from "./definition.ts";
import type { FlagGroup } from "./definition.ts";

/** Watching the server at work. */
export const PROFILING_FLAGS = {
  "enable-pprof": {
    kind: "boolean",
    preset: "false",
    help: "Serve profiles of the running program under /debug/pprof.",
    status: "effective",
  },
  "enable-fault-injection": {
    kind: "boolean",
    preset: "false",
    help: "Have calls fail as /debug/faults is told, by whoever asks. For tests only.",
    status: "effective",
  },
  metrics: {
    kind: "string",
    preset: "basic",
    help: "Detail of the metrics: basic, or extensive for histograms of calls.",
    status: "effective",
  },
  "listen-metrics-urls": {
    kind: "urls",
    preset: "",
    help: "URLs to listen on for /metrics, /health, /livez and /readyz alone.",
    status: "effective",
  },
} as const satisfies FlagGroup;

/** What the server says, and where. */
export const LOGGING_FLAGS = {
  logger: {
    kind: "string",
    preset: "zap",
    help: 'Only "zap".',
    status: "effective",
  },
  "log-outputs": {
    kind: "set",
    preset: "default",
    help: "Where the log goes: default, stderr, stdout, or paths of files, with commas between them.",
    status: "effective",
  },
  "log-level": {
    kind: "string",
    preset: "info",
    help: "Least level that is logged: debug, info, warn, error, panic or fatal.",
    status: "effective",
  },
  "log-format": {
    kind: "string",
    preset: "json",
    help: "Form of the log: json or console.",
    status: "effective",
  },
  "enable-log-rotation": {
    kind: "boolean",
    preset: "false",
    help: "Start a new log file when the old one is large.",
    status: "effective",
  },
  "log-rotation-config-json": {
    kind: "string",
    preset: '{"maxsize": 100, "maxage": 0, "maxbackups": 0, "localtime": false, "compress": false}',
    help: "When to start a new log file, and how many to keep.",
    status: "effective",
  },
  "warning-unary-request-duration": {
    kind: "duration",
    preset: "300ms",
    help: "Time after which a call is worth a warning.",
    status: "effective",
  },
} as const satisfies FlagGroup;

/** Following requests across programs. */
export const TRACING_FLAGS = {
  "enable-distributed-tracing": {
    kind: "boolean",
    preset: "false",
    help: "Send traces to a collector.",
    status: "accepted",
    reason: REASONS.notBuilt,
  },
  "distributed-tracing-address": {
    kind: "string",
    preset: "localhost:4317",
    help: "Address of the collector.",
    status: "accepted",
    reason: REASONS.notBuilt,
  },
  "distributed-tracing-service-name": {
    kind: "string",
    preset: "etcd",
    help: "Name of the service in traces.",
    status: "accepted",
    reason: REASONS.notBuilt,
  },
  "distributed-tracing-instance-id": {
    kind: "string",
    preset: "",
    help: "Name of this server in traces.",
    status: "accepted",
    reason: REASONS.notBuilt,
  },
  "distributed-tracing-sampling-rate": {
    kind: "int",
    preset: "0",
    help: "Spans to send of a million.",
    status: "accepted",
    reason: REASONS.notBuilt,
  },
} as const satisfies FlagGroup;

/** Behaviour that few need to change. */
export const FEATURE_FLAGS = {
  "corrupt-check-time": {
    kind: "duration",
    preset: "0s",
    help: "Time between comparisons of the data with that of peers.",
    status: "accepted",
    reason: REASONS.noPeers,
  },
  "compact-hash-check-time": {
    kind: "duration",
    preset: "1m",
    help: "Time between comparisons of compaction hashes with those of peers.",
    status: "accepted",
    reason: REASONS.noPeers,
  },
  "compaction-batch-limit": {
    kind: "int",
    preset: "1000",
    help: "Most revisions that a compaction deletes in one step.",
    status: "effective",
  },
  "compaction-sleep-interval": {
    kind: "duration",
    preset: "10ms",
    help: "Pause between two steps of a compaction.",
    status: "effective",
  },
  "watch-progress-notify-interval": {
    kind: "duration",
    preset: "10m",
    help: "Time between progress notifications of watches that ask for them.",
    status: "effective",
  },
  "warning-apply-duration": {
    kind: "duration",
    preset: "100ms",
    help: "Time after which applying a request is worth a warning.",
    status: "effective",
  },
  "bootstrap-defrag-threshold-megabytes": {
    kind: "uint",
    preset: "0",
    help: "Defragment at start when that frees so many megabytes; 0 never does.",
    status: "accepted",
    reason: REASONS.noBoltFile,
  },
  "max-learners": {
    kind: "int",
    preset: "1",
    help: "Most learners among the members.",
    status: "accepted",
    reason: REASONS.noPeers,
  },
  "downgrade-check-time": {
    kind: "duration",
    preset: "5s",
    help: "Time between looks at the state of a downgrade.",
    status: "accepted",
    reason: REASONS.noPeers,
  },
  "snapshot-catchup-entries": {
    kind: "uint64",
    preset: "5000",
    help: "Entries of the raft log to keep for a slow follower.",
    status: "accepted",
    reason: REASONS.noRaftLog,
  },
} as const satisfies FlagGroup;

/** Flags that risk the data. */
export const UNSAFE_FLAGS = {
  "force-new-cluster": {
    kind: "boolean",
    preset: "false",
    help: "Make a cluster of this member alone from its data.",
    status: "accepted",
    reason: "this member is always the only one",
  },
  "unsafe-no-fsync": {
    kind: "boolean",
    preset: "false",
    help: "Answer writes before they are on disk. Loses data when the machine fails.",
    status: "effective",
  },
} as const satisfies FlagGroup;

/** Flags that are about the command itself. */
export const GENERAL_FLAGS = {
  "config-file": {
    kind: "string",
    preset: "",
    help: "File of settings, YAML or JSON. All other flags and the environment are then ignored.",
    status: "effective",
  },
  version: {
    kind: "boolean",
    preset: "false",
    help: "Print the version and exit.",
    status: "effective",
  },
} as const satisfies FlagGroup;
