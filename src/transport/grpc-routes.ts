/** What a request asks for, found out once for all requests with the same head. */
import { SINGLE_REQUEST_METHODS, STATUS, STREAM_METHODS, UNARY_METHODS } from "../wire/index.ts";
import type { StatusCode, StreamMethod, UnaryMethod } from "../wire/index.ts";
import { FIELD_KIND } from "./http2/index.ts";
import type { RequestHead } from "./http2/index.ts";

/** Who answers a request, and how the message is packed. */
export interface Route {
  readonly target: Target;
  /** Milliseconds that the call has; none is infinity. */
  readonly timeoutMs: number;
  /** The client packs with gzip, and takes answers that are. */
  readonly isGzip: boolean;
}

export type Target =
  | { readonly kind: "unary"; readonly method: UnaryMethod }
  | { readonly kind: "stream"; readonly method: StreamMethod; readonly isSingle: boolean }
  | Refusal
  | { readonly kind: "page" };

export interface Refusal {
  readonly kind: "refusal";
  readonly httpStatus: number;
  readonly code: StatusCode;
  readonly text: string;
}

/** The route of a head; kept in its note. */
export function routeOf(head: RequestHead): Route {
  // Nobody else writes notes.
  const known = head.note as Route | undefined;
  if (known !== undefined) return known;
  const metadata = checkedMetadata(head);
  const isGzip = head.encoding === "gzip" && /(?:^|,)\s*gzip\s*(?:,|$)/u.test(head.acceptEncoding);
  const target = targetOf(head, metadata);
  const route = { target, timeoutMs: metadata.timeoutMs, isGzip };
  head.note = route;
  return route;
}

/**
 * Requests that are no gRPC get a page, unless their path says that they are meant to be.
 * Source for the refusals: gRPC-Go, internal/transport/http2_server.go, operateHeaders; server.go,
 * handleStream.
 */
function targetOf(head: RequestHead, { timeoutMs, problem }: Metadata): Target {
  const { contentType, hostCount, method, path } = head;
  const found = TARGETS.get(path);
  if (hostCount > 1) {
    const authorityCount = head.authority === "" ? 0 : 1;
    const text = `num values of :authority: ${authorityCount}, num values of host: ${hostCount}, both must only have 1 value as per HTTP/2 spec`;
    return refusal(400, STATUS.internal, text);
  }
  if (!/^application\/grpc(?:$|[+;])/u.test(contentType)) {
    return found === undefined ? { kind: "page" } : notGrpc(head);
  }
  if (problem !== undefined) return refusal(400, STATUS.internal, problem);
  if (head.authority === "" && head.hostCount === 0) {
    return refusal(400, STATUS.internal, "no host or :authority header present");
  }
  if (method !== "POST") {
    const text = `Received a HEADERS frame with :method ${JSON.stringify(method)} which should be POST`;
    return refusal(405, STATUS.internal, text);
  }
  if (timeoutMs < TIMEOUT_MS_MIN) {
    return refusal(200, STATUS.deadlineExceeded, "context deadline exceeded");
  }
  if (found === undefined) return refusal(200, STATUS.unimplemented, unimplementedText(path));
  const { encoding } = head;
  if (encoding !== "" && encoding !== "identity" && encoding !== "gzip") {
    const text = `grpc: Decompressor is not installed for grpc-encoding ${JSON.stringify(encoding)}`;
    return refusal(200, STATUS.unimplemented, text);
  }
  return found;
}

/** The refusal of what is no gRPC. */
export function notGrpc({ contentType }: RequestHead): Refusal {
  const text = `invalid gRPC request content-type ${JSON.stringify(contentType)}`;
  return refusal(415, STATUS.invalidArgument, text);
}

/** A shorter time is over before a call can begin, milliseconds. */
const TIMEOUT_MS_MIN = 0.001;

/** What all fields say together. */
interface Metadata {
  /** None is infinity. */
  readonly timeoutMs: number;
  /** What is wrong with the last one that is malformed. */
  readonly problem: string | undefined;
}

function checkedMetadata({ fields }: RequestHead): Metadata {
  let timeoutMs = Infinity;
  let problem: string | undefined;
  for (const { kind, name, value } of fields) {
    if (kind === FIELD_KIND.grpcTimeout) {
      const ms = timeoutMsOf(value);
      if (ms === undefined) problem = `malformed grpc-timeout: ${timeoutProblem(value)}`;
      else timeoutMs = ms;
    } else if (kind === FIELD_KIND.other && name.endsWith("-bin")) {
      const at = base64ProblemAt(value);
      if (at === -1) continue;
      problem = `malformed binary metadata ${JSON.stringify(value)} in header ${JSON.stringify(name)}: illegal base64 data at input byte ${at}`;
    }
  }
  return { timeoutMs, problem };
}

function refusal(httpStatus: number, code: StatusCode, text: string): Refusal {
  return { kind: "refusal", httpStatus, code, text };
}

const TARGETS: ReadonlyMap<string, Target> = new Map<string, Target>([
  // Object.entries() widens the keys, here and below.
  ...Object.entries(UNARY_METHODS).map(([method, path]): [string, Target] => [
    path,
    { kind: "unary", method: method as UnaryMethod },
  ]),
  ...Object.entries(STREAM_METHODS).map(([name, path]): [string, Target] => {
    const method = name as StreamMethod;
    return [path, { kind: "stream", method, isSingle: SINGLE_REQUEST_METHODS.has(method) }];
  }),
]);

const SERVICES: ReadonlySet<string> = new Set(
  [...TARGETS.keys()].map((path) => path.slice(1, path.lastIndexOf("/"))),
);

/** Go's texts for what is not there. */
export function unimplementedText(path: string): string {
  // Its characters are bytes; what they spell goes into the text.
  const name = Buffer.from(path.slice(1), "latin1").toString();
  const slash = name.lastIndexOf("/");
  if (slash === -1 || !path.startsWith("/")) {
    return `malformed method name: ${JSON.stringify(path)}`;
  }
  const service = name.slice(0, slash);
  if (!SERVICES.has(service)) return `unknown service ${service}`;
  return `unknown method ${name.slice(slash + 1)} for service ${service}`;
}

/** Undefined when it is malformed. Source: gRPC-Go, internal/transport/http_util.go, decodeTimeout. */
export function timeoutMsOf(text: string): number | undefined {
  const unitMs = TIMEOUT_UNIT_MS[text.slice(-1)];
  if (unitMs === undefined || !/^[0-9]{1,8}.$/u.test(text)) return undefined;
  return Number(text.slice(0, -1)) * unitMs;
}

function timeoutProblem(text: string): string {
  const quoted = JSON.stringify(text);
  if (text.length < 2) return `transport: timeout string is too short: ${quoted}`;
  if (text.length > 9) return `transport: timeout string is too long: ${quoted}`;
  if (TIMEOUT_UNIT_MS[text.slice(-1)] === undefined) {
    return `transport: timeout unit is not recognized: ${quoted}`;
  }
  return `strconv.ParseUint: parsing ${JSON.stringify(text.slice(0, -1))}: invalid syntax`;
}

/** Milliseconds of the units that a `grpc-timeout` may have. */
export const TIMEOUT_UNIT_MS: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1000,
  m: 1,
  u: 1e-3,
  n: 1e-6,
};

/**
 * Where a text stops being base64; -1 when it does not. Padding is all there or not there at all.
 * Source: gRPC-Go, internal/transport/http_util.go, decodeBinHeader.
 */
function base64ProblemAt(text: string): number {
  const { length } = text;
  const isPadded = length % 4 === 0 && text.endsWith("=");
  const end = isPadded ? length - (text.endsWith("==") ? 2 : 1) : length;
  const wrongAt = text.search(/[^A-Za-z0-9+/]/u);
  if (wrongAt !== -1 && wrongAt < end) return wrongAt;
  return !isPadded && length % 4 === 1 ? length - 1 : -1;
}
