/** Both servers of gRPC, asked the same: a client must not be able to tell them apart. */
import { connect } from "node:http2";
import type { IncomingHttpHeaders } from "node:http2";
import { gunzipSync, gzipSync } from "node:zlib";
import t from "tap";
import type { Test } from "tap";
import type { GrpcTransport } from "../../src/transport/index.ts";
import { EtcdError, STATUS } from "../../src/wire/index.ts";
import type { Channel } from "../../src/wire/index.ts";
import { echoChannel } from "../harness/echo-channel.ts";
import { prefixed } from "./http2/raw-client.ts";
import { serveChannel } from "./serve-channel.ts";

interface Call {
  readonly path?: string;
  readonly headers?: Record<string, string>;
  readonly body?: readonly Buffer[];
  /** Leaves the client's side open. */
  readonly isOpen?: boolean;
  /** Cancels after this many bytes of answer. */
  readonly cancelAfter?: number;
}

interface Answer {
  readonly httpStatus: number | undefined;
  readonly contentType: string | undefined;
  readonly encoding: string | undefined;
  readonly status: string | undefined;
  readonly message: string | undefined;
  readonly messages: string[];
}

function ask(url: string, call: Call): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const session = connect(url);
    session.on("error", reject);
    const stream = session.request({
      ":method": "POST",
      ":path": call.path ?? "/etcdserverpb.KV/Put",
      "content-type": "application/grpc",
      te: "trailers",
      ...call.headers,
    });
    let head: IncomingHttpHeaders = {};
    let trailers: IncomingHttpHeaders = {};
    const chunks: Buffer[] = [];
    stream.on("response", (headers) => (head = headers));
    stream.on("trailers", (headers: IncomingHttpHeaders) => (trailers = headers));
    stream.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      if (chunks.length === call.cancelAfter) stream.close(8);
    });
    // A server may leave it to the client to close a stream that the client left open.
    stream.on("end", () => stream.close());
    stream.on("error", reject);
    stream.on("close", () => {
      session.destroy();
      const all = { ...head, ...trailers };
      const text = (name: string): string | undefined => {
        const value = all[name];
        return Array.isArray(value) ? value.join() : value;
      };
      resolve({
        httpStatus: head[":status"] as unknown as number | undefined,
        contentType: text("content-type")?.replace("+proto", ""),
        encoding: text("grpc-encoding")?.replace("identity", "") || undefined,
        status: text("grpc-status"),
        message: decodeURIComponent(text("grpc-message") ?? "").replace(/^OK$/u, ""),
        messages: messagesOf(Buffer.concat(chunks)),
      });
    });
    for (const piece of call.body ?? [prefixed(Buffer.from("hello"))]) stream.write(piece);
    if (call.isOpen !== true) stream.end();
  });
}

function messagesOf(body: Buffer): string[] {
  const messages: string[] = [];
  for (let at = 0; at < body.length;) {
    const length = body.readUInt32BE(at + 1);
    const message = body.subarray(at + 5, at + 5 + length);
    messages.push((body[at] === 1 ? gunzipSync(message) : message).toString());
    at += 5 + length;
  }
  return messages;
}

function channel(): Channel {
  return echoChannel({
    unary: (method, request, context) => {
      if (method === "range") return Promise.resolve(request);
      if (method === "txn") throw new EtcdError("compacted");
      if (method === "compact") {
        return Promise.reject(new EtcdError(STATUS.notFound, 'odd "%" text\n\u2713'));
      }
      if (method === "deleteRange") return new Promise(() => undefined);
      if (method !== "status") return request;
      return Buffer.from(`${context.metadata("token")} ${context.metadata("key-bin")}`);
    },
    stream: (method, _context, output) => ({
      write: (message) => {
        output.write(message);
        output.write(message);
        if (method === "snapshot") output.end(new EtcdError("stopped"));
      },
      end: () => output.end(),
      cancel: () => undefined,
      drained: () => undefined,
    }),
  });
}

const KV = "/etcdserverpb.KV";
const WATCH = "/etcdserverpb.Watch/Watch";
const message = (text: string): Buffer => prefixed(Buffer.from(text));
const GZIP = { "grpc-encoding": "gzip", "grpc-accept-encoding": "gzip" };

const CALLS: Readonly<Record<string, Call>> = {
  "an answer at once": {},
  "an answer later": { path: `${KV}/Range` },
  "an empty message": { body: [message("")] },
  "a message in pieces": { body: [...message("hello")].map((byte) => Buffer.from([byte])) },
  "a large message": { body: [message("x".repeat(300_000))] },
  "a refusal thrown": { path: `${KV}/Txn` },
  "a refusal later, with an odd text": { path: `${KV}/Compact` },
  metadata: {
    path: "/etcdserverpb.Maintenance/Status",
    headers: { token: "secret", "key-bin": "AAEC/w" },
  },
  "a deadline": { path: `${KV}/DeleteRange`, headers: { "grpc-timeout": "30m" } },
  "a deadline of a stream": {
    path: WATCH,
    headers: { "grpc-timeout": "50m" },
    isOpen: true,
    body: [message("a")],
  },
  "a far deadline": { headers: { "grpc-timeout": "99999999H" } },
  "an unknown service": { path: "/no.Such/Method" },
  "an unknown method": { path: `${KV}/Nothing` },
  "a malformed method": { path: "/nothing" },
  "another content-type": { headers: { "content-type": "application/json" } },
  "a subtype": { headers: { "content-type": "application/grpc+proto" } },
  "a message too large": { body: [message("x".repeat(2_100_000))] },
  "a stream": { path: WATCH, body: [message("a"), message("b")] },
  "a stream without messages": { path: WATCH, body: [] },
  "a stream of one request": { path: `${KV}/RangeStream` },
  "a stream with an error after messages": { path: "/etcdserverpb.Maintenance/Snapshot" },
  "a packed message": { headers: GZIP, body: [prefixed(gzipSync("packed"), 1)] },
  "a canceled stream": { path: WATCH, isOpen: true, body: [message("a")], cancelAfter: 1 },
};

/** What differs on purpose: grpc-js cannot, or does otherwise than Go. */
const MESSAGE_DIFFERS: ReadonlySet<string> = new Set(["a deadline", "a deadline of a stream"]);

async function urlOf(t: Test, grpcTransport: GrpcTransport): Promise<string> {
  const { url } = await serveChannel(t, channel(), { grpcTransport });
  return url;
}

void t.test("grpc-js and http2 answer every call alike", async (t) => {
  const reference = await urlOf(t, "grpc-js");
  const ours = await urlOf(t, "http2");
  for (const [name, call] of Object.entries(CALLS)) {
    const [expected, actual] = await Promise.all([ask(reference, call), ask(ours, call)]);
    if (MESSAGE_DIFFERS.has(name)) {
      t.same({ ...actual, message: "" }, { ...expected, message: "" }, name);
    } else if (name === "a packed message") {
      // Go answers packed who asks packed; grpc-js does not.
      t.same({ ...actual, encoding: undefined }, { ...expected, encoding: undefined }, name);
    } else {
      t.same(actual, expected, name);
    }
  }
});
