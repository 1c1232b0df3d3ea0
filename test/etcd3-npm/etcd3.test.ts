/**
 * The npm client `etcd3` against our server behind a port: a client that others wrote, with its own
 * gRPC and its own ideas of leases, locks and elections.
 *
 * With a real etcd's binary in ETCD_BIN the same runs on that too, which shows that it is right.
 */
import { Etcd3, EtcdLockFailedError } from "etcd3";
import type { Namespace } from "etcd3";
import t from "tap";
import type { Test } from "tap";
import { within } from "../suite/checks.ts";
import { etcdTarget } from "../suite/etcd-target.ts";
import { grpcTarget } from "../suite/our-targets.ts";
import type { Target } from "../suite/scene.ts";

/** One test, with keys below a prefix of its own, and the whole client where it needs more. */
type Body = (t: Test, etcd: Namespace, client: Etcd3) => Promise<void>;

const tests: Readonly<Record<string, Body>> = {
  "put, get and delete one key": async (t, etcd) => {
    t.equal(await etcd.get("none"), null);
    await etcd.put("a").value("one");
    t.equal(await etcd.get("a").string(), "one");
    t.ok((await etcd.get("a").buffer())?.equals(Buffer.from("one")));
    const before = await etcd.put("a").value("two").getPrevious();
    t.equal(before?.value.toString(), "one");
    t.equal(await etcd.get("a").exists(), true);
    t.match(await etcd.delete().key("a"), { deleted: "1" });
    t.equal(await etcd.get("a"), null);
  },

  "get, count and delete many keys": async (t, etcd) => {
    for (const [key, value] of [
      ["a/2", "two"],
      ["a/1", "one"],
      ["b/1", "other"],
    ] as const) {
      await etcd.put(key).value(value);
    }
    t.strictSame(await etcd.getAll().prefix("a/").strings(), { "a/1": "one", "a/2": "two" });
    t.strictSame(await etcd.getAll().keys(), ["a/1", "a/2", "b/1"]);
    t.equal(await etcd.getAll().prefix("a/").count(), 2);
    t.strictSame(await etcd.getAll().sort("Key", "Descend").limit(1).keys(), ["b/1"]);
    t.match(await etcd.delete().prefix("a/"), { deleted: "2" });
    t.strictSame(await etcd.getAll().keys(), ["b/1"]);
    await etcd.delete().all();
    t.equal(await etcd.getAll().count(), 0);
  },

  "read an older revision": async (t, etcd) => {
    const { header } = await etcd.put("a").value("one");
    await etcd.put("a").value("two");
    t.equal(await etcd.get("a").revision(header.revision).string(), "one");
  },

  "namespaces keep keys apart": async (t, etcd) => {
    const inner = etcd.namespace("inner/");
    await inner.put("a").value("one");
    await etcd.put("a").value("two");
    t.strictSame(await inner.getAll().strings(), { a: "one" });
    t.strictSame(await etcd.getAll().strings(), { a: "two", "inner/a": "one" });
  },

  "a transaction compares, then does one thing or the other": async (t, etcd) => {
    const make = () =>
      etcd
        .if("a", "Version", "==", 0)
        .then(etcd.put("a").value("made"), etcd.get("a"))
        .else(etcd.get("a"))
        .commit();
    const made = await make();
    t.equal(made.succeeded, true);
    t.equal(made.responses.length, 2);
    const found = await make();
    t.equal(found.succeeded, false);
    t.equal(found.responses[0]?.response_range?.kvs[0]?.value.toString(), "made");
    const value = await etcd.if("a", "Value", "==", "made").then(etcd.delete().key("a")).commit();
    t.equal(value.succeeded, true);
    t.equal(await etcd.get("a"), null);
  },

  "a watch tells of puts and deletes": async (t, etcd) => {
    const watcher = await etcd.watch().prefix("w/").withPreviousKV().create();
    const events: string[] = [];
    const deleted = new Promise<void>((resolve) => {
      watcher.on("put", ({ key, value }) => events.push(`+${String(key)}=${String(value)}`));
      watcher.on("delete", ({ key }, previous) => {
        events.push(`-${String(key)} was ${String(previous?.value)}`);
        resolve();
      });
    });
    await etcd.put("w/a").value("1");
    await etcd.put("elsewhere").value("1");
    await etcd.put("w/a").value("2");
    await etcd.delete().key("w/a");
    await within("the delete to be told", deleted);
    t.strictSame(events, ["+w/a=1", "+w/a=2", "-w/a was 2"]);
    await watcher.cancel();
  },

  "watches share a stream and are cancelled one by one": async (t, etcd) => {
    const first = await etcd.watch().key("a").create();
    const second = await etcd.watch().key("b").only("delete").create();
    const told = new Promise<string>((resolve) => {
      first.on("put", () => t.fail("told after its cancel"));
      second.on("put", () => t.fail("told of what it ignores"));
      second.on("delete", ({ key }) => resolve(key.toString()));
    });
    await first.cancel();
    await etcd.put("a").value("1");
    await etcd.put("b").value("1");
    await etcd.delete().key("b");
    t.equal(await within("the delete to be told", told), "b");
    await second.cancel();
  },

  "a watch starts in the past": async (t, etcd) => {
    const { header } = await etcd.put("a").value("1");
    await etcd.put("a").value("2");
    const watcher = etcd.watch().key("a").startRevision(header.revision).watcher();
    const values: string[] = [];
    const both = new Promise<void>((resolve) => {
      watcher.on("put", ({ value }) => {
        if (values.push(value.toString()) === 2) {
          resolve();
        }
      });
    });
    await within("both puts to be told", both);
    t.strictSame(values, ["1", "2"]);
    await watcher.cancel();
  },

  "a lease keeps itself alive and takes its keys along": async (t, etcd) => {
    const lease = etcd.lease(10);
    await lease.put("a").value("1");
    t.ok(await lease.grant(), "it has an id");
    t.equal(await etcd.get("a").string(), "1");
    const alive = await lease.keepaliveOnce();
    t.equal(Number(alive.TTL), 10);
    await lease.revoke();
    t.equal(await etcd.get("a"), null);
    t.equal(lease.revoked(), true);
  },

  "a lease that somebody else revokes is lost": async (t, etcd, client) => {
    const lease = etcd.lease(10);
    const id = await lease.grant();
    const lost = new Promise<void>((resolve) => lease.on("lost", () => resolve()));
    await client.leaseClient.leaseRevoke({ ID: id });
    await t.rejects(lease.keepaliveOnce(), "keeping it alive fails");
    await within("the lease to be lost", lost);
  },

  "a lock is held by one at a time": async (t, etcd) => {
    const held = await etcd.lock("mine").ttl(10).acquire();
    const refusal = await etcd
      .lock("mine")
      .acquire()
      .catch((error: unknown) => error);
    t.ok(refusal instanceof EtcdLockFailedError, "the second is refused");
    await held.release();
    const result = await etcd.lock("mine").do(() => "done");
    t.equal(result, "done");
  },

  "software transactional memory loses no update": async (t, etcd) => {
    await etcd.put("counter").value("0");
    const increment = () =>
      etcd.stm({ retries: 20 }).transact(async (tx) => {
        const value = (await tx.get("counter").number()) ?? 0;
        await tx.put("counter").value(String(value + 1));
      });
    await Promise.all([increment(), increment(), increment(), increment()]);
    t.equal(await etcd.get("counter").number(), 4);
  },

  "an election has one leader, and the next one follows": async (t, etcd) => {
    const election = etcd.election("throne", 10);
    const first = election.campaign("first");
    await within("the first to be elected", first.wait());
    t.equal(await election.leader(), "first");
    const observer = await election.observe();
    t.equal(observer.leader(), "first");
    const second = election.campaign("second");
    const changed = new Promise<void>((resolve) => {
      observer.on("change", (leader) => {
        if (leader === "second") {
          resolve();
        }
      });
    });
    await first.proclaim("first again");
    t.equal(await election.leader(), "first again");
    await first.resign();
    await within("the second to be elected", second.wait());
    await within("the change to be told", changed);
    t.equal(await election.leader(), "second");
    await observer.cancel();
    await second.resign();
    t.equal(await election.leader(), undefined);
  },

  "maintenance tells of the server": async (t, _etcd, client) => {
    const status = await client.maintenance.status();
    t.match(status.version, /^3\.7\.\d+$/);
    const { members } = await client.cluster.memberList({ linearizable: true });
    t.equal(members.length, 1);
  },
};

async function runOn(target: Target): Promise<void> {
  const server = await target.start({});
  await t.test(`etcd3 on ${target.name}`, async (all) => {
    for (const [index, [name, body]] of Object.entries(tests).entries()) {
      await all.test(name, async (test) => {
        const client = new Etcd3({ hosts: `http://${server.address ?? ""}` });
        test.teardown(() => client.close());
        await body(test, client.namespace(`etcd3-${index}/`), client);
      });
    }
  });
  await server.stop();
}

/** For all of it; it takes two seconds on an idle machine. */
t.setTimeout(90_000);

const { ETCD_BIN: binary = "" } = process.env;

await runOn(grpcTarget);
if (binary !== "") {
  await runOn(etcdTarget(binary));
}
