/** Range: what it finds, and at which revision. */
import { prefixEnd } from "../../src/client/index.ts";
import type { Client } from "../../src/client/index.ts";
import {
  bytes,
  currentRevision,
  keys,
  REFUSALS,
  refuses,
  revisionOf,
  rows,
  text,
} from "./checks.ts";
import type { SuiteTests } from "./scene.ts";

const ZERO = Uint8Array.of(0);

async function putAll(client: Client, prefix: string, names: readonly string[]): Promise<void> {
  for (const name of names) {
    await client.kv.put(prefix + name, name);
  }
}

export const rangeTests: SuiteTests = {
  "Range without a key is refused": async ({ t, client, prefix }) => {
    await refuses(t, client.unary("range", {}), REFUSALS.emptyKey);
    await refuses(t, client.unary("range", { rangeEnd: bytes(prefix) }), REFUSALS.emptyKey);
    await refuses(t, client.unary("range", { key: new Uint8Array() }), REFUSALS.emptyKey);
  },

  "Range with an unknown sort order or target is refused": async ({ t, client, prefix }) => {
    const key = bytes(prefix);
    await refuses(t, client.unary("range", { key, sortOrder: 3 }), REFUSALS.sortOption);
    await refuses(t, client.unary("range", { key, sortTarget: 5 }), REFUSALS.sortOption);
    await refuses(t, client.unary("range", { key, sortOrder: -1 }), REFUSALS.sortOption);
    await refuses(t, client.unary("range", { sortOrder: 3 }), REFUSALS.emptyKey, "key first");
  },

  "Range of a missing key is empty and no refusal": async ({ t, client, prefix }) => {
    const answer = await client.kv.get(`${prefix}none`);
    t.strictSame([answer.kvs.length, answer.count, answer.more], [0, 0, false]);
    t.ok(revisionOf(answer) > 0, "it has a header all the same");
  },

  "Range of one key finds that key only": async ({ t, client, prefix }) => {
    await putAll(client, prefix, ["a", "ab", "b"]);
    const answer = await client.kv.get(`${prefix}a`);
    t.strictSame(rows(answer.kvs, prefix), ["a=a"]);
    t.equal(answer.count, 1);
  },

  "Range from key to range_end leaves range_end out": async ({ t, client, prefix }) => {
    await putAll(client, prefix, ["a", "b", "ba", "c", "d"]);
    const answer = await client.kv.get(`${prefix}b`, { rangeEnd: `${prefix}d` });
    t.strictSame(keys(answer.kvs, prefix), ["b", "ba", "c"]);
    t.equal(answer.count, 3);
  },

  "Range orders keys by their bytes": async ({ t, client, prefix }) => {
    const names = ["", "\u0000", "A", "Z", "a", "a\u0000", "aa", "z", "\u007f", "é", "€", "𐀀"];
    await putAll(client, `${prefix}k`, names.toReversed());
    const answer = await client.kv.get(`${prefix}k`, { prefix: true });
    const sorted = names.map((name) => Buffer.from(name)).toSorted((a, b) => a.compare(b));
    t.strictSame(keys(answer.kvs, `${prefix}k`), sorted.map(String));
  },

  "Range with a prefix ends before the prefix with its last byte raised": async (scene) => {
    const { t, client, prefix } = scene;
    const key = (...tail: number[]): Buffer => Buffer.concat([bytes(prefix), Buffer.from(tail)]);
    for (const tail of [[1], [1, 0xff], [1, 0xff, 0xff], [1, 0xff, 0xff, 7], [2], [2, 0]]) {
      await client.kv.put(key(...tail), "");
    }
    const found = await client.kv.get(key(1, 0xff), { prefix: true });
    t.equal(found.count, 3, "trailing 0xff bytes are no end");
    t.ok(key(2).equals(prefixEnd(key(1, 0xff))));
    t.strictSame([...prefixEnd(Uint8Array.of(0xff, 0xff))], [0], "no end: to the last key");
  },

  "Range with range_end of a zero byte goes to the end of all keys": async ({ t, fresh }) => {
    const { client } = await fresh();
    await putAll(client, "", ["a", "b", "c", "\u007f"]);
    await client.kv.put(Uint8Array.of(0xff, 0xff), "last");
    await client.kv.put(ZERO, "first");
    const fromB = await client.unary("range", { key: bytes("b"), rangeEnd: ZERO });
    t.equal(fromB.count, 4);
    const all = await client.unary("range", { key: ZERO, rangeEnd: ZERO });
    t.equal(all.count, 6, "from the zero byte it is everything");
    t.equal(text(all.kvs[0]?.value ?? ZERO), "first");
  },

  "Range of an inverted or empty range is empty and no refusal": async (scene) => {
    const { t, client, prefix } = scene;
    await putAll(client, prefix, ["a", "b"]);
    const inverted = await client.kv.get(`${prefix}b`, { rangeEnd: `${prefix}a` });
    const empty = await client.kv.get(`${prefix}b`, { rangeEnd: `${prefix}b` });
    t.strictSame([inverted.count, inverted.kvs.length], [0, 0]);
    t.strictSame([empty.count, empty.kvs.length], [0, 0]);
  },

  "Range at a revision shows what was there, under the header of now": async (scene) => {
    const { t, client, prefix } = scene;
    const first = revisionOf(await client.kv.put(`${prefix}a`, "one"));
    const second = revisionOf(await client.kv.put(`${prefix}a`, "two"));
    const third = revisionOf(await client.kv.delete(`${prefix}a`));
    const at = async (revision: number): Promise<string[]> => {
      const answer = await client.kv.get(`${prefix}a`, { revision });
      t.equal(revisionOf(answer), third, "the header's revision is the newest");
      t.equal(answer.count, answer.kvs.length);
      return rows(answer.kvs, prefix);
    };
    t.strictSame(await at(first - 1), []);
    t.strictSame(await at(first), ["a=one"]);
    t.strictSame(await at(second), ["a=two"]);
    t.strictSame(await at(third), []);
  },

  "Range at a revision counts and cuts as of that revision": async ({ t, client, prefix }) => {
    await putAll(client, prefix, ["a", "b", "c"]);
    const then = await currentRevision(client);
    await client.kv.delete(`${prefix}b`);
    await putAll(client, prefix, ["d", "e"]);
    const options = { prefix: true, revision: then, limit: 2 };
    const answer = await client.kv.get(prefix, options);
    t.strictSame(keys(answer.kvs, prefix), ["a", "b"]);
    t.strictSame([answer.count, answer.more], [3, true]);
  },

  "Range at a future revision is refused": async ({ t, client, prefix }) => {
    const revision = (await currentRevision(client)) + 1;
    await refuses(t, client.kv.get(prefix, { revision }), REFUSALS.future);
    await refuses(
      t,
      client.kv.get(prefix, { revision, countOnly: true, prefix: true }),
      REFUSALS.future,
    );
  },

  "Range at the newest revision is no future": async ({ t, client, prefix }) => {
    const revision = revisionOf(await client.kv.put(`${prefix}a`, "v"));
    t.equal((await client.kv.get(`${prefix}a`, { revision })).count, 1);
  },

  "Range at a revision of zero or below is the newest": async ({ t, client, prefix }) => {
    await client.kv.put(`${prefix}a`, "one");
    await client.kv.put(`${prefix}a`, "two");
    for (const revision of [0, -1, -2, -1_000_000]) {
      const { kvs } = await client.kv.get(`${prefix}a`, { revision });
      t.strictSame(rows(kvs, prefix), ["a=two"], `revision ${revision}`);
    }
  },

  "Range that is serializable finds the same": async ({ t, client, prefix }) => {
    const revision = revisionOf(await client.kv.put(`${prefix}a`, "one"));
    const answer = await client.kv.get(`${prefix}a`, { serializable: true });
    t.strictSame(rows(answer.kvs, prefix), ["a=one"]);
    t.equal(revisionOf(answer), revision);
  },

  "Range with keys_only leaves out the value and the lease": async ({ t, client, prefix }) => {
    const { id } = await client.lease.grant(60);
    const created = revisionOf(await client.kv.put(`${prefix}a`, "one", { lease: id }));
    await client.kv.put(`${prefix}a`, "two", { lease: id });
    const { kvs, count } = await client.kv.get(prefix, { prefix: true, keysOnly: true });
    t.equal(count, 1);
    t.equal(kvs[0]?.key.toString(), `${prefix}a`);
    t.equal(kvs[0]?.value.length, 0);
    t.equal(kvs[0]?.lease, 0n, "as etcd 3.7 does");
    t.strictSame([kvs[0]?.createRevision, kvs[0]?.modRevision], [created, created + 1]);
    t.equal(kvs[0]?.version, 2);
    await client.lease.revoke(id);
  },

  "Range with keys_only sorted by value keeps the lease": async ({ t, client, prefix }) => {
    const { id } = await client.lease.grant(60);
    await client.kv.put(`${prefix}a`, "2", { lease: id });
    await client.kv.put(`${prefix}b`, "1", { lease: id });
    const { kvs } = await client.kv.get(prefix, {
      prefix: true,
      keysOnly: true,
      sortTarget: "value",
      sortOrder: "ascend",
    });
    t.strictSame(rows(kvs, prefix), ["b=", "a="]);
    t.strictSame(
      kvs.map(({ lease }) => lease),
      [id, id],
    );
    await client.lease.revoke(id);
  },

  "Range with keys_only at a revision shows the marks of that revision": async (scene) => {
    const { t, client, prefix } = scene;
    const first = revisionOf(await client.kv.put(`${prefix}a`, "one"));
    await client.kv.put(`${prefix}a`, "two");
    const { kvs } = await client.kv.get(`${prefix}a`, { keysOnly: true, revision: first });
    t.strictSame([kvs[0]?.modRevision, kvs[0]?.version, kvs[0]?.value.length], [first, 1, 0]);
  },

  "Range with count_only answers the count and nothing else": async ({ t, client, prefix }) => {
    await putAll(client, prefix, ["a", "b", "c"]);
    const plain = await client.kv.get(prefix, { prefix: true, countOnly: true });
    t.strictSame([plain.kvs.length, plain.count, plain.more], [0, 3, false]);
    const limited = await client.kv.get(prefix, {
      prefix: true,
      countOnly: true,
      keysOnly: true,
      limit: 1,
      minModRevision: revisionOf(plain),
      sortTarget: "value",
    });
    t.strictSame([limited.kvs.length, limited.count, limited.more], [0, 3, false]);
  },
};
