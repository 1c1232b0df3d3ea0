/** What a client does by itself when it reads much, and when its connection is lost. */
import { connect, createServer } from "node:net";
import type { Socket } from "node:net";
import type { AddressInfo } from "node:net";
import { connect as connectClient } from "../../src/embed/index.ts";
import { keys, within } from "./checks.ts";
import type { SuiteTests } from "./scene.ts";

/** A port that leads to a server, and whose connections can be cut. */
async function cuttable(address: string) {
  const [host, port] = address.split(":");
  const open = new Set<Socket>();
  const proxy = createServer((near) => {
    const far = connect(Number(port), host);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(from);
      from.on("error", () => to.destroy());
      from.on("close", () => {
        open.delete(from);
        to.destroy();
      });
      from.pipe(to);
    }
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  const cut = (): void => {
    for (const socket of open) socket.destroy();
  };
  const { port: own } = proxy.address() as AddressInfo;
  return { url: `http://127.0.0.1:${String(own)}`, cut, close: () => (cut(), proxy.close()) };
}

export const clientReadingTests: SuiteTests = {
  "Kv.iterate() tells every key of one revision, whatever is written meanwhile": async (scene) => {
    const { t, client, prefix } = scene;
    const names = Array.from({ length: 10 }, (_, index) => `${prefix}${index}`);
    for (const name of names) await client.kv.put(name, "old");
    const seen: string[] = [];
    for await (const { key, value } of client.kv.iterate(prefix, { pageSize: 3 })) {
      seen.push(`${keys([{ key }], prefix)[0]}=${value.toString()}`);
      await client.kv.put(names[9]!, "new");
      await client.kv.put(`${prefix}5a`, "added");
    }
    t.strictSame(
      seen,
      names.map((name) => `${name.slice(prefix.length)}=old`),
    );
    const none = client.kv.iterate(`${prefix}none`);
    t.equal((await none.next()).done, true);
    await t.rejects(client.kv.iterate(prefix, { pageSize: 0 }).next(), RangeError);
  },

  "Watch survives lost connections, and tells each event once": async (scene) => {
    const { t, client, prefix, address } = scene;
    if (address === undefined) {
      t.pass("there is no connection to lose");
      return;
    }
    const proxy = await cuttable(address);
    const far = await connectClient(proxy.url);
    try {
      await using watch = far.watch(prefix, { prefix: true });
      await watch.created;
      const seen: string[] = [];
      const count = 30;
      const reading = (async () => {
        while (seen.length < count) {
          const { value } = await watch.next();
          seen.push(...value!.events.map(({ kv }) => kv.value.toString()));
        }
      })();
      for (let index = 0; index < count; index++) {
        await client.kv.put(`${prefix}a`, String(index));
        if (index % 10 === 4) proxy.cut();
      }
      await within("all events", reading);
      t.strictSame(
        seen,
        Array.from({ length: count }, (_, index) => String(index)),
      );
    } finally {
      far.close();
      proxy.close();
    }
  },
};
