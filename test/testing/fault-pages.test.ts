import t from "tap";
import { Etcd } from "../../src/embed/index.ts";
import { ANY_PORT, refused } from "./faults-fixture.ts";

t.test("Faults come and go over HTTP", async (t) => {
  await using etcd = await Etcd.start({ enableFaultInjection: true, listenClientUrls: [ANY_PORT] });
  const { client } = etcd;
  const url = `${etcd.clientUrls[0] ?? ""}/debug/faults`;
  const ask = async (method: string, body?: unknown, path = ""): Promise<[number, unknown]> => {
    const init = body === undefined ? { method } : { method, body: JSON.stringify(body) };
    const reply = await fetch(url + path, init);
    return [reply.status, await reply.json()];
  };

  const rule = {
    methods: ["put"],
    key: "registry/",
    prefix: true,
    times: 2,
    action: { kind: "error", error: "timeout" },
  };
  t.same(await ask("POST", rule), [200, { id: 1, hits: 0, rule }]);
  await t.rejects(client.kv.put("registry/a", ""), refused("timeout"));
  await client.kv.put("other", "");
  const state = { seed: 1, heldCount: 0, isLeaderLost: false, faults: [{ id: 1, hits: 1, rule }] };
  t.same(await ask("GET"), [200, state]);
  t.same(await ask("DELETE", undefined, "/1"), [200, { ...state, faults: [] }]);
  t.match(await ask("DELETE", undefined, "/1"), [404, { error: "there is no fault 1" }]);
  await client.kv.put("registry/a", "");

  t.match(await ask("POST", { do: "loseLeader" }), [200, { isLeaderLost: true }]);
  await ask("POST", { do: "raiseNoSpace" });
  await ask("POST", rule);
  t.match(await ask("DELETE"), [200, { isLeaderLost: false, faults: [] }]);
  await client.kv.put("registry/a", "");
  const watch = client.watch("key");
  await watch.created;
  t.match(await ask("POST", { do: "compactWatches", key: "k", prefix: true }), [
    200,
    { watches: 1 },
  ]);
  await t.rejects(watch.next(), refused("compacted"));
  await ask("POST", { do: "holdWrites" });
  const put = client.kv.put("key", "");
  await ask("POST", { do: "releaseWrites" });
  await put;
  await ask("POST", { do: "failWrite" });
  await t.rejects(client.kv.put("key", ""));

  t.match(await ask("POST", { do: "nonsense" }), [400, { error: 'unknown deed "nonsense"' }]);
  t.match(await ask("POST", { action: { kind: "explode" } }), [400, { error: /unknown action/ }]);
  t.match(await ask("POST", { key: "x".repeat(70_000) }), [
    400,
    { error: /more than 65536 bytes/ },
  ]);
  t.equal((await ask("PUT", {}))[0], 405);
});
