import { Client, credentials } from "@grpc/grpc-js";
import type { ClientOptions, ServiceError } from "@grpc/grpc-js";
import { connect } from "node:net";
import fc from "fast-check";
import t from "tap";
import type { Test } from "tap";
import {
  EMPTY_CONTEXT,
  EtcdError,
  SILENT_LOGGER,
  STATUS,
  UNARY_METHODS,
} from "../../src/wire/index.ts";
import type { CallContext, Logger, UnaryMethod } from "../../src/wire/index.ts";
import { echoChannel } from "../harness/echo-channel.ts";
import { closed, hostOf, serveChannel } from "./serve-channel.ts";
import { StreamCollector } from "./stream-collector.ts";

const MEBIBYTE = 1024 * 1024;
const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/** A client with options of its own. */
function bareClient(t: Test, url: string, options: ClientOptions = {}): Client {
  const { host, port } = hostOf(url);
  const client = new Client(`${host}:${port}`, credentials.createInsecure(), options);
  t.teardown(() => client.close());
  return client;
}

function put(
  client: Client,
  request: Buffer,
  options: { deadline?: number } = {},
): Promise<Buffer | ServiceError> {
  return new Promise((resolve) => {
    const same = (bytes: Buffer): Buffer => bytes;
    client.makeUnaryRequest(UNARY_METHODS.put, same, same, request, options, (error, answer) => {
      resolve(error ?? answer ?? Buffer.alloc(0));
    });
  });
}

void t.test("GrpcJsServer serves every unary method with its own name", async (t) => {
  const { client } = await serveChannel(
    t,
    echoChannel({
      unary: (method, request) => Buffer.from(`${method} ${Buffer.from(request).toString()}`),
    }),
  );
  // Object.keys() widens the keys.
  for (const method of Object.keys(UNARY_METHODS) as UnaryMethod[]) {
    const answer = await client.unary(method, Buffer.from("hello"), EMPTY_CONTEXT);
    t.equal(Buffer.from(answer).toString(), `${method} hello`);
  }
});

void t.test("GrpcJsServer answers concurrent calls each with its own answer", async (t) => {
  const { client } = await serveChannel(
    t,
    echoChannel({
      unary: (method, request) => (method === "put" ? Promise.resolve(request) : request),
    }),
  );
  const answers = await Promise.all(
    Array.from({ length: 300 }, (_, index) =>
      client.unary(index % 2 === 0 ? "put" : "range", Buffer.from(`${index}`), EMPTY_CONTEXT),
    ),
  );
  t.same(
    answers.map((answer) => Number(Buffer.from(answer).toString())),
    answers.map((_, index) => index),
  );
});

void t.test("GrpcJsServer passes bytes on as they are, however many", async (t) => {
  const { client } = await serveChannel(t, echoChannel());
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 40_000, size: "max" }), async (request) => {
      const answer = await client.unary("put", request, EMPTY_CONTEXT);
      return Buffer.compare(answer, request) === 0;
    }),
    { numRuns: 30 },
  );
  // Not a Buffer, and not at the beginning of its memory.
  const slice = new Uint8Array(Buffer.from("xhellox")).subarray(1, 6);
  t.equal(Buffer.from(await client.unary("put", slice, EMPTY_CONTEXT)).toString(), "hello");
});

void t.test("GrpcJsServer passes a refusal on with code and text", async (t) => {
  const refuse = (): never => {
    throw new EtcdError("compacted");
  };
  const { client } = await serveChannel(
    t,
    echoChannel({ unary: (method) => (method === "put" ? Promise.reject(refused()) : refuse()) }),
  );
  const odd = 'no "key" at 100 %\n\u2713 \ufffd';
  function refused(): EtcdError {
    return new EtcdError(STATUS.notFound, `no "key" at 100 %\n\u2713 \ud800`);
  }
  await t.rejects(client.unary("range", Buffer.alloc(0), EMPTY_CONTEXT), {
    name: "EtcdError",
    code: STATUS.outOfRange,
    reason: "compacted",
  });
  await t.rejects(client.unary("put", Buffer.alloc(0), EMPTY_CONTEXT), {
    code: STATUS.notFound,
    message: odd,
  });
});

void t.test("GrpcJsServer makes code 13 of a bug, logs it, and goes on", async (t) => {
  const logged: string[] = [];
  const logger: Logger = {
    ...SILENT_LOGGER,
    error: (message, fields) => logged.push(`${message}: ${String(fields?.["error"])}`),
  };
  const { client } = await serveChannel(
    t,
    echoChannel({
      unary: (method, request) => {
        if (method === "put") throw new TypeError("not a function");
        // eslint-disable-next-line prefer-promise-reject-errors -- what a careless channel may do
        return method === "txn" ? Promise.reject("nothing") : request;
      },
    }),
    { logger },
  );
  await t.rejects(client.unary("put", Buffer.alloc(0), EMPTY_CONTEXT), {
    code: STATUS.internal,
    message: "not a function",
  });
  await t.rejects(client.unary("txn", Buffer.alloc(0), EMPTY_CONTEXT), { code: STATUS.internal });
  t.same(logged, ["failed to answer a call: not a function", "failed to answer a call: nothing"]);
  t.equal((await client.unary("range", Buffer.alloc(3), EMPTY_CONTEXT)).length, 3);
});

void t.test("GrpcJsServer gives the channel a call's metadata", async (t) => {
  const { client } = await serveChannel(
    t,
    echoChannel({
      unary: (_method, _request, context) =>
        Buffer.from(`${context.metadata("token")} ${context.metadata("hasleader")}`),
    }),
  );
  const context: CallContext = { metadata: (name) => (name === "token" ? "secret" : undefined) };
  const answer = await client.unary("put", Buffer.alloc(0), context);
  t.equal(Buffer.from(answer).toString(), "secret undefined");
});

void t.test("GrpcJsServer takes requests to the limit and refuses larger ones", async (t) => {
  const { client } = await serveChannel(t, echoChannel());
  const fits = Math.floor(1.9 * MEBIBYTE);
  t.equal((await client.unary("put", Buffer.alloc(fits), EMPTY_CONTEXT)).length, fits);
  t.equal((await client.unary("put", Buffer.alloc(2_097_152), EMPTY_CONTEXT)).length, 2_097_152);
  const refused = { code: STATUS.resourceExhausted };
  await t.rejects(client.unary("put", Buffer.alloc(2_621_450), EMPTY_CONTEXT), {
    ...refused,
    message: "grpc: received message larger than max (2621450 vs. 2097152)",
  });
  await t.rejects(client.unary("put", Buffer.alloc(9 * MEBIBYTE), EMPTY_CONTEXT), refused);
  const output = new StreamCollector();
  client.stream("watch", EMPTY_CONTEXT, output).write(Buffer.alloc(2_097_153));
  t.match(await output.ended, {
    ...refused,
    message: "grpc: received message larger than max (2097153 vs. 2097152)",
  });
});

void t.test("GrpcJsServer takes another limit of requests", async (t) => {
  const { client } = await serveChannel(t, echoChannel(), { maxRequestBytes: 1000 });
  await t.rejects(client.unary("put", Buffer.alloc(525_289), EMPTY_CONTEXT), {
    message: "grpc: received message larger than max (525289 vs. 525288)",
  });
});

void t.test("GrpcJsServer answers as much as it has to", async (t) => {
  const answer = Buffer.alloc(64 * MEBIBYTE, "etcd");
  const { client } = await serveChannel(t, echoChannel({ unary: () => answer }));
  const received = await client.unary("range", Buffer.alloc(0), EMPTY_CONTEXT);
  t.equal(Buffer.compare(received, answer), 0);
});

void t.test("GrpcJsServer takes gzip and deflate", async (t) => {
  const { url } = await serveChannel(t, echoChannel());
  for (const algorithm of [1, 2]) {
    const client = bareClient(t, url, { "grpc.default_compression_algorithm": algorithm });
    const request = Buffer.alloc(10_000, "etcd");
    t.same(await put(client, request), request);
  }
});

void t.test("GrpcJsServer ends a call at its deadline", async (t) => {
  const { url } = await serveChannel(t, echoChannel({ unary: () => new Promise(() => undefined) }));
  const error = await put(bareClient(t, url), Buffer.alloc(0), { deadline: Date.now() + 30 });
  t.match(error, { code: STATUS.deadlineExceeded });
});

void t.test("GrpcJsServer outlives garbage after the preface", async (t) => {
  const { client, url } = await serveChannel(t, echoChannel());
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 9, maxLength: 200 }), async (garbage) => {
      const socket = connect(hostOf(url));
      socket.on("error", () => undefined);
      socket.resume();
      socket.end(Buffer.concat([Buffer.from(PREFACE), garbage]));
      await closed(socket);
    }),
    { numRuns: 50 },
  );
  t.equal((await client.unary("put", Buffer.alloc(3), EMPTY_CONTEXT)).length, 3);
});

void t.test("GrpcJsServer closes a connection whose client has closed its side", async (t) => {
  const { url } = await serveChannel(t, echoChannel());
  const socket = connect(hostOf(url));
  const emptySettings = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);
  socket.on("error", () => undefined);
  socket.resume();
  socket.end(Buffer.concat([Buffer.from(PREFACE), emptySettings]));
  await closed(socket);
  t.pass("closed");
});
