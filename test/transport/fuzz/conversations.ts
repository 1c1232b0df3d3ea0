/** What well-kept clients say to a server, as frames: what the changes at random begin with. */
import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { GrpcServer } from "../../../src/transport/grpc-server.ts";
import { FLAG, FRAME, PREFACE, readUint31 } from "../../../src/transport/http2/frames.ts";
import { GrpcChannel } from "../../../src/transport/index.ts";
import { EMPTY_CONTEXT, SILENT_LOGGER } from "../../../src/wire/index.ts";
import { echoChannel } from "../../harness/echo-channel.ts";
import { duplexPair } from "../http2/duplex-pair.ts";
import { RawClient, prefixed } from "../http2/raw-client.ts";

/** A frame on its way; its length may be a lie. */
export interface LooseFrame {
  type: number;
  flags: number;
  streamId: number;
  payload: Buffer;
  /** What its head says; left out, the truth. */
  length?: number;
}

/** The frames of what a client has sent, without the preface. */
export function framesOf(bytes: Buffer): LooseFrame[] {
  const frames: LooseFrame[] = [];
  let at = bytes.indexOf(PREFACE) === 0 ? PREFACE.length : 0;
  while (at + 9 <= bytes.length) {
    const end = at + 9 + bytes.readUIntBE(at, 3);
    if (end > bytes.length) break;
    const [type = 0, flags = 0] = bytes.subarray(at + 3, at + 5);
    const payload = bytes.subarray(at + 9, end);
    frames.push({ type, flags, streamId: readUint31(bytes, at + 5), payload });
    at = end;
  }
  return frames;
}

/** One conversation each: of grpc-js, and some of our own with what grpc-js never does. */
export async function conversations(): Promise<LooseFrame[][]> {
  const own = [odd, many, upload, pages, narrow, wordy].map((talk) => framesOf(recorded(talk)));
  return [await grpcJsTalk(), ...own];
}

/** What grpc-js sends for calls of all kinds. */
async function grpcJsTalk(): Promise<LooseFrame[]> {
  const server = new GrpcServer({
    channel: echoChannel(),
    pages: { page: () => ({ status: 200, headers: {}, body: "page" }) },
    logger: SILENT_LOGGER,
  });
  const chunks: Buffer[] = [];
  const listener = createServer((socket) => {
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    server.handle(socket);
  });
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const { port } = listener.address() as AddressInfo;
  const client = await GrpcChannel.connect(`http://127.0.0.1:${port}`);
  const message = Buffer.from("a message of some length");
  for (let count = 0; count < 4; count++) await client.unary("put", message, EMPTY_CONTEXT);
  await Promise.all(
    ["range", "txn"].map((method) =>
      client.unary(method as "range" | "txn", Buffer.alloc(40_000, method), EMPTY_CONTEXT),
    ),
  );
  for (const method of ["watch", "rangeStream"] as const) {
    await new Promise<void>((resolve) => {
      const output = { write: () => true, end: () => resolve() };
      const input = client.stream(method, EMPTY_CONTEXT, output);
      input.write(message);
      if (method === "watch") input.write(message);
      input.end();
    });
  }
  client.close();
  await server.close({ graceMs: 1000 });
  listener.close();
  return framesOf(Buffer.concat(chunks));
}

/** What one of our own clients sends. */
export function recorded(talk: (client: RawClient) => void): Buffer {
  const [near] = duplexPair();
  const chunks: Buffer[] = [];
  near.write = (chunk: Buffer): boolean => chunks.push(chunk) > 0;
  talk(new RawClient(near));
  return Buffer.concat(chunks);
}

/** What is allowed and seldom. */
function odd(client: RawClient): void {
  const block = client.begin([[4, 70_000]]).block();
  const weight = [0, 0, 0, 0, 9];
  const head = [3, ...weight, ...block.subarray(0, 4), 0, 0, 0];
  client.send(FRAME.headers, FLAG.padded | FLAG.priority, 1, head);
  client.send(FRAME.continuation, 0, 1, block.subarray(4, 9));
  client.send(FRAME.continuation, FLAG.endHeaders, 1, block.subarray(9));
  const body = prefixed(Buffer.from("hello"));
  client.send(FRAME.data, FLAG.padded, 1, [2, ...body, 0, 0]);
  client.send(FRAME.priority, 0, 1, weight).send(FRAME.ping, 0, 0, Buffer.alloc(8, 1));
  client.send(FRAME.headers, 5, 1, client.encoder.encode([{ name: "trailer", value: "x" }]));
  client.send(FRAME.windowUpdate, 0, 0, [0, 1, 0, 0]).send(FRAME.settings, 0, 0);
  client.request(3, { ":path": WATCH, "grpc-timeout": "50m" }).send(FRAME.data, 0, 3, body);
  client.send(FRAME.windowUpdate, 0, 3, [0, 0, 1, 0]).send(FRAME.data, 0, 3, body);
  client.send(FRAME.rstStream, 0, 3, [0, 0, 0, 8]).send(99, 7, 5, Buffer.alloc(5));
  client
    .request(5, { ":path": `${KV}Compact` })
    .send(FRAME.data, 1, 5, body)
    .call(7);
}

/** Calls beside each other, packed ones among them, with few windows. */
function many(client: RawClient): void {
  client.begin([
    [4, 20],
    [1, 100],
  ]);
  const paths = ["Put", "Range", "Txn", "DeleteRange", "RangeStream"].map((name) => KV + name);
  const gzip = { "grpc-encoding": "gzip", "grpc-accept-encoding": "gzip" };
  const packed = prefixed(gzipSync("packed"), 1);
  for (let streamId = 1; streamId < 30; streamId += 2) {
    const path = [...paths, WATCH][streamId % 6];
    const isPacked = streamId % 4 === 1;
    client.request(streamId, { ":path": path, ...(isPacked ? gzip : {}) });
    client.send(FRAME.data, 0, streamId, isPacked ? packed : prefixed(Buffer.alloc(50, "x")));
    if (streamId % 3 === 0) client.send(FRAME.settings, 0, 0, [0, 4, 0, 0, 1, streamId]);
    if (streamId > 8) client.send(FRAME.data, 1, streamId - 8);
  }
}

/** A message in many frames, and one after it. */
function upload(client: RawClient): void {
  client.begin([[4, 2 ** 31 - 1]]).send(FRAME.windowUpdate, 0, 0, [0x7f, 0, 0, 0]);
  client.request(1, { ":path": WATCH }).request(3);
  const body = prefixed(Buffer.alloc(60_000, "y"));
  for (let at = 0; at < body.length; at += 7000) {
    client.send(FRAME.data, 0, 1, body.subarray(at, at + 7000));
    client.send(FRAME.data, at + 7000 >= body.length ? 1 : 0, 3, body.subarray(at, at + 7000));
  }
  client.send(FRAME.data, 1, 1, Buffer.concat([prefixed(Buffer.alloc(0)), prefixed(body)]));
}

/** Answers that together are more than the connection's window, which is not opened. */
function narrow(client: RawClient): void {
  client.begin([[4, 60_000]]);
  for (let streamId = 1; streamId < 24; streamId += 2) client.call(streamId, Buffer.alloc(8000));
}

/** Answers far larger than their requests, which are read late. */
function wordy(client: RawClient): void {
  client.begin([[4, 100]]).send(FRAME.windowUpdate, 0, 0, [0x7f, 0, 0, 0]);
  client.request(1, { ":path": WATCH });
  const requests = Array.from({ length: 8 }, () => prefixed(Buffer.alloc(LARGE_ANSWER_BYTES)));
  const rest = Buffer.concat(requests);
  client.send(FRAME.data, 0, 1, rest.subarray(0, 30)).send(FRAME.windowUpdate, 0, 1, [0, 8, 0, 0]);
  client.send(FRAME.data, 1, 1, rest.subarray(30)).send(FRAME.windowUpdate, 0, 1, [0, 99, 0, 0]);
}

/** Those who speak no gRPC. */
function pages(client: RawClient): void {
  const plain = { "content-type": undefined, te: undefined };
  client.begin().request(1, { ...plain, ":method": "GET", ":path": "/health" }, 5);
  client.request(3, { ...plain, ":path": "/x", "content-length": "3" }).send(0, 1, 3, [1, 2, 3]);
  client.request(5, { ...plain, ":method": "HEAD", ":path": "/x?y" }, 5).call(7);
  client.request(9, { "content-type": "text/plain" }).request(11, { "a-bin": "*" }, 5);
}

/** Requests of this size are answered at length; see arena.ts. */
export const LARGE_ANSWER_BYTES = 21;

const KV = "/etcdserverpb.KV/";
const WATCH = "/etcdserverpb.Watch/Watch";
