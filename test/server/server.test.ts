import t from "tap";
import { EMPTY_CONTEXT, EtcdError, STREAM_METHODS, messages } from "../../src/wire/index.ts";
import type { StreamMethod } from "../../src/wire/index.ts";
import { FaultyEngine } from "../../src/testing/index.ts";
import { settle } from "../../src/testing/virtual-clock.ts";
import { WatchProbe, bytes, refuses, startServer, withServer } from "./server-fixture.ts";

t.test("Server keeps its ids over restarts, and begins a term at each", async (t) => {
  const engine = new FaultyEngine();
  const first = await startServer({ engine });
  const { memberId, clusterId, term } = first.server.member;
  // Source: seen on etcd 3.7.3 with the same peer URL and token.
  t.equal(memberId.toString(16), "8e9e05c52164694d");
  t.equal(clusterId.toString(16), "cdf818194e3a8c32");
  t.equal(term, 2);
  await first.server.close();
  const again = await startServer({ engine, options: { peerUrls: ["http://elsewhere:1"] } });
  t.equal(again.server.member.memberId, memberId);
  t.equal(again.server.member.clusterId, clusterId);
  t.equal(again.server.member.term, 3);
  await again.server.close();
});

t.test("Server answers in every header who it is", async (t) => {
  await withServer(async ({ client, server }) => {
    const { clusterId, memberId, term: raftTerm } = server.member;
    const { header } = await client.kv.put("k", "v");
    t.same(header, { clusterId, memberId, revision: 2, raftTerm });
    t.same((await client.kv.get("k")).header, header);
    t.same((await client.maintenance.status()).header, header);
    t.same((await client.unary("memberList", {})).header, { ...header, revision: 0 });
  });
});

t.test("Server.start() rejects when the disk does not take its term", async (t) => {
  const engine = new FaultyEngine();
  engine.failWrite({ write: 1 });
  await t.rejects(startServer({ engine }), { name: "StorageError", reason: "write-failed" });
});

t.test("Server raises its alarms again after a restart", async (t) => {
  const engine = new FaultyEngine();
  const first = await startServer({ engine });
  const alarm = messages.AlarmType.nospace;
  const action = messages.AlarmAction.activate;
  await first.client.unary("alarm", { action, memberId: 77n, alarm });
  await first.server.close();
  const again = await startServer({ engine });
  const { alarms } = await again.client.unary("alarm", {});
  t.same(alarms, [{ memberId: 77n, alarm }]);
  await refuses(again.client.kv.put("k", "v"), "noSpace");
  await again.server.close();
});

t.test("Server.close() ends every stream and refuses every later call", async (t) => {
  const { server, client, clock, log } = await startServer();
  await client.kv.put("k", "v");
  const ends = new Map<StreamMethod, EtcdError | undefined>();
  const inputs = (Object.keys(STREAM_METHODS) as StreamMethod[]).map((method) =>
    server.stream(method, EMPTY_CONTEXT, {
      write: () => {
        t.notOk(ends.has(method), "written after the end");
        return true;
      },
      end: (error) => {
        t.notOk(ends.has(method), "ended twice");
        ends.set(method, error);
      },
    }),
  );
  await server.close();
  t.equal(ends.size, inputs.length);
  for (const error of ends.values()) t.equal(error?.reason, "stopped");
  for (const input of inputs) {
    input.write(Buffer.alloc(0));
    input.end();
    input.drained();
    input.cancel();
  }
  await settle();
  t.equal(clock.timerCount, 0);
  await refuses(client.kv.put("k", "v"), "stopped");
  await refuses(client.kv.get("k"), "stopped");
  await refuses(client.maintenance.status(), "stopped");
  const late = new WatchProbe(server);
  late.create({ key: bytes("k") });
  await settle();
  t.match(late.ended, { reason: "stopped" });
  t.same(late.responses.map(({ created }) => created).slice(1), []);
  t.equal(clock.timerCount, 0, "a late stream leaves no timer");
  t.same(
    log.filter(({ level }) => level === "error"),
    [],
  );
});

t.test("Server.close() answers what is in line first", async (t) => {
  const { server, client, engine } = await startServer();
  engine.holdWrites();
  const calls = [client.kv.put("a", "1")];
  await engine.heldWrite();
  calls.push(client.kv.put("b", "2"));
  const closing = server.close();
  engine.releaseWrites();
  const answers = await Promise.all(calls);
  t.same(
    answers.map(({ header }) => header?.revision),
    [2, 3],
  );
  await closing;
});

t.test("Server takes nonsense for what it is, and goes on", async (t) => {
  await withServer(async ({ server, client }) => {
    const nonsense = Buffer.from("ffffffffffffffffffff", "hex");
    for (const method of ["range", "put", "txn", "leaseGrant", "status", "userAdd"] as const) {
      const call = async (): Promise<Uint8Array> => server.unary(method, nonsense, EMPTY_CONTEXT);
      await t.rejects(call, { name: "EtcdError", code: 13, message: /unmarshalling request/ });
    }
    for (const method of Object.keys(STREAM_METHODS) as StreamMethod[]) {
      const ended = await new Promise((resolve) => {
        const output = { write: () => true, end: resolve };
        server.stream(method, EMPTY_CONTEXT, output).write(nonsense);
      });
      t.ok(ended instanceof EtcdError, method);
    }
    await t.resolves(client.kv.put("k", "v"));
  });
});

t.test("Server counts calls and messages once each", async (t) => {
  await withServer(async ({ server, client }) => {
    await client.kv.put("k", "v");
    await client.kv.get("k");
    await refuses(client.kv.put("", "v"), "emptyKey");
    await refuses(client.kv.put("k", "v", { lease: 9n }), "leaseNotFound");
    const put = server.counts.of("put");
    t.equal(put.started, 3);
    t.equal(put.received, 3);
    t.equal(put.sent, 3, "refusals, too");
    t.same(
      put.handled.flatMap((count, code) => (count === 0 ? [] : [[code, count]])),
      [
        [0, 1],
        [3, 1],
        [5, 1],
      ],
    );
    const probe = new WatchProbe(server);
    probe.create({ key: bytes("k") });
    probe.close();
    probe.close();
    const watch = server.counts.of("watch");
    t.same([watch.started, watch.received, watch.sent], [1, 2, 1], "the end, too");
    t.same(
      [...watch.handled.keys()].filter((code) => watch.handled[code]! > 0),
      [1],
    );
  });
});
