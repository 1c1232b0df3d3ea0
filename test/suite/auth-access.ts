/** What permissions allow, at their very edges. */
import { compare, op } from "../../src/client/index.ts";
import type { Client, Operation } from "../../src/client/index.ts";
import { STATUS } from "../../src/wire/index.ts";
import { bytes, refuses, within } from "./checks.ts";
import { DENIALS, guarded } from "./auth-scene.ts";
import type { SuiteTests } from "./scene.ts";

/** A range as `key` or `key..end`; the end `*` is that of all keys. */
async function reads(client: Client, text: string): Promise<boolean> {
  const [key = "", end] = text.split("..");
  const rangeEnd = end === undefined ? "" : end === "*" ? "\0" : end;
  try {
    await client.unary("range", { key: bytes(key), rangeEnd: bytes(rangeEnd) });
    return true;
  } catch (error) {
    if ((error as Error).message === DENIALS.denied[1]) return false;
    throw error;
  }
}

export const authAccessTests: SuiteTests = {
  "A permission ends where its range ends": async (scene) => {
    const { t } = scene;
    const { add } = await guarded(scene);
    const client = await add("ann", [
      ["read", "a"],
      ["read", "c", { rangeEnd: "e" }],
      ["read", "e", { rangeEnd: "g" }],
      ["readwrite", "f", { rangeEnd: "h" }],
      ["write", "h", { rangeEnd: "i" }],
      ["read", "p/", { prefix: true }],
      ["read", "k\0", { rangeEnd: "k\0\0" }],
      ["read", "k", { rangeEnd: "k\0" }],
      ["read", "x", { fromKey: true }],
    ]);
    const allowed = [
      ..."a,a..a\0,c,c\0,c..e,d\xff,c..g,c..h,d..f,gz,g..h,p/,p/..p0,p/x,p/..p/\xff".split(","),
      ..."k,k\0,k..k\0\0,k..k\0,x,x..*,x\0,y..*,\xff\xff,x..y,y..x,d..d,d..a,f..c".split(","),
    ];
    const denied = [
      ..."a..b,a\0,A,\0,a..a\0\0,b,b..c,b..e,c..h\0,c..i,h,i,c..*,p,p..p0,p/..p0\0,p0,o..p/".split(
        ",",
      ),
      ..."k..k\0\0\0,k\0\0,k..l,w,w..x,w..*,w\xff..x,\0..*,a..*,h..i".split(","),
    ];
    for (const text of allowed) t.equal(await reads(client, text), true, text);
    for (const text of denied) t.equal(await reads(client, text), false, text);
  },

  "Writing and reading are different permissions": async (scene) => {
    const { t } = scene;
    const { root, add } = await guarded(scene);
    const reader = await add("reader", [["read", "k"]]);
    const writer = await add("writer", [["write", "k"]]);
    const both = await add("both", [["readwrite", "k"]]);
    await root.kv.put("k", "secret");
    await refuses(t, reader.kv.put("k", "v"), DENIALS.denied);
    await refuses(t, reader.kv.delete("k"), DENIALS.denied);
    await refuses(t, writer.kv.get("k"), DENIALS.denied);
    await refuses(t, writer.kv.get("k", { countOnly: true }), DENIALS.denied);
    await refuses(t, writer.kv.put("k", "v", { prevKv: true }), DENIALS.denied);
    await refuses(t, writer.kv.delete("k", { prevKv: true }), DENIALS.denied);
    await refuses(t, reader.kv.delete("k", { prevKv: true }), DENIALS.denied);
    await refuses(t, writer.kv.delete("k", { rangeEnd: "k\0\0" }), DENIALS.denied);
    t.equal((await both.kv.get("k")).kvs[0]?.value.toString(), "secret", "nothing was changed");
    await writer.unary("put", { key: bytes("k"), ignoreValue: true });
    await writer.kv.put("k", "v");
    t.equal((await both.kv.put("k", "w", { prevKv: true })).prevKv?.value.toString(), "v");
    await writer.kv.delete("k");
    await refuses(t, writer.unary("put", { key: bytes("x"), ignoreValue: true }), DENIALS.denied);
  },

  "A transaction needs all that it might do": async (scene) => {
    const { t } = scene;
    const { root, add } = await guarded(scene);
    const client = await add("ann", [
      ["readwrite", "a", { prefix: true }],
      ["read", "r"],
      ["write", "w"],
    ]);
    await root.kv.put("a", "1");
    const txn = (success: Operation[], failure: Operation[] = []) =>
      client.kv
        .txn()
        .then(...success)
        .else(...failure)
        .commit();
    await txn([op.put("a1", "v"), op.get("r"), op.delete("w")]);
    const denied: Readonly<Record<string, Operation>> = {
      "a read": op.get("w"),
      "a range": op.get("a", { rangeEnd: "b\0" }),
      "a put": op.put("r", "v"),
      "a put that tells the one before": op.put("w", "v", { prevKv: true }),
      "a delete": op.delete("r"),
      "a delete that tells": op.delete("w", { prevKv: true }),
      "a nested read": { requestTxn: { success: [op.get("w")] } },
      "a nested write": {
        requestTxn: { failure: [{ requestTxn: { success: [op.put("z", "v")] } }] },
      },
      "a nested condition": { requestTxn: { compare: [compare("z").version("=", 0)] } },
    };
    for (const [what, operation] of Object.entries(denied)) {
      await refuses(t, txn([op.put("a2", "v"), operation]), DENIALS.denied, what);
      await refuses(t, txn([op.put("a2", "v")], [operation]), DENIALS.denied, `${what}, not taken`);
    }
    await refuses(t, txn([op.get("a")], [op.get("w")]), DENIALS.denied, "reading only");
    t.equal((await client.kv.get("a2")).count, 0, "nothing of them was done");
    t.equal((await txn([])).succeeded, true, "a transaction of nothing is everybody's");
  },

  "A condition tells nothing about keys that may not be read": async (scene) => {
    const { t } = scene;
    const { root, add, anonymous } = await guarded(scene);
    const client = await add("ann", [["readwrite", "a"]]);
    await root.kv.put("secret", "1");
    for (const key of ["secret", "nothing"]) {
      for (const condition of [
        compare(key).version("=", 0),
        compare(key).createRevision(">", 0),
        compare(key).value("=", "1"),
      ]) {
        await refuses(t, client.kv.txn().if(condition).commit(), DENIALS.denied, key);
        await refuses(t, anonymous.kv.txn().if(condition).commit(), DENIALS.nobody, key);
      }
      await refuses(t, client.kv.get(key), DENIALS.denied);
      await refuses(t, client.kv.get(key, { revision: 99 }), DENIALS.denied, "nor of the future");
      await refuses(t, client.kv.delete(key), DENIALS.denied);
      await refuses(t, client.unary("put", { key: bytes(key), ignoreLease: true }), DENIALS.denied);
    }
    const compared = { key: bytes("a"), rangeEnd: bytes("t"), target: 0, result: 0, version: 0 };
    await refuses(t, client.unary("txn", { compare: [compared] }), DENIALS.denied, "a range");
  },

  "A watch needs the permission when it begins, and not after": async (scene) => {
    const { t } = scene;
    const { root, add } = await guarded(scene);
    const client = await add("ann", [["read", "a", { prefix: true }]]);
    const stream = client.watchStream();
    const create = async (fields: object) => {
      stream.send({ createRequest: fields });
      return (await within("an answer to a create", stream.next())).value;
    };
    const reason = "rpc error: code = PermissionDenied desc = etcdserver: permission denied";
    for (const fields of [
      { key: bytes("b") },
      { key: bytes("a"), rangeEnd: bytes("c") },
      { key: bytes("a"), rangeEnd: bytes("\0") },
      { key: bytes(""), rangeEnd: bytes("\0") },
      {},
      { key: bytes("b"), rangeEnd: bytes("b") },
    ]) {
      const answer = await create(fields);
      t.match(answer, { watchId: -1, created: true, canceled: true, cancelReason: reason });
    }
    const past = await create({ key: bytes("b"), startRevision: -1 });
    t.match(past?.cancelReason, "etcdserver: mvcc: required revision has been compacted");
    t.match(await create({ key: bytes("a"), rangeEnd: bytes("b") }), { created: true, watchId: 0 });
    await root.auth.roleRevokePermission("ann-role", "a", { prefix: true });
    await root.kv.put("a1", "v");
    const { value } = await within("an event", stream.next());
    t.equal(value?.events.length, 1, "what has begun goes on");
    t.match(await create({ key: bytes("a") }), { canceled: true, cancelReason: reason });
    await root.auth.userDelete("ann");
    t.match(await create({ key: bytes("a") }), {
      canceled: true,
      cancelReason: "rpc error: code = Unauthenticated desc = etcdserver: invalid auth token",
    });
    stream.cancel();
  },

  "A lease is everybody's who may write all of its keys": async (scene) => {
    const { t } = scene;
    const { root, add } = await guarded(scene);
    const ann = await add("ann", [["readwrite", "a"]]);
    const bob = await add("bob", [["readwrite", "b"]]);
    const reader = await add("reader", [["read", "a"]]);
    const { id } = await ann.lease.grant(600);
    await ann.kv.put("a", "v", { lease: id });
    await refuses(t, bob.kv.put("b", "v", { lease: id }), DENIALS.denied, "a key of bob's on it");
    const withLease = bob.kv
      .txn()
      .then(op.put("b", "v", { lease: id }))
      .commit();
    await refuses(t, withLease, DENIALS.denied);
    await refuses(t, bob.lease.revoke(id), DENIALS.denied);
    await refuses(t, reader.lease.revoke(id), DENIALS.denied);
    await refuses(t, bob.lease.timeToLive(id, { keys: true }), DENIALS.denied);
    t.equal((await bob.lease.timeToLive(id)).grantedTtl, 600, "but not its keys");
    t.equal((await reader.lease.timeToLive(id, { keys: true })).keys.length, 1);
    await refuses(t, bob.unary("leaseLeases", {}), DENIALS.denied);
    t.equal((await reader.unary("leaseLeases", {})).leases.length, 1);
    const keepAlive = async (client: Client) => {
      const stream = client.stream("leaseKeepAlive");
      stream.send({ id });
      const { value } = await within("an answer to a keep-alive", stream.next());
      stream.cancel();
      return value?.ttl;
    };
    await refuses(t, keepAlive(bob), DENIALS.denied);
    t.equal(await keepAlive(ann), 600);
    await root.kv.put("z", "v", { lease: id });
    await refuses(t, keepAlive(ann), DENIALS.denied, "now there is one of root's");
    await refuses(t, ann.lease.revoke(id), DENIALS.denied);
    await refuses(t, ann.kv.put("a", "v", { lease: id }), DENIALS.denied);
    t.equal(await keepAlive(root), 600);
    await refuses(t, bob.lease.revoke(id + 1n), [
      STATUS.notFound,
      "etcdserver: requested lease not found",
    ]);
    await root.lease.revoke(id);
    t.equal((await ann.kv.get("a")).count, 0);
  },

  "A lease that ends takes its keys with it, whoever made it": async (scene) => {
    const { t } = scene;
    const { root, add } = await guarded(scene);
    const ann = await add("ann", [["readwrite", "a"]]);
    const { id } = await ann.lease.grant(1);
    await ann.kv.put("a", "v", { lease: id });
    await using watch = root.watch("a");
    await within("the watch to be made", watch.created);
    await root.auth.userDelete("ann");
    const { value } = await within("the end of the lease", watch.next());
    t.match(value?.events, [{ type: "delete" }]);
  },

  "A request's form is looked at before its caller": async (scene) => {
    const { t } = scene;
    const { anonymous } = await guarded(scene);
    const argument = (text: string) => [STATUS.invalidArgument, `etcdserver: ${text}`] as const;
    await refuses(t, anonymous.unary("put", {}), argument("key is not provided"));
    await refuses(t, anonymous.unary("range", {}), argument("key is not provided"));
    await refuses(t, anonymous.unary("deleteRange", {}), argument("key is not provided"));
    const twice = { requestPut: { key: bytes("k") } };
    const txn = anonymous.unary("txn", { success: [twice, twice] });
    await refuses(t, txn, argument("duplicate key given in txn request"));
    const urls = anonymous.unary("memberAdd", { peerUrls: ["nonsense"] });
    await refuses(t, urls, argument("given member URLs are invalid"));
    await refuses(t, anonymous.unary("compact", { revision: 999 }), DENIALS.nobody);
    await refuses(t, anonymous.unary("leaseGrant", { ttl: 9_000_000_001 }), DENIALS.nobody);
    await refuses(t, anonymous.unary("roleAdd", {}), DENIALS.nobody);
    await refuses(t, anonymous.unary("moveLeader", { targetId: 1n }), DENIALS.nobody);
  },
};
