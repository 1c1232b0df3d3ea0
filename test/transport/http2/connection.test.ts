import { once } from "node:events";
import t from "tap";
import { ERROR_CODE, FLAG, FRAME, PREFACE } from "../../../src/transport/http2/frames.ts";
import { STATUS } from "../../../src/wire/index.ts";
import type { StreamOutput } from "../../../src/wire/index.ts";
import { echoChannel } from "../../harness/echo-channel.ts";
import { duplexPair } from "./duplex-pair.ts";
import { TestClock } from "./test-clock.ts";
import { RawClient, connectTo, prefixed, rawClient } from "./raw-client.ts";

void t.test("Http2Connection answers a call with header, message and trailers", async (t) => {
  const { client } = rawClient(t);
  client.begin().call(1);
  t.same(await client.trailers(1), ["grpc-status: 0"]);
  const [head, data] = client.frames.filter(({ streamId }) => streamId === 1);
  t.same(head?.fields, [":status: 200", "content-type: application/grpc"]);
  t.same(data?.payload, prefixed(Buffer.from("hello")));
  t.equal(client.frames.filter(({ type }) => type === FRAME.rstStream).length, 0);
});

/** What a client sends, as bytes. */
async function recorded(talk: (client: RawClient) => void): Promise<Buffer> {
  const [near, far] = duplexPair();
  const chunks: Buffer[] = [];
  far.on("data", (chunk: Buffer) => chunks.push(chunk));
  talk(new RawClient(near));
  near.end();
  await once(far, "end");
  return Buffer.concat(chunks);
}

void t.test("Http2Connection takes what comes in pieces of one byte", async (t) => {
  const { client } = rawClient(t);
  const bytes = await recorded((recorder) => recorder.begin().call(1).call(3));
  for (const byte of bytes) client.socket.write(Buffer.from([byte]));
  t.same(await client.trailers(3), ["grpc-status: 0"]);
});

void t.test("Http2Connection takes padding, priority and CONTINUATION", async (t) => {
  const { client } = rawClient(t);
  const block = client.begin().block();
  client.send(FRAME.headers, FLAG.padded | FLAG.priority, 1, [
    3,
    0,
    0,
    0,
    0,
    9,
    ...block.subarray(0, 4),
    0,
    0,
    0,
  ]);
  client.send(FRAME.continuation, 0, 1, block.subarray(4, 9));
  client.send(FRAME.continuation, FLAG.endHeaders, 1, block.subarray(9));
  const body = prefixed(Buffer.from("hello"));
  client.send(FRAME.data, FLAG.padded | FLAG.endStream, 1, [2, ...body, 0, 0]);
  t.same(await client.trailers(1), ["grpc-status: 0"]);
});

void t.test("Http2Connection answers within the windows that the client opens", async (t) => {
  const { client } = rawClient(t);
  client.begin([[4, 10]]).call(1, Buffer.alloc(30, "x"));
  await client.settled();
  const sent = (): number =>
    client.frames
      .filter(({ type }) => type === FRAME.data)
      .reduce((sum, { payload }) => sum + payload.length, 0);
  t.equal(sent(), 10);
  client.send(FRAME.windowUpdate, 0, 1, [0, 0, 0, 5]);
  await client.settled();
  t.equal(sent(), 15);
  // A smaller window for all streams makes this one's negative.
  client.send(FRAME.settings, 0, 0, [0, 4, 0, 0, 0, 0]);
  client.send(FRAME.windowUpdate, 0, 1, [0, 0, 0, 8]);
  await client.settled();
  t.equal(sent(), 15);
  client.send(FRAME.settings, 0, 0, [0, 4, 0, 0, 1, 0]);
  t.same(await client.trailers(1), ["grpc-status: 0"]);
  t.equal(sent(), 35);
});

void t.test("Http2Connection lets small answers pass a large one", async (t) => {
  const large = Buffer.alloc(1_000_000);
  const { client } = rawClient(t, {
    channel: echoChannel({ unary: (method, request) => (method === "range" ? large : request) }),
  });
  client.begin([[4, 2 ** 31 - 1]]);
  client.request(1, { ":path": "/etcdserverpb.KV/Range" });
  client.send(FRAME.data, 1, 1, prefixed(Buffer.alloc(0)));
  await client.settled();
  // The connection's window is used up; another stream gets its turn when it opens.
  client.call(3);
  client.send(FRAME.windowUpdate, 0, 0, [0, 0, 0x80, 0]);
  t.same(await client.trailers(3), ["grpc-status: 0"]);
  client.send(FRAME.windowUpdate, 0, 0, [0x00, 0x40, 0, 0]);
  t.same(await client.trailers(1), ["grpc-status: 0"]);
});

void t.test("Http2Connection gives back the windows that a long request has used", async (t) => {
  const { client } = rawClient(t);
  client.begin().request(1);
  const body = prefixed(Buffer.alloc(1_500_000));
  for (let at = 0; at < body.length; at += 10_000) {
    const end = Math.min(at + 10_000, body.length);
    client.send(FRAME.data, end === body.length ? 1 : 0, 1, body.subarray(at, end));
    if (at % 500_000 === 0) await client.settled();
  }
  await client.until(({ type, streamId }) => type === FRAME.windowUpdate && streamId === 1);
  client.send(FRAME.windowUpdate, 0, 1, [0, 0x7f, 0, 0]);
  client.send(FRAME.windowUpdate, 0, 0, [0, 0x7f, 0, 0]);
  t.same(await client.trailers(1), ["grpc-status: 0"]);
});

void t.test("Http2Connection ends for what breaks the protocol, with the RFC's code", async (t) => {
  const cases: [string, number, number, number, number[]][] = [
    ["DATA on stream 0", ERROR_CODE.protocolError, FRAME.data, 0, [1]],
    ["DATA on an idle stream", ERROR_CODE.protocolError, FRAME.data, 9, [1]],
    ["HEADERS with an even id", ERROR_CODE.protocolError, FRAME.headers, 2, [0x82]],
    ["CONTINUATION alone", ERROR_CODE.protocolError, FRAME.continuation, 1, []],
    ["PUSH_PROMISE", ERROR_CODE.protocolError, FRAME.pushPromise, 1, [0, 0, 0, 2]],
    ["a short PING", ERROR_CODE.frameSizeError, FRAME.ping, 0, [1]],
    ["a short WINDOW_UPDATE", ERROR_CODE.frameSizeError, FRAME.windowUpdate, 0, [1]],
    ["WINDOW_UPDATE by 0", ERROR_CODE.protocolError, FRAME.windowUpdate, 0, [0, 0, 0, 0]],
    [
      "a window too large",
      ERROR_CODE.flowControlError,
      FRAME.windowUpdate,
      0,
      [0x7f, 0xff, 0xff, 0xff],
    ],
    ["SETTINGS of 5 bytes", ERROR_CODE.frameSizeError, FRAME.settings, 0, [0, 1, 0, 0, 0]],
    ["ENABLE_PUSH of 2", ERROR_CODE.protocolError, FRAME.settings, 0, [0, 2, 0, 0, 0, 2]],
    ["a short PRIORITY", ERROR_CODE.frameSizeError, FRAME.priority, 1, [0, 0, 0, 0]],
    ["a stream's PRIORITY on itself", ERROR_CODE.protocolError, FRAME.priority, 1, [0, 0, 0, 1, 0]],
    ["a short GOAWAY", ERROR_CODE.frameSizeError, FRAME.goAway, 0, [0, 0, 0, 0, 0, 0, 0]],
    ["RST_STREAM on an idle stream", ERROR_CODE.protocolError, FRAME.rstStream, 7, [0, 0, 0, 0]],
    ["a bad header block", ERROR_CODE.compressionError, FRAME.headers, 1, [0x80]],
  ];
  for (const [what, code, type, streamId, payload] of cases) {
    const { client } = rawClient(t);
    client
      .begin()
      .send(type, FLAG.endHeaders & (type === FRAME.headers ? 4 : 0), streamId, payload);
    t.equal((await client.goAway()).code, code, what);
    await client.closed();
  }
  const { client } = rawClient(t);
  client.socket.write(PREFACE);
  client.send(FRAME.ping, 0, 0, Buffer.alloc(8));
  t.equal((await client.goAway()).code, ERROR_CODE.protocolError, "no SETTINGS first");
});

void t.test("Http2Connection resets a stream for what is wrong with it alone", async (t) => {
  const { client } = rawClient(t);
  client.begin();
  client.request(1, { ":path": undefined });
  t.equal(await client.resetCode(1), ERROR_CODE.protocolError, "no path");
  client.request(3, { te: "gzip" });
  t.equal(await client.resetCode(3), ERROR_CODE.protocolError, "te");
  client.request(5, { connection: "close" });
  t.equal(await client.resetCode(5), ERROR_CODE.protocolError, "connection");
  client.request(7, { Upper: "x" });
  t.equal(await client.resetCode(7), ERROR_CODE.protocolError, "upper case");
  client.request(9, { "content-length": "3" }).send(FRAME.data, 1, 9, [1, 2]);
  t.equal(await client.resetCode(9), ERROR_CODE.protocolError, "content-length");
  client.request(11).send(FRAME.windowUpdate, 0, 11, [0x7f, 0xff, 0xff, 0xff]);
  t.equal(await client.resetCode(11), ERROR_CODE.flowControlError, "window");
  client.request(15).send(FRAME.priority, 0, 15, [0, 0, 0, 15, 0]);
  t.equal(await client.resetCode(15), ERROR_CODE.protocolError, "depends on itself");
  client.request(17, { big: "x".repeat(70_000) }, 0);
  t.match(await client.goAway().then(({ code }) => code), ERROR_CODE.frameSizeError);
});

void t.test(
  "Http2Connection refuses a header list that is too large, not the connection",
  async (t) => {
    const { client } = rawClient(t);
    client.begin();
    const literal = [0x40, 1, 0x61, 0x7f, 0xe9, 0x0e, ...Buffer.alloc(2000, "v")];
    const bomb = Buffer.from([...literal, ...Buffer.alloc(10_000, 0xbe)]);
    client.send(FRAME.headers, FLAG.endHeaders, 1, bomb);
    t.equal(await client.resetCode(1), ERROR_CODE.frameSizeError);
  },
);

void t.test("Http2Connection refuses streams beyond its limit, and tells the limit", async (t) => {
  const { client } = rawClient(t, { maxConcurrentStreams: 2 });
  client.begin();
  for (const streamId of [1, 3, 5]) client.request(streamId);
  t.equal(await client.resetCode(5), ERROR_CODE.refusedStream);
  client.send(FRAME.data, 1, 1, prefixed(Buffer.from("x")));
  await client.trailers(1);
  client.call(7);
  t.same(await client.trailers(7), ["grpc-status: 0"]);
  const settings = client.frames.find(({ type }) => type === FRAME.settings)?.payload;
  t.ok(settings?.includes(Buffer.from([0, 3, 0, 0, 0, 2])));
});

void t.test("Http2Connection shuts down when the last call has ended", async (t) => {
  const waiting: (() => void)[] = [];
  const { client, server } = rawClient(t, {
    channel: echoChannel({
      unary: (_method, request) => new Promise((resolve) => waiting.push(() => resolve(request))),
    }),
  });
  client.begin().call(1);
  await client.settled();
  const closing = server.close({ graceMs: 10_000 });
  t.equal((await client.goAway()).lastStreamId, 2 ** 31 - 1);
  const ping = await client.until(({ type, flags }) => type === FRAME.ping && flags === 0);
  // Still served: it may have been sent before the client knew.
  client.call(3).send(FRAME.ping, FLAG.ack, 0, ping.payload).call(5);
  await client.until(({ type, payload }) => type === FRAME.goAway && payload[3] === 3);
  for (const answer of waiting) answer();
  t.same(await client.trailers(1), ["grpc-status: 0"]);
  t.same(await client.trailers(3), ["grpc-status: 0"]);
  await client.closed();
  await closing;
  t.equal(
    client.frames.some(({ streamId }) => streamId === 5),
    false,
  );
});

void t.test("Http2Connection shuts down after the last stream that there can be", async (t) => {
  const { client, server } = rawClient(t);
  const last = 2 ** 31 - 1;
  client.begin().call(last);
  t.same(await client.trailers(last), ["grpc-status: 0"]);
  const closing = server.close({ graceMs: 60_000 });
  const ping = await client.until(({ type, flags }) => type === FRAME.ping && flags === 0);
  client.send(FRAME.ping, FLAG.ack, 0, ping.payload);
  await client.closed();
  await t.resolves(closing);
});

void t.test("Http2Connection takes no stream after the last that there can be", async (t) => {
  const { client } = rawClient(t);
  client.begin().call(2 ** 31 - 1);
  await client.settled();
  client.call(1);
  t.equal((await client.goAway()).code, ERROR_CODE.protocolError);
});

void t.test("Http2Connection leaves no timer behind when the client goes in between", async (t) => {
  const clock = new TestClock();
  const { client, server } = rawClient(t, { clock });
  client.begin();
  await client.settled();
  const closing = server.close({ graceMs: 60_000 });
  await client.goAway();
  client.socket.destroy();
  await closing;
  t.equal(clock.timerCount, 0);
});

void t.test("Http2Connection follows a table that is emptied within one SETTINGS", async (t) => {
  const { client } = rawClient(t);
  client.begin().call(1);
  await client.trailers(1);
  client.send(FRAME.settings, 0, 0, [0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 16, 0]).call(3);
  t.same(await client.trailers(3), ["grpc-status: 0"]);
  const head = client.frames.find(({ type, streamId }) => type === 1 && streamId === 3)?.payload;
  // First the size that empties it, then the one that holds.
  t.same(head?.subarray(0, 4), Buffer.from([0x20, 0x3f, 0xe1, 0x1f]));
});

void t.test("Http2Connection cancels its calls when the client is gone", async (t) => {
  const canceled = new Promise<void>((resolve) => {
    const { client } = rawClient(t, {
      channel: echoChannel({
        stream: () => ({
          write: () => client.socket.destroy(),
          end: () => undefined,
          cancel: () => resolve(),
          drained: () => undefined,
        }),
      }),
    });
    client.begin().request(1, { ":path": "/etcdserverpb.Watch/Watch" });
    client.send(FRAME.data, 0, 1, prefixed(Buffer.from("x")));
  });
  await t.resolves(canceled);
});

void t.test("Http2Connection pings a silent client and gives up a dead one", async (t) => {
  const clock = new TestClock();
  const { client } = rawClient(t, { clock });
  client.begin();
  await client.settled();
  clock.advance(2 * 3600 * 1000);
  const ping = await client.until(({ type, flags }) => type === FRAME.ping && flags === 0);
  client.send(FRAME.ping, FLAG.ack, 0, ping.payload);
  await client.settled();
  clock.advance(20_000);
  t.equal(client.isClosed, false);
  client.frames.length = 0;
  clock.advance(2 * 3600 * 1000 - 20_000);
  await client.until(({ type, flags }) => type === FRAME.ping && flags === 0);
  clock.advance(20_000);
  await t.resolves(client.closed());
});

void t.test(
  "Http2Connection tells a late frame of a stream it has reset from a wrong one",
  async (t) => {
    const { client } = rawClient(t);
    client.begin().request(1, { te: "x" });
    await client.resetCode(1);
    client.send(FRAME.data, 0, 1, [1, 2, 3]).call(3);
    t.same(await client.trailers(3), ["grpc-status: 0"]);
    client.send(FRAME.data, 0, 3, [1]);
    t.equal((await client.goAway()).code, ERROR_CODE.streamClosed);
  },
);

void t.test("Http2Connection resets with no error what it has answered early", async (t) => {
  // Who is reset makes room for the next.
  const { client } = rawClient(t, { maxConcurrentStreams: 1 });
  client.begin().request(1, { ":path": "/no.Such/Method" });
  t.match(await client.trailers(1), [/200/u, /grpc/u, `grpc-status: ${STATUS.unimplemented}`]);
  await client.settled();
  t.equal(await client.resetCode(1), ERROR_CODE.noError);
  client.request(3, { ":path": "/no.Such/Method" });
  await client.trailers(3);
  client.send(FRAME.data, FLAG.endStream, 3);
  await client.settled();
  await client.settled();
  const resets = client.frames.filter(({ type }) => type === FRAME.rstStream);
  t.equal(resets.length, 1, "none for a client that ends a moment later");
});

void t.test("Http2Connection keeps connections apart", async (t) => {
  let output: StreamOutput | undefined;
  const { client, server } = rawClient(t, {
    channel: echoChannel({
      stream: (_method, _context, to) => {
        output = to;
        return {
          write: () => undefined,
          end: () => undefined,
          cancel: () => undefined,
          drained: () => undefined,
        };
      },
    }),
  });
  client.begin().request(1, { ":path": "/etcdserverpb.Watch/Watch" });
  await client.settled();
  const other = connectTo(server);
  other.begin().send(FRAME.data, 0, 0, [1]);
  await other.goAway();
  output?.write(Buffer.from("event"));
  await client.until(({ type, streamId }) => type === FRAME.data && streamId === 1);
  t.equal(client.isClosed, false);
});
