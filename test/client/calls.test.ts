import t from "tap";
import { Calls } from "../../src/client/calls.ts";
import {
  EMPTY_CONTEXT,
  EtcdError,
  messages,
  STREAM_METHODS,
  UNARY_METHODS,
} from "../../src/wire/index.ts";
import type { StreamMethod, UnaryMethod } from "../../src/wire/index.ts";
import { FakeChannel } from "./fake-channel.ts";

t.test("Calls.unary() sends the encoded request and decodes the answer", async (t) => {
  const channel = new FakeChannel();
  channel.answer = messages.encodeRangeResponse({ count: 3, header: { revision: 7 } });
  const calls = new Calls(channel, EMPTY_CONTEXT);
  const answer = await calls.unary("range", { key: Buffer.from("a"), limit: 5 });
  t.strictSame([answer.count, answer.header?.revision], [3, 7]);
  const { method, request, context } = channel.call;
  t.equal(method, "range");
  t.match(messages.decodeRangeRequest(request), { limit: 5 });
  t.equal(context, EMPTY_CONTEXT);
});

t.test("Calls.unary() rejects with what the channel throws", async (t) => {
  const channel = new FakeChannel();
  channel.answer = new EtcdError("emptyKey");
  await t.rejects(new Calls(channel, EMPTY_CONTEXT).unary("put", {}), new EtcdError("emptyKey"));
});

t.test("Calls.unary() and Calls.stream() know every method", async (t) => {
  const channel = new FakeChannel();
  const calls = new Calls(channel, EMPTY_CONTEXT);
  for (const method of Object.keys(UNARY_METHODS)) {
    // Object.keys() forgets of what; the tables are made of methods.
    await calls.unary(method as UnaryMethod, {});
  }
  for (const method of Object.keys(STREAM_METHODS)) {
    calls.stream(method as StreamMethod).send({});
  }
  t.strictSame(
    channel.calls.map(({ method }) => method),
    Object.keys(UNARY_METHODS),
  );
  t.strictSame(
    channel.streams.map(({ method, sent }) => [method, sent.length]),
    Object.keys(STREAM_METHODS).map((method) => [method, 1]),
  );
});
