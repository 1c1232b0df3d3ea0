/**
 * Calls that any client might send, and some that only a broken one would. Each is answered by etcd,
 * by our transport and by grpc-js alike, or says who differs and why.
 */
import { gzipSync } from "node:zlib";
import { messages } from "../../src/wire/index.ts";
import { prefixed } from "./http2/raw-client.ts";
import type { WireCall } from "./wire-call.ts";

/** A call, and who answers otherwise. Rows of docs/compatibility.md say the same. */
export interface WireCase extends WireCall {
  /** Why etcd answers otherwise than we do. */
  readonly etcd?: string;
  /** Why grpc-js answers otherwise than we do. */
  readonly grpcJs?: string;
  /** Who never answers, or now this and now that. */
  readonly notAsked?: readonly ("etcd" | "grpcJs")[];
  /** Runs out of time: etcd answers as we do by TLS, and on a plain connection if chance wills it. */
  readonly isDeadline?: true;
}

const bytes = (text: string): Buffer => Buffer.from(text);
const EMPTY = Buffer.alloc(0);
const KV = "/etcdserverpb.KV";
const PUT = `${KV}/Put`;
const RANGE = `${KV}/Range`;
const RANGE_STREAM = `${KV}/RangeStream`;
const WATCH = "/etcdserverpb.Watch/Watch";
const KEEP_ALIVE = "/etcdserverpb.Lease/LeaseKeepAlive";
const HEALTH = "/grpc.health.v1.Health/Check";

const put = prefixed(messages.encodePutRequest({ key: bytes("k"), value: bytes("v") }));
const range = prefixed(messages.encodeRangeRequest({ key: bytes("k") }));
const watch = prefixed(messages.encodeWatchRequest({ createRequest: { key: bytes("w") } }));
const malformed = prefixed(Buffer.from([0xff]));
const GZIP = { "grpc-encoding": "gzip", "grpc-accept-encoding": "gzip" };
const packed = (message: Buffer): Buffer => prefixed(gzipSync(message.subarray(5)), 1);
const cutGzip = gzipSync(range.subarray(5)).subarray(0, 15);
const damagedGzip = gzipSync(range.subarray(5));
damagedGzip[damagedGzip.length - 6]! ^= 1;
const atMost = 1_572_864 + 524_288;
const announced = Buffer.from([0, 0x7f, 0xff, 0xff, 0xff]);

/** What grpc-js does otherwise, by its own will. */
const JS = {
  envelope: "grpc-js takes any flag for none, and looks at no encoding of what is not packed",
  packing: "grpc-js never answers packed",
  texts: "grpc-js has texts and codes of its own for messages that are none",
  halfClose: "grpc-js waits for the end of the client's side",
  http: "Node's HTTP/2 resets what gRPC-Go answers",
  lenient: "grpc-js takes it",
  lateness: "grpc-js knows no deadline shorter than a millisecond",
} as const;

/** What etcd does otherwise. */
const GO = {
  noBody: "gRPC-Go never answers a request that ends with its header",
  trailers: "gRPC-Go ends the connection of a client that sends trailers",
  packing: "gRPC-Go answers packed whoever packs; we ask whether the client takes it",
  subtype: "gRPC-Go repeats the subtype",
  strict: "RFC 9113 has such a request malformed; gRPC-Go takes it",
} as const;

export const WIRE_CASES: Readonly<Record<string, WireCase>> = {
  "a put": { path: PUT, body: [put] },
  "a message in pieces": { path: PUT, body: [...put].map((byte) => Buffer.from([byte])) },
  "an end in a frame of its own": { path: PUT, body: [put, EMPTY] },
  "a unary call that is left open": {
    path: PUT,
    body: [put],
    isOpen: true,
    notAsked: ["grpcJs"],
    grpcJs: JS.halfClose,
  },
  "trailers of a client": {
    path: PUT,
    body: [put.subarray(0, 7)],
    trailers: [["a", "b"]],
    etcd: GO.trailers,
    grpcJs: JS.texts,
  },
  "two messages of a unary call": { path: PUT, body: [put, put], grpcJs: JS.texts },
  "two messages in a frame": { path: PUT, body: [Buffer.concat([put, put])], grpcJs: JS.texts },
  "a message and a half": { path: PUT, body: [Buffer.concat([put, put.subarray(0, 7)])] },
  "no message, no body": { path: PUT, notAsked: ["etcd"], etcd: GO.noBody, grpcJs: JS.texts },
  "no message": { path: PUT, body: [EMPTY], grpcJs: JS.texts },
  "half a prefix": { path: PUT, body: [put.subarray(0, 2)], grpcJs: JS.texts },
  "half a message": { path: PUT, body: [put.subarray(0, 7)], grpcJs: JS.texts },
  "an empty message": { path: PUT, body: [prefixed(EMPTY)] },
  "a malformed message": { path: PUT, body: [malformed] },
  "an unknown flag": { path: PUT, body: [prefixed(put.subarray(5), 2)], grpcJs: JS.envelope },
  "the largest flag": { path: PUT, body: [prefixed(put.subarray(5), 255)], grpcJs: JS.envelope },
  "packed without an encoding": { path: PUT, body: [packed(put)], grpcJs: JS.envelope },
  "encoding identity": { path: PUT, body: [put], fields: { "grpc-encoding": "identity" } },
  "packed with encoding identity": {
    path: PUT,
    body: [packed(put)],
    fields: { "grpc-encoding": "identity" },
    grpcJs: JS.envelope,
  },
  packed: { path: RANGE, body: [packed(range)], fields: GZIP, grpcJs: JS.packing },
  "encoding gzip, not packed": { path: RANGE, body: [range], fields: GZIP, grpcJs: JS.packing },
  "packed, and nothing is taken packed": {
    path: RANGE,
    body: [packed(range)],
    fields: { "grpc-encoding": "gzip" },
    etcd: GO.packing,
  },
  "gzip is taken only": { path: RANGE, body: [range], fields: { "grpc-accept-encoding": "gzip" } },
  "a packed stream": {
    path: WATCH,
    body: [packed(watch)],
    fields: GZIP,
    isOpen: true,
    untilData: 1,
    grpcJs: JS.packing,
  },
  "no gzip": { path: RANGE, body: [prefixed(bytes("no"), 1)], fields: GZIP, grpcJs: JS.texts },
  "no gzip, long": {
    path: RANGE,
    body: [prefixed(bytes("not what gzip makes"), 1)],
    fields: GZIP,
    grpcJs: JS.texts,
  },
  "empty gzip": { path: RANGE, body: [prefixed(EMPTY, 1)], fields: GZIP, grpcJs: JS.texts },
  "cut gzip": { path: RANGE, body: [prefixed(cutGzip, 1)], fields: GZIP, grpcJs: JS.texts },
  "damaged gzip": { path: RANGE, body: [prefixed(damagedGzip, 1)], fields: GZIP, grpcJs: JS.texts },
  "a bomb": {
    path: RANGE,
    body: [prefixed(gzipSync(Buffer.alloc(50_000_000)), 1)],
    fields: GZIP,
    grpcJs: JS.texts,
  },
  "one byte too many when unpacked": {
    path: RANGE,
    body: [prefixed(gzipSync(Buffer.alloc(atMost + 1)), 1)],
    fields: GZIP,
    grpcJs: JS.texts,
  },
  "an unknown encoding": {
    path: RANGE,
    body: [range],
    fields: { "grpc-encoding": "br" },
    grpcJs: JS.envelope,
  },
  "an unknown encoding of a stream": {
    path: WATCH,
    body: [watch],
    fields: { "grpc-encoding": "br" },
    notAsked: ["grpcJs"],
    grpcJs: JS.envelope,
  },
  "a message too large": {
    path: PUT,
    body: [announced],
    isOpen: true,
    notAsked: ["grpcJs"],
    grpcJs: JS.halfClose,
  },
  "a message too large on a stream": {
    path: WATCH,
    body: [announced],
    isOpen: true,
    notAsked: ["grpcJs"],
    grpcJs: JS.halfClose,
  },
  "an unknown service": { path: "/no.Such/Method", body: [put] },
  "an unknown service, left open": { path: "/no.Such/Method", isOpen: true },
  "an unknown method": { path: `${KV}/No`, body: [put] },
  "a path without a method": { path: "/put", body: [put] },
  "a path that does not begin": { path: "put", body: [put], grpcJs: JS.http },
  "a path that does not begin, with a method": {
    path: RANGE.slice(1),
    body: [range],
    grpcJs: JS.http,
  },
  "a path of slashes": { path: "//", body: [put] },
  "a path that is no text": { path: "/no.\u00e9/M%", body: [put] },
  "no content-type": { path: PUT, body: [put], fields: { "content-type": undefined } },
  "content-type json": { path: PUT, body: [put], fields: { "content-type": "application/json" } },
  "content-type json, left open": {
    path: PUT,
    isOpen: true,
    fields: { "content-type": "application/json" },
  },
  "content-type grpcx": { path: PUT, body: [put], fields: { "content-type": "application/grpcx" } },
  "content-type GRPC": { path: PUT, body: [put], fields: { "content-type": "Application/GRPC" } },
  "content-type with a subtype": {
    path: PUT,
    body: [put],
    fields: { "content-type": "application/grpc+proto" },
    etcd: GO.subtype,
  },
  "no te": { path: PUT, body: [put], fields: { te: undefined } },
  "no te, a stream": {
    path: WATCH,
    body: [watch],
    isOpen: true,
    untilData: 1,
    fields: { te: undefined },
  },
  "te gzip": { path: PUT, body: [put], fields: { te: "gzip" }, etcd: GO.strict },
  "a field connection": { path: PUT, body: [put], fields: { connection: "close" } },
  "GET as gRPC": { path: PUT, body: [put], fields: { ":method": "GET" }, grpcJs: JS.lenient },
  "no authority": {
    path: PUT,
    body: [put],
    fields: { ":authority": undefined },
    grpcJs: JS.http,
  },
  "a host for an authority": {
    path: PUT,
    body: [put],
    fields: { ":authority": undefined, host: "x" },
  },
  "two hosts": {
    path: PUT,
    body: [put],
    fields: { ":authority": undefined, host: "x" },
    moreFields: [["host", "y"]],
    grpcJs: JS.http,
  },
  "scheme https": { path: PUT, body: [put], fields: { ":scheme": "https" } },
  "an unknown unit of time": timeout("1x"),
  "a unit of time alone": timeout("S"),
  "a time of nine digits": timeout("123456789S"),
  "a time below zero": timeout("-1S"),
  "a time with a sign": timeout("+1S"),
  "an empty time": timeout(""),
  "a far time": { path: PUT, body: [put], fields: { "grpc-timeout": "99999999H" } },
  "no time": { path: PUT, body: [put], fields: { "grpc-timeout": "0S" }, grpcJs: JS.lateness },
  "next to no time": {
    path: PUT,
    body: [put],
    fields: { "grpc-timeout": "1n" },
    grpcJs: JS.lateness,
  },
  "the first time is malformed": {
    path: PUT,
    body: [put],
    fields: { "grpc-timeout": "1x" },
    moreFields: [["grpc-timeout", "1S"]],
    grpcJs: JS.lenient,
  },
  "a deadline of a call": deadline(PUT, [put.subarray(0, 7)]),
  "a deadline of a stream": deadline(KEEP_ALIVE, []),
  "a deadline of a watch": deadline(WATCH, [watch]),
  "a deadline of a streamed range": deadline(RANGE_STREAM, []),
  "bytes that are no base64": binary("*"),
  "bytes that stop being base64": binary("AA*A"),
  "bytes of one character": binary("A"),
  "bytes with half the padding": binary("AA="),
  "bytes with too much padding": binary("A==="),
  "bytes with a comma": binary("AA==,AA=="),
  "bytes for URLs": binary("_-A="),
  "bytes, padded": { path: PUT, body: [put], fields: { "a-bin": "AA==" } },
  "bytes, not padded": { path: PUT, body: [put], fields: { "a-bin": "AAE" } },
  "bytes, none": { path: PUT, body: [put], fields: { "a-bin": "" } },
  "content-type before time": {
    path: PUT,
    body: [put],
    fields: { "content-type": "x", "grpc-timeout": "1x" },
  },
  "time before method": {
    path: PUT,
    body: [put],
    fields: { ":method": "GET", "grpc-timeout": "1x" },
    grpcJs: JS.texts,
  },
  "hosts before bytes": {
    path: PUT,
    body: [put],
    fields: { "a-bin": "*" },
    moreFields: [
      ["host", "x"],
      ["host", "y"],
    ],
    grpcJs: JS.http,
  },
  "a body of the declared length": {
    path: PUT,
    body: [put],
    fields: { "content-length": String(put.length) },
  },
  "a body longer than declared": {
    path: PUT,
    body: [put],
    fields: { "content-length": "3" },
    etcd: GO.strict,
  },
  "a declared length that is none": {
    path: PUT,
    body: [put],
    fields: { "content-length": "x" },
    etcd: GO.strict,
  },
  "a watch": { path: WATCH, body: [watch], isOpen: true, untilData: 1 },
  "a watch without requests": { path: WATCH, body: [EMPTY], untilData: 0 },
  "a watch of half a message": {
    path: WATCH,
    body: [watch.subarray(0, 7)],
    notAsked: ["grpcJs"],
    grpcJs: JS.texts,
  },
  "a watch, malformed": { path: WATCH, body: [malformed], isOpen: true },
  "a watch with an unknown flag": {
    path: WATCH,
    body: [prefixed(EMPTY, 2)],
    isOpen: true,
    notAsked: ["grpcJs"],
    grpcJs: JS.envelope,
  },
  "a watch that is reset": {
    path: WATCH,
    body: [watch],
    isOpen: true,
    untilData: 1,
    reset: { code: 8, afterData: 1 },
  },
  "two watches": { path: WATCH, body: [watch, watch], isOpen: true, untilData: 2 },
  "a lease that is not there": {
    path: KEEP_ALIVE,
    body: [prefixed(messages.encodeLeaseKeepAliveRequest({ id: 5n }))],
  },
  "a streamed range": { path: RANGE_STREAM, body: [range] },
  "a streamed range, refused": { path: RANGE_STREAM, body: [prefixed(EMPTY)] },
  "a streamed range, malformed": { path: RANGE_STREAM, body: [malformed] },
  "two requests for a streamed range": {
    path: RANGE_STREAM,
    body: [range, range],
    grpcJs: JS.texts,
  },
  "a streamed range without a request": {
    path: RANGE_STREAM,
    body: [EMPTY],
    grpcJs: JS.texts,
  },
  "a streamed range of half a message": {
    path: RANGE_STREAM,
    body: [range.subarray(0, 7)],
    grpcJs: JS.texts,
  },
  "a streamed range and half another": {
    path: RANGE_STREAM,
    body: [range, range.subarray(0, 7)],
    grpcJs: JS.lenient,
  },
  "fields that only answers have": { path: PUT, body: [put], fields: { "grpc-status": "3" } },
  "a path twice": { path: PUT, body: [put], moreFields: [[":path", "/x"]] },
  health: { path: HEALTH, body: [prefixed(EMPTY)] },
  "the health of what there is not": {
    path: HEALTH,
    body: [prefixed(Buffer.from([10, 1, 120]))],
  },
};

function timeout(text: string): WireCase {
  return { path: PUT, body: [put], fields: { "grpc-timeout": text }, grpcJs: JS.texts };
}

function deadline(path: string, body: readonly Buffer[]): WireCase {
  const fields = { "grpc-timeout": "50m" };
  return { path, body, fields, isOpen: true, isDeadline: true, grpcJs: JS.texts };
}

function binary(text: string): WireCase {
  return { path: PUT, body: [put], fields: { "a-bin": text }, grpcJs: JS.lenient };
}
