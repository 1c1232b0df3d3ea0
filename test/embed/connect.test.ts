import { join } from "node:path";
import t from "tap";
import { connect } from "../../src/embed/index.ts";
import { TestAuthority } from "../harness/certificates.ts";
import { tempDirectory } from "../harness/temp-dir.ts";
import { ANY_PORT, rejection, started } from "./embedded.ts";

t.test("connect() gives a client of a server elsewhere", async (t) => {
  const etcd = await started(t, { listenClientUrls: [ANY_PORT] });
  const client = await connect(etcd.clientUrls[0] ?? "");
  await client.kv.put("far", "away");
  const { kvs } = await etcd.client.kv.get("far");
  t.equal(kvs[0]?.value.toString(), "away", "it is the same server");
  await using watch = client.watch("far");
  await watch.created;
  await etcd.client.kv.delete("far");
  const { value } = await watch.next();
  t.match(value?.events, [{ type: "delete" }]);
});

t.test("connect() reaches a server on a unix socket", async (t) => {
  const url = `unix://${join(await tempDirectory(t), "etcd.sock")}`;
  const etcd = await started(t, { listenClientUrls: [url] });
  const client = await connect(etcd.clientUrls);
  t.equal((await client.kv.get("nothing")).count, 0);
});

t.test("connect() with several URLs passes over those where nobody answers", async (t) => {
  const etcd = await started(t, { listenClientUrls: [ANY_PORT] });
  const [living = ""] = etcd.clientUrls;
  const gone = await started(t, { listenClientUrls: [ANY_PORT] });
  const [dead = ""] = gone.clientUrls;
  await gone.stop();
  const client = await connect([living, dead]);
  const answers = await Promise.allSettled(
    Array.from({ length: 6 }, () => client.kv.put("key", "value")),
  );
  t.ok(answers.some(({ status }) => status === "fulfilled"));
  t.equal((await client.kv.get("key")).count, 1, "the dead one is known by now");
});

t.test("connect() refuses what is no URL of a server", async (t) => {
  t.match(await rejection(connect([])), { message: "Cannot connect: no URL given" });
  t.match(await rejection(connect("ftp://127.0.0.1:1")), {
    message: "URL scheme must be http, https, unix, or unixs: ftp://127.0.0.1:1",
  });
});

t.test("connect() by TLS takes whom to trust and who to be", async (t) => {
  const authority = new TestAuthority(await tempDirectory(t));
  const { certFile, keyFile } = authority.certify("server");
  const { cert, key } = authority.certify("client");
  const etcd = await started(t, {
    listenClientUrls: ["https://127.0.0.1:0"],
    tls: { certFile, keyFile, trustedCaFile: authority.certFile },
  });
  const client = await connect(etcd.clientUrls, { tls: { ca: authority.cert, cert, key } });
  t.teardown(() => client.close());
  await client.kv.put("key", "value");
  t.equal((await client.kv.get("key")).count, 1);
  const nobody = await connect(etcd.clientUrls, { tls: { ca: authority.cert } });
  t.teardown(() => nobody.close());
  t.match(await rejection(nobody.kv.get("key")), { name: "EtcdError", code: 14 });
});

t.test("A client whose server is gone is refused with code 14", async (t) => {
  const etcd = await started(t, { listenClientUrls: [ANY_PORT] });
  const client = await connect(etcd.clientUrls);
  await client.kv.put("key", "value");
  await etcd.stop();
  t.match(await rejection(client.kv.get("key")), { name: "EtcdError", code: 14 });
});

t.test("Client.close() gives up the connection, and the server can stop at once", async (t) => {
  const etcd = await started(t, { listenClientUrls: [ANY_PORT] });
  const client = await connect(etcd.clientUrls);
  await client.kv.put("key", "value");
  client.close();
  t.match(await rejection(client.kv.get("key")), { name: "EtcdError", code: 14 });
  await etcd.stop();
});
