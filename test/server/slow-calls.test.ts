import t from "tap";
import type { Command } from "../../src/server/command.ts";
import { SlowCalls } from "../../src/server/slow-calls.ts";
import { messages } from "../../src/wire/index.ts";
import { RecordingLogger } from "../cli/recording-logger.ts";
import { FaultyEngine } from "../../src/testing/index.ts";
import { VirtualClock, settle } from "../../src/testing/virtual-clock.ts";
import { bytes, withServer } from "./server-fixture.ts";

function make() {
  const clock = new VirtualClock();
  const logger = new RecordingLogger();
  const slow = new SlowCalls(clock, logger, { applyMs: 100, unaryMs: 300 });
  return { clock, logger, slow };
}

function deletion(key: string): Command {
  const request = messages.encodeDeleteRangeRequest({ key: bytes(key), rangeEnd: bytes("z") });
  return { type: "deleteRange", request: messages.decodeDeleteRangeRequest(request) };
}

t.test("SlowCalls tells of a command that took long to apply, as etcd", (t) => {
  const { clock, logger, slow } = make();
  let nowMs = slow.nowMs();
  clock.skip(100);
  nowMs = slow.applied(deletion("a"), nowMs, new Uint8Array(7));
  t.same(logger.lines, [], "not longer than that");
  t.equal(slow.applyCount, 0);
  clock.skip(101);
  slow.applied(deletion("a"), nowMs, new Uint8Array(7));
  t.same(logger.lines, [
    {
      level: "warn",
      message: "apply request took too long",
      fields: {
        took: "101ms",
        "expected-duration": "100ms",
        prefix: "",
        request: 'delete_range:<key:"a" range_end:"z">',
        response: "size:7",
      },
    },
  ]);
  t.equal(slow.applyCount, 1);
  slow.applied(deletion("b"), nowMs, new Error("why"));
  t.match(logger.lines[1]?.fields, { response: "", error: "why" });
  t.end();
});

t.test("SlowCalls tells of readings, and of nothing that other calls carry", (t) => {
  const { clock, logger, slow } = make();
  const range = messages.encodeRangeRequest({ key: bytes("a"), limit: 5 });
  const sinceMs = slow.nowMs();
  clock.skip(150);
  slow.called("range", range, sinceMs, new Uint8Array(9));
  slow.called("compact", range, sinceMs, new Uint8Array(9));
  t.match(logger.lines, [
    {
      message: "apply request took too long",
      fields: { prefix: "read-only range ", request: 'key:"a" limit:5', response: "size:9" },
    },
  ]);
  clock.skip(200);
  slow.called("authenticate", bytes("secret"), sinceMs, undefined);
  t.match(logger.lines[1], {
    message: "request stats",
    fields: {
      "time spent": "350ms",
      "response type": "/etcdserverpb.Auth/Authenticate",
      "request content": "",
    },
  });
  t.end();
});

t.test("Calls that wait for a slow disk are told of once for all of them", async (t) => {
  const engine = new FaultyEngine();
  await withServer(
    async ({ client, clock, log }) => {
      engine.holdWrites();
      const first = client.kv.put("first", "secret");
      await engine.heldWrite();
      const others = ["a", "b", "c"].map((key) => client.kv.put(key, "secret"));
      await settle();
      clock.skip(1_200);
      engine.releaseWrites();
      await Promise.all([first, ...others]);
      const warnings = log.filter(({ level }) => level === "warn");
      t.match(warnings, [
        { message: "slow fdatasync", fields: { took: "1.2s", "expected-duration": "1s" } },
        {
          message: "request stats",
          fields: {
            "time spent": "1.2s",
            "response type": "/etcdserverpb.KV/Put",
            "request content": 'put:<key:"first" value_size:6>',
            "requests that waited with it": 0,
          },
        },
        { message: "request stats", fields: { "requests that waited with it": 2 } },
      ]);
      t.equal(warnings.length, 3);
      t.notMatch(JSON.stringify(warnings), "secret");
    },
    { engine },
  );
});

t.test("A server that is quick says nothing", async (t) => {
  await withServer(async ({ client, clock, log, server }) => {
    await client.kv.put("k", "1");
    await clock.advance(1_000);
    await client.kv.delete("k");
    await client.kv.compact(2, { physical: true });
    t.same(
      log.filter(({ level }) => level === "warn"),
      [],
    );
    t.equal(server.slow.applyCount, 0);
  });
});
