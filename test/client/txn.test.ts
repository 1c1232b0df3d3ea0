import t from "tap";
import { Client, compare, op } from "../../src/client/index.ts";
import type { CompareOperator, Txn } from "../../src/client/index.ts";
import { messages } from "../../src/wire/index.ts";
import { FakeChannel } from "./fake-channel.ts";

function sentBy(txn: Txn): messages.TxnRequest {
  return messages.decodeTxnRequest(messages.encodeTxnRequest(txn.request()));
}

function open(): { client: Client; channel: FakeChannel } {
  const channel = new FakeChannel();
  return { client: new Client(channel), channel };
}

t.test("compare() makes conditions of every target", async (t) => {
  const { CompareResult, CompareTarget } = messages;
  const key = compare("a");
  const { equal, greater, less, notEqual } = CompareResult;
  t.match(key.version("=", 1), { target: CompareTarget.version, result: equal, version: 1 });
  const created = { target: CompareTarget.create, result: greater, createRevision: 2 };
  t.match(key.createRevision(">", 2), created);
  t.match(key.modRevision("<", 3), { target: CompareTarget.mod, result: less, modRevision: 3 });
  const value = key.value("!=", "v");
  t.match(value, { target: CompareTarget.value, result: notEqual, value: Buffer.from("v") });
  t.match(key.lease("=", 5n), { target: CompareTarget.lease, result: equal, lease: 5n });
});

t.test("compare() sends an operand of zero, too", async (t) => {
  const { client } = open();
  const sent = sentBy(client.kv.txn().if(compare("a").version("=", 0)));
  t.equal(sent.compare[0]?.version, 0);
});

t.test("compare() takes a range", async (t) => {
  const { client } = open();
  const operator: CompareOperator = ">";
  const sent = sentBy(client.kv.txn().if(compare("a", { prefix: true }).version(operator, 0)));
  t.equal(Buffer.from(sent.compare[0]?.rangeEnd ?? []).toString(), "b");
});

t.test("Txn collects conditions and both lists, over several calls", async (t) => {
  const { client } = open();
  const sent = sentBy(
    client.kv
      .txn()
      .if(compare("a").version("=", 0))
      .if(compare("b").version("=", 0))
      .then(op.put("a", "1"), op.get("a"))
      .then(op.delete("b"))
      .else(op.get("z", { limit: 4 })),
  );
  t.equal(sent.compare.length, 2);
  t.strictSame(
    sent.success.map(({ requestPut, requestRange, requestDeleteRange }) => [
      requestPut !== undefined,
      requestRange !== undefined,
      requestDeleteRange !== undefined,
    ]),
    [
      [true, false, false],
      [false, true, false],
      [false, false, true],
    ],
  );
  t.equal(sent.failure[0]?.requestRange?.limit, 4);
});

t.test("Txn goes inside of another", async (t) => {
  const { client } = open();
  const inner = client.kv.txn().then(op.put("a", "1"));
  const sent = sentBy(client.kv.txn().then(op.txn(inner)));
  t.equal(sent.success[0]?.requestTxn?.success.length, 1);
});

t.test("Txn.commit() answers every operation by its kind", async (t) => {
  const { client, channel } = open();
  channel.answer = messages.encodeTxnResponse({
    succeeded: true,
    responses: [
      { responseRange: { count: 1 } },
      { responsePut: {} },
      { responseDeleteRange: { deleted: 3 } },
      { responseTxn: { responses: [{ responsePut: {} }] } },
    ],
  });
  const { succeeded, responses } = await client.kv.txn().commit();
  t.equal(succeeded, true);
  t.match(responses, [
    { type: "get", count: 1 },
    { type: "put", prevKv: undefined },
    { type: "delete", deleted: 3 },
    { type: "txn", succeeded: false, responses: [{ type: "put" }] },
  ]);
});

t.test("Txn.commit() rejects an answer of no kind", async (t) => {
  const { client, channel } = open();
  channel.answer = messages.encodeTxnResponse({ responses: [{}] });
  await t.rejects(client.kv.txn().commit(), TypeError);
});

t.test("Txn that is awaited instead of committed says so", async (t) => {
  const { client, channel } = open();
  const txn: unknown = client.kv.txn().then(op.put("a", "1"));
  const awaited = (async () => await txn)();
  await t.rejects(awaited, { message: "Cannot await a transaction: call commit()" });
  t.equal(channel.calls.length, 0);
});
