import { once } from "node:events";
import { createServer, connect } from "node:net";
import type { Socket } from "node:net";
import t from "tap";
import type { Test } from "tap";
import { GrpcChannel } from "../../src/transport/index.ts";
import {
  EMPTY_CONTEXT,
  EtcdError,
  SILENT_LOGGER,
  STATUS,
  STREAM_METHODS,
} from "../../src/wire/index.ts";
import type { Channel, StreamInput, StreamMethod, StreamOutput } from "../../src/wire/index.ts";
import { echoChannel } from "../harness/echo-channel.ts";
import { hostOf, serveChannel } from "./serve-channel.ts";
import { StreamCollector } from "./stream-collector.ts";

/** A channel that notes what its streams are told, and lets the test write. */
class NotingChannel implements Channel {
  readonly told: string[] = [];
  output: StreamOutput | undefined;
  #waiting: { what: string; resolve: () => void }[] = [];

  unary(_method: unknown, request: Uint8Array): Uint8Array {
    return request;
  }

  stream(method: StreamMethod, _context: unknown, output: StreamOutput): StreamInput {
    this.output = output;
    this.#note(method);
    return {
      write: (message) => this.#note(`write ${Buffer.from(message).toString()}`),
      end: () => this.#note("end"),
      cancel: () => this.#note("cancel"),
      drained: () => this.#note("drained"),
    };
  }

  /** Resolves when the streams have been told this. */
  async wasTold(what: string): Promise<void> {
    if (this.told.includes(what)) return;
    await new Promise<void>((resolve) => this.#waiting.push({ what, resolve }));
  }

  #note(what: string): void {
    this.told.push(what);
    for (const waiting of this.#waiting) if (waiting.what === what) waiting.resolve();
  }
}

/** A turn of the event loop: for asserting that nothing more happens. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

void t.test("ServerStream carries many messages each way, in order", async (t) => {
  const { client } = await serveChannel(t, echoChannel());
  const output = new StreamCollector();
  const input = client.stream("watch", EMPTY_CONTEXT, output);
  const sent = Array.from({ length: 1000 }, (_, index) => `message ${index}`);
  for (const text of sent) input.write(Buffer.from(text));
  input.end();
  t.equal(await output.ended, undefined);
  t.same(output.texts, sent);
  t.equal(output.endCount, 1);
});

void t.test("ServerStream is opened for every stream method with its own name", async (t) => {
  const channel = new NotingChannel();
  const { client } = await serveChannel(t, channel);
  // Object.keys() widens the keys.
  for (const method of Object.keys(STREAM_METHODS) as StreamMethod[]) {
    const output = new StreamCollector();
    const input = client.stream(method, EMPTY_CONTEXT, output);
    input.write(Buffer.from(method));
    input.end();
    await channel.wasTold(`write ${method}`);
    await channel.wasTold("end");
    t.same(channel.told.splice(0), [method, `write ${method}`, "end"]);
    channel.output?.write(Buffer.from("answer"));
    channel.output?.end();
    t.equal(await output.ended, undefined);
    t.same(output.texts, ["answer"]);
  }
});

void t.test("ServerStream answers one request with many messages", async (t) => {
  const chunk = Buffer.alloc(1024 * 1024, "x");
  const { client } = await serveChannel(t, {
    ...echoChannel(),
    stream: (_method, _context, output) => {
      let left = 64;
      const send = (): void => {
        while (left > 0) {
          left -= 1;
          if (!output.write(chunk)) return;
        }
        output.end();
      };
      return { write: send, end: () => undefined, cancel: () => undefined, drained: send };
    },
  });
  const output = new StreamCollector();
  client.stream("snapshot", EMPTY_CONTEXT, output).write(Buffer.alloc(0));
  t.equal(await output.ended, undefined);
  t.equal(output.messages.length, 64);
  t.equal(
    output.messages.every((message) => chunk.equals(message)),
    true,
  );
});

void t.test("ServerStream ends with an error after what was written before", async (t) => {
  const { client } = await serveChannel(t, {
    ...echoChannel(),
    stream: (_method, _context, output) => ({
      write: (message) => {
        for (let count = 0; count < 20; count++) output.write(message);
        output.end(new EtcdError("noSpace"));
        // A careless channel; none of it may go out.
        output.write(message);
        output.end();
      },
      end: () => undefined,
      cancel: () => undefined,
      drained: () => undefined,
    }),
  });
  const output = new StreamCollector();
  client.stream("watch", EMPTY_CONTEXT, output).write(Buffer.from("x"));
  t.match(await output.ended, { code: STATUS.resourceExhausted, reason: "noSpace" });
  t.equal(output.messages.length, 20);
});

void t.test("ServerStream passes on what the channel throws, at any step", async (t) => {
  const logged: unknown[] = [];
  const canceled: string[] = [];
  const { client } = await serveChannel(
    t,
    {
      ...echoChannel(),
      stream: (method) => {
        if (method === "watch") throw new EtcdError("stopped");
        return {
          write: () => {
            throw method === "snapshot" ? new EtcdError(13, "cannot parse") : new Error("a bug");
          },
          end: () => undefined,
          cancel: () => {
            canceled.push(method);
            throw new Error("another bug");
          },
          drained: () => undefined,
        };
      },
    },
    { logger: { ...SILENT_LOGGER, error: (_message, fields) => logged.push(fields?.["error"]) } },
  );
  const endOf = async (method: StreamMethod): Promise<EtcdError | undefined> => {
    const output = new StreamCollector();
    client.stream(method, EMPTY_CONTEXT, output).write(Buffer.from("x"));
    return output.ended;
  };
  t.match(await endOf("watch"), { reason: "stopped" });
  t.match(await endOf("snapshot"), { code: STATUS.internal, message: "cannot parse" });
  t.match(await endOf("leaseKeepAlive"), { code: STATUS.internal, message: "a bug" });
  t.same(canceled, ["snapshot", "leaseKeepAlive"]);
  t.same(logged, ["another bug", "a bug", "another bug"]);
  t.equal((await client.unary("put", Buffer.alloc(3), EMPTY_CONTEXT)).length, 3);
});

void t.test("ServerStream does not read from a client that does not read", async (t) => {
  const channel = new NotingChannel();
  const { client } = await serveChannel(t, channel);
  const reader = new StreamCollector();
  reader.reading = false;
  const input = client.stream("watch", EMPTY_CONTEXT, reader);
  input.write(Buffer.from("first"));
  await channel.wasTold("write first");

  const message = Buffer.alloc(64 * 1024);
  let written = 1;
  // The client's window, grpc-js and the stream's own bound take some of it, and then no more.
  while (channel.output?.write(message) === true || written < 100) {
    written += 1;
    if (written > 1000) break;
    await turns(1);
  }
  t.ok(written >= 100 && written < 1000, `blocked after ${written} messages`);

  input.write(Buffer.from("second"));
  // Sent after it on the same connection, and answered.
  await client.unary("put", Buffer.alloc(0), EMPTY_CONTEXT);
  await client.unary("put", Buffer.alloc(0), EMPTY_CONTEXT);
  t.equal(channel.told.includes("write second"), false);

  reader.reading = true;
  input.drained();
  await channel.wasTold("write second");
  t.same(channel.told.slice(-2), ["drained", "write second"]);
  await reader.received(written);
  channel.output?.end();
  t.equal(await reader.ended, undefined);
  t.equal(reader.messages.length, written);
});

void t.test("ServerStream tells the channel once that the client has canceled", async (t) => {
  const channel = new NotingChannel();
  const { client } = await serveChannel(t, channel);
  const output = new StreamCollector();
  const input = client.stream("watch", EMPTY_CONTEXT, output);
  input.write(Buffer.from("x"));
  await channel.wasTold("write x");
  input.cancel();
  input.write(Buffer.from("y"));
  input.end();
  await channel.wasTold("cancel");
  t.equal(channel.output?.write(Buffer.from("late")), true);
  channel.output?.end();
  await client.unary("put", Buffer.alloc(0), EMPTY_CONTEXT);
  t.same(channel.told, ["watch", "write x", "cancel"]);
  t.same([output.messages.length, output.endCount], [0, 0]);
});

void t.test("ServerStream tells the channel nothing after the channel has ended it", async (t) => {
  const channel = new NotingChannel();
  const { client } = await serveChannel(t, channel);
  const output = new StreamCollector();
  const input = client.stream("watch", EMPTY_CONTEXT, output);
  input.write(Buffer.from("x"));
  await channel.wasTold("write x");
  channel.output?.end();
  input.write(Buffer.from("y"));
  input.end();
  t.equal(await output.ended, undefined);
  await client.unary("put", Buffer.alloc(0), EMPTY_CONTEXT);
  t.same(channel.told, ["watch", "write x"]);
});

/** A wire between a client and a server that the test can cut. */
async function wireTo(t: Test, url: string): Promise<{ url: string; cut: () => void }> {
  const sockets: Socket[] = [];
  const server = createServer((near) => {
    const far = connect(hostOf(url));
    for (const socket of [near, far]) socket.on("error", () => undefined);
    near.pipe(far);
    far.pipe(near);
    sockets.push(near, far);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const cut = (): void => sockets.splice(0).forEach((socket) => socket.resetAndDestroy());
  t.teardown(() => {
    cut();
    server.close();
  });
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  return { url: `http://127.0.0.1:${port}`, cut };
}

void t.test("ServerStream is canceled when its connection is cut", async (t) => {
  const channel = new NotingChannel();
  const { client, url } = await serveChannel(t, channel);
  const wire = await wireTo(t, url);
  const doomed = await GrpcChannel.connect(wire.url);
  t.teardown(() => doomed.close());
  const output = new StreamCollector();
  doomed.stream("watch", EMPTY_CONTEXT, output).write(Buffer.from("x"));
  await channel.wasTold("write x");
  wire.cut();
  t.match(await output.ended, { code: STATUS.unavailable });
  await channel.wasTold("cancel");
  await client.unary("put", Buffer.alloc(0), EMPTY_CONTEXT);
  t.same(channel.told, ["watch", "write x", "cancel"]);
});
