/** What clients may make the server hold: each is bounded, however long they go on. */
import type { Duplex } from "node:stream";
import t from "tap";
import type { Test } from "tap";
import { GrpcServer } from "../../../src/transport/grpc-server.ts";
import type { GrpcServerOptions } from "../../../src/transport/grpc-server.ts";
import { ERROR_CODE, FLAG, FRAME, PREFACE } from "../../../src/transport/http2/frames.ts";
import {
  HANDSHAKE_TIMEOUT_MS,
  HEADER_LIST_BYTES_MAX,
  RECEIVED_BYTES_MAX,
  SOCKET_QUEUE_BYTES_MAX,
  STREAM_HELD_BYTES_MAX,
  UNREAD_BYTES_MAX,
} from "../../../src/transport/http2/limits.ts";
import { SILENT_LOGGER } from "../../../src/wire/index.ts";
import type { StreamOutput } from "../../../src/wire/index.ts";
import { echoChannel } from "../../harness/echo-channel.ts";
import { reachableHeapBytes } from "../../harness/heap.ts";
import { turn } from "../fuzz/budget.ts";
import { duplexPair } from "./duplex-pair.ts";
import { RawClient, connectTo, prefixed, rawClient } from "./raw-client.ts";
import { TestClock } from "./test-clock.ts";

const WATCH = { ":path": "/etcdserverpb.Watch/Watch" };
const WIDE = [0x7f, 0, 0, 0];

/** A client, and the server's end of its wire. */
function serve(
  t: Test,
  options: Partial<GrpcServerOptions>,
  isSecure = false,
): { client: RawClient; far: Duplex } {
  const server = new GrpcServer({
    channel: echoChannel(),
    pages: { page: () => ({ status: 200, headers: {}, body: "page" }) },
    logger: SILENT_LOGGER,
    ...options,
  });
  t.teardown(() => server.close({ graceMs: 0 }));
  const [near, far] = duplexPair();
  // As a socket of TLS says of itself.
  if (isSecure) Object.assign(far, { encrypted: true });
  server.handle(far);
  return { client: new RawClient(near), far };
}

/** Events without end, as fast as they are taken. */
class Producer {
  readonly #output: StreamOutput;
  readonly #event: Uint8Array;
  sentBytes = 0;

  constructor(output: StreamOutput, eventBytes: number) {
    this.#output = output;
    this.#event = new Uint8Array(eventBytes);
  }

  produce(): void {
    do this.sentBytes += this.#event.length;
    while (this.#output.write(this.#event) && this.sentBytes < 1e9);
  }
}

function producers(t: Test, eventBytes: number): { client: RawClient; all: Producer[] } {
  const all: Producer[] = [];
  const { client } = serve(t, {
    channel: echoChannel({
      stream: (_method, _context, output) => {
        const producer = new Producer(output, eventBytes);
        all.push(producer);
        return {
          write: () => producer.produce(),
          end: () => undefined,
          cancel: () => undefined,
          drained: () => producer.produce(),
        };
      },
    }),
  });
  return { client, all };
}

void t.test("streams without a window stop who produces for them", async (t) => {
  for (const eventBytes of [1, 1000, 1_000_000]) {
    const { client, all } = producers(t, eventBytes);
    client.begin([[4, 0]]);
    for (let streamId = 1; streamId < 100; streamId += 2) {
      client.request(streamId, WATCH).send(FRAME.data, 0, streamId, prefixed(Buffer.from("x")));
    }
    await client.settled();
    t.equal(all.length, 50);
    t.ok(all.every(({ sentBytes }) => sentBytes <= STREAM_HELD_BYTES_MAX + eventBytes));
    client.send(FRAME.windowUpdate, 0, 1, [0, 1, 0, 0]);
    await client.until(({ type, streamId }) => type === FRAME.data && streamId === 1);
  }
});

void t.test("a client that does not read stops who produces for it", async (t) => {
  const { client, all } = producers(t, 10_000);
  client.begin([[4, 2 ** 31 - 1]]).send(FRAME.windowUpdate, 0, 0, WIDE);
  await client.settled();
  client.socket.pause();
  client.request(1, WATCH).send(FRAME.data, 0, 1, prefixed(Buffer.from("x")));
  for (let count = 0; count < 100; count++) await turn();
  const sentBytes = all[0]?.sentBytes ?? 0;
  const most = 2 * SOCKET_QUEUE_BYTES_MAX + 2 * STREAM_HELD_BYTES_MAX;
  t.ok(sentBytes > 0 && sentBytes < most, `${sentBytes} bytes`);
});

void t.test("answers that nobody reads are not made without end", async (t) => {
  const floods: Record<string, (client: RawClient, count: number) => void> = {
    "refused streams": (client, count) => void client.request(2 * count + 3, {}, 0x5),
    "malformed requests": (client, count) => {
      client.request(2 * count + 3, { te: "x" });
    },
    pings: (client) => void client.send(FRAME.ping, 0, 0, Buffer.alloc(8)),
    "pings by TLS": (client) => void client.send(FRAME.ping, 0, 0, Buffer.alloc(8)),
    "windows of a byte": (client) => void client.send(FRAME.windowUpdate, 0, 1, [0, 0, 0, 1]),
  };
  for (const [name, flood] of Object.entries(floods)) {
    const options = { maxConcurrentStreams: 1, clock: new TestClock() };
    const { client, far } = serve(t, options, name.endsWith("TLS"));
    client
      .begin([[4, 0]])
      .request(1)
      .send(FRAME.data, 0, 1, prefixed(Buffer.alloc(16_000)));
    await client.settled();
    client.socket.pause();
    let most = 0;
    for (let count = 0; count < 100_000; count++) {
      flood(client, count);
      if (count % 1000 === 0) await turn();
      most = Math.max(most, far.writableLength);
    }
    t.ok(most < 2 * UNREAD_BYTES_MAX, `${name}: at most ${most} bytes`);
  }
});

void t.test("requests that wait for the end of their stream are bounded together", async (t) => {
  const { client } = rawClient(t, { clock: new TestClock() });
  client.begin();
  const body = prefixed(Buffer.alloc(2_000_000));
  const send = (streamId: number, path: string): void => {
    client.request(streamId, { ":path": path });
    for (let at = 0; at < body.length; at += 16_384) {
      client.send(FRAME.data, 0, streamId, body.subarray(at, at + 16_384));
    }
  };
  let streamId = 1;
  for (let count = 0; count < 2 * (RECEIVED_BYTES_MAX / body.length); count++, streamId += 2) {
    send(streamId, "/etcdserverpb.KV/RangeStream");
    await turn();
    if (client.frames.some(({ type }) => type === FRAME.headers)) break;
  }
  t.match((await client.trailers(streamId)).join(), /grpc-status: 8,.* in unfinished messages/u);
  // One that is given up makes room for another, which needs it only until it is answered.
  client.send(FRAME.rstStream, 0, 1, [0, 0, 0, 8]);
  client.send(FRAME.windowUpdate, 0, 0, WIDE);
  for (let count = 0; count < 3; count++) {
    streamId += 2;
    send(streamId, "/etcdserverpb.KV/Put");
    client.send(FRAME.windowUpdate, 0, streamId, [0, 0x7f, 0, 0]);
    t.same(await client.trailers(streamId), ["grpc-status: 0"]);
  }
});

void t.test("header lists far larger than their blocks leave nothing behind", async (t) => {
  const { client } = rawClient(t, { clock: new TestClock() });
  client.begin();
  const large = { name: "a", value: "v".repeat(4000), isCommon: true };
  client.send(FRAME.headers, 0x5, 1, client.encoder.encode([large]));
  await client.resetCode(1);
  // Each byte stands for four thousand: 40 MB a request.
  const bomb = Buffer.alloc(10_000, 0xbe);
  const before = reachableHeapBytes();
  for (let streamId = 3; streamId < 600; streamId += 2) {
    client.send(FRAME.headers, 0x5, streamId, bomb);
    if (streamId % 50 === 1) await turn();
  }
  t.equal(await client.resetCode(599), ERROR_CODE.frameSizeError);
  const grown = reachableHeapBytes() - before;
  t.ok(grown < 10 * HEADER_LIST_BYTES_MAX, `${grown} bytes more`);
});

void t.test("quiet connections cost a few kilobytes each, whatever they have done", async (t) => {
  const { client, server } = rawClient(t);
  await client.begin().settled();
  const memory = (): number => reachableHeapBytes() + process.memoryUsage().arrayBuffers;
  const before = memory();
  const count = 200;
  const clients = Array.from({ length: count }, () => connectTo(server).begin());
  // One call after another, 80 KB in all.
  for (let streamId = 1; streamId < 400; streamId += 2) {
    for (const each of clients) {
      each.call(streamId, Buffer.alloc(400)).send(FRAME.windowUpdate, 0, 0, [0, 0, 4, 0]);
    }
    for (const each of clients) await each.trailers(streamId);
    for (const each of clients) each.frames.length = 0;
  }
  const bytes = (memory() - before) / count;
  // Both ends of the wire, the client and its tables among them.
  t.ok(bytes < 60_000, `${bytes} bytes each`);
  for (const each of clients) each.socket.destroy();
  for (let turns = 0; turns < 10; turns++) await turn();
  clients.length = 0;
  const left = memory() - before;
  t.ok(left < 1_000_000, `${left} bytes left of all`);
});

void t.test(
  "a client has two minutes for its first SETTINGS, and no end of time after",
  async (t) => {
    const clock = new TestClock();
    const { client } = serve(t, { clock });
    client.socket.write(PREFACE.subarray(0, 10));
    await turn();
    clock.advance(HANDSHAKE_TIMEOUT_MS - 1);
    t.equal(client.isClosed, false);
    clock.advance(1);
    await client.closed();

    const slow = serve(t, { clock }).client;
    slow.begin().request(1);
    await turn();
    const body = prefixed(Buffer.from("hello"));
    for (const [index, byte] of body.entries()) {
      clock.advance(HANDSHAKE_TIMEOUT_MS);
      slow.send(FRAME.data, index + 1 === body.length ? FLAG.endStream : 0, 1, [byte]);
      await turn();
    }
    t.same(await slow.trailers(1), ["grpc-status: 0"]);
  },
);

void t.test("windows that SETTINGS make too large end the connection", async (t) => {
  const { client } = rawClient(t);
  client.begin().request(1).send(FRAME.windowUpdate, 0, 1, [0x7f, 0, 0, 0]);
  client.send(FRAME.settings, 0, 0, [0, 4, 0x7f, 0xff, 0xff, 0xff]);
  t.equal((await client.goAway()).code, ERROR_CODE.flowControlError);
});

void t.test("a request that depends on itself is reset, and costs patience", async (t) => {
  const { client } = rawClient(t, { clock: new TestClock() });
  client.begin();
  for (let streamId = 1; streamId < 2100; streamId += 2) {
    const dependency = [0, 0, streamId >> 8, streamId & 0xff, 9];
    const flags = FLAG.priority | FLAG.endHeaders;
    client.send(FRAME.headers, flags, streamId, [...dependency, ...client.block()]);
  }
  t.equal(await client.resetCode(1), ERROR_CODE.protocolError);
  t.equal((await client.goAway()).code, ERROR_CODE.enhanceYourCalm);
});
