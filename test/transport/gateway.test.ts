/** The gateway before channels that a test makes: what it tells them, and what it does with them. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { request } from "node:http";
import type { ClientRequest, IncomingMessage } from "node:http";
import { connect } from "node:http2";
import { connect as connectTcp } from "node:net";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import type { Test } from "tap";
import { GatewayCall } from "../../src/transport/gateway-call.ts";
import { GATEWAY_ROUTES } from "../../src/transport/gateway-routes.ts";
import { serve } from "../../src/transport/index.ts";
import { EtcdError, STATUS, messages } from "../../src/wire/index.ts";
import type {
  CallContext,
  Channel,
  Logger,
  StatusCode,
  StreamOutput,
} from "../../src/wire/index.ts";
import { echoChannel } from "../harness/echo-channel.ts";
import { tempDirectory } from "../harness/temp-dir.ts";
import { hostOf } from "./serve-channel.ts";

const EMPTY = new Uint8Array(0);

async function serveGateway(
  t: Test,
  channel: Partial<Channel>,
  folder?: string,
  logger?: Logger,
): Promise<string> {
  const serving = await serve({
    clientUrls: [folder === undefined ? "http://127.0.0.1:0" : "https://127.0.0.1:0"],
    tls: folder === undefined ? undefined : { selfSigned: { folder, years: 1 } },
    channel: echoChannel(channel),
    logger,
    pages: { page: () => ({ status: 200, headers: {}, body: "page" }) },
  });
  t.teardown(() => serving.close({ graceMs: 0 }));
  return serving.clientUrls[0] ?? "";
}

async function post(url: string, path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(`${url}/v3/${path}`, { method: "POST", body: "{}", ...init });
}

/** A stream whose body stays open. */
async function openStream(
  t: Test,
  url: string,
  path: string,
  first: string,
): Promise<{ outgoing: ClientRequest; incoming: IncomingMessage }> {
  const outgoing = request(`${url}/v3/${path}`, { method: "POST", agent: false });
  outgoing.on("error", () => undefined);
  t.teardown(() => outgoing.destroy());
  outgoing.write(first);
  const [incoming] = (await once(outgoing, "response")) as [IncomingMessage];
  incoming.on("error", () => undefined);
  return { outgoing, incoming };
}

/** Resolved from outside. */
function signal(): { readonly promise: Promise<void>; readonly fire: () => void } {
  let fire = (): void => undefined;
  const promise = new Promise<void>((resolve) => (fire = resolve));
  return { promise, fire };
}

t.test("Gateway calls the method of every path, with what its body says", async (t) => {
  const called: string[] = [];
  const url = await serveGateway(t, {
    unary: (method) => {
      called.push(method);
      return EMPTY;
    },
    stream: (method, _context, output) => ({
      write: () => called.push(method),
      end: () => output.end(),
      cancel: () => undefined,
      drained: () => undefined,
    }),
  });
  for (const [path, method] of GATEWAY_ROUTES) {
    const { status } = await post(url, path);
    t.equal(status, 200, path);
    t.equal(called.pop(), method, path);
    t.equal((await post(url, path, { body: "[]" })).status === 400, !/keepalive|watch/u.test(path));
    t.equal((await fetch(`${url}/v3/${path}`)).status, 501, path);
  }
  t.same(called, []);
});

t.test("Gateway passes on the token and other metadata, and no client's name", async (t) => {
  const contexts: CallContext[] = [];
  const url = await serveGateway(t, {
    unary: (_method, _request, context) => {
      contexts.push(context);
      return EMPTY;
    },
  });
  await post(url, "kv/put", {
    headers: {
      Authorization: "token",
      "Grpc-Metadata-Authorization": "other",
      "Grpc-Metadata-Key": "value",
      "Grpc-Metadata-Data-Bin": Buffer.from([1, 255]).toString("base64"),
    },
  });
  await post(url, "kv/put", { headers: { "Grpc-Metadata-Token": "only" } });
  const [first, second] = contexts;
  t.equal(first?.metadata("authorization"), "token");
  t.equal(first?.metadata("key"), "value");
  t.equal(first?.metadata("data-bin"), "\u0001\u00ff");
  t.equal(first?.metadata("token"), undefined);
  t.equal(second?.metadata("token"), "only");
  t.equal(second?.metadata("authorization"), undefined);
});

t.test("Gateway answers every code with its HTTP status", async (t) => {
  const codes = [STATUS.unknown as StatusCode];
  const lastCode = (): StatusCode => codes.at(-1) ?? STATUS.ok;
  const url = await serveGateway(t, {
    unary: () => {
      throw new EtcdError(lastCode(), `why "${String(lastCode())}"`);
    },
    stream: (_method, _context, output) => ({
      write: () => output.end(new EtcdError(lastCode(), "why")),
      end: () => undefined,
      cancel: () => undefined,
      drained: () => undefined,
    }),
  });
  const statuses = [499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401];
  for (const [index, status] of statuses.entries()) {
    const code = (index + 1) as StatusCode;
    codes.push(code);
    const unary = await post(url, "kv/put");
    t.equal(unary.status, status);
    t.same(await unary.json(), { code, message: `why "${String(code)}"` });
    t.equal(unary.headers.get("www-authenticate"), code === 16 ? 'why "16"' : null);
    const stream = await post(url, "watch");
    t.equal(stream.status, status);
  }
});

t.test("Gateway makes 500 and code 13 of a bug, and goes on", async (t) => {
  let isBroken = true;
  const url = await serveGateway(t, {
    unary: () => {
      if (isBroken) throw new TypeError("broken");
      return EMPTY;
    },
    stream: () => {
      throw new TypeError("broken");
    },
  });
  t.same(await (await post(url, "kv/put")).json(), { code: 13, message: "broken" });
  t.equal((await post(url, "watch")).status, 500);
  isBroken = false;
  t.equal((await post(url, "kv/put")).status, 200);
});

t.test(
  "Gateway lets a client send requests while it reads answers, and ends with it",
  async (t) => {
    const folder = await tempDirectory(t);
    for (const isSecure of [false, true]) {
      const canceled = signal();
      const url = await serveGateway(
        t,
        {
          stream: (_method, _context, output) => ({
            write: (message) => {
              const { id } = messages.decodeLeaseKeepAliveRequest(message);
              output.write(messages.encodeLeaseKeepAliveResponse({ id }));
            },
            end: () => undefined,
            cancel: canceled.fire,
            drained: () => undefined,
          }),
        },
        isSecure ? folder : undefined,
      );
      if (isSecure) {
        await talkByHttp2(t, url, await readFile(join(folder, "cert.pem"), "utf8"));
      } else {
        const { outgoing, incoming } = await openStream(t, url, "lease/keepalive", '{"ID":1}');
        const lines = incoming[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
        t.equal(String((await lines.next()).value), '{"result":{"ID":"1"}}\n');
        outgoing.write(' {"ID":');
        outgoing.write("2}");
        t.match(String((await lines.next()).value), /"2"/u);
        outgoing.destroy();
      }
      await canceled.promise;
    }
  },
);

async function talkByHttp2(t: Test, url: string, ca: string): Promise<void> {
  const session = connect(url, { ca });
  t.teardown(() => session.destroy());
  const stream = session.request({ ":method": "POST", ":path": "/v3/lease/keepalive" });
  stream.on("error", () => undefined);
  stream.write('{"ID":1}');
  t.match(String((await once(stream, "data"))[0]), /"1"/u);
  stream.write('{"ID":2}');
  t.match(String((await once(stream, "data"))[0]), /"2"/u);
  stream.close();
}

t.test("Gateway tells a unary call that its client has gone, or its time is over", async (t) => {
  const started = signal();
  const canceled = signal();
  const url = await serveGateway(t, {
    unary: async (_method, _request, context) => {
      const aborted = signal();
      assert(context instanceof GatewayCall);
      context.signal.addEventListener("abort", aborted.fire);
      started.fire();
      await aborted.promise;
      canceled.fire();
      throw new EtcdError(STATUS.canceled, "context canceled");
    },
  });
  const socket = connectTcp(hostOf(url));
  socket.on("error", () => undefined);
  socket.write("POST /v3/kv/put HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}");
  await started.promise;
  socket.end();
  await canceled.promise;
  socket.destroy();
  const late = await post(url, "kv/put", { headers: { "Grpc-Timeout": "20m" } });
  t.equal(late.status, 504);
});

t.test("Gateway does not take more of a stream than its client reads", async (t) => {
  const answer = messages.encodeWatchResponse({
    events: [{ kv: { key: Buffer.from("k"), value: Buffer.alloc(32 * 1024) } }],
  });
  let written = 0;
  let output: StreamOutput | undefined;
  const blocked = signal();
  const drained = signal();
  const requests: number[] = [];
  const url = await serveGateway(t, {
    stream: (_method, _context, given) => {
      output = given;
      const fill = (): void => {
        for (;;) {
          written += 1;
          if (given.write(answer)) continue;
          blocked.fire();
          return;
        }
      };
      return {
        write: (message) => {
          requests.push(message.length);
          if (requests.length === 1) fill();
        },
        end: () => undefined,
        cancel: () => undefined,
        drained: () => {
          drained.fire();
          if (written < 400) fill();
        },
      };
    },
  });
  const { outgoing, incoming } = await openStream(t, url, "watch", "{}");
  await blocked.promise;
  outgoing.write("{}");
  // What the sockets hold is read by nobody yet.
  await drained.promise;
  const reached = written;
  t.ok(reached < 400, `${String(reached)} answers were taken`);
  let lines = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    for (const byte of chunk) if (byte === 10) lines += 1;
    if (lines >= 400) break;
  }
  t.ok(written >= 400);
  t.equal(requests.length, 2, "the second request was passed on when there was room");
  output?.end();
});

t.test("Gateway ends a stream with its error as a line, also when the server ends", async (t) => {
  const url = await serveGateway(t, {
    stream: (_method, _context, output) => ({
      write: (message) => {
        output.write(message);
        output.end(new EtcdError("stopped"));
      },
      end: () => undefined,
      cancel: () => undefined,
      drained: () => undefined,
    }),
  });
  const reply = await post(url, "maintenance/snapshot");
  t.equal(reply.status, 200);
  t.equal(
    await reply.text(),
    '{"result":{}}\n{"error":{"code":14,"message":"etcdserver: server stopped"}}\n',
  );
});

t.test("Gateway refuses a body beyond its bound, and reads no more of it", async (t) => {
  const url = await serveGateway(t, { unary: () => EMPTY });
  const long = `{"key":"${"A".repeat(9 * 1024 * 1024)}"}`;
  const reply = await post(url, "kv/put", { body: long });
  t.equal(reply.status, 429);
  t.match(await reply.json(), { code: 8, message: /^grpc: received message larger than max/u });
  t.equal((await post(url, "kv/put")).status, 200);
});

t.test("Gateway takes a body that breaks off for what it is: a client that has gone", async (t) => {
  const logged: string[] = [];
  const log = (message: string): void => void logged.push(message);
  const url = await serveGateway(t, { unary: () => EMPTY }, undefined, {
    debug: log,
    info: () => undefined,
    warn: log,
    error: log,
  });
  const socket = connectTcp(hostOf(url));
  socket.write("POST /v3/kv/put HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{");
  // The server has begun to read when it answers to somebody who came later.
  t.equal((await post(url, "kv/put")).status, 200);
  socket.destroy();
  await once(socket, "close");
  t.equal((await post(url, "kv/put")).status, 200);
  t.same(logged, []);
});
