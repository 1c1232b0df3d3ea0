import t from "tap";
import { isReadOnly } from "../../../src/server/txn/txn.ts";
import { messages } from "../../../src/wire/index.ts";
import { bytes, refuses, withServer } from "../server-fixture.ts";

const { CompareResult, CompareTarget } = messages;

function put(key: string, value = ""): messages.RequestOpInit {
  return { requestPut: { key: bytes(key), value: bytes(value) } };
}

function del(key: string, rangeEnd = ""): messages.RequestOpInit {
  return { requestDeleteRange: { key: bytes(key), rangeEnd: bytes(rangeEnd) } };
}

function get(key: string, revision = 0): messages.RequestOpInit {
  return { requestRange: { key: bytes(key), revision } };
}

function nested(txn: messages.TxnRequestInit): messages.RequestOpInit {
  return { requestTxn: txn };
}

function exists(key: string): messages.CompareInit {
  const target = CompareTarget.version;
  return { key: bytes(key), target, result: CompareResult.greater, version: 0 };
}

t.test("isReadOnly() is a transaction of ranges on its top level, and an empty one", async (t) => {
  const readOnly = (request: messages.TxnRequestInit): boolean =>
    isReadOnly(messages.decodeTxnRequest(messages.encodeTxnRequest(request)));
  t.equal(readOnly({}), true);
  t.equal(readOnly({ success: [get("a")], failure: [get("b")] }), true);
  t.equal(readOnly({ success: [get("a")], failure: [del("b")] }), false);
  t.equal(readOnly({ success: [put("a")] }), false);
  t.equal(readOnly({ success: [nested({ success: [get("a")] })] }), false);
});

t.test("A transaction chooses its branch by all conditions together", async (t) => {
  await withServer(async ({ client }) => {
    await client.kv.put("a", "1");
    const branch = async (compare: messages.CompareInit[]): Promise<boolean> => {
      const txn = await client.unary("txn", { compare, success: [get("a")], failure: [get("b")] });
      t.equal(txn.responses[0]!.responseRange!.count, txn.succeeded ? 1 : 0);
      return txn.succeeded;
    };
    t.equal(await branch([]), true);
    t.equal(await branch([exists("a")]), true);
    t.equal(await branch([exists("a"), exists("b")]), false);
  });
});

t.test("A transaction's changes share a revision; its headers say what each saw", async (t) => {
  await withServer(async ({ client }) => {
    await client.kv.put("old", "1");
    const { header, responses } = await client.unary("txn", {
      success: [
        get("old"),
        del("missing"),
        put("a", "1"),
        get("a"),
        del("missing"),
        nested({ success: [put("b", "2"), get("a")] }),
        get("a", 2),
      ],
    });
    t.equal(header?.revision, 3);
    const [first, none, made, read, later, inner, past] = responses;
    t.same(first?.responseRange?.header, { clusterId: 0n, memberId: 0n, revision: 2, raftTerm: 0 });
    t.equal(none?.responseDeleteRange?.header?.revision, 2);
    t.equal(made?.responsePut?.header?.revision, 3);
    t.equal(read?.responseRange?.header?.revision, 3);
    t.equal(read?.responseRange?.kvs[0]?.modRevision, 3);
    t.equal(later?.responseDeleteRange?.header?.revision, 3);
    const empty = { clusterId: 0n, memberId: 0n, revision: 0, raftTerm: 0 };
    t.same(inner?.responseTxn?.header, empty);
    t.equal(inner?.responseTxn?.succeeded, true);
    t.equal(inner?.responseTxn?.responses[0]?.responsePut?.header?.revision, 3);
    t.equal(past?.responseRange?.count, 0, "an older revision is as it was");
  });
});

t.test("A transaction's conditions see the state before it, nested ones too", async (t) => {
  await withServer(async ({ client }) => {
    const { responses } = await client.unary("txn", {
      success: [
        put("a"),
        nested({ compare: [exists("a")], success: [put("yes")], failure: [put("no")] }),
      ],
    });
    t.equal(responses[1]?.responseTxn?.succeeded, false);
    t.equal((await client.kv.get("no")).count, 1);
    t.equal((await client.kv.get("yes")).count, 0);
  });
});

t.test("A transaction is refused before anything is written", async (t) => {
  await withServer(async ({ client, store }) => {
    await client.kv.put("a", "1");
    await client.kv.put("a", "2");
    await client.kv.compact(3);
    const missingLease = { requestPut: { key: bytes("k"), lease: 9n } };
    const keepMissing = { requestPut: { key: bytes("k"), ignoreValue: true } };
    const cases = [
      [{ success: [put("x"), get("a", 4)] }, "futureRevision"],
      [{ success: [put("x"), get("a", 2)] }, "compacted"],
      [{ success: [put("x"), get("a", -1)] }, "compacted"],
      [{ success: [get("a", -2)] }, "compacted"],
      [{ success: [get("a", 4)] }, "futureRevision"],
      [{ success: [put("x"), missingLease] }, "leaseNotFound"],
      [{ success: [put("x"), keepMissing] }, "keyNotFound"],
      [{ success: [put("x"), nested({ success: [missingLease] })] }, "leaseNotFound"],
      [{ compare: [exists("none")], failure: [put("x"), missingLease] }, "leaseNotFound"],
    ] as const;
    for (const [request, reason] of cases) {
      const call = client.unary("txn", request);
      await refuses(call, reason);
    }
    t.equal(store.visibleRevision, 3);
    t.equal((await client.kv.get("x")).count, 0);
    const untaken = await client.unary("txn", { success: [put("x")], failure: [missingLease] });
    t.equal(untaken.succeeded, true, "the branch that is not taken is not checked");
  });
});

t.test(
  "A transaction takes a negative revision as the newest until something is compacted",
  async (t) => {
    await withServer(async ({ client }) => {
      await client.kv.put("a", "1");
      const { responses } = await client.unary("txn", { success: [get("a", -1)] });
      t.equal(responses[0]?.responseRange?.count, 1);
      await refuses(client.unary("txn", { success: [get("a", -2)] }), "compacted");
    });
  },
);

t.test("A transaction that changes nothing takes no revision and tells no watcher", async (t) => {
  await withServer(async ({ client, store, engine }) => {
    await client.kv.put("a", "1");
    const { writeCount } = engine;
    const { header } = await client.unary("txn", { success: [del("missing"), get("a")] });
    t.equal(header?.revision, 2);
    t.equal(store.visibleRevision, 2);
    t.equal(engine.writeCount, writeCount);
  });
});

t.test("A transaction may change a key twice through etcd's holes", async (t) => {
  await withServer(async ({ client, store }) => {
    await client.kv.put("h5", "old");
    const { header } = await client.unary("txn", { success: [del("h0", "\0"), put("h5", "new")] });
    t.equal(header?.revision, 3);
    const { kvs } = await client.kv.get("h5");
    t.match(kvs[0], { createRevision: 3, modRevision: 3, version: 1 });
    await client.unary("txn", {
      success: [nested({ success: [put("k", "1")] }), nested({ success: [del("k")] })],
    });
    t.equal((await client.kv.get("k")).count, 0);
    t.equal((await client.kv.get("h5", { revision: 2 })).kvs[0]?.value.toString(), "old");
    t.equal(store.visibleRevision, 4);
  });
});
