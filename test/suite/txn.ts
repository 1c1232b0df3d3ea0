/** Txn: what it does, what it answers, and at which revision. */
import { compare, op } from "../../src/client/index.ts";
import type { messages } from "../../src/wire/index.ts";
import { bytes, currentRevision, keys, REFUSALS, refuses, revisionOf, rows } from "./checks.ts";
import type { SuiteTests } from "./scene.ts";

const EMPTY_HEADER = { clusterId: 0n, memberId: 0n, revision: 0, raftTerm: 0 };

/** The header of an operation inside of a transaction, where only the revision is told. */
function inner(revision: number): messages.ResponseHeader {
  return { ...EMPTY_HEADER, revision };
}

export const txnTests: SuiteTests = {
  "Txn does one list when the conditions hold, and the other when not": async (scene) => {
    const { t, client, prefix } = scene;
    const make = async (): Promise<boolean> => {
      const answer = await client.kv
        .txn()
        .if(compare(`${prefix}a`).version("=", 0))
        .then(op.put(`${prefix}a`, "made"))
        .else(op.put(`${prefix}b`, "found"))
        .commit();
      return answer.succeeded;
    };
    t.equal(await make(), true);
    t.strictSame(rows((await client.kv.get(prefix, { prefix: true })).kvs, prefix), ["a=made"]);
    t.equal(await make(), false);
    const after = await client.kv.get(prefix, { prefix: true });
    t.strictSame(rows(after.kvs, prefix), ["a=made", "b=found"]);
  },

  "Txn with no conditions succeeds": async ({ t, client, prefix }) => {
    const answer = await client.kv
      .txn()
      .then(op.put(`${prefix}a`, "1"))
      .commit();
    t.equal(answer.succeeded, true);
  },

  "Txn with nothing in it succeeds at the revision of now": async ({ t, client }) => {
    const before = await currentRevision(client);
    const answer = await client.kv.txn().commit();
    t.strictSame([answer.succeeded, answer.responses.length], [true, 0]);
    t.equal(revisionOf(answer), before);
  },

  "Txn needs all of its conditions": async ({ t, client, prefix }) => {
    await client.kv.put(`${prefix}a`, "1");
    const both = async (value: string): Promise<boolean> => {
      const one = compare(`${prefix}a`).version("=", 1);
      const other = compare(`${prefix}a`).value("=", value);
      return (await client.kv.txn().if(one, other).commit()).succeeded;
    };
    t.strictSame([await both("1"), await both("2")], [true, false]);
  },

  "Txn answers each operation of the list it did, in order": async ({ t, client, prefix }) => {
    await client.kv.put(`${prefix}a`, "old");
    await client.kv.put(`${prefix}b`, "old");
    const answer = await client.kv
      .txn()
      .then(
        op.put(`${prefix}a`, "new", { prevKv: true }),
        op.get(`${prefix}a`),
        op.delete(`${prefix}b`, { prevKv: true }),
        op.get(`${prefix}b`),
      )
      .else(op.put(`${prefix}z`, "never"))
      .commit();
    const [put, get, removed, gone] = answer.responses;
    t.equal(answer.responses.length, 4);
    t.equal(put?.type === "put" && put.prevKv?.value.toString(), "old");
    t.strictSame(get?.type === "get" && rows(get.kvs, prefix), ["a=new"]);
    t.equal(removed?.type === "delete" && removed.deleted, 1);
    t.strictSame(removed?.type === "delete" && rows(removed.prevKvs, prefix), ["b=old"]);
    t.equal(gone?.type === "get" && gone.count, 0);
    t.strictSame(rows((await client.kv.get(prefix, { prefix: true })).kvs, prefix), ["a=new"]);
  },

  "Txn writes at one revision, whatever the number of its writes": async (scene) => {
    const { t, client, prefix } = scene;
    await client.kv.put(`${prefix}x`, "old");
    const before = await currentRevision(client);
    const answer = await client.kv
      .txn()
      .then(
        op.put(`${prefix}a`, "1"),
        op.put(`${prefix}b`, "2"),
        op.delete(`${prefix}x`),
        op.txn(client.kv.txn().then(op.put(`${prefix}c`, "3"))),
      )
      .commit();
    t.equal(revisionOf(answer), before + 1);
    const { kvs } = await client.kv.get(prefix, { prefix: true });
    t.strictSame(rows(kvs, prefix), ["a=1", "b=2", "c=3"]);
    for (const kv of kvs) {
      t.strictSame([kv.createRevision, kv.modRevision], [before + 1, before + 1]);
    }
  },

  "Txn that changes nothing uses no revision": async ({ t, client, prefix }) => {
    const before = await currentRevision(client);
    const read = await client.kv.txn().then(op.get(prefix)).commit();
    const deletes = op.delete(`${prefix}none`);
    const nothing = await client.kv.txn().then(deletes, op.get(prefix)).commit();
    const nested = op.txn(client.kv.txn().then(op.delete(`${prefix}none`)));
    const deeper = await client.kv.txn().then(nested).commit();
    t.strictSame([read, nothing, deeper].map(revisionOf), [before, before, before]);
    t.equal(await currentRevision(client), before);
  },

  "Txn tells the operations inside only a revision, the new one once something changed": async (
    scene,
  ) => {
    const { t, client, prefix } = scene;
    await client.kv.put(`${prefix}x`, "old");
    const before = await currentRevision(client);
    const answer = await client.kv
      .txn()
      .then(
        op.get(`${prefix}x`),
        op.delete(`${prefix}none`),
        op.delete(`${prefix}x`),
        op.get(`${prefix}x`),
        op.delete(`${prefix}none`),
        op.put(`${prefix}a`, "1"),
      )
      .commit();
    const [old, now] = [inner(before), inner(before + 1)];
    t.strictSame(
      answer.responses.map(({ header }) => header),
      [old, old, now, now, now, now],
    );
    t.not(answer.header?.memberId, 0n, "the outer header is whole");
  },

  "Txn inside of a Txn answers an empty header": async ({ t, client, prefix }) => {
    const nested = client.kv.txn().then(op.put(`${prefix}a`, "1"), op.get(`${prefix}a`));
    const answer = await client.kv.txn().then(op.txn(nested)).commit();
    const [inside] = answer.responses;
    t.strictSame(inside?.header, EMPTY_HEADER, "it is there, and empty");
    if (inside?.type !== "txn") {
      t.fail("the answer of the nested transaction is no transaction's");
      return;
    }
    t.equal(inside.succeeded, true);
    const now = inner(revisionOf(answer));
    t.strictSame(
      inside.responses.map(({ header }) => header),
      [now, now],
    );
  },

  "Txn reads see the writes before them in the same Txn": async ({ t, client, prefix }) => {
    await client.kv.put(`${prefix}b`, "old");
    const all = op.get(prefix, { prefix: true });
    const answer = await client.kv
      .txn()
      .then(all, op.put(`${prefix}a`, "1"), all, op.put(`${prefix}b`, "new"), all)
      .commit();
    const seen = answer.responses.filter((response) => response.type === "get");
    t.strictSame(
      seen.map(({ kvs }) => rows(kvs, prefix).join(" ")),
      ["b=old", "a=1 b=old", "a=1 b=new"],
    );
  },

  "Txn reads with options see the writes before them too": async ({ t, client, prefix }) => {
    const before = revisionOf(await client.kv.put(`${prefix}a`, "2"));
    const options = { prefix: true };
    const answer = await client.kv
      .txn()
      .then(
        op.put(`${prefix}b`, "1"),
        op.get(prefix, { ...options, countOnly: true }),
        op.get(prefix, { ...options, sortTarget: "value", sortOrder: "ascend" }),
        op.get(prefix, { ...options, minModRevision: before + 1 }),
        op.get(prefix, { ...options, limit: 1, keysOnly: true }),
        op.get(prefix, { ...options, revision: before }),
      )
      .commit();
    const seen = answer.responses.flatMap((response) =>
      response.type === "get"
        ? [[rows(response.kvs, prefix).join(" "), response.count, response.more]]
        : [],
    );
    t.strictSame(seen, [
      ["", 2, false],
      ["b=1 a=2", 2, false],
      ["b=1", 2, false],
      ["a=", 2, true],
      ["a=2", 1, false],
    ]);
  },

  "Txn reads with keys_only leave the lease out": async ({ t, client, prefix }) => {
    const { id } = await client.lease.grant(60);
    await client.kv.put(`${prefix}a`, "v", { lease: id });
    const answer = await client.kv
      .txn()
      .then(op.get(`${prefix}a`, { keysOnly: true }))
      .commit();
    const [get] = answer.responses;
    t.equal(get?.type === "get" && get.kvs[0]?.lease, 0n);
    await client.lease.revoke(id);
  },

  "Txn deletes of the same key twice find it once": async ({ t, client, prefix }) => {
    await client.kv.put(`${prefix}a`, "old");
    const remove = op.delete(`${prefix}a`);
    const answer = await client.kv.txn().then(remove, remove).commit();
    t.strictSame(
      answer.responses.map((response) => response.type === "delete" && response.deleted),
      [1, 0],
    );
  },

  "Txn compares everything, also inside, before it writes anything": async (scene) => {
    const { t, client, prefix } = scene;
    const nested = client.kv
      .txn()
      .if(compare(`${prefix}a`).version("=", 0))
      .then(op.put(`${prefix}b`, "compared before"))
      .else(op.put(`${prefix}b`, "compared after"));
    await client.kv
      .txn()
      .then(op.put(`${prefix}a`, "1"), op.txn(nested))
      .commit();
    t.equal((await client.kv.get(`${prefix}b`)).kvs[0]?.value.toString(), "compared before");
  },

  "Txn nests to any depth its operations allow": async ({ t, client, prefix }) => {
    let txn = client.kv.txn().then(op.put(`${prefix}deep`, "1"));
    for (let depth = 0; depth < 20; depth += 1) {
      txn = client.kv.txn().then(op.txn(txn));
    }
    const answer = await txn.commit();
    t.equal(answer.succeeded, true);
    t.equal((await client.kv.get(`${prefix}deep`)).count, 1);
  },

  "Txn in which one operation is refused does nothing of it": async ({ t, client, prefix }) => {
    const before = await currentRevision(client);
    const lease = 0x7fff_0000_0000_0002n;
    const txn = client.kv
      .txn()
      .then(op.put(`${prefix}a`, "1"), op.put(`${prefix}b`, "2", { lease }));
    await refuses(t, txn.commit(), REFUSALS.leaseNotFound);
    t.equal((await client.kv.get(prefix, { prefix: true })).count, 0);
    t.equal(await currentRevision(client), before);
  },

  "Txn checks leases and keys only of the list it does": async ({ t, client, prefix }) => {
    const lease = 0x7fff_0000_0000_0003n;
    const wrong = [
      op.put(`${prefix}b`, "2", { lease }),
      op.put(`${prefix}c`, "", { ignoreValue: true }),
    ];
    const answer = await client.kv
      .txn()
      .then(op.put(`${prefix}a`, "1"))
      .else(...wrong)
      .commit();
    t.equal(answer.succeeded, true);
    const nested = client.kv
      .txn()
      .then(op.put(`${prefix}d`, "1"))
      .else(...wrong);
    t.equal((await client.kv.txn().then(op.txn(nested)).commit()).succeeded, true);
    const { kvs } = await client.kv.get(prefix, { prefix: true });
    t.strictSame(keys(kvs, prefix), ["a", "d"]);
  },

  "Txn refuses ignore_value of a key that only the same Txn makes": async (scene) => {
    const { t, client, prefix } = scene;
    const nested = client.kv.txn().then(op.put(`${prefix}a`, "", { ignoreValue: true }));
    const txn = client.kv.txn().then(op.txn(nested));
    await refuses(t, txn.commit(), REFUSALS.keyNotFound);
    const lease = 0x7fff_0000_0000_0004n;
    const both = op.put(`${prefix}a`, "", { ignoreValue: true, lease });
    await refuses(t, client.kv.txn().then(both).commit(), REFUSALS.leaseNotFound, "lease first");
  },

  "Txn reads at a future revision are refused, even at the one it is making": async (scene) => {
    const { t, client, prefix } = scene;
    const next = (await currentRevision(client)) + 1;
    const read = op.get(prefix, { revision: next });
    await refuses(t, client.kv.txn().then(read).commit(), REFUSALS.future);
    const after = client.kv.txn().then(op.put(`${prefix}a`, "1"), read);
    await refuses(t, after.commit(), REFUSALS.future);
    t.equal((await client.kv.get(`${prefix}a`)).count, 0);
    const inside = client.kv.txn().then(op.txn(client.kv.txn().then(read)));
    await refuses(t, inside.commit(), REFUSALS.future);
    const untaken = await client.kv.txn().else(read).commit();
    t.equal(untaken.succeeded, true, "only the list it does is looked at");
  },

  "Txn reads at an older revision see that one": async ({ t, client, prefix }) => {
    const revision = revisionOf(await client.kv.put(`${prefix}a`, "one"));
    await client.kv.put(`${prefix}a`, "two");
    const answer = await client.kv
      .txn()
      .then(op.put(`${prefix}a`, "three"), op.get(`${prefix}a`, { revision }))
      .commit();
    const get = answer.responses[1];
    t.strictSame(get?.type === "get" && rows(get.kvs, prefix), ["a=one"]);
  },

  "Txn operations on the wire are matched one to one": async ({ t, client, prefix }) => {
    const { succeeded, responses } = await client.unary("txn", {
      success: [
        { requestRange: { key: bytes(`${prefix}none`) } },
        { requestPut: { key: bytes(`${prefix}a`), value: bytes("1") } },
        { requestDeleteRange: { key: bytes(`${prefix}none`) } },
        { requestTxn: {} },
      ],
    });
    t.equal(succeeded, true);
    t.strictSame(
      responses.map((response) =>
        Object.entries(response)
          .filter(([, value]) => value !== undefined)
          .map(([name]) => name)
          .join(),
      ),
      ["responseRange", "responsePut", "responseDeleteRange", "responseTxn"],
    );
  },
};
