/** Watch: starting in the past and in the future. */
import { op } from "../../src/client/index.ts";
import { currentRevision, marks, revisionOf, text } from "./checks.ts";
import type { Scene, SuiteTests } from "./scene.ts";
import { told, withProbe } from "./watch-probe.ts";

/** Receive limit of a server with etcd's defaults: --max-request-bytes and 512 KiB. */
const FRAGMENT_BYTES = 1_572_864 + 524_288;

async function putMany({ client, prefix }: Scene, count: number): Promise<number> {
  let first = 0;
  for (let index = 0; index < count; index += 1) {
    const put = await client.kv.put(`${prefix}k${index % 5}`, String(index));
    first ||= revisionOf(put);
  }
  return first;
}

export const watchHistoryTests: SuiteTests = {
  "Watch from a past revision tells everything since, that one included": async (scene) => {
    const { t, client, prefix } = scene;
    await client.kv.put(`${prefix}a`, "0");
    const start = revisionOf(await client.kv.put(`${prefix}a`, "1"));
    await client.kv.put(`${prefix}b`, "2");
    await client.kv.delete(`${prefix}a`);
    const now = await currentRevision(client);
    await withProbe(client, async (probe) => {
      const range = { key: prefix, rangeEnd: `${prefix}~` };
      const created = await probe.create({ ...range, startRevision: start });
      t.equal(created.header?.revision, now);
      const answers = await probe.take(3);
      t.equal(answers.map((answer) => told(answer, prefix)).join(" "), "+a=1 +b=2 -a");
      t.equal(answers[0]?.header?.revision, now, "the header of history is the one of now");
      await client.kv.put(`${prefix}c`, "3");
      t.equal(told(await probe.next(), prefix), "+c=3", "and then goes on");
    });
  },

  "Watch from a past revision says that it is made before it tells anything": async (scene) => {
    const { t, client, prefix } = scene;
    const first = await putMany(scene, 3);
    await withProbe(client, async (probe) => {
      const range = { key: prefix, rangeEnd: `${prefix}~` };
      probe.ask({ ...range, startRevision: first });
      probe.ask({ ...range, startRevision: first });
      const seen = new Map<number, string>();
      for (let events = 0; events < 6;) {
        const { watchId, created, events: list } = await probe.next();
        seen.set(watchId, (seen.get(watchId) ?? "") + (created ? "c" : "e".repeat(list.length)));
        events += list.length;
      }
      t.strictSame([seen.get(0), seen.get(1)], ["ceee", "ceee"]);
    });
  },

  "Watch from the past keeps the changes of a revision together": async (scene) => {
    const { t, client, prefix } = scene;
    const txn = client.kv.txn().then(op.put(`${prefix}b`, "1"), op.put(`${prefix}a`, "2"));
    const start = revisionOf(await txn.commit());
    await client.kv.delete(prefix, { prefix: true });
    await withProbe(client, async (probe) => {
      const range = { key: prefix, rangeEnd: `${prefix}~` };
      await probe.create({ ...range, startRevision: start });
      const answers = await probe.take(4);
      t.equal(answers.map((answer) => told(answer, prefix)).join(" "), "+b=1 +a=2 -a -b");
      for (const { events } of answers) {
        const revisions = new Set(events.map(({ kv }) => kv?.modRevision));
        t.equal(events.length, revisions.size * 2, "both changes of a revision in one answer");
      }
    });
  },

  "Watch from the past tells what was before, too": async ({ t, client, prefix }) => {
    const start = revisionOf(await client.kv.put(`${prefix}a`, "1"));
    await client.kv.put(`${prefix}a`, "2");
    await client.kv.delete(`${prefix}a`);
    await withProbe(client, async (probe) => {
      await probe.create({ key: `${prefix}a`, startRevision: start, prevKv: true });
      const events = (await probe.take(3)).flatMap((answer) => answer.events);
      t.strictSame(
        events.map(({ prevKv }) => prevKv && text(prevKv.value)),
        [undefined, "1", "2"],
      );
      t.strictSame(marks(events[2]?.prevKv), {
        createRevision: start,
        modRevision: start + 1,
        version: 2,
        lease: 0n,
      });
    });
  },

  "Watch from the past leaves out what it filters": async ({ t, client, prefix }) => {
    const start = revisionOf(await client.kv.put(`${prefix}a`, "1"));
    await client.kv.delete(`${prefix}a`);
    await client.kv.put(`${prefix}a`, "2");
    await withProbe(client, async (probe) => {
      await probe.create({ key: `${prefix}a`, startRevision: start, filters: [1] });
      const answers = await probe.take(2);
      t.equal(answers.map((answer) => told(answer, prefix)).join(" "), "+a=1 +a=2");
    });
  },

  "Watch from the newest revision tells that one": async ({ t, client, prefix }) => {
    const start = revisionOf(await client.kv.put(`${prefix}a`, "1"));
    await withProbe(client, async (probe) => {
      await probe.create({ key: `${prefix}a`, startRevision: start });
      t.equal(told(await probe.next(), prefix), "+a=1");
    });
  },

  "Watch from the next revision tells nothing of before": async ({ t, client, prefix }) => {
    const start = revisionOf(await client.kv.put(`${prefix}a`, "1")) + 1;
    await withProbe(client, async (probe) => {
      await probe.create({ key: `${prefix}a`, startRevision: start });
      await client.kv.put(`${prefix}a`, "2");
      t.equal(told(await probe.next(), prefix), "+a=2");
    });
  },

  "Watch from a future revision tells nothing until then": async ({ t, client, prefix }) => {
    const start = (await currentRevision(client)) + 3;
    await withProbe(client, async (probe) => {
      const created = await probe.create({ key: `${prefix}a`, startRevision: start });
      t.strictSame([created.created, created.canceled], [true, false]);
      for (const value of ["1", "2", "3", "4"]) {
        await client.kv.put(`${prefix}a`, value);
      }
      const answers = await probe.take(2);
      t.equal(answers.map((answer) => told(answer, prefix)).join(" "), "+a=3 +a=4");
    });
  },

  "Watch replays long history whole, in order, and no revision in two parts": async (scene) => {
    const { t, client, prefix } = scene;
    const count = 2_300;
    const first = await putMany(scene, count);
    const now = await currentRevision(client);
    await withProbe(client, async (probe) => {
      const range = { key: prefix, rangeEnd: `${prefix}~` };
      await probe.create({ ...range, startRevision: first });
      const answers = await probe.take(count);
      const values = answers.flatMap(({ events }) => events.map(({ kv }) => kv?.modRevision));
      t.strictSame(
        values,
        Array.from({ length: count }, (_none, index) => first + index),
      );
      for (const answer of answers) {
        t.equal(revisionOf(answer), now, "every header is the one of now");
        t.ok(answer.events.length <= 1_000, "at most 1000 revisions in an answer");
      }
    });
  },

  "Watch that may fragment gets long answers in pieces": async ({ t, client, prefix }) => {
    const value = "v".repeat(700_000);
    const start = (await currentRevision(client)) + 1;
    for (const name of ["a", "b", "c", "d", "e"]) {
      await client.kv.put(prefix + name, value);
    }
    const range = { key: prefix, rangeEnd: `${prefix}~`, startRevision: start };
    await withProbe(client, async (probe) => {
      await probe.create({ ...range, fragment: true });
      const pieces = await probe.take(5);
      t.ok(pieces.length > 1, "not all in one");
      t.strictSame(
        pieces.map(({ fragment }) => fragment),
        pieces.map((_none, index) => index < pieces.length - 1),
        "every piece but the last says that more follow",
      );
      for (const { events, header, watchId } of pieces) {
        const bytes = events.reduce((sum, { kv }) => sum + (kv?.value.length ?? 0), 0);
        t.ok(bytes < FRAGMENT_BYTES, "no piece is longer than a message may be");
        t.strictSame([header, watchId], [pieces[0]?.header, 0]);
      }
    });
    await withProbe(client, async (probe) => {
      await probe.create(range);
      const answers = await probe.take(5);
      t.strictSame([answers.length, answers[0]?.fragment], [1, false], "unasked: in one");
    });
    await client.kv.delete(prefix, { prefix: true });
  },

  "Watch that may fragment gets an event that is too long by itself": async (scene) => {
    const { t, client, prefix } = scene;
    const value = Buffer.alloc(1_200_000);
    await client.kv.put(`${prefix}a`, value);
    await client.kv.put(`${prefix}b`, value);
    const startRevision = revisionOf(await client.kv.put(`${prefix}a`, value));
    await client.kv.put(`${prefix}b`, value);
    await withProbe(client, async (probe) => {
      const range = { key: prefix, rangeEnd: `${prefix}~`, startRevision };
      await probe.create({ ...range, fragment: true, prevKv: true });
      const pieces = await probe.take(2);
      t.strictSame(
        pieces.map(({ events, fragment }) => [events.length, fragment]),
        [
          [1, true],
          [1, false],
        ],
      );
      t.equal(pieces[0]?.events[0]?.prevKv?.value.length, value.length);
    });
    await client.kv.delete(prefix, { prefix: true });
  },

  "Watch that may fragment gets short answers whole": async ({ t, client, prefix }) => {
    await withProbe(client, async (probe) => {
      await probe.create({ key: prefix, rangeEnd: `${prefix}~`, fragment: true });
      await client.kv
        .txn()
        .then(op.put(`${prefix}a`, "1"), op.put(`${prefix}b`, "2"))
        .commit();
      const answer = await probe.next();
      t.strictSame([answer.fragment, answer.events.length], [false, 2]);
    });
  },

  "Watch that is not read from holds up nobody, and loses nothing": async (scene) => {
    const { t, client, prefix } = scene;
    const value = "v".repeat(100_000);
    const writes = 150;
    await withProbe(client, async (slow) => {
      await slow.create({ key: prefix, rangeEnd: `${prefix}~` });
      await withProbe(client, async (quick) => {
        await quick.create({ key: prefix, rangeEnd: `${prefix}~` });
        for (let index = 0; index < writes; index += 1) {
          await client.kv.put(`${prefix}k${index % 3}`, value);
          await quick.take(1);
        }
      });
      const answers = await slow.take(writes);
      const revisions = answers.flatMap(({ events }) => events.map(({ kv }) => kv?.modRevision));
      const first = revisions[0] ?? 0;
      t.strictSame(
        revisions,
        revisions.map((_none, index) => first + index),
      );
    });
    await client.kv.delete(prefix, { prefix: true });
  },
};
