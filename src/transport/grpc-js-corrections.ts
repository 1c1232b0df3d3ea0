/**
 * Where grpc-js differs from Go's gRPC in what a client of etcd can see, and has no option for it.
 *
 * The corrections are made before grpc-js sees the call, in a method that it keeps private. Should
 * a later version have none of that name, calls are served uncorrected.
 */
import type { Server } from "@grpc/grpc-js";
import type { IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";
import { STATUS, STREAM_METHODS, UNARY_METHODS } from "../wire/index.ts";
import type { StatusCode } from "../wire/index.ts";
import { unimplementedText } from "./grpc-routes.ts";

/** The private method; it gets every call. */
const STREAM_HANDLER = "_streamHandler";

type StreamHandler = (
  interceptors: unknown,
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
) => void;

/** Applies all corrections to a server that has no connection yet. */
export function correctCalls(server: Server): void {
  const original: unknown = Reflect.get(server, STREAM_HANDLER);
  if (typeof original !== "function") return;
  const corrected: StreamHandler = (interceptors, stream, headers) => {
    const refusal = refusalOf(headers);
    if (refusal !== undefined) {
      refuse(stream, refusal);
      return;
    }
    dropFarDeadline(headers);
    Reflect.apply(original, server, [interceptors, stream, headers]);
  };
  Reflect.set(server, STREAM_HANDLER, corrected);
}

interface Refusal {
  readonly httpStatus: number;
  readonly code: StatusCode;
  readonly text: string;
}

/** Source: grpc-go, internal/transport/http2_server.go, operateHeaders; server.go, handleStream. */
function refusalOf(headers: IncomingHttpHeaders): Refusal | undefined {
  const contentType = headers["content-type"] ?? "";
  if (!/^application\/grpc(?:$|[+;])/u.test(contentType)) {
    const text = `invalid gRPC request content-type ${JSON.stringify(contentType)}`;
    return { httpStatus: 415, code: STATUS.invalidArgument, text };
  }
  const path = headers[":path"] ?? "";
  if (PATHS.has(path)) return undefined;
  return { httpStatus: 200, code: STATUS.unimplemented, text: unimplementedText(path) };
}

const PATHS: ReadonlySet<string> = new Set([
  ...Object.values(UNARY_METHODS),
  ...Object.values(STREAM_METHODS),
]);

function refuse(stream: ServerHttp2Stream, refusal: Refusal): void {
  // A client that resets the stream makes an error of it, which means nothing to us.
  stream.on("error", () => undefined);
  if (stream.destroyed || stream.closed) return;
  stream.respond(
    {
      ":status": refusal.httpStatus,
      "content-type": "application/grpc",
      "grpc-status": refusal.code,
      "grpc-message": encodeURI(refusal.text),
    },
    { endStream: true },
  );
  // What the client still sends is read and dropped, or its flow-control window would be lost.
  stream.resume();
}

/**
 * grpc-js keeps deadlines as 32-bit milliseconds: one beyond 24 days overflows, and the call fails
 * at once. Those are as good as none.
 */
function dropFarDeadline(headers: IncomingHttpHeaders): void {
  const timeout = headers["grpc-timeout"];
  if (typeof timeout !== "string") return;
  const unitMs = LONG_UNITS_MS[timeout.slice(-1)];
  if (unitMs === undefined) return;
  if (Number(timeout.slice(0, -1)) * unitMs > TIMER_MS_MAX) delete headers["grpc-timeout"];
}

/** The units of grpc-timeout of which eight digits can overflow. Source: gRPC over HTTP/2. */
const LONG_UNITS_MS: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000 };

/** The longest that a timer of Node waits. */
const TIMER_MS_MAX = 2 ** 31 - 1;
