/** Put and DeleteRange. */
import { currentRevision, marks, REFUSALS, refuses, revisionOf, rows } from "./checks.ts";
import type { SuiteTests } from "./scene.ts";

const NOTHING = new Uint8Array();

/** Lease ids that no test grants. */
const NO_LEASE = 0x7fff_0000_0000_0001n;

export const putTests: SuiteTests = {
  "Put of a new key makes it at the next revision with version 1": async (scene) => {
    const { t, client, prefix } = scene;
    const before = await currentRevision(client);
    const put = await client.kv.put(`${prefix}a`, "one");
    t.equal(revisionOf(put), before + 1, "the header has the new revision");
    t.equal(put.prevKv, undefined, "nothing was asked for");
    const { kvs, count, more } = await client.kv.get(`${prefix}a`);
    t.strictSame(rows(kvs, prefix), ["a=one"]);
    t.strictSame(marks(kvs[0]), {
      createRevision: before + 1,
      modRevision: before + 1,
      version: 1,
      lease: 0n,
    });
    t.strictSame([count, more], [1, false]);
  },

  "Put of a live key keeps its create revision and adds one to its version": async (scene) => {
    const { t, client, prefix } = scene;
    const first = revisionOf(await client.kv.put(`${prefix}a`, "one"));
    const second = revisionOf(await client.kv.put(`${prefix}a`, "two"));
    const { kvs } = await client.kv.get(`${prefix}a`);
    t.strictSame(rows(kvs, prefix), ["a=two"]);
    t.strictSame(marks(kvs[0]), {
      createRevision: first,
      modRevision: second,
      version: 2,
      lease: 0n,
    });
  },

  "Put of the value that is already there makes a revision all the same": async (scene) => {
    const { t, client, prefix } = scene;
    const first = revisionOf(await client.kv.put(`${prefix}a`, "same"));
    t.equal(revisionOf(await client.kv.put(`${prefix}a`, "same")), first + 1);
    t.equal((await client.kv.get(`${prefix}a`)).kvs[0]?.version, 2);
  },

  "Put after a delete begins a new life of the key": async (scene) => {
    const { t, client, prefix } = scene;
    await client.kv.put(`${prefix}a`, "one");
    await client.kv.put(`${prefix}a`, "two");
    await client.kv.delete(`${prefix}a`);
    const revision = revisionOf(await client.kv.put(`${prefix}a`, "three"));
    const { kvs } = await client.kv.get(`${prefix}a`);
    t.strictSame(marks(kvs[0]), {
      createRevision: revision,
      modRevision: revision,
      version: 1,
      lease: 0n,
    });
  },

  "Put takes an empty value": async ({ t, client, prefix }) => {
    await client.kv.put(`${prefix}a`, "");
    const { kvs } = await client.kv.get(`${prefix}a`);
    t.equal(kvs[0]?.value.length, 0);
  },

  "Put takes any bytes as key and value": async ({ t, client, prefix }) => {
    const all = Uint8Array.from({ length: 256 }, (_none, index) => index);
    const key = Buffer.concat([Buffer.from(prefix), all]);
    await client.kv.put(key, all);
    const { kvs } = await client.kv.get(key);
    t.ok(kvs[0]?.key.equals(key), "the key comes back whole");
    t.ok(kvs[0]?.value.equals(all), "so does the value");
  },

  "Put takes a key of a mebibyte": async ({ t, client, prefix }) => {
    const key = prefix + "k".repeat(1024 * 1024);
    await client.kv.put(key, "v");
    t.equal((await client.kv.get(key, { countOnly: true })).count, 1);
    await client.kv.delete(key);
  },

  "Put with prev_kv answers what was there, and nothing where nothing was": async (scene) => {
    const { t, client, prefix } = scene;
    const { id } = await client.lease.grant(60);
    const none = await client.kv.put(`${prefix}a`, "one", { prevKv: true, lease: id });
    t.equal(none.prevKv, undefined);
    const made = revisionOf(none);
    const { prevKv } = await client.kv.put(`${prefix}a`, "two", { prevKv: true });
    t.equal(prevKv?.key.toString(), `${prefix}a`);
    t.equal(prevKv?.value.toString(), "one");
    t.strictSame(marks(prevKv), {
      createRevision: made,
      modRevision: made,
      version: 1,
      lease: id,
    });
    await client.lease.revoke(id);
  },

  "Put without a key is refused": async ({ t, client }) => {
    await refuses(t, client.kv.put("", "value"), REFUSALS.emptyKey);
  },

  "Put looks at the key before ignore_value, and at that before ignore_lease": async (scene) => {
    const { t, client, prefix } = scene;
    const both = { ignoreValue: true, ignoreLease: true, lease: 1n };
    await refuses(t, client.kv.put("", "value", both), REFUSALS.emptyKey);
    await refuses(t, client.kv.put(`${prefix}a`, "value", both), REFUSALS.valueProvided);
    await refuses(t, client.kv.put(`${prefix}a`, "", both), REFUSALS.leaseProvided);
  },

  "Put with ignore_value keeps the value and makes a revision": async ({ t, client, prefix }) => {
    const { id } = await client.lease.grant(60);
    const first = revisionOf(await client.kv.put(`${prefix}a`, "kept"));
    const put = await client.kv.put(`${prefix}a`, "", { ignoreValue: true, lease: id });
    t.equal(revisionOf(put), first + 1);
    const { kvs } = await client.kv.get(`${prefix}a`);
    t.strictSame(rows(kvs, prefix), ["a=kept"]);
    t.strictSame([kvs[0]?.version, kvs[0]?.lease], [2, id]);
    await client.lease.revoke(id);
  },

  "Put with ignore_lease keeps the lease": async ({ t, client, prefix }) => {
    const { id } = await client.lease.grant(60);
    await client.kv.put(`${prefix}a`, "one", { lease: id });
    await client.kv.put(`${prefix}a`, "two", { ignoreLease: true });
    const { kvs } = await client.kv.get(`${prefix}a`);
    t.strictSame(rows(kvs, prefix), ["a=two"]);
    t.equal(kvs[0]?.lease, id);
    await client.lease.revoke(id);
  },

  "Put with ignore_value or ignore_lease of a missing key is refused": async (scene) => {
    const { t, client, prefix } = scene;
    const before = await currentRevision(client);
    const missing = `${prefix}a`;
    await refuses(t, client.kv.put(missing, "", { ignoreValue: true }), REFUSALS.keyNotFound);
    await refuses(t, client.kv.put(missing, "v", { ignoreLease: true }), REFUSALS.keyNotFound);
    await client.kv.put(`${prefix}b`, "v");
    await client.kv.delete(`${prefix}b`);
    const deleted = `${prefix}b`;
    await refuses(t, client.kv.put(deleted, "", { ignoreValue: true }), REFUSALS.keyNotFound);
    t.equal(await currentRevision(client), before + 2, "a refusal uses no revision");
  },

  "Put with an unknown lease is refused, before the key is looked for": async (scene) => {
    const { t, client, prefix } = scene;
    const lease = NO_LEASE;
    await refuses(t, client.kv.put(`${prefix}a`, "v", { lease }), REFUSALS.leaseNotFound);
    await refuses(
      t,
      client.kv.put(`${prefix}a`, "", { lease, ignoreValue: true }),
      REFUSALS.leaseNotFound,
    );
    t.equal((await client.kv.get(`${prefix}a`)).count, 0);
  },

  "Put without a lease takes the key off its lease": async ({ t, client, prefix }) => {
    const { id } = await client.lease.grant(60);
    await client.kv.put(`${prefix}a`, "one", { lease: id });
    await client.kv.put(`${prefix}a`, "two");
    t.equal((await client.kv.get(`${prefix}a`)).kvs[0]?.lease, 0n);
    t.strictSame((await client.lease.timeToLive(id, { keys: true })).keys, []);
    await client.lease.revoke(id);
    t.equal((await client.kv.get(`${prefix}a`)).count, 1, "the key outlives the lease");
  },

  "Put moves a key from one lease to another": async ({ t, client, prefix }) => {
    const first = await client.lease.grant(60);
    const second = await client.lease.grant(60);
    await client.kv.put(`${prefix}a`, "one", { lease: first.id });
    await client.kv.put(`${prefix}a`, "two", { lease: second.id });
    await client.lease.revoke(first.id);
    t.equal((await client.kv.get(`${prefix}a`)).kvs[0]?.lease, second.id);
    await client.lease.revoke(second.id);
    t.equal((await client.kv.get(`${prefix}a`)).count, 0);
  },
};

export const deleteTests: SuiteTests = {
  "DeleteRange of one key deletes it at the next revision": async ({ t, client, prefix }) => {
    const put = revisionOf(await client.kv.put(`${prefix}a`, "one"));
    const answer = await client.kv.delete(`${prefix}a`);
    t.equal(answer.deleted, 1);
    t.equal(revisionOf(answer), put + 1);
    t.strictSame(answer.prevKvs, []);
    t.equal((await client.kv.get(`${prefix}a`)).count, 0);
  },

  "DeleteRange of a range deletes all of it at one revision": async ({ t, client, prefix }) => {
    for (const name of ["a", "b", "c", "d"]) {
      await client.kv.put(prefix + name, name);
    }
    const before = await currentRevision(client);
    const answer = await client.kv.delete(`${prefix}b`, { rangeEnd: `${prefix}d` });
    t.equal(answer.deleted, 2);
    t.equal(revisionOf(answer), before + 1);
    t.strictSame(rows((await client.kv.get(prefix, { prefix: true })).kvs, prefix), ["a=a", "d=d"]);
  },

  "DeleteRange with prev_kv answers what it deleted, in the order of keys": async (scene) => {
    const { t, client, prefix } = scene;
    for (const name of ["c", "a", "b"]) {
      await client.kv.put(prefix + name, name.toUpperCase());
    }
    const answer = await client.kv.delete(prefix, { prefix: true, prevKv: true });
    t.equal(answer.deleted, 3);
    t.strictSame(rows(answer.prevKvs, prefix), ["a=A", "b=B", "c=C"]);
    t.strictSame(
      answer.prevKvs.map(({ version }) => version),
      [1, 1, 1],
    );
  },

  "DeleteRange that finds nothing uses no revision": async ({ t, client, prefix }) => {
    const before = await currentRevision(client);
    const answer = await client.kv.delete(`${prefix}none`, { prevKv: true });
    t.equal(answer.deleted, 0);
    t.equal(revisionOf(answer), before);
    t.strictSame(answer.prevKvs, []);
    t.equal(await currentRevision(client), before);
  },

  "DeleteRange of an inverted or empty range deletes nothing": async ({ t, client, prefix }) => {
    await client.kv.put(`${prefix}b`, "v");
    const inverted = await client.kv.delete(`${prefix}b`, { rangeEnd: `${prefix}a` });
    const empty = await client.kv.delete(`${prefix}b`, { rangeEnd: `${prefix}b` });
    t.strictSame([inverted.deleted, empty.deleted], [0, 0]);
    t.equal((await client.kv.get(`${prefix}b`)).count, 1);
  },

  "DeleteRange without a key is refused": async ({ t, client, prefix }) => {
    await refuses(t, client.kv.delete(""), REFUSALS.emptyKey);
    await refuses(t, client.kv.delete("", { rangeEnd: prefix }), REFUSALS.emptyKey);
  },

  "DeleteRange with range_end of a zero byte deletes to the end": async ({ t, fresh }) => {
    const { client } = await fresh();
    for (const name of ["a", "b", "c"]) {
      await client.kv.put(name, name);
    }
    const answer = await client.unary("deleteRange", {
      key: Buffer.from("b"),
      rangeEnd: Uint8Array.of(0),
      prevKv: true,
    });
    t.strictSame(rows(answer.prevKvs), ["b=b", "c=c"]);
    const all = await client.unary("deleteRange", {
      key: Uint8Array.of(0),
      rangeEnd: Uint8Array.of(0),
      prevKv: true,
    });
    t.strictSame(rows(all.prevKvs), ["a=a"]);
  },

  "DeleteRange takes keys off their lease": async ({ t, client, prefix }) => {
    const { id } = await client.lease.grant(60);
    await client.kv.put(`${prefix}a`, "v", { lease: id });
    const { prevKvs } = await client.kv.delete(`${prefix}a`, { prevKv: true });
    t.equal(prevKvs[0]?.lease, id);
    t.strictSame((await client.lease.timeToLive(id, { keys: true })).keys, []);
    await client.kv.put(`${prefix}a`, "again");
    await client.lease.revoke(id);
    t.equal((await client.kv.get(`${prefix}a`)).count, 1, "a key made anew does not hang on it");
  },

  "DeleteRange leaves the empty value apart from the missing one": async (scene) => {
    const { t, client, prefix } = scene;
    await client.kv.put(`${prefix}a`, NOTHING);
    t.equal((await client.kv.delete(`${prefix}a`)).deleted, 1);
    t.equal((await client.kv.delete(`${prefix}a`)).deleted, 0);
  },
};
