/** Txn: what may be in one, and what may not. */
import { compare, op } from "../../src/client/index.ts";
import type { Client, Operation, Txn } from "../../src/client/index.ts";
import { bytes, currentRevision, REFUSALS, refuses, rows, within } from "./checks.ts";
import type { Scene, SuiteTests } from "./scene.ts";

const ZERO = Uint8Array.of(0);

function gets(prefix: string, count: number): Operation[] {
  return Array.from({ length: count }, (_none, index) => op.get(`${prefix}${index}`));
}

async function accepts({ t }: Pick<Scene, "t">, txn: Txn, what: string): Promise<void> {
  t.equal((await txn.commit()).succeeded, true, what);
}

/** A transaction that, in its list for success, does exactly this. */
function nested(client: Client, ...operations: Operation[]): Operation {
  return op.txn(client.kv.txn().then(...operations));
}

export const txnRulesTests: SuiteTests = {
  "Txn takes 128 operations in a list and refuses more": async (scene) => {
    const { t, client, prefix } = scene;
    await accepts(scene, client.kv.txn().then(...gets(prefix, 128)), "128 operations");
    const more = client.kv.txn().then(...gets(prefix, 129));
    await refuses(t, more.commit(), REFUSALS.tooManyOps);
    const failure = client.kv.txn().else(...gets(prefix, 129));
    await refuses(t, failure.commit(), REFUSALS.tooManyOps);
    const both = client.kv.txn().then(...gets(prefix, 128));
    await accepts(scene, both.else(...gets(prefix, 128)), "each list by itself");
  },

  "Txn counts its conditions like operations": async ({ t, client, prefix }) => {
    const conditions = (count: number) =>
      Array.from({ length: count }, () => ({ key: bytes(prefix) }));
    const full = await client.unary("txn", { compare: conditions(128) });
    t.equal(full.succeeded, true);
    await refuses(t, client.unary("txn", { compare: conditions(129) }), REFUSALS.tooManyOps);
  },

  "Txn leaves those inside of it what it has not used": async (scene) => {
    const { t, client, prefix } = scene;
    const make = (outer: number, inside: number): Txn =>
      client.kv
        .txn()
        .then(...gets(prefix, outer - 1), nested(client, ...gets(`${prefix}n`, inside)));
    await accepts(scene, make(100, 28), "100 and 28 inside");
    await refuses(t, make(100, 29).commit(), REFUSALS.tooManyOps);
    const conditions = Array.from({ length: 100 }, () => compare(prefix).version("=", 0));
    const asked = client.kv.txn().if(...conditions);
    await refuses(
      t,
      asked.then(nested(client, ...gets(prefix, 29))).commit(),
      REFUSALS.tooManyOps,
      "conditions count",
    );
    const twice = client.kv
      .txn()
      .then(nested(client, ...gets(prefix, 126)), nested(client, ...gets(prefix, 126)));
    await accepts(scene, twice, "those side by side do not share");
  },

  "Txn looks at the number of operations before it looks at them": async (scene) => {
    const { t, client, prefix } = scene;
    const empty = Array.from({ length: 129 }, () => op.get(""));
    await refuses(
      t,
      client.kv
        .txn()
        .then(...empty)
        .commit(),
      REFUSALS.tooManyOps,
    );
    const wrong = client.kv.txn().then(op.get(""), ...gets(prefix, 1));
    await refuses(t, wrong.commit(), REFUSALS.emptyKey);
  },

  "Txn refuses an operation as its own call would": async (scene) => {
    const { t, client, prefix } = scene;
    const key = bytes(`${prefix}a`);
    const cases = [
      [{ requestRange: {} }, REFUSALS.emptyKey],
      [{ requestPut: {} }, REFUSALS.emptyKey],
      [{ requestDeleteRange: {} }, REFUSALS.emptyKey],
      [{ requestRange: { key, sortOrder: 7 } }, REFUSALS.sortOption],
      [{ requestPut: { key, value: key, ignoreValue: true } }, REFUSALS.valueProvided],
      [{ requestPut: { key, lease: 1n, ignoreLease: true } }, REFUSALS.leaseProvided],
      [{ requestPut: { key, ignoreLease: true } }, REFUSALS.keyNotFound],
      [{ requestTxn: { compare: [{}] } }, REFUSALS.emptyKey],
      [{}, REFUSALS.keyNotFound],
    ] as const;
    for (const [operation, refusal] of cases) {
      const what = Object.keys(operation).join() || "no operation";
      await refuses(t, client.unary("txn", { success: [operation] }), refusal, what);
    }
    const inside = client.unary("txn", { success: [{ requestTxn: { success: [{}] } }] });
    await refuses(t, inside, REFUSALS.keyNotFound);
  },

  "Txn looks at the form of both lists, whichever it does": async ({ t, client, prefix }) => {
    const wrong = client.unary("txn", {
      success: [{ requestRange: { key: bytes(prefix) } }],
      failure: [{ requestPut: {} }],
    });
    await refuses(t, wrong, REFUSALS.emptyKey);
  },

  "Txn refuses to put a key twice": async ({ t, client, prefix }) => {
    const put = op.put(`${prefix}a`, "1");
    await refuses(t, client.kv.txn().then(put, put).commit(), REFUSALS.duplicateKey);
    await refuses(t, client.kv.txn().else(put, put).commit(), REFUSALS.duplicateKey, "else too");
    t.equal((await client.kv.get(`${prefix}a`)).count, 0);
  },

  "Txn may put a key in one list and in the other": async (scene) => {
    const put = op.put(`${scene.prefix}a`, "1");
    await accepts(scene, scene.client.kv.txn().then(put).else(put), "one of them is done");
  },

  "Txn refuses to put what it deletes, in either order": async ({ t, client, prefix }) => {
    const put = op.put(`${prefix}b`, "1");
    const one = op.delete(`${prefix}b`);
    const range = op.delete(`${prefix}a`, { rangeEnd: `${prefix}c` });
    for (const remove of [one, range]) {
      await refuses(t, client.kv.txn().then(put, remove).commit(), REFUSALS.duplicateKey);
      await refuses(t, client.kv.txn().then(remove, put).commit(), REFUSALS.duplicateKey);
    }
  },

  "Txn may put what lies at the end of what it deletes": async (scene) => {
    const { client, prefix } = scene;
    const remove = op.delete(`${prefix}a`, { rangeEnd: `${prefix}b` });
    await accepts(scene, client.kv.txn().then(remove, op.put(`${prefix}b`, "1")), "the end is out");
  },

  "Txn may delete the same twice": async ({ t, client, prefix }) => {
    await client.kv.put(`${prefix}a`, "1");
    const one = op.delete(`${prefix}a`);
    const range = op.delete(prefix, { prefix: true });
    const answer = await client.kv.txn().then(range, one, range).commit();
    t.strictSame(
      answer.responses.map((response) => response.type === "delete" && response.deleted),
      [1, 0, 0],
    );
  },

  "Txn may read what it writes and deletes": async (scene) => {
    const { client, prefix } = scene;
    const get = op.get(prefix, { prefix: true });
    const txn = client.kv.txn().then(get, op.put(`${prefix}a`, "1"), get, op.delete(`${prefix}b`));
    await accepts(scene, txn.then(get), "reads never stand in the way");
  },

  "Txn refuses to put inside what it puts or deletes outside": async (scene) => {
    const { t, client, prefix } = scene;
    const put = op.put(`${prefix}a`, "1");
    const remove = op.delete(`${prefix}a`);
    const twice = async (...operations: Operation[]): Promise<void> => {
      await refuses(
        t,
        client.kv
          .txn()
          .then(...operations)
          .commit(),
        REFUSALS.duplicateKey,
      );
    };
    await twice(nested(client, put), put);
    await twice(put, nested(client, put));
    await twice(remove, nested(client, put));
    await twice(nested(client, put), remove);
    await twice(nested(client, put), nested(client, put));
    await twice(nested(client, remove), put);
    await twice(nested(client, nested(client, put)), put);
  },

  "Txn may put a key in both lists of one inside of it": async (scene) => {
    const { t, client, prefix } = scene;
    const put = op.put(`${prefix}a`, "1");
    const either = op.txn(client.kv.txn().then(put).else(put));
    await accepts(scene, client.kv.txn().then(either), "one of them is done");
    const again = client.kv.txn().then(either, put);
    await refuses(t, again.commit(), REFUSALS.duplicateKey);
  },

  "Txn finds a put after a delete inside, but not a delete after a put inside": async (scene) => {
    const { t, client, prefix } = scene;
    const put = nested(client, op.put(`${prefix}a`, "1"));
    const remove = nested(client, op.delete(`${prefix}a`));
    await refuses(t, client.kv.txn().then(remove, put).commit(), REFUSALS.duplicateKey);
    const before = await currentRevision(client);
    await accepts(scene, client.kv.txn().then(put, remove), "a hole of etcd's");
    t.equal((await client.kv.get(`${prefix}a`)).count, 0);
    t.equal(await currentRevision(client), before + 1);
  },

  "Txn does not find a put of what it deletes to the end of all keys": async ({ t, fresh }) => {
    const { client } = await fresh();
    await client.kv.put("h5", "old");
    const watch = client.watch("h5");
    await watch.created;
    const answer = await client.unary("txn", {
      success: [
        { requestDeleteRange: { key: bytes("h0"), rangeEnd: ZERO } },
        { requestPut: { key: bytes("h5"), value: bytes("new") } },
      ],
    });
    t.equal(answer.responses[0]?.responseDeleteRange?.deleted, 1, "a hole of etcd's");
    const { kvs } = await client.kv.get("h5");
    t.strictSame(rows(kvs), ["h5=new"]);
    const revision = answer.header?.revision;
    t.strictSame([kvs[0]?.createRevision, kvs[0]?.modRevision], [revision, revision]);
    t.equal(kvs[0]?.version, 1);
    const { value } = await within("both events", watch.next());
    t.strictSame(
      value?.events.map(({ type, kv }) => [type, kv.modRevision]),
      [
        ["delete", revision],
        ["put", revision],
      ],
      "both events, at one revision",
    );
    watch.cancel();
  },
};
