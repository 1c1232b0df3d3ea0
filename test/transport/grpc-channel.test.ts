import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { GrpcChannel } from "../../src/transport/index.ts";
import { EMPTY_CONTEXT, EtcdError, STATUS } from "../../src/wire/index.ts";
import { echoChannel } from "../harness/echo-channel.ts";
import { serveChannel } from "./serve-channel.ts";
import { StreamCollector } from "./stream-collector.ts";

const HELLO = Buffer.from("hello");

void t.test("GrpcChannel.connect() takes http and unix, and refuses the rest", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "etcdlet-"));
  t.teardown(() => rmSync(folder, { recursive: true }));
  for (const url of ["http://localhost:0", `unix://${folder}/etcd.sock`]) {
    const { client } = await serveChannel(t, echoChannel(), { clientUrls: [url] });
    t.same(await client.unary("put", HELLO, EMPTY_CONTEXT), HELLO);
  }
  const refused: Record<string, string> = {
    "127.0.0.1:1": "URL scheme must be http, https, unix, or unixs: 127.0.0.1:1",
  };
  for (const [url, message] of Object.entries(refused)) {
    await t.rejects(GrpcChannel.connect(url), { message });
  }
  await t.rejects(GrpcChannel.connect([]), { message: "Cannot connect: no URL given" });
});

void t.test("GrpcChannel refuses with code 14 what has no server", async (t) => {
  const { serving, url } = await serveChannel(t, echoChannel());
  await serving.close({ graceMs: 0 });
  const client = await GrpcChannel.connect(url);
  t.teardown(() => client.close());
  await t.rejects(client.unary("put", HELLO, EMPTY_CONTEXT), {
    name: "EtcdError",
    code: STATUS.unavailable,
  });
  const output = new StreamCollector();
  client.stream("watch", EMPTY_CONTEXT, output).write(HELLO);
  t.match(await output.ended, { name: "EtcdError", code: STATUS.unavailable });
});

void t.test("GrpcChannel takes turns with its URLs and passes over a dead one", async (t) => {
  const dead = await serveChannel(t, echoChannel());
  await dead.serving.close({ graceMs: 0 });
  const [first, second] = [
    await serveChannel(t, echoChannel({ unary: () => Buffer.from("first") })),
    await serveChannel(t, echoChannel({ unary: () => Buffer.from("second") })),
  ];
  const client = await GrpcChannel.connect([dead.url, first.url, second.url]);
  t.teardown(() => client.close());
  await t.rejects(client.unary("put", HELLO, EMPTY_CONTEXT), { code: STATUS.unavailable });
  const answers = new Set<string>();
  for (let count = 0; count < 6; count++) {
    answers.add(Buffer.from(await client.unary("put", HELLO, EMPTY_CONTEXT)).toString());
  }
  t.same([...answers].sort(), ["first", "second"]);
});

void t.test("GrpcChannel sends its metadata, and a call's own before it", async (t) => {
  const { url } = await serveChannel(
    t,
    echoChannel({
      unary: (_method, _request, context) =>
        Buffer.from(`${context.metadata("token")} ${context.metadata("client-api-version")}`),
    }),
  );
  const metadata = { token: "ours", "client-api-version": "3.7" };
  const client = await GrpcChannel.connect(url, { metadata });
  t.teardown(() => client.close());
  const answerIn = async (context = EMPTY_CONTEXT): Promise<string> =>
    Buffer.from(await client.unary("put", HELLO, context)).toString();
  t.equal(await answerIn(), "ours 3.7");
  const own = { metadata: (name: string) => (name === "token" ? "own" : undefined) };
  t.equal(await answerIn(own), "own 3.7");
  t.equal(await answerIn(), "ours 3.7");
});

void t.test("GrpcChannel gives all messages before the error, also to a slow reader", async (t) => {
  const { client } = await serveChannel(t, {
    ...echoChannel(),
    stream: (_method, _context, output) => ({
      write: (message) => {
        for (let count = 0; count < 10; count++) output.write(message);
        output.end(new EtcdError("stopped"));
      },
      end: () => undefined,
      cancel: () => undefined,
      drained: () => undefined,
    }),
  });
  const output = new StreamCollector();
  output.reading = false;
  const input = client.stream("watch", EMPTY_CONTEXT, output);
  input.write(HELLO);
  for (let count = 1; count <= 10; count++) {
    await output.received(count);
    t.equal(output.endCount, 0);
    input.drained();
  }
  t.match(await output.ended, { reason: "stopped" });
  t.equal(output.messages.length, 10);
});

void t.test("GrpcChannel.close() refuses what is under way and what comes later", async (t) => {
  const { client } = await serveChannel(
    t,
    echoChannel({ unary: () => new Promise(() => undefined) }),
  );
  const output = new StreamCollector();
  client.stream("watch", EMPTY_CONTEXT, output).write(HELLO);
  await output.received(1);
  const unary = client.unary("put", HELLO, EMPTY_CONTEXT);
  client.close();
  client.close();
  await t.rejects(unary, { code: STATUS.canceled });
  t.match(await output.ended, { code: STATUS.canceled });
  const closed = { code: STATUS.unavailable, message: "The channel is closed" };
  await t.rejects(client.unary("put", HELLO, EMPTY_CONTEXT), closed);
  t.throws(() => client.stream("watch", EMPTY_CONTEXT, output), closed);
});
