import t from "tap";
import { Etcd, connect } from "../../src/embed/index.ts";
import { FAULTS_MAX, Faults, VirtualClock } from "../../src/testing/index.ts";
import type { FaultRule } from "../../src/testing/index.ts";
import { ANY_PORT, held, onBoth, refused } from "./faults-fixture.ts";

onBoth(t, "A delayed call comes when the clock says so", async (t, { client, clock, faults }) => {
  const fault = faults.add({ methods: "put", key: "slow", action: { kind: "delay", for: "5s" } });
  const put = client.kv.put("slow", "value");
  await held(faults, 1);
  await client.kv.put("quick", "value");
  await clock.advance("4s");
  t.equal((await client.kv.get("slow")).count, 0, "the server has not seen it");
  await clock.advance("1s");
  await put;
  t.equal((await client.kv.get("slow")).count, 1);
  t.equal(fault.hits, 1);
  t.equal(faults.heldCount, 0);
});

onBoth(
  t,
  "A held call whose caller gives up is never made",
  async (t, { client, clock, faults }) => {
    faults.add({ methods: "put", action: { kind: "delay", for: "5s" } });
    const abort = new AbortController();
    const put = client.unary("put", { key: Buffer.from("key") }, { signal: abort.signal });
    await held(faults, 1);
    abort.abort();
    await t.rejects(put, { code: 1 });
    while (faults.heldCount > 0) await new Promise((resolve) => setImmediate(resolve));
    await clock.advance("10s");
    t.equal((await client.kv.get("key")).count, 0);
  },
);

onBoth(
  t,
  "A call ends with etcd's error, or any, before it is made",
  async (t, { client, faults }) => {
    faults.add({ methods: "put", times: 2, action: { kind: "error", error: "leaderChanged" } });
    const changed = { code: 14, message: "etcdserver: leader changed" };
    await t.rejects(client.kv.put("key", "1"), changed);
    await t.rejects(client.kv.put("key", "2"), changed);
    t.equal((await client.kv.put("key", "3")).header?.revision, 2, "its times are over");
    const own = { code: 13, message: "told to fail" } as const;
    const fault = faults.add({ methods: "range", action: { kind: "error", error: own } });
    await t.rejects(client.kv.get("key"), own);
    fault.remove();
    t.equal((await client.kv.get("key")).kvs[0]?.value?.toString(), "3");
  },
);

onBoth(t, "An answer is lost after the write was done", async (t, { client, faults }) => {
  faults.add({ methods: ["put", "txn"], times: 1, action: { kind: "loseAnswer" } });
  const timedOut = { code: 14, message: "etcdserver: request timed out" };
  await t.rejects(client.kv.put("key", "value"), timedOut);
  t.equal((await client.kv.get("key")).kvs[0]?.value?.toString(), "value", "it is there");
});

onBoth(t, "Of a refused call there is no answer to lose", async (t, { client, faults }) => {
  faults.add({ action: { kind: "loseAnswer" } });
  await t.rejects(client.kv.put("", "value"), refused("emptyKey"));
});

onBoth(t, "A watch breaks after so many answers", async (t, { client, faults }) => {
  faults.add({ key: "a", action: { kind: "breakStream", afterMessages: 2 }, times: 1 });
  const watch = client.watchStream();
  watch.send({ createRequest: { key: Buffer.from("a") } });
  t.equal((await watch.next()).value?.created, true);
  await client.kv.put("a", "1");
  await client.kv.put("a", "2");
  t.equal((await watch.next()).value?.events.length, 1);
  await t.rejects(watch.next(), { code: 14, message: "error reading from server: EOF" });
  const again = client.watch("a", { startRevision: 3 });
  const { value } = await again.next();
  t.equal(value?.events[0]?.kv.value.toString(), "2", "what was not told is told to the next");
  again.cancel();
});

onBoth(
  t,
  "A keepalive stream breaks at once, or ends with an error",
  async (t, { client, faults }) => {
    const { id } = await client.lease.grant(10);
    for (const [action, message] of [
      [{ kind: "breakStream" }, "error reading from server: EOF"],
      [{ kind: "error", error: "noLeader" }, "etcdserver: no leader"],
      [{ kind: "loseAnswer" }, "etcdserver: request timed out"],
    ] as const) {
      const fault = faults.add({ methods: "leaseKeepAlive", action });
      const stream = client.stream("leaseKeepAlive");
      stream.send({ id });
      await t.rejects(stream.next(), { code: 14, message });
      fault.remove();
    }
  },
);

onBoth(
  t,
  "Messages behind a delayed one keep their order",
  async (t, { client, clock, faults }) => {
    const { id } = await client.lease.grant(10);
    faults.add({ methods: "leaseKeepAlive", times: 1, action: { kind: "delay", for: "3s" } });
    const stream = client.stream("leaseKeepAlive");
    stream.send({ id });
    stream.send({ id: id + 1n });
    stream.end();
    await held(faults, 1);
    await clock.advance("3s");
    const ids: bigint[] = [];
    for await (const answer of stream) ids.push(answer.id);
    t.same(ids, [id, id + 1n]);
  },
);

onBoth(t, "A watch is canceled by a compaction beneath it", async (t, { client, faults }) => {
  await client.kv.put("a", "1");
  const watch = client.watch("a");
  const other = client.watch("b");
  await Promise.all([watch.created, other.created]);
  t.equal(await faults.compactWatches("a"), 1);
  await t.rejects(watch.next(), refused("compacted"));
  t.equal(watch.compactRevision, 2);
  await t.rejects(client.kv.get("a", { revision: 1 }), refused("compacted"), "it is compacted");
  await client.kv.put("b", "2");
  t.equal((await other.next()).value?.events.length, 1, "the other goes on");
  other.cancel();
  t.equal(await faults.compactWatches("a"), 0);
});

onBoth(t, "A rule compacts beneath watches as they come", async (t, { client, faults }) => {
  faults.add({
    key: "dir/",
    prefix: true,
    action: { kind: "compact", afterMessages: 2 },
    times: 1,
  });
  const watch = client.watch("dir/", { prefix: true });
  await watch.created;
  await client.kv.put("dir/a", "1");
  await client.kv.put("dir/b", "2");
  t.equal((await watch.next()).value?.events[0]?.kv.key.toString(), "dir/a");
  await t.rejects(
    (async (): Promise<void> => {
      for await (const { events } of watch) t.equal(events.length, 1);
    })(),
    refused("compacted"),
  );
  t.equal(watch.compactRevision, 2);
});

onBoth(t, "A client without a leader sees what etcd's clients see", async (t, scene) => {
  const { etcd, client, clock, faults } = scene;
  await client.kv.put("key", "value");
  const requiring =
    client === etcd.client
      ? undefined
      : await connect(etcd.clientUrls, { metadata: { hasleader: "true" } });
  if (requiring !== undefined) t.teardown(() => requiring.close());
  const watch = requiring?.watch("key");
  await watch?.created;
  const patient = client.watch("key");
  await patient.created;
  faults.loseLeader();
  if (watch !== undefined) await t.rejects(watch.next(), refused("noLeader"));
  if (requiring !== undefined) {
    await t.rejects(requiring.kv.get("key"), { message: "etcdserver: no leader" });
    await t.rejects(requiring.watch("key").next(), refused("noLeader"));
    const reply = await fetch(`${etcd.clientUrls[0] ?? ""}/health`);
    t.same(
      [reply.status, await reply.text()],
      [503, '{"health":"false","reason":"RAFT NO LEADER"}\n'],
    );
  }
  t.equal((await client.kv.get("key", { serializable: true })).count, 1);
  const status = await client.unary("status", {});
  t.same([status.leader, status.errors], [0n, ["etcdserver: no leader"]]);
  const late = client.kv.put("key", "late");
  const refusal = t.rejects(late, refused("timeout"));
  await held(faults, 1);
  await clock.advance("7s");
  await refusal;
  const put = client.kv.put("key", "after");
  await held(faults, 1);
  faults.regainLeader();
  t.equal((await put).header?.revision, 3, "the one that was late was not made");
  t.equal((await patient.next()).value?.events[0]?.kv.value.toString(), "after");
  patient.cancel();
});

onBoth(t, "Writes find no space until the alarm is cleared", async (t, { client, faults }) => {
  await faults.raiseNoSpace();
  await t.rejects(client.kv.put("key", "value"), refused("noSpace"));
  t.equal((await client.kv.get("key")).count, 0);
  await faults.clear();
  t.equal((await client.kv.put("key", "value")).header?.revision, 2);
});

onBoth(t, "A disk that hangs is waited for until the time is over", async (t, scene) => {
  const { client, clock, faults } = scene;
  faults.disk.holdWrites();
  const put = client.kv.put("key", "value");
  const refusal = t.rejects(put, refused("timeout"));
  await faults.disk.heldWrite();
  t.equal((await client.kv.get("key", { serializable: true })).count, 0);
  await clock.advance("8s");
  await refusal;
  faults.disk.releaseWrites();
  await client.kv.put("other", "value");
  t.equal((await client.kv.get("key")).count, 1, "what was late is there");
});

onBoth(t, "A disk that fails ends writing, not reading", async (t, { client, faults }) => {
  await client.kv.put("key", "1");
  faults.disk.failWrite({ write: 1 });
  await t.rejects(client.kv.put("key", "2"));
  await t.rejects(client.kv.put("key", "3"));
  t.equal((await client.kv.get("key")).kvs[0]?.value?.toString(), "1");
});

onBoth(t, "A rule is about a range of keys, wherever a request has it", async (t, scene) => {
  const { client, faults } = scene;
  const hit = refused("unhealthy");
  faults.add({ key: "b", rangeEnd: "d", action: { kind: "error", error: "unhealthy" } });
  await client.kv.put("a", "");
  await client.kv.put("d", "");
  await client.kv.get("a", { rangeEnd: "b" });
  await t.rejects(client.kv.get("a", { rangeEnd: "b\0" }), hit);
  await t.rejects(client.kv.get("", { prefix: true }), hit);
  await t.rejects(client.kv.put("c", ""), hit);
  await t.rejects(client.kv.delete("a", { fromKey: true }), hit);
  const key = Buffer.from("bb");
  const nested = { success: [{ requestTxn: { failure: [{ requestPut: { key } }] } }] };
  await t.rejects(client.unary("txn", nested), hit);
  await t.rejects(client.unary("txn", { compare: [{ key }] }), hit);
  await t.rejects(client.unary("lock", { name: key }), hit);
  await t.rejects(client.watch("c").next(), hit);
  await client.lease.grant(10);
});

t.test("A rule is about one client", async (t) => {
  const faults = new Faults();
  faults.add({
    client: { name: "who", value: "me" },
    action: { kind: "error", error: "tooManyRequests" },
  });
  await using etcd = await Etcd.start({ faults, listenClientUrls: [ANY_PORT] });
  const mine = await connect(etcd.clientUrls, { metadata: { who: "me" } });
  const yours = await connect(etcd.clientUrls, { metadata: { who: "you" } });
  await t.rejects(mine.kv.get("key"), refused("tooManyRequests"));
  t.equal((await yours.kv.get("key")).count, 0);
  t.equal((await etcd.client.kv.get("key")).count, 0);
  mine.close();
  yours.close();
});

t.test("The same seed gives the same run; another one another", async (t) => {
  const run = async (seed: number, hasMore: boolean): Promise<string> => {
    const faults = new Faults({ seed });
    await using etcd = await Etcd.start({ faults });
    faults.add({ methods: "put", probability: 0.3, action: { kind: "error", error: "timeout" } });
    if (hasMore) faults.add({ methods: "range", probability: 0.5, action: { kind: "loseAnswer" } });
    let outcome = "";
    for (let count = 0; count < 200; count++) {
      if (hasMore) await etcd.client.kv.get("key").catch(() => undefined);
      outcome += await etcd.client.kv.put("key", "value").then(
        () => ".",
        () => "x",
      );
    }
    return outcome;
  };
  const seed = Date.now() % 100_000;
  t.comment(`seed ${String(seed)}`);
  const first = await run(seed, false);
  t.equal(await run(seed, false), first);
  t.equal(await run(seed, true), first, "another rule does not change what this one does");
  t.not(await run(seed + 1000, false), first);
  const failed = first.replaceAll(".", "").length;
  t.ok(failed > 25 && failed < 100, String(failed));
});

t.test("Whatever goes wrong, a watch never hears of an event twice", async (t) => {
  const seed = Date.now() % 100_000;
  t.comment(`seed ${String(seed)}`);
  const clock = new VirtualClock();
  const faults = new Faults({ seed });
  await using etcd = await Etcd.start({ faults, clock });
  const { client } = etcd;
  for (const action of [
    { kind: "breakStream", afterMessages: 3 },
    { kind: "error", error: "noLeader" },
    { kind: "loseAnswer" },
  ] as const) {
    faults.add({ methods: "watch", probability: 0.4, action });
  }
  // Whatever the seed, something goes wrong.
  faults.add({ methods: "watch", times: 1, action: { kind: "breakStream", afterMessages: 3 } });
  const told: number[] = [];
  let isOver = false;
  const watching = (async (): Promise<void> => {
    while (!isOver) {
      const watch = client.watch("key", { startRevision: (told.at(-1) ?? 1) + 1 });
      try {
        for await (const { events } of watch) {
          told.push(...events.map(({ kv }) => kv.modRevision));
          if (told.at(-1) === 101) isOver = true;
          if (isOver) break;
        }
      } catch {
        // A client resumes.
      }
    }
  })();
  for (let count = 0; count < 100; count++) {
    await client.kv.put("key", String(count));
    if (count % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  // The client's watch waits a little before it tries again.
  while (!isOver) await clock.advance("1s");
  await watching;
  t.same(
    told,
    Array.from({ length: 100 }, (_, index) => index + 2),
  );
  t.ok(faults.list().some(({ hits }) => hits > 0));
});

t.test("A server that stops lets nobody wait", async (t) => {
  const faults = new Faults();
  const etcd = await Etcd.start({ faults, clock: new VirtualClock() });
  faults.add({ key: "held", action: { kind: "delay", for: "1h" } });
  faults.disk.holdWrites();
  const write = etcd.client.kv.put("key", "value");
  await faults.disk.heldWrite();
  const refusal = t.rejects(etcd.client.kv.put("held", "value"), refused("stopped"));
  await held(faults, 1);
  await etcd.stop();
  await refusal;
  await write;
});

t.test("Faults are one server's, and rules make sense", async (t) => {
  const faults = new Faults();
  await t.rejects(faults.raiseNoSpace(), /no server was started with them/);
  await using etcd = await Etcd.start({ faults });
  t.equal(etcd.faults, faults);
  await t.rejects(Etcd.start({ faults }), /another server's/);
  await using fork = await etcd.fork();
  t.equal(fork.faults, undefined);
  const wrong: unknown[] = [
    {},
    { action: { kind: "explode" } },
    { action: { kind: "delay", for: "soon" } },
    { action: { kind: "error", error: "nonsense" } },
    { action: { kind: "error", error: { code: 0, message: "fine" } } },
    { methods: "put", action: { kind: "breakStream" } },
    { methods: "leaseKeepAlive", action: { kind: "compact" } },
    { action: { kind: "breakStream", afterMessages: -1 } },
    { action: { kind: "loseAnswer" }, probability: 2 },
    { action: { kind: "loseAnswer" }, times: 0 },
    { action: { kind: "loseAnswer" }, prefix: true },
    { action: { kind: "loseAnswer" }, key: 5 },
    { action: { kind: "loseAnswer" }, client: {} },
  ];
  for (const rule of wrong) t.throws(() => faults.add(rule as FaultRule), JSON.stringify(rule));
  for (let count = 0; count < FAULTS_MAX; count++) faults.add({ action: { kind: "loseAnswer" } });
  t.throws(() => faults.add({ action: { kind: "loseAnswer" } }), /there are 1000 already/);
  await faults.clear();
  t.same(faults.list(), []);
  t.equal(faults.remove(1), false);
});

t.test("A request that is no message is left to the server", async (t) => {
  const faults = new Faults();
  await using etcd = await Etcd.start({ faults });
  faults.add({ key: "key", action: { kind: "error", error: "timeout" } });
  const nonsense = Buffer.from([0xff, 0xff]);
  const context = { metadata: (): undefined => undefined };
  await t.rejects(async () => etcd.channel.unary("put", nonsense, context), { code: 13 });
});
