/**
 * Series of calls. Source: go-grpc-middleware, providers/prometheus; etcd api/v3rpc/metrics.go.
 */
import {
  SINGLE_REQUEST_METHODS,
  STATUS,
  STREAM_METHODS,
  UNARY_METHODS,
  codeName,
} from "../../wire/index.ts";
import type { Method, StreamMethod } from "../../wire/index.ts";
import type { MethodCounts } from "../call-counts.ts";
import type { Family, Labels, Sample } from "./exposition.ts";
import { counter, counters } from "./family.ts";
import type { MetricsSources } from "./sources.ts";

/** Services whose methods are listed before they are called. Source: etcd api/v3rpc/grpc.go, Server. */
const LISTED_SERVICES = /^(?:etcdserverpb\.|grpc\.health\.)/u;

export function callFamilies({ counts, times }: MetricsSources): Family[] {
  const all = (read: (of: MethodCounts) => number) => (): Sample<number>[] =>
    listed(counts.all()).map(([labels, of]) => ({ labels, value: read(of) }));
  const families = [
    counters(
      "grpc_server_started_total",
      "Total number of RPCs started on the server.",
      all(({ started }) => started),
    ),
    counters(
      "grpc_server_msg_received_total",
      "Total number of RPC stream messages received on the server.",
      all(({ received }) => received),
    ),
    counters(
      "grpc_server_msg_sent_total",
      "Total number of gRPC stream messages sent by the server.",
      all(({ sent }) => sent),
    ),
    counters(
      "grpc_server_handled_total",
      "Total number of RPCs completed on the server, regardless of success or failure.",
      () => listed(counts.all()).flatMap(([labels, { handled }]) => byCode(labels, handled)),
    ),
    counters(
      "etcd_server_client_requests_total",
      "The total number of client requests per client version.",
      () =>
        [...counts.clients].flatMap(([client_api_version, { stream, unary }]) =>
          [
            { labels: { client_api_version, type: "stream" }, value: stream },
            { labels: { client_api_version, type: "unary" }, value: unary },
          ].filter(({ value }) => value > 0),
        ),
    ),
    counter(
      "etcd_network_client_grpc_received_bytes_total",
      "The total number of bytes received from grpc clients.",
      () => counts.receivedBytes,
    ),
    counter(
      "etcd_network_client_grpc_sent_bytes_total",
      "The total number of bytes sent to grpc clients.",
      () => counts.sentBytes,
    ),
  ];
  if (times === undefined) return families;
  return [
    ...families,
    {
      type: "histogram",
      name: "grpc_server_handling_seconds",
      help: "Histogram of response latency (seconds) of gRPC that had been application-level handled by the server.",
      read: () =>
        listed(counts.all()).map(([labels, , method]) => ({ labels, value: times.of(method) })),
    },
  ];
}

/** With their labels: those that etcd lists from the start, and those that were called. */
function listed(all: readonly [Method, MethodCounts][]): [Labels, MethodCounts, Method][] {
  return all
    .map(([method, of]): [Labels, MethodCounts, Method] => [labelsOf(method), of, method])
    .filter(
      ([labels, { started }]) => started > 0 || LISTED_SERVICES.test(labels["grpc_service"]!),
    );
}

/** Every code, but where nothing is listed before it is called. */
function byCode(labels: Labels, handled: readonly number[]): Sample<number>[] {
  const isListed = LISTED_SERVICES.test(labels["grpc_service"]!);
  return CODE_NAMES.flatMap((grpc_code, code) => {
    const value = handled[code]!;
    return value > 0 || isListed ? [{ labels: { grpc_code, ...labels }, value }] : [];
  });
}

/** By their codes. */
const CODE_NAMES: readonly string[] = Object.values(STATUS)
  .toSorted((a, b) => a - b)
  .map(codeName);

function labelsOf(method: Method): Labels {
  const isStream = method in STREAM_METHODS;
  // Either table has every method; which one is decided by the line above.
  const path = isStream
    ? STREAM_METHODS[method as StreamMethod]
    : UNARY_METHODS[method as keyof typeof UNARY_METHODS];
  const [, grpc_service = "", grpc_method = ""] = path.split("/");
  let grpc_type = "unary";
  if (isStream) {
    const single = SINGLE_REQUEST_METHODS.has(method as StreamMethod);
    grpc_type = single ? "server_stream" : "bidi_stream";
  }
  return { grpc_method, grpc_service, grpc_type };
}
