/** What clients have done to servers of HTTP/2, and what becomes of it here. */
import t from "tap";
import { ERROR_CODE, FLAG, FRAME } from "../../../src/transport/http2/frames.ts";
import {
  CONNECTION_HELD_BYTES_MAX,
  CONTINUATION_FRAMES_MAX,
  EMPTY_FRAMES_MAX,
  PING_STRIKES_MAX,
  RAPID_RESET_BURST,
  SETTINGS_BURST,
  UNREAD_BYTES_MAX,
} from "../../../src/transport/http2/limits.ts";
import { echoChannel } from "../../harness/echo-channel.ts";
import { reachableHeapBytes } from "../../harness/heap.ts";
import { TestClock } from "./test-clock.ts";
import { prefixed, rawClient } from "./raw-client.ts";

const CALM = ERROR_CODE.enhanceYourCalm;
const never = echoChannel({ unary: () => new Promise(() => undefined) });

void t.test("rapid reset ends the connection, patient cancels do not", async (t) => {
  const clock = new TestClock();
  const { client } = rawClient(t, { clock, channel: never });
  client.begin();
  let streamId = 1;
  for (let count = 0; count < 3 * RAPID_RESET_BURST; count++, streamId += 2) {
    client.call(streamId);
  }
  await client.settled();
  clock.advance(2000);
  for (let id = 1; id < streamId; id += 2) client.send(FRAME.rstStream, 0, id, [0, 0, 0, 8]);
  await client.settled();
  for (let count = 0; count <= RAPID_RESET_BURST; count++, streamId += 2) {
    client.call(streamId).send(FRAME.rstStream, 0, streamId, [0, 0, 0, 8]);
  }
  t.equal((await client.goAway()).code, CALM);
});

void t.test("making the server reset counts as resetting", async (t) => {
  const { client } = rawClient(t, { clock: new TestClock(), channel: never });
  client.begin();
  for (let count = 0, streamId = 1; count <= RAPID_RESET_BURST; count++, streamId += 2) {
    client.call(streamId).send(FRAME.windowUpdate, 0, streamId, [0, 0, 0, 0]);
  }
  t.equal((await client.goAway()).code, CALM);
});

void t.test("a flood of CONTINUATION ends the connection, of empty ones as well", async (t) => {
  for (const size of [0, 16_000]) {
    const { client } = rawClient(t);
    client.begin().send(FRAME.headers, 0, 1, client.block());
    for (let count = 0; count <= CONTINUATION_FRAMES_MAX; count++) {
      client.send(FRAME.continuation, 0, 1, Buffer.alloc(size, 0x82));
    }
    t.equal((await client.goAway()).code, CALM);
  }
});

void t.test("frames of no use end the connection", async (t) => {
  const floods = [
    [FRAME.priority, 1, [0, 0, 0, 0, 0]],
    [FRAME.goAway, 0, [0, 0, 0, 0, 0, 0, 0, 0]],
    [200, 0, []],
  ] as const;
  for (const [type, streamId, payload] of floods) {
    const { client } = rawClient(t);
    client.begin();
    for (let count = 0; count <= EMPTY_FRAMES_MAX; count++) {
      client.send(type, 0, streamId, [...payload]);
    }
    t.equal((await client.goAway()).code, CALM);
  }
  const { client } = rawClient(t);
  client.begin().request(1);
  for (let count = 0; count <= EMPTY_FRAMES_MAX; count++) client.send(FRAME.data, 0, 1);
  t.equal((await client.goAway()).code, CALM);
});

void t.test("a flood of SETTINGS ends the connection, one a second does not", async (t) => {
  const clock = new TestClock();
  const { client } = rawClient(t, { clock, keepaliveMinTimeMs: 0 });
  client.begin().request(1);
  const settings = (window: number): void =>
    void client.send(FRAME.settings, 0, 0, [0, 4, 0, 1, 0, window]);
  for (let count = 0; count < 3 * SETTINGS_BURST; count++) {
    clock.advance(1000);
    settings(count % 2);
    await client.settled();
  }
  // In the same breath as other things.
  for (let count = 0; count <= SETTINGS_BURST; count++) {
    settings(count % 2);
    client.call(2 * count + 3);
  }
  t.match(await client.goAway(), { code: CALM, text: "too_many_settings" });
});

void t.test("streams given up without a window leave nothing behind", async (t) => {
  const clock = new TestClock();
  const large = Buffer.alloc(65_535);
  const { client } = rawClient(t, {
    clock,
    keepaliveMinTimeMs: 0,
    channel: echoChannel({ unary: (method, request) => (method === "range" ? large : request) }),
  });
  // The window of the connection is used up, those of the streams are not.
  client.begin([[4, 1_000_000]]).request(1, { ":path": "/etcdserverpb.KV/Range" });
  client.send(FRAME.data, 1, 1, prefixed(Buffer.alloc(0)));
  let streamId = 3;
  const round = async (): Promise<void> => {
    const first = streamId;
    for (let count = 0; count < 2000; count++, streamId += 2) client.call(streamId);
    await client.settled();
    clock.advance(2000);
    for (let id = first; id < streamId; id += 2) client.send(FRAME.rstStream, 0, id, [0, 0, 0, 8]);
    await client.settled();
    client.frames.length = 0;
  };
  await round();
  const before = reachableHeapBytes();
  for (let count = 0; count < 10; count++) await round();
  const grown = reachableHeapBytes() - before;
  // Each of the 20 000 streams is more than half a kilobyte.
  t.ok(grown < 2_000_000, `${grown} bytes more`);
});

void t.test("pings sooner than every five seconds end the connection", async (t) => {
  const clock = new TestClock();
  const { client } = rawClient(t, { clock, channel: never });
  client.begin().call(1);
  const ping = (): void => void client.send(FRAME.ping, 0, 0, Buffer.alloc(8));
  for (let count = 0; count < 20; count++) {
    ping();
    await client.until(
      () => client.frames.filter(({ type }) => type === FRAME.ping).length > count,
    );
    clock.advance(5001);
  }
  for (let count = 0; count <= PING_STRIKES_MAX + 1; count++) ping();
  t.match(await client.goAway(), { code: CALM, text: "too_many_pings" });
});

void t.test("pings without a call end the connection, answers in between forgive", async (t) => {
  const { client } = rawClient(t);
  client.begin();
  const ping = (): void => void client.send(FRAME.ping, 0, 0, Buffer.alloc(8));
  for (let streamId = 1; streamId < 20; streamId += 2) {
    client.call(streamId);
    ping();
    await client.trailers(streamId);
  }
  for (let count = 0; count <= PING_STRIKES_MAX + 1; count++) ping();
  t.match(await client.goAway(), { code: CALM, text: "too_many_pings" });
});

void t.test("a client that does not read is not read from", async (t) => {
  let calls = 0;
  const answer = Buffer.alloc(100_000);
  const { client } = rawClient(t, {
    channel: echoChannel({
      unary: () => {
        calls += 1;
        return answer;
      },
    }),
  });
  const huge = [0x7f, 0, 0, 0];
  client.begin([[4, 2 ** 31 - 1]]).send(FRAME.windowUpdate, 0, 0, huge);
  await client.settled();
  client.socket.pause();
  let accepted = 0;
  for (let streamId = 1; accepted < 5000; streamId += 2, accepted++) {
    client.call(streamId);
    await new Promise(setImmediate);
    if (client.socket.writableLength > 100_000) break;
  }
  t.ok(calls >= 5 && calls * answer.length < 10 * UNREAD_BYTES_MAX, `read from ${calls} times`);
  client.socket.resume();
  await client.trailers(2 * accepted - 1);
  t.ok(calls >= accepted);
});

void t.test("a client that opens no window has its streams refused in the end", async (t) => {
  const answer = Buffer.alloc(8 * 1024 * 1024);
  const { client } = rawClient(t, { channel: echoChannel({ unary: () => answer }) });
  client.begin([[4, 0]]);
  const count = CONNECTION_HELD_BYTES_MAX / answer.length;
  for (let index = 0; index <= count; index++) client.call(2 * index + 1);
  t.equal(await client.resetCode(2 * count + 1), ERROR_CODE.refusedStream);
  client.send(FRAME.rstStream, 0, 1, [0, 0, 0, 8]);
  client.send(FRAME.rstStream, 0, 3, [0, 0, 0, 8]);
  client.call(2 * count + 3);
  await client.settled();
  t.equal(client.frames.filter(({ type }) => type === FRAME.rstStream).length, 1);
});

void t.test("messages that are announced and not sent cost nothing until they come", async (t) => {
  const { client } = rawClient(t);
  client.begin();
  const announced = Buffer.from([0, 0, 0x1f, 0xff, 0xff, 1]);
  for (let streamId = 1; streamId < 2000; streamId += 2) {
    client.request(streamId).send(FRAME.data, 0, streamId, announced);
  }
  await client.settled();
  t.equal(client.isClosed, false);
  for (let streamId = 1; streamId < 2000; streamId += 2) {
    client.send(FRAME.data, FLAG.endStream, streamId);
  }
  const trailers = await client.trailers(1999);
  t.same(trailers.slice(2), ["grpc-status: 2", "grpc-message: unexpected EOF"]);
});
