import t from "tap";
import { MARKS_MAX } from "../../src/embed/marks.ts";
import { Etcd } from "../../src/embed/index.ts";

const PORT = { listenClientUrls: ["http://127.0.0.1:0"] };

/** What a page answered. */
interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, string>>;
}

async function call(url: string | undefined, method: string, path: string): Promise<Answer> {
  const reply = await fetch(`${String(url)}/debug/marks${path}`, { method });
  // The cast holds for every reply of these pages; the tests look at what is in it.
  return { status: reply.status, body: (await reply.json()) as Answer["body"] };
}

t.test("POST /debug/marks and its reset go back to a content", async (t) => {
  await using etcd = await Etcd.start({ ...PORT, enableTestEndpoints: true });
  const [url] = etcd.clientUrls;
  const { kv } = etcd.client;
  await kv.put("kept", "1");
  t.same(await call(url, "POST", ""), { status: 201, body: { mark: "1", revision: "2" } });
  await kv.put("kept", "2");
  await kv.put("new", "1");
  const reset = await call(url, "POST", "/1/reset");
  t.same(reset, { status: 200, body: { revision: "6" } }, "revisions only go forward");
  const { kvs } = await kv.get("", { prefix: true });
  t.same(
    kvs.map(({ key, value }) => `${key.toString()}=${value.toString()}`),
    ["kept=1"],
  );
  t.equal((await call(url, "DELETE", "/1")).status, 200);
  t.equal((await call(url, "POST", "/1/reset")).status, 404);
});

t.test(
  "/debug/marks refuses what it does not know, and more marks than there may be",
  async (t) => {
    await using etcd = await Etcd.start({ ...PORT, enableTestEndpoints: true });
    const [url] = etcd.clientUrls;
    t.equal((await call(url, "GET", "")).status, 405);
    t.equal((await call(url, "POST", "/7/reset")).status, 404);
    t.equal((await call(url, "POST", "/1/reset/x")).status, 404);
    for (let count = 0; count < MARKS_MAX; count++) await call(url, "POST", "");
    t.equal((await call(url, "POST", "")).status, 429);
    t.equal((await call(url, "POST", "/1")).status, 405);
  },
);

t.test("/debug/marks is not there unless asked for, and leaves other pages alone", async (t) => {
  await using plain = await Etcd.start(PORT);
  const { status } = await fetch(`${String(plain.clientUrls[0])}/debug/marks`, { method: "POST" });
  t.equal(status, 404);
  await using etcd = await Etcd.start({ ...PORT, enableTestEndpoints: true });
  t.equal((await fetch(`${String(etcd.clientUrls[0])}/health`)).status, 200);
});
