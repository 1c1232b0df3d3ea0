/** Watch: what is told of changes, and in which order. */
import { op } from "../../src/client/index.ts";
import { messages } from "../../src/wire/index.ts";
import { marks, revisionOf, text } from "./checks.ts";
import type { SuiteTests } from "./scene.ts";
import { told, withProbe } from "./watch-probe.ts";

const { noput: NOPUT, nodelete: NODELETE } = messages.FilterType;

function watchIds(answers: readonly messages.WatchResponse[]): number[] {
  return answers.map(({ watchId }) => watchId).toSorted((a, b) => a - b);
}

export const watchEventsTests: SuiteTests = {
  "Watch tells a put with the whole key": async ({ t, client, prefix }) => {
    const { id } = await client.lease.grant(60);
    await withProbe(client, async (probe) => {
      await probe.create({ key: `${prefix}a` });
      const revision = revisionOf(await client.kv.put(`${prefix}a`, "v", { lease: id }));
      const answer = await probe.next();
      const [event] = answer.events;
      t.equal(answer.events.length, 1);
      t.equal(event?.type, messages.EventType.put);
      t.strictSame(
        [text(event?.kv?.key ?? new Uint8Array()), told(answer, prefix)],
        [`${prefix}a`, "+a=v"],
      );
      t.strictSame(marks(event?.kv), {
        createRevision: revision,
        modRevision: revision,
        version: 1,
        lease: id,
      });
      t.equal(event?.prevKv, undefined);
      t.equal(answer.header?.revision, revision);
    });
    await client.lease.revoke(id);
  },

  "Watch tells a delete with the key and its revision only": async ({ t, client, prefix }) => {
    await client.kv.put(`${prefix}a`, "v");
    await withProbe(client, async (probe) => {
      await probe.create({ key: `${prefix}a` });
      const revision = revisionOf(await client.kv.delete(`${prefix}a`));
      const { events } = await probe.next();
      t.equal(events[0]?.type, messages.EventType.delete);
      t.equal(events[0]?.kv?.value.length, 0);
      t.strictSame(marks(events[0]?.kv), {
        createRevision: 0,
        modRevision: revision,
        version: 0,
        lease: 0n,
      });
    });
  },

  "Watch answers once for each revision, under that revision": async (scene) => {
    const { t, client, prefix } = scene;
    await withProbe(client, async (probe) => {
      await probe.create({ key: prefix, rangeEnd: `${prefix}~` });
      const revisions: number[] = [];
      for (const name of ["a", "b", "c"]) {
        revisions.push(revisionOf(await client.kv.put(prefix + name, "v")));
        const answer = await probe.next();
        t.equal(told(answer, prefix), `+${name}=v`);
        t.equal(revisionOf(answer), revisions.at(-1));
      }
    });
  },

  "Watch tells all changes of a transaction in one answer, in their order": async (scene) => {
    const { t, client, prefix } = scene;
    await client.kv.put(`${prefix}d1`, "");
    await client.kv.put(`${prefix}d2`, "");
    await withProbe(client, async (probe) => {
      await probe.create({ key: prefix, rangeEnd: `${prefix}~` });
      const nested = client.kv.txn().then(op.put(`${prefix}a`, "4"));
      const answer = await client.kv
        .txn()
        .then(
          op.put(`${prefix}z`, "1"),
          op.delete(`${prefix}d`, { prefix: true }),
          op.put(`${prefix}b`, "3"),
          op.txn(nested),
        )
        .commit();
      const event = await probe.next();
      t.equal(told(event, prefix), "+z=1 -d1 -d2 +b=3 +a=4");
      t.equal(revisionOf(event), revisionOf(answer));
      for (const { kv } of event.events) {
        t.equal(kv?.modRevision, revisionOf(answer));
      }
    });
  },

  "Watch tells every change of a key that a transaction changes twice": async (scene) => {
    const { t, client, prefix } = scene;
    await withProbe(client, async (probe) => {
      await probe.create({ key: `${prefix}a`, prevKv: true });
      const put = client.kv.txn().then(op.put(`${prefix}a`, "1"));
      const remove = client.kv.txn().then(op.delete(`${prefix}a`));
      await client.kv.txn().then(op.txn(put), op.txn(remove)).commit();
      const answer = await probe.next();
      t.equal(told(answer, prefix), "+a=1 -a");
      t.strictSame(
        answer.events.map(({ prevKv }) => prevKv),
        [undefined, undefined],
        "there was nothing before the transaction",
      );
    });
  },

  "Watch tells of the watched range only": async ({ t, client, prefix }) => {
    await withProbe(client, async (probe) => {
      await probe.create({ key: `${prefix}b`, rangeEnd: `${prefix}d` });
      for (const name of ["a", "b", "ba", "c", "d"]) {
        await client.kv.put(prefix + name, "v");
      }
      await client.kv.delete(prefix, { prefix: true });
      const answers = await probe.take(6);
      t.equal(
        answers.map((answer) => told(answer, prefix)).join(", "),
        "+b=v, +ba=v, +c=v, -b -ba -c",
      );
    });
  },

  "Watch with range_end of a zero byte tells of all keys after": async ({ t, fresh }) => {
    const { client } = await fresh();
    await withProbe(client, async (probe) => {
      await probe.create({ key: "m", rangeEnd: "\u0000" });
      for (const name of ["a", "m", "z", "\u007f"]) {
        await client.kv.put(name, "v");
      }
      const answers = await probe.take(3);
      t.equal(answers.map((answer) => told(answer, "")).join(" "), "+m=v +z=v +\u007f=v");
    });
  },

  "Watch tells each watch whose range has the key": async ({ t, client, prefix }) => {
    await withProbe(client, async (probe) => {
      await probe.create({ key: `${prefix}a` });
      await probe.create({ key: prefix, rangeEnd: `${prefix}~` });
      await probe.create({ key: `${prefix}b` });
      await client.kv.put(`${prefix}a`, "1");
      const answers = await probe.take(2);
      t.strictSame(watchIds(answers), [0, 1]);
      await client.kv.put(`${prefix}b`, "2");
      const more = await probe.take(2);
      t.strictSame(watchIds(more), [1, 2]);
    });
  },

  "Watch without puts tells of deletes only, and the other way round": async (scene) => {
    const { t, client, prefix } = scene;
    await withProbe(client, async (probe) => {
      const range = { key: prefix, rangeEnd: `${prefix}~` };
      await probe.create({ ...range, filters: [NOPUT], watchId: 10 });
      await probe.create({ ...range, filters: [NODELETE], watchId: 20 });
      await probe.create({ ...range, filters: [NOPUT, NODELETE], watchId: 30 });
      await probe.create({ ...range, filters: [5], watchId: 40 });
      await client.kv.put(`${prefix}a`, "1");
      await client.kv.delete(`${prefix}a`);
      const seen: Record<number, string[]> = {};
      for (const answer of await probe.take(4)) {
        (seen[answer.watchId] ??= []).push(told(answer, prefix));
      }
      t.strictSame(seen, { 10: ["-a"], 20: ["+a=1"], 40: ["+a=1", "-a"] });
    });
  },

  "Watch leaves what it filters out of the answer of a revision": async (scene) => {
    const { t, client, prefix } = scene;
    await client.kv.put(`${prefix}b`, "");
    await withProbe(client, async (probe) => {
      await probe.create({ key: prefix, rangeEnd: `${prefix}~`, filters: [NOPUT] });
      await client.kv
        .txn()
        .then(op.put(`${prefix}a`, "1"), op.delete(`${prefix}b`))
        .commit();
      t.equal(told(await probe.next(), prefix), "-b");
    });
  },

  "Watch with prev_kv tells what was there before": async ({ t, client, prefix }) => {
    const first = revisionOf(await client.kv.put(`${prefix}a`, "1"));
    await withProbe(client, async (probe) => {
      await probe.create({ key: `${prefix}a`, prevKv: true });
      await client.kv.put(`${prefix}a`, "2");
      const [put] = (await probe.next()).events;
      t.equal(text(put?.prevKv?.value ?? new Uint8Array()), "1");
      t.strictSame(marks(put?.prevKv), {
        createRevision: first,
        modRevision: first,
        version: 1,
        lease: 0n,
      });
      await client.kv.delete(`${prefix}a`);
      const [remove] = (await probe.next()).events;
      t.equal(text(remove?.prevKv?.value ?? new Uint8Array()), "2");
      t.equal(remove?.prevKv?.version, 2);
      await client.kv.put(`${prefix}a`, "3");
      const [again] = (await probe.next()).events;
      t.equal(again?.prevKv, undefined, "nothing was there");
    });
  },

  "Watch without prev_kv tells nothing of before": async ({ t, client, prefix }) => {
    await client.kv.put(`${prefix}a`, "1");
    await withProbe(client, async (probe) => {
      await probe.create({ key: `${prefix}a` });
      await client.kv.put(`${prefix}a`, "2");
      t.equal((await probe.next()).events[0]?.prevKv, undefined);
      await client.kv.delete(`${prefix}a`);
      t.equal((await probe.next()).events[0]?.prevKv, undefined);
    });
  },

  "Watch tells nothing of writes that change nothing": async ({ t, client, prefix }) => {
    await withProbe(client, async (probe) => {
      await probe.create({ key: prefix, rangeEnd: `${prefix}~` });
      await client.kv.delete(`${prefix}none`);
      await client.kv
        .txn()
        .then(op.delete(prefix, { prefix: true }))
        .commit();
      await client.kv.put(`${prefix}a`, "1");
      t.equal(told(await probe.next(), prefix), "+a=1");
    });
  },

  "Watch tells of the same value put again": async ({ t, client, prefix }) => {
    await client.kv.put(`${prefix}a`, "same");
    await withProbe(client, async (probe) => {
      await probe.create({ key: `${prefix}a` });
      await client.kv.put(`${prefix}a`, "same");
      const { events } = await probe.next();
      t.equal(events[0]?.kv?.version, 2);
    });
  },

  "Watch tells of what a lease takes with it": async ({ t, client, prefix }) => {
    const { id } = await client.lease.grant(60);
    await client.kv.put(`${prefix}b`, "", { lease: id });
    await client.kv.put(`${prefix}a`, "", { lease: id });
    await withProbe(client, async (probe) => {
      await probe.create({ key: prefix, rangeEnd: `${prefix}~` });
      const header = await client.lease.revoke(id);
      const answer = await probe.next();
      t.equal(told(answer, prefix), "-a -b", "in one answer, in the order of keys");
      t.equal(revisionOf(answer), header?.revision);
    });
  },

  "Watch told much at once loses nothing and keeps the order": async (scene) => {
    const { t, client, prefix } = scene;
    await withProbe(client, async (probe) => {
      await probe.create({ key: prefix, rangeEnd: `${prefix}~` });
      const writes = 1_000;
      const puts = Array.from({ length: writes }, (_none, index) =>
        client.kv.put(`${prefix}k${index % 7}`, String(index)),
      );
      await Promise.all(puts);
      const answers = await probe.take(writes);
      const revisions = answers.flatMap(({ events }) => events.map(({ kv }) => kv?.modRevision));
      const first = revisions[0] ?? 0;
      t.strictSame(
        revisions,
        revisions.map((_none, index) => first + index),
      );
    });
  },
};
