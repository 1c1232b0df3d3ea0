import t from "tap";
import { KEY_WORK } from "../../../src/mvcc/turns.ts";
import { messages } from "../../../src/wire/index.ts";
import { EMPTY_CONTEXT } from "../../../src/wire/index.ts";
import { refuses, bytes, withServer } from "../server-fixture.ts";
import type { Fixture } from "../server-fixture.ts";

const { CompareResult, CompareTarget } = messages;
const SHORT_TURNS = { turnWork: 2 * KEY_WORK };
const ALL = { key: bytes("k"), rangeEnd: bytes("l") };

async function txn(
  { server }: Fixture,
  request: messages.TxnRequestInit,
): Promise<messages.TxnResponse> {
  const answer = server.unary("txn", messages.encodeTxnRequest(request), EMPTY_CONTEXT);
  t.ok(answer instanceof Promise, "it takes more than one turn");
  return messages.decodeTxnResponse(await answer);
}

async function fill({ client }: Fixture): Promise<void> {
  for (const key of ["k1", "k2", "k3", "k4"]) await client.kv.put(key, `old ${key}`);
}

/** Keys and values of the ranges of an answer. */
function rangesOf({ responses }: messages.TxnResponse): string[][] {
  return responses.map(({ responseRange }) =>
    responseRange!.kvs.map(
      ({ key, value }) => `${Buffer.from(key).toString()}=${Buffer.from(value).toString()}`,
    ),
  );
}

const OLD = ["k1=old k1", "k2=old k2", "k3=old k3", "k4=old k4"];

t.test(
  "A long read-only transaction is of one revision, whatever is written meanwhile",
  async (t) => {
    await withServer(async (fixture) => {
      await fill(fixture);
      const compare = {
        ...ALL,
        target: CompareTarget.mod,
        result: CompareResult.less,
        modRevision: 6,
      };
      const reading = txn(fixture, {
        compare: [compare],
        success: [{ requestRange: ALL }, { requestRange: { ...ALL, revision: 3, limit: 1 } }],
      });
      await fixture.client.kv.put("k2", "new");
      await fixture.client.kv.delete("k3");
      await fixture.client.kv.compact(7);
      const answer = await reading;
      t.equal(answer.succeeded, true);
      t.equal(answer.header?.revision, 5);
      t.same(rangesOf(answer), [OLD, ["k1=old k1"]]);
      t.match(answer.responses[1]?.responseRange, {
        more: true,
        count: 2,
        header: { revision: 5 },
      });
    }, SHORT_TURNS);
  },
);

t.test(
  "A long transaction compares every key of a range, and takes the other branch",
  async (t) => {
    await withServer(async (fixture) => {
      await fill(fixture);
      const value = { target: CompareTarget.value, result: CompareResult.notEqual };
      const lease = { target: CompareTarget.lease, result: CompareResult.equal, lease: 0n };
      const failure = [{ requestRange: { ...ALL, keysOnly: true } }];
      const differs = { ...ALL, ...value, value: bytes("old k4") };
      const answer = await txn(fixture, { compare: [{ ...ALL, ...lease }, differs], failure });
      t.equal(answer.succeeded, false);
      t.same(rangesOf(answer), [["k1=", "k2=", "k3=", "k4="]]);
      const nothing = { ...value, key: bytes("x"), rangeEnd: bytes("y"), value: bytes("") };
      const missing = await txn(fixture, { compare: [{ ...ALL, ...lease }, nothing], failure });
      t.equal(missing.succeeded, false, "no key has a value");
      const single = { key: bytes("k1"), target: CompareTarget.version, version: 1 };
      const holds = await txn(fixture, { compare: [single, { ...ALL, ...lease }] });
      t.equal(holds.succeeded, true);
    }, SHORT_TURNS);
  },
);

t.test("A long transaction refuses what a short one does", async (t) => {
  await withServer(async (fixture) => {
    await fill(fixture);
    await fixture.client.kv.compact(3);
    const ranges = (revision: number): messages.TxnRequestInit => ({
      success: [{ requestRange: ALL }, { requestRange: { ...ALL, revision } }],
    });
    await refuses(txn(fixture, ranges(2)), "compacted");
    await refuses(txn(fixture, ranges(6)), "futureRevision");
    t.same(rangesOf(await txn(fixture, ranges(3))), [OLD, OLD.slice(0, 2)]);
  }, SHORT_TURNS);
});
