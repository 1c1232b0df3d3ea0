import t from "tap";
import { Client } from "../../src/client/index.ts";
import { EtcdError, messages } from "../../src/wire/index.ts";
import { FakeChannel } from "./fake-channel.ts";

function open(): { client: Client; channel: FakeChannel } {
  const channel = new FakeChannel();
  return { client: new Client(channel), channel };
}

t.test("Kv.get() asks for a range and answers what is there", async (t) => {
  const { client, channel } = open();
  const kv = { key: Buffer.from("a"), value: Buffer.from("1") };
  channel.answer = messages.encodeRangeResponse({ kvs: [kv], count: 1 });
  const { kvs, count } = await client.kv.get("a", { limit: 3 });
  t.strictSame([kvs[0]?.value.toString(), count], ["1", 1]);
  t.equal(messages.decodeRangeRequest(channel.call.request).limit, 3);
});

t.test("Kv.put() and Kv.delete() send what they are given", async (t) => {
  const put = open();
  await put.client.kv.put("a", "1", { lease: 7n });
  const sent = messages.decodePutRequest(put.channel.call.request);
  t.strictSame([Buffer.from(sent.value).toString(), sent.lease], ["1", 7n]);
  const remove = open();
  remove.channel.answer = messages.encodeDeleteRangeResponse({ deleted: 2 });
  t.equal((await remove.client.kv.delete("a", { prefix: true })).deleted, 2);
  t.equal(remove.channel.call.method, "deleteRange");
});

t.test("Kv.compact() waits for the disk only when asked", async (t) => {
  for (const physical of [false, true]) {
    const { client, channel } = open();
    channel.answer = messages.encodeCompactionResponse({ header: { revision: 9 } });
    const header = await client.kv.compact(5, { physical });
    t.equal(header?.revision, 9);
    t.match(messages.decodeCompactionRequest(channel.call.request), { revision: 5, physical });
  }
  const { client, channel } = open();
  await client.kv.compact(5);
  t.equal(messages.decodeCompactionRequest(channel.call.request).physical, false);
});

t.test("Kv.getStream() gives the pieces and cancels when it is left", async (t) => {
  const { client, channel } = open();
  const chunks = client.kv.getStream("a", { prefix: true });
  const first = chunks.next();
  const far = channel.lastStream;
  t.equal(far.ended, true, "one request and no more");
  t.equal(far.sent.length, 1);
  for (const count of [1, 2]) {
    far.output.write(messages.encodeRangeStreamResponse({ rangeResponse: { count } }));
  }
  t.equal((await first).value?.count, 1);
  t.equal((await chunks.next()).value?.count, 2);
  await chunks.return();
  t.equal(far.canceled, true);
});

t.test("Kv.getStream() rejects with what the stream ends with", async (t) => {
  const { client, channel } = open();
  const chunk = client.kv.getStream("a").next();
  channel.lastStream.output.end(new EtcdError("rangeStreamSort"));
  await t.rejects(chunk, new EtcdError("rangeStreamSort"));
});
