import { gunzipSync, gzipSync } from "node:zlib";
import t from "tap";
import { HttpAccess } from "../../src/transport/http-access.ts";
import { ERROR_CODE, FLAG, FRAME } from "../../src/transport/http2/frames.ts";
import { EtcdError, SILENT_LOGGER, STATUS } from "../../src/wire/index.ts";
import { echoChannel } from "../harness/echo-channel.ts";
import { prefixed, rawClient } from "./http2/raw-client.ts";
import type { RawClient } from "./http2/raw-client.ts";
import { TestClock } from "./http2/test-clock.ts";

const GZIP = { "grpc-encoding": "gzip", "grpc-accept-encoding": "identity,gzip" };
const WATCH = { ":path": "/etcdserverpb.Watch/Watch" };

let lastStreamId = 1;

/** One call; the fields of its last block without those of the head. */
async function call(
  client: RawClient,
  fields: Record<string, string | undefined>,
  body: Uint8Array = prefixed(Buffer.from("hello")),
): Promise<string[]> {
  lastStreamId += 2;
  client.request(lastStreamId, fields).send(FRAME.data, FLAG.endStream, lastStreamId, body);
  return [...(await client.trailers(lastStreamId))];
}

function refusal(code: number, text: string, httpStatus = 200): string[] {
  return [
    `:status: ${httpStatus}`,
    "content-type: application/grpc",
    `grpc-status: ${code}`,
    `grpc-message: ${text}`,
  ];
}

void t.test("GrpcServer refuses what is no call, with gRPC-Go's texts", async (t) => {
  const { client } = rawClient(t);
  client.begin();
  const { unimplemented, internal, invalidArgument } = STATUS;
  const cases: [Record<string, string | undefined>, string[]][] = [
    [{ ":path": "/no.Such/Method" }, refusal(unimplemented, "unknown service no.Such")],
    [
      { ":path": "/etcdserverpb.KV/No" },
      refusal(unimplemented, "unknown method No for service etcdserverpb.KV"),
    ],
    [{ ":path": "/put" }, refusal(unimplemented, 'malformed method name: "/put"')],
    [
      { "content-type": "text/plain" },
      refusal(invalidArgument, 'invalid gRPC request content-type "text/plain"', 415),
    ],
    [
      { "content-type": undefined },
      refusal(invalidArgument, 'invalid gRPC request content-type ""', 415),
    ],
    [
      { ":method": "GET" },
      refusal(internal, 'Received a HEADERS frame with :method "GET" which should be POST', 405),
    ],
    [{ ":authority": undefined }, refusal(internal, "no host or :authority header present", 400)],
    [
      { "grpc-timeout": "1x" },
      refusal(
        internal,
        'malformed grpc-timeout: transport: timeout unit is not recognized: "1x"',
        400,
      ),
    ],
    [
      { "a-bin": "*" },
      refusal(
        internal,
        'malformed binary metadata "*" in header "a-bin": illegal base64 data at input byte 0',
        400,
      ),
    ],
    [
      { "a-bin": "AA=" },
      refusal(
        internal,
        'malformed binary metadata "AA=" in header "a-bin": illegal base64 data at input byte 2',
        400,
      ),
    ],
    [
      { "grpc-timeout": "" },
      refusal(internal, 'malformed grpc-timeout: transport: timeout string is too short: ""', 400),
    ],
    [
      { ":path": "etcdserverpb.KV/Put" },
      refusal(unimplemented, 'malformed method name: "etcdserverpb.KV/Put"'),
    ],
    [{ ":path": "/no.\u00e9/M" }, refusal(unimplemented, "unknown service no.%EF%BF%BD")],
    [
      { "grpc-encoding": "br" },
      refusal(unimplemented, 'grpc: Decompressor is not installed for grpc-encoding "br"'),
    ],
  ];
  for (const [fields, expected] of cases) t.same(await call(client, fields), expected);
  t.same(await call(client, { te: undefined, "content-type": "application/grpc+proto" }), [
    "grpc-status: 0",
  ]);
});

void t.test("GrpcServer refuses messages that are none", async (t) => {
  const { client } = rawClient(t, { maxRequestBytes: 1000 });
  client.begin();
  const { internal, resourceExhausted, unknown } = STATUS;
  t.same(
    await call(client, {}, prefixed(Buffer.from("x"), 2)),
    refusal(internal, "grpc: received unexpected payload format 2"),
  );
  t.same(
    await call(client, {}, prefixed(Buffer.from("x"), 1)),
    refusal(internal, "grpc: compressed flag set with identity or empty encoding"),
  );
  t.same(
    await call(client, {}, Buffer.from([0, 0, 8, 0x04, 0xe8])),
    refusal(resourceExhausted, "grpc: received message larger than max (525544 vs. 525288)"),
  );
  t.same(await call(client, {}, Buffer.alloc(0)), refusal(unknown, "EOF"));
  t.same(await call(client, {}, Buffer.from([0, 0])), refusal(unknown, "EOF"));
  const bomb = prefixed(gzipSync(Buffer.alloc(50_000_000)).subarray(0, 16_000), 1);
  t.equal((await call(client, GZIP, bomb))[2], `grpc-status: ${resourceExhausted}`);
  const [, , status, text] = await call(client, GZIP, prefixed(Buffer.from("no gzip"), 1));
  t.equal(status, `grpc-status: ${internal}`);
  t.match(text, "grpc: failed to decompress the message");
});

void t.test("GrpcServer begins a stream of one request when there can be no other", async (t) => {
  const { client } = rawClient(t);
  client.begin();
  const stream = { ":path": "/etcdserverpb.KV/RangeStream" };
  const message = prefixed(Buffer.from("x"));
  const violation = (what: string): string[] => {
    return refusal(13, `cardinality violation: received ${what} non-client-streaming RPC`);
  };
  client.request(1, stream).send(FRAME.data, 0, 1, message);
  await client.settled();
  t.same(
    client.frames.filter(({ streamId }) => streamId === 1),
    [],
  );
  client.send(FRAME.data, FLAG.endStream, 1);
  t.same(await client.trailers(1), ["grpc-status: 0"]);
  lastStreamId = 1;
  t.same(
    await call(client, stream, Buffer.concat([message, message])),
    violation("multiple request messages for"),
  );
  t.same(await call(client, stream, Buffer.alloc(0)), violation("no request message from"));
  t.same(
    await call(client, stream, Buffer.concat([message, message.subarray(0, 5)])),
    refusal(13, "unexpected EOF"),
  );
});

void t.test("GrpcServer answers packed whoever packs and takes it, and nobody else", async (t) => {
  const { client } = rawClient(t);
  client.begin();
  const packed = prefixed(gzipSync("hello"), 1);
  const answer = (): Buffer | undefined =>
    client.frames.find(({ type, streamId }) => type === FRAME.data && streamId === lastStreamId)
      ?.payload;
  t.same(await call(client, GZIP, packed), ["grpc-status: 0"]);
  t.equal(answer()?.[0], 1);
  t.equal(gunzipSync(answer()?.subarray(5) ?? Buffer.alloc(0)).toString(), "hello");
  t.ok(client.frames.some(({ fields }) => fields.includes("grpc-encoding: gzip")));
  t.same(await call(client, { "grpc-encoding": "gzip" }, packed), ["grpc-status: 0"]);
  t.same(answer(), prefixed(Buffer.from("hello")));
});

void t.test("GrpcServer gives the channel metadata, also of bytes", async (t) => {
  const seen: (string | undefined)[] = [];
  const { client } = rawClient(t, {
    channel: echoChannel({
      unary: (_method, request, context) => {
        for (const name of ["token", "key-bin", "none"]) seen.push(context.metadata(name));
        return request;
      },
    }),
  });
  client.begin();
  await call(client, { token: "secret", "key-bin": Buffer.from([0, 255]).toString("base64") });
  t.same(seen, ["secret", "\u0000\u00ff", undefined]);
});

void t.test(
  "GrpcServer ends calls at their deadline, and tells the channel of streams",
  async (t) => {
    const clock = new TestClock();
    const canceled: string[] = [];
    const { client } = rawClient(t, {
      clock,
      channel: echoChannel({
        unary: () => new Promise(() => undefined),
        stream: (method, _context, output) => ({
          write: (message) => void output.write(message),
          end: () => undefined,
          cancel: () => canceled.push(method),
          drained: () => undefined,
        }),
      }),
    });
    client.begin();
    const body = prefixed(Buffer.from("x"));
    client.request(1, { "grpc-timeout": "100m" }).send(FRAME.data, 1, 1, body);
    client.request(3, { "grpc-timeout": "2S" }).send(FRAME.data, 1, 3, body);
    client.request(5, { ...WATCH, "grpc-timeout": "100m" }).send(FRAME.data, 0, 5, body);
    client.request(7, { "grpc-timeout": "0n" }).send(FRAME.data, 1, 7, body);
    await client.settled();
    clock.advance(110);
    const exceeded = ["grpc-status: 4", "grpc-message: context deadline exceeded"];
    for (const streamId of [1, 5, 7]) {
      t.same((await client.trailers(streamId)).slice(-2), exceeded);
    }
    await client.settled();
    await client.settled();
    t.equal(await client.resetCode(5), ERROR_CODE.noError);
    t.same(canceled, ["watch"]);
    t.equal(
      client.frames.some(({ streamId }) => streamId === 3),
      false,
    );
    clock.advance(2000);
    t.same((await client.trailers(3)).slice(-2), exceeded);
  },
);

void t.test("GrpcServer answers nothing to a call that was canceled, and goes on", async (t) => {
  let answer: ((bytes: Uint8Array) => void) | undefined;
  const { client } = rawClient(t, {
    channel: echoChannel({
      unary: (method, request) =>
        method === "range" ? new Promise((resolve) => (answer = resolve)) : request,
    }),
  });
  client.begin().request(1, { ":path": "/etcdserverpb.KV/Range" });
  client.send(FRAME.data, 1, 1, prefixed(Buffer.from("x")));
  client.send(FRAME.rstStream, 0, 1, [0, 0, 0, 8]);
  await client.settled();
  answer?.(Buffer.from("late"));
  client.call(3);
  t.same(await client.trailers(3), ["grpc-status: 0"]);
  t.equal(
    client.frames.some(({ streamId }) => streamId === 1),
    false,
  );
});

void t.test("GrpcServer makes code 13 of a bug, logs it, and goes on", async (t) => {
  const logged: unknown[] = [];
  const { client } = rawClient(t, {
    channel: echoChannel({
      unary: (method, request) => {
        if (method === "put") throw new TypeError("not a function");
        return request;
      },
    }),
    logger: { ...SILENT_LOGGER, error: (_message, fields) => logged.push(fields?.["error"]) },
  });
  client.begin();
  t.same(await call(client, {}), refusal(STATUS.internal, "not a function"));
  t.same(await call(client, { ":path": "/etcdserverpb.KV/Range" }), ["grpc-status: 0"]);
  t.same(logged, ["not a function"]);
});

void t.test("GrpcServer percent-encodes texts", async (t) => {
  const { client } = rawClient(t, {
    channel: echoChannel({
      unary: () => {
        throw new EtcdError(STATUS.notFound, 'a "b" 100%\n\u2713');
      },
    }),
  });
  client.begin();
  const text = 'a "b" 100%25%0A%E2%9C%93';
  t.same(await call(client, {}), refusal(STATUS.notFound, text));
});

void t.test("GrpcServer holds requests of a stream whose client does not read", async (t) => {
  const told: string[] = [];
  const { client } = rawClient(t, {
    channel: echoChannel({
      stream: (_method, _context, output) => ({
        write: (message) => {
          told.push(Buffer.from(message).toString());
          output.write(Buffer.alloc(600_000));
        },
        end: () => {
          told.push("end");
          output.end();
        },
        cancel: () => undefined,
        drained: () => told.push("drained"),
      }),
    }),
  });
  client.begin().request(1, WATCH);
  const messages = Buffer.concat(["a", "b", "c"].map((text) => prefixed(Buffer.from(text))));
  client
    .send(FRAME.data, 0, 1, messages.subarray(0, 15))
    .send(FRAME.data, 1, 1, messages.subarray(15));
  await client.settled();
  t.same(told, ["a"]);
  const wide = [0, 0x7f, 0xff, 0xff];
  client.send(FRAME.windowUpdate, 0, 0, wide).send(FRAME.windowUpdate, 0, 1, wide);
  t.same(await client.trailers(1), ["grpc-status: 0"]);
  t.same(told, ["a", "drained", "b", "drained", "c", "drained", "end"]);
});

void t.test("GrpcServer serves pages to who does not speak gRPC", async (t) => {
  const pages = new HttpAccess({
    pages: { page: ({ path }) => ({ status: 200, headers: { "X-Path": path }, body: "page" }) },
    corsOrigins: ["*"],
    logger: SILENT_LOGGER,
  });
  const { client } = rawClient(t, { pages });
  const plain = { "content-type": undefined, te: undefined };
  client.begin().request(1, { ...plain, ":method": "GET", ":path": "/health?x=1" }, 0x5);
  const page = await client.until(({ type }) => type === FRAME.data);
  t.equal(page.payload.toString(), "page");
  const [head] = client.frames.filter(({ streamId }) => streamId === 1);
  t.same(head?.fields, [
    ":status: 200",
    "x-path: /health",
    "access-control-allow-origin: *",
    "access-control-allow-methods: POST, GET, OPTIONS, PUT, DELETE",
    "access-control-allow-headers: accept, content-type, authorization",
    "content-length: 4",
  ]);
  client.request(3, { ...plain, ":method": "HEAD", ":path": "/x" }, 0x5);
  t.equal((await client.trailers(3))[0], ":status: 200");
  client.request(5, { ...plain, ":path": "/x" });
  for (let count = 0; count < 17; count++) client.send(FRAME.data, 0, 5, Buffer.alloc(16_000));
  t.equal(await client.resetCode(5), ERROR_CODE.noError);
});
