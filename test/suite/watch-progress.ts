/** Watch: hearing of the revision although nothing happened. */
import { currentRevision, revisionOf } from "./checks.ts";
import type { SuiteTests } from "./scene.ts";
import { told, withProbe } from "./watch-probe.ts";
import type { WatchProbe } from "./watch-probe.ts";

/** Least that etcd takes. Source: etcd server/etcdserver/api/v3rpc/watch.go. */
const PROGRESS_INTERVAL_MS = 100;

/** An answer without events, on behalf of all watches of the stream. */
function progress(revision: number): Record<string, unknown> {
  return { watchId: -1, created: false, canceled: false, events: [], header: { revision } };
}

/** Asks until it is answered: a request is dropped while a watch still catches up. */
async function syncedProgress(probe: WatchProbe): Promise<void> {
  const asking = setInterval(() => {
    probe.requestProgress();
  }, 20);
  try {
    await probe.next("an answer to a request for progress");
  } finally {
    clearInterval(asking);
  }
}

export const watchProgressTests: SuiteTests = {
  "Watch answers a request for progress with the revision of now": async (scene) => {
    const { t, client, prefix } = scene;
    await withProbe(client, async (probe) => {
      await probe.create({ key: `${prefix}a` });
      await client.kv.put(`${prefix}other`, "1");
      const now = await currentRevision(client);
      probe.requestProgress();
      t.match(await probe.next(), progress(now));
    });
  },

  "Watch answers a request for progress once, however many watches there are": async (scene) => {
    const { t, client, prefix } = scene;
    await withProbe(client, async (probe) => {
      for (const name of ["a", "b", "c"]) {
        await probe.create({ key: prefix + name });
      }
      probe.requestProgress();
      t.equal((await probe.next()).watchId, -1);
      await client.kv.put(`${prefix}a`, "1");
      t.equal(told(await probe.next(), prefix), "+a=1", "nothing in between");
    });
  },

  "Watch tells nothing of before after it told the progress": async ({ t, client, prefix }) => {
    await withProbe(client, async (probe) => {
      await probe.create({ key: prefix, rangeEnd: `${prefix}~` });
      let progressRevision = 0;
      let eventRevision = 0;
      for (let index = 0; index < 50; index += 1) {
        const put = client.kv.put(`${prefix}a`, String(index));
        probe.requestProgress();
        await put;
        for (let events = 0; events === 0;) {
          const answer = await probe.next();
          events = answer.events.length;
          if (events === 0) {
            progressRevision = revisionOf(answer);
            t.ok(progressRevision >= eventRevision, "progress is told after what it covers");
          } else {
            eventRevision = revisionOf(answer);
            t.ok(eventRevision > progressRevision, "an event is newer than progress told before");
          }
        }
      }
    });
  },

  "Watch tells all events up to the progress before it": async ({ t, client, prefix }) => {
    await withProbe(client, async (probe) => {
      await probe.create({ key: `${prefix}a` });
      const revision = revisionOf(await client.kv.put(`${prefix}a`, "1"));
      probe.requestProgress();
      t.equal(told(await probe.next(), prefix), "+a=1");
      t.match(await probe.next(), progress(revision));
    });
  },

  "Watch says nothing to a request for progress when there is no watch": async (scene) => {
    const { t, client, prefix } = scene;
    await withProbe(client, async (probe) => {
      probe.requestProgress();
      await probe.create({ key: `${prefix}a` });
      await client.kv.put(`${prefix}a`, "1");
      t.equal(told(await probe.next(), prefix), "+a=1");
      probe.cancel(0);
      t.equal((await probe.next()).canceled, true);
      probe.requestProgress();
      await probe.create({ key: `${prefix}a` });
      await client.kv.put(`${prefix}a`, "2");
      t.equal(told(await probe.next(), prefix), "+a=2", "nor when all are cancelled");
    });
  },

  "Watch drops a request for progress while a watch waits for the future": async (scene) => {
    const { t, client, prefix } = scene;
    await withProbe(client, async (probe) => {
      await probe.create({ key: `${prefix}a` });
      const startRevision = (await currentRevision(client)) + 3;
      await probe.create({ key: `${prefix}b`, startRevision });
      probe.requestProgress();
      await client.kv.put(`${prefix}a`, "1");
      t.equal(told(await probe.next(), prefix), "+a=1", "dropped");
      probe.requestProgress();
      await client.kv.put(`${prefix}a`, "2");
      t.equal(told(await probe.next(), prefix), "+a=2", "dropped again");
      await client.kv.put(`${prefix}a`, "3");
      t.equal(told(await probe.next(), prefix), "+a=3");
      await syncedProgress(probe);
      t.pass("answered when the future has come, and not because of the requests of before");
    });
  },

  "Watch drops a request for progress while a watch that was compacted is not cancelled": async (
    scene,
  ) => {
    const { t, fresh } = scene;
    const { client } = await fresh();
    await client.kv.put("a", "1");
    const compactRevision = revisionOf(await client.kv.put("a", "2"));
    await client.kv.compact(compactRevision);
    await withProbe(client, async (probe) => {
      await probe.create({ key: "b" });
      await probe.create({ key: "a", startRevision: 1 });
      t.match(await probe.next(), { watchId: 1, canceled: true, compactRevision });
      probe.requestProgress();
      await client.kv.put("b", "1");
      t.equal(told(await probe.next(), ""), "+b=1", "dropped");
      probe.cancel(1);
      const canceled = await probe.next();
      t.match(canceled, { watchId: 1, canceled: true, compactRevision: 0 }, "cancelled again");
      probe.requestProgress();
      t.match(await probe.next(), progress(compactRevision + 1));
    });
  },

  "Watch answers a request for progress after it caught up": async ({ t, client, prefix }) => {
    const startRevision = revisionOf(await client.kv.put(`${prefix}a`, "1"));
    await withProbe(client, async (probe) => {
      await probe.create({ key: `${prefix}a`, startRevision });
      t.equal(told(await probe.next(), prefix), "+a=1");
      await syncedProgress(probe);
      t.pass("answered");
    });
  },
};

/** Each on a server that tells progress every 100 ms. */
export const watchPeriodicTests: SuiteTests = {
  "Watch tells the progress now and then where asked for": async ({ t, fresh }) => {
    const { client } = await fresh({ watchProgressNotifyIntervalMs: PROGRESS_INTERVAL_MS });
    await withProbe(client, async (probe) => {
      await probe.create({ key: "silent" });
      await probe.create({ key: "a", progressNotify: true });
      await client.kv.put("other", "1");
      const now = await currentRevision(client);
      let answer = await probe.next();
      // On a busy machine one of before is under way.
      while ((answer.header?.revision ?? now) < now) answer = await probe.next();
      for (let times = 0; times < 3; times += 1) {
        t.match(answer, { ...progress(now), watchId: 1 }, "of the one watch that asked");
        answer = await probe.next();
      }
    });
  },

  "Watch tells the progress of every watch that asked": async ({ t, fresh }) => {
    const { client } = await fresh({ watchProgressNotifyIntervalMs: PROGRESS_INTERVAL_MS });
    await withProbe(client, async (probe) => {
      await probe.create({ key: "a", progressNotify: true });
      await probe.create({ key: "b", progressNotify: true });
      const ids = new Set<number>();
      for (let answers = 0; answers < 4; answers += 1) {
        ids.add((await probe.next()).watchId);
      }
      t.strictSame(
        [...ids].toSorted((a, b) => a - b),
        [0, 1],
      );
    });
  },

  "Watch tells no progress before its start revision has come": async ({ t, fresh }) => {
    const { client } = await fresh({ watchProgressNotifyIntervalMs: PROGRESS_INTERVAL_MS });
    const startRevision = (await currentRevision(client)) + 2;
    await withProbe(client, async (probe) => {
      await probe.create({ key: "future", progressNotify: true, startRevision });
      await probe.create({ key: "now", progressNotify: true });
      t.equal((await probe.next()).watchId, 1);
      t.equal((await probe.next()).watchId, 1, "only the one that is not in the future");
      await client.kv.put("other", "1");
      await client.kv.put("other", "2");
      const ids = new Set<number>();
      while (!ids.has(0)) {
        const answer = await probe.next("progress of the watch whose future has come");
        ids.add(answer.watchId);
      }
      t.ok(ids.has(0));
    });
  },

  "Watch that tells events need not tell progress, and goes on telling it after": async (scene) => {
    const { t, fresh } = scene;
    const { client } = await fresh({ watchProgressNotifyIntervalMs: PROGRESS_INTERVAL_MS });
    await withProbe(client, async (probe) => {
      await probe.create({ key: "a", progressNotify: true });
      const revision = revisionOf(await client.kv.put("a", "1"));
      let answer = await probe.next();
      while (answer.events.length === 0) {
        t.ok(revisionOf(answer) < revision, "progress of before");
        answer = await probe.next();
      }
      t.equal(told(answer, ""), "+a=1");
      t.match(await probe.next(), { ...progress(revision), watchId: 0 });
    });
  },
};
