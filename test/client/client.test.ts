import t from "tap";
import { Client } from "../../src/client/index.ts";
import { EMPTY_CONTEXT, messages } from "../../src/wire/index.ts";
import { FakeChannel } from "./fake-channel.ts";

t.test("Client without metadata sends none", async (t) => {
  const channel = new FakeChannel();
  await new Client(channel).kv.get("a");
  t.equal(channel.call.context, EMPTY_CONTEXT);
});

t.test("Client sends its metadata with every call and stream", async (t) => {
  const channel = new FakeChannel();
  const client = new Client(channel, { metadata: { token: "secret" } });
  await client.lease.leases();
  client.watchStream();
  t.equal(channel.call.context.metadata("token"), "secret");
  t.equal(channel.call.context.metadata("other"), undefined);
  t.equal(channel.lastStream.context.metadata("token"), "secret");
});

t.test("Client.unary() and Client.stream() speak the messages of the wire", async (t) => {
  const channel = new FakeChannel();
  channel.answer = messages.encodeHealthCheckResponse({ status: 1 });
  const client = new Client(channel);
  t.equal((await client.unary("healthCheck", { service: "x" })).status, 1);
  const stream = client.stream("healthWatch");
  stream.send({ service: "y" });
  const [sent = new Uint8Array()] = channel.lastStream.sent;
  t.equal(messages.decodeHealthCheckRequest(sent).service, "y");
});

t.test("Client.watchStream() is a stream for many watches", async (t) => {
  const channel = new FakeChannel();
  const stream = new Client(channel).watchStream();
  stream.send({ createRequest: { key: Buffer.from("a"), watchId: 4 } });
  stream.send({ cancelRequest: { watchId: 4 } });
  t.equal(channel.lastStream.method, "watch");
  t.equal(channel.lastStream.sent.length, 2);
  channel.lastStream.output.write(messages.encodeWatchResponse({ watchId: 4, created: true }));
  const { value } = await stream.next();
  t.match(value, { watchId: 4, created: true });
});
