import t from "tap";
import { ConfigurationError } from "../../src/cli/configuration-error.ts";
import { parseArguments } from "../../src/cli/flags.ts";
import type { Settings } from "../../src/cli/flags.ts";
import { grpcOptions } from "../../src/cli/transport-settings.ts";

function settings(args: string): Settings {
  const parsed = parseArguments(args === "" ? [] : args.split(" "));
  if (parsed.kind !== "parsed") throw new Error(`Cannot parse ${args}`);
  return parsed.settings;
}

t.test("grpcOptions() without flags gives etcd's defaults", async (t) => {
  t.same(grpcOptions(settings("")), {
    grpcTransport: "http2",
    maxConcurrentStreams: undefined,
    grpcKeepaliveMinTimeMs: 5000,
    grpcKeepaliveIntervalMs: 7_200_000,
    grpcKeepaliveTimeoutMs: 20_000,
  });
});

t.test("grpcOptions() takes the flags, and zero as etcd and gRPC-Go do", async (t) => {
  const given = grpcOptions(
    settings(
      "--max-concurrent-streams=7 --grpc-keepalive-min-time=1500us --grpc-transport=grpc-js " +
        "--grpc-keepalive-interval=10ms --grpc-keepalive-timeout=3s",
    ),
  );
  t.same(given, {
    grpcTransport: "grpc-js",
    maxConcurrentStreams: 7,
    grpcKeepaliveMinTimeMs: 1.5,
    grpcKeepaliveIntervalMs: 1000,
    grpcKeepaliveTimeoutMs: 3000,
  });
  t.match(grpcOptions(settings("--max-concurrent-streams=0 --grpc-keepalive-min-time=0")), {
    maxConcurrentStreams: undefined,
    grpcKeepaliveMinTimeMs: 300_000,
  });
  for (const flag of ["--grpc-keepalive-interval=0", "--grpc-keepalive-timeout=-1s"]) {
    t.match(
      grpcOptions(settings(flag)),
      { grpcKeepaliveIntervalMs: undefined, grpcKeepaliveTimeoutMs: undefined },
      flag,
    );
  }
});

t.test("grpcOptions() refuses a transport that is not there", async (t) => {
  t.throws(
    () => grpcOptions(settings("--grpc-transport=grpc")),
    new ConfigurationError('--grpc-transport is "http2" or "grpc-js": "grpc"'),
  );
});
