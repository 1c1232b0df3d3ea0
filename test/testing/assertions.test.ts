import t from "tap";
import { VirtualClock, expectNoWrites, waitFor } from "../../src/testing/index.ts";
import { Etcd, connect } from "../../src/embed/index.ts";
import { ANY_PORT, onBoth } from "./faults-fixture.ts";

onBoth(t, "waitFor() hears of a value without asking again", async (t, { client, etcd }) => {
  const asked: (string | undefined)[] = [];
  const waiting = waitFor(client, "key", (kv) => {
    asked.push(kv?.value.toString());
    return kv?.value.toString() === "3";
  });
  while (asked.length === 0) await new Promise((resolve) => setImmediate(resolve));
  await etcd.client.kv.put("key", "1");
  await etcd.client.kv.delete("key");
  await etcd.client.kv.put("other", "3");
  await etcd.client.kv.put("key", "3");
  t.equal((await waiting)?.modRevision, 5);
  t.same(asked, [undefined, "1", undefined, "3"], "nothing between is missed");
  t.equal((await waitFor(client, "key", (kv) => kv !== undefined))?.version, 1, "at once");
  await t.rejects(
    waitFor(client, "key", (kv) => kv === undefined, { timeoutMs: 20 }),
    /Cannot wait for "key" any longer than 20 ms: "3"/,
  );
  await t.rejects(
    waitFor(client, "none", (kv) => kv !== undefined, { timeoutMs: 20 }),
    /it is not there/,
  );
});

onBoth(t, "expectNoWrites() tells what was written", async (t, { client, etcd }) => {
  await client.kv.put("dir/before", "");
  const none = await expectNoWrites(client, "dir/");
  await etcd.client.kv.put("other", "");
  await none.check();
  const some = await expectNoWrites(client, "dir/");
  await etcd.client.kv.put("dir/a", "1");
  await etcd.client.kv.put("other", "1");
  await etcd.client.kv.delete("dir/before");
  await t.rejects(some.check(), {
    message:
      'Expected no writes of "dir/": there were 2\n' +
      "  put dir/a at revision 4\n  delete dir/before at revision 6",
  });
  const many = await expectNoWrites(client, "dir/");
  for (let count = 0; count < 150; count++) await etcd.client.kv.put("dir/a", String(count));
  const message = await many.check().catch((error: Error) => error.message);
  t.match(message, /there were 150\n/);
  t.equal(message?.split("\n").length, 101, "as many as are kept");
});

t.test("expectNoWrites() hears of a lease that ends", async (t) => {
  const clock = new VirtualClock();
  await using etcd = await Etcd.start({ clock, listenClientUrls: [ANY_PORT] });
  const client = await connect(etcd.clientUrls);
  const { id } = await client.lease.grant(10);
  await client.kv.put("dir/leased", "", { lease: id });
  const nothing = await expectNoWrites(client, "dir/");
  await clock.advance("15s");
  await t.rejects(nothing.check(), /delete dir\/leased at revision 3/);
  client.close();
});
