import t from "tap";
import { Etcd, EtcdStores, connect } from "../../src/embed/index.ts";

const ANY_PORT = "http://127.0.0.1:0";

for (const grpcTransport of ["http2", "grpc-js"] as const) {
  t.test(`Two stores on one port do not know each other (${grpcTransport})`, async (t) => {
    await using stores = await EtcdStores.start({ listenClientUrls: [ANY_PORT], grpcTransport });
    const [url = ""] = stores.clientUrls;
    const otherUrl = url.replace("127.0.0.1", "localhost");
    const one = await connect(url);
    const other = await connect(otherUrl);
    t.teardown(() => one.close());
    t.teardown(() => other.close());
    await stores.open("127.0.0.1");
    await t.rejects(other.kv.get("key"), { code: 5, message: /no store .*: "localhost"/ });
    await t.rejects(other.watch("key").created, { code: 5 });
    await stores.open("LocalHost");
    t.same(stores.names, ["127.0.0.1", "localhost"]);

    const watch = other.watch("key");
    await watch.created;
    await one.kv.put("key", "one");
    await one.kv.put("key", "one again");
    await other.kv.put("key", "other");
    t.equal((await one.kv.get("key")).header?.revision, 3);
    t.equal((await other.kv.get("key")).header?.revision, 2);
    t.equal((await watch.next()).value?.events[0]?.kv.value.toString(), "other");
    watch.cancel();
    const { id } = await one.lease.grant(60);
    t.equal((await other.lease.timeToLive(id)).ttl, -1);
    t.equal((await stores.get("localhost")?.client.kv.get("key"))?.kvs[0]?.version, 1);
    await t.rejects(stores.open("localhost"), /there is one of this name/);

    t.equal(await stores.close("localhost"), true);
    t.equal(await stores.close("localhost"), false);
    await t.rejects(other.kv.get("key"), { code: 5 });
    t.equal((await one.kv.get("key")).count, 1);
  });
}

t.test("Pages and calls as JSON go by the host, too", async (t) => {
  await using stores = await EtcdStores.start({ listenClientUrls: [ANY_PORT] });
  const [url = ""] = stores.clientUrls;
  const otherUrl = url.replace("127.0.0.1", "localhost");
  await stores.open("127.0.0.1");
  t.equal((await fetch(`${url}/health`)).status, 200);
  t.equal((await fetch(`${otherUrl}/health`)).status, 404);
  const body = JSON.stringify({ key: "YQ==" });
  t.equal((await fetch(`${url}/v3/kv/range`, { method: "POST", body })).status, 200);
  t.equal((await fetch(`${otherUrl}/v3/kv/range`, { method: "POST", body })).status, 404);
});

t.test("A thousand stores come and go, forks too", async (t) => {
  const stores = await EtcdStores.start({ listenClientUrls: [ANY_PORT] });
  await using template = await Etcd.start();
  await template.client.kv.put("key", "template");
  const memoryBytes = process.memoryUsage().heapUsed;
  const sinceMs = performance.now();
  for (let index = 0; index < 1000; index++) {
    if (index % 2 === 0) await stores.open(`store-${String(index)}`);
    else stores.add(`store-${String(index)}`, await template.fork());
  }
  const openMs = (performance.now() - sinceMs) / 1000;
  const eachKib = (process.memoryUsage().heapUsed - memoryBytes) / 1000 / 1024;
  t.comment(`${openMs.toFixed(2)} ms and ${eachKib.toFixed(0)} KiB of heap each`);
  t.equal((await stores.get("store-998")?.client.kv.get("key"))?.count, 0);
  t.equal((await stores.get("store-999")?.client.kv.get("key"))?.count, 1);
  await stores.stop();
  t.same(stores.names, []);
  await t.rejects(stores.open("late"), /all of them are stopped/);
});
