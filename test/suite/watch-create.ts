/** Watch: making watches, their ids, and ending them. */
import { currentRevision, revisionOf } from "./checks.ts";
import type { SuiteTests } from "./scene.ts";
import { told, withProbe } from "./watch-probe.ts";

const ZERO = "\u0000";

/** How a watch that cannot be made is answered. */
function refusedWatch(cancelReason: string): Record<string, unknown> {
  return { watchId: -1, created: true, canceled: true, compactRevision: 0, cancelReason };
}

export const watchCreateTests: SuiteTests = {
  "Watch answers that it is made, at the revision of now": async (scene) => {
    const { t, client, prefix } = scene;
    const now = revisionOf(await client.kv.put(`${prefix}a`, "before"));
    const { header } = await client.kv.get(prefix);
    await withProbe(client, async (probe) => {
      t.strictSame(await probe.create({ key: `${prefix}a` }), {
        header: { ...header, revision: now },
        watchId: 0,
        created: true,
        canceled: false,
        compactRevision: 0,
        cancelReason: "",
        fragment: false,
        events: [],
      });
    });
  },

  "Watch numbers watches from zero, each stream for itself": async ({ t, client, prefix }) => {
    await withProbe(client, async (probe) => {
      const ids: number[] = [];
      for (const name of ["a", "b", "c"]) {
        ids.push((await probe.create({ key: prefix + name })).watchId);
      }
      t.strictSame(ids, [0, 1, 2]);
    });
    await withProbe(client, async (probe) => {
      t.equal((await probe.create({ key: prefix })).watchId, 0);
    });
  },

  "Watch never gives a number again by itself": async ({ t, client, prefix }) => {
    await withProbe(client, async (probe) => {
      await probe.create({ key: prefix });
      await probe.create({ key: prefix });
      probe.cancel(1);
      t.equal((await probe.next()).canceled, true);
      t.equal((await probe.create({ key: prefix })).watchId, 2);
    });
  },

  "Watch takes any id that is asked for and skips it when it numbers": async (scene) => {
    const { t, client, prefix } = scene;
    await withProbe(client, async (probe) => {
      const ids: number[] = [];
      for (const watchId of [1, 77, -5, -1, 0, 0, 0]) {
        ids.push((await probe.create({ key: prefix, watchId })).watchId);
      }
      t.strictSame(ids, [1, 77, -5, -1, 0, 2, 3]);
    });
  },

  "Watch refuses an id that is in use, and leaves the stream as it was": async (scene) => {
    const { t, client, prefix } = scene;
    await withProbe(client, async (probe) => {
      await probe.create({ key: `${prefix}a`, watchId: 7 });
      const answer = await probe.create({ key: `${prefix}b`, watchId: 7 });
      t.match(answer, refusedWatch("mvcc: duplicate watch ID provided on the WatchStream"));
      await client.kv.put(`${prefix}b`, "no");
      await client.kv.put(`${prefix}a`, "yes");
      const event = await probe.next();
      t.equal(event.watchId, 7);
      t.equal(told(event, prefix), "+a=yes", "the first of that id goes on");
    });
  },

  "Watch gives the id of a cancelled watch again when asked": async (scene) => {
    const { t, client, prefix } = scene;
    await withProbe(client, async (probe) => {
      await probe.create({ key: `${prefix}a`, watchId: 7 });
      probe.cancel(7);
      t.equal((await probe.next()).canceled, true);
      const again = await probe.create({ key: `${prefix}b`, watchId: 7 });
      t.strictSame([again.watchId, again.created, again.canceled], [7, true, false]);
    });
  },

  "Watch refuses an inverted or empty range": async ({ t, client, prefix }) => {
    await withProbe(client, async (probe) => {
      const refused = refusedWatch("mvcc: watcher range is empty");
      const inverted = { key: `${prefix}b`, rangeEnd: `${prefix}a` };
      t.match(await probe.create(inverted), refused);
      t.match(await probe.create({ key: `${prefix}b`, rangeEnd: `${prefix}b` }), refused);
      t.equal((await probe.create({ key: prefix })).watchId, 0, "no number was used up");
    });
  },

  "Watch refuses a start revision below zero as compacted": async ({ t, client, prefix }) => {
    await withProbe(client, async (probe) => {
      const answer = await probe.create({ key: prefix, startRevision: -1 });
      const reason = "etcdserver: mvcc: required revision has been compacted";
      t.match(answer, refusedWatch(reason));
      t.equal((await probe.create({ key: prefix, startRevision: -99 })).canceled, true);
      const both = { key: `${prefix}b`, rangeEnd: `${prefix}a`, startRevision: -1 };
      t.equal((await probe.create(both)).cancelReason, reason, "before it looks at the range");
      t.equal((await probe.create({ key: prefix })).created, true, "the stream lives on");
    });
  },

  "Watch of no key is of the key of one zero byte": async ({ t, fresh }) => {
    const { client } = await fresh();
    await withProbe(client, async (probe) => {
      await probe.create({ key: "" });
      await client.kv.put("a", "no");
      await client.kv.put(ZERO, "yes");
      t.equal(told(await probe.next(), ""), `+${ZERO}=yes`);
      const all = await probe.create({ key: "", rangeEnd: ZERO });
      await client.kv.put("a", "now");
      const event = await probe.next();
      t.strictSame([event.watchId, told(event, "")], [all.watchId, "+a=now"]);
    });
  },

  "Watch ignores a request without anything in it": async ({ t, client, prefix }) => {
    await withProbe(client, async (probe) => {
      probe.stream.send({});
      t.equal((await probe.create({ key: prefix })).watchId, 0);
    });
  },

  "Watch answers the cancel of a watch, and tells no more of it": async (scene) => {
    const { t, client, prefix } = scene;
    await withProbe(client, async (probe) => {
      await probe.create({ key: `${prefix}a` });
      await probe.create({ key: `${prefix}b` });
      probe.cancel(0);
      const canceled = await probe.next();
      t.match(canceled, {
        watchId: 0,
        created: false,
        canceled: true,
        compactRevision: 0,
        cancelReason: "",
      });
      t.equal(canceled.header?.revision, await currentRevision(client));
      await client.kv.put(`${prefix}a`, "no");
      await client.kv.put(`${prefix}b`, "yes");
      const event = await probe.next();
      t.strictSame([event.watchId, told(event, prefix)], [1, "+b=yes"]);
    });
  },

  "Watch says nothing to the cancel of an unknown id": async ({ t, client, prefix }) => {
    await withProbe(client, async (probe) => {
      probe.cancel(99);
      await probe.create({ key: `${prefix}a` });
      probe.cancel(98);
      probe.cancel(0);
      const canceled = await probe.next();
      t.strictSame([canceled.watchId, canceled.canceled], [0, true]);
      probe.cancel(0);
      t.equal((await probe.create({ key: prefix })).created, true, "nor to a second cancel");
    });
  },

  "Watch goes on when the client has said all it has to say": async ({ t, client, prefix }) => {
    await withProbe(client, async (probe) => {
      await probe.create({ key: `${prefix}a` });
      probe.stream.end();
      await client.kv.put(`${prefix}a`, "1");
      t.equal(told(await probe.next(), prefix), "+a=1");
      await client.kv.put(`${prefix}a`, "2");
      t.equal(told(await probe.next(), prefix), "+a=2");
    });
  },

  "Watch streams do not know each other": async ({ t, client, prefix }) => {
    await withProbe(client, async (first) => {
      await withProbe(client, async (second) => {
        await first.create({ key: `${prefix}a` });
        await second.create({ key: `${prefix}a` });
        first.stream.cancel();
        await client.kv.put(`${prefix}a`, "1");
        t.equal(told(await second.next(), prefix), "+a=1");
      });
    });
  },

  "Watch takes many watches on one stream": async ({ t, client, prefix }) => {
    await withProbe(client, async (probe) => {
      const watches = 300;
      for (let index = 0; index < watches; index += 1) {
        probe.ask({ key: `${prefix}${index % 3}` });
      }
      const ids = new Set<number>();
      for (let index = 0; index < watches; index += 1) {
        ids.add((await probe.next()).watchId);
      }
      t.equal(ids.size, watches);
      await client.kv.put(`${prefix}1`, "v");
      const told = new Set((await probe.take(watches / 3)).map(({ watchId }) => watchId));
      t.equal(told.size, watches / 3, "each of those that watch the key hears of it");
    });
  },
};
