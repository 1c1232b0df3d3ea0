/** Watch streams over time: progress, slow readers, and how they end. */
import assert from "node:assert/strict";
import fc from "fast-check";
import t from "tap";
import { MemoryEngine, StorageError } from "../../../src/storage/index.ts";
import { messages } from "../../../src/wire/index.ts";
import { FaultyEngine } from "../../../src/testing/index.ts";
import { settle } from "../../../src/testing/virtual-clock.ts";
import { WatchProbe, bytes, withProbe, withServer } from "../server-fixture.ts";

const FIRST = "1".charCodeAt(0);
const ALL = { key: bytes("\0"), rangeEnd: bytes("\0") };

t.test("Watch progress is answered once, when everybody has been told everything", async (t) => {
  await withProbe(async (probe, { client }) => {
    probe.requestProgress();
    t.same(probe.take(), [], "no watcher");
    await client.kv.put("k", "1");
    probe.create({ key: bytes("k") });
    probe.create({ key: bytes("other") });
    probe.take();
    probe.requestProgress();
    const [progress, ...others] = probe.take();
    t.match(progress, { watchId: -1, created: false, canceled: false, events: [] });
    t.equal(progress?.header?.revision, 2);
    t.same(others, []);
    probe.create({ key: bytes("k"), startRevision: 4 });
    probe.take();
    probe.requestProgress();
    t.same(probe.take(), [], "one of them starts in the future");
    await client.kv.put("x", "");
    await client.kv.put("x", "");
    probe.requestProgress();
    t.match(probe.take(), [{ watchId: -1, header: { revision: 4 } }]);
    probe.create({ key: bytes("k"), startRevision: 2 });
    probe.take();
    probe.requestProgress();
    t.same(probe.take(), [], "one of them is behind");
    await settle();
    probe.take();
    probe.requestProgress();
    t.match(probe.take(), [{ watchId: -1, header: { revision: 4 } }]);
  });
});

t.test(
  "Watch progress comes by itself to those who asked, unless something just came",
  async (t) => {
    const options = { watchProgressIntervalMs: 1_000, random: (): number => 0.5 };
    await withProbe(
      async (probe, { client, clock }) => {
        probe.create({ key: bytes("a"), progressNotify: true });
        probe.create({ key: bytes("b") });
        probe.create({ key: bytes("c"), progressNotify: true, startRevision: 3 });
        probe.take();
        await clock.advance(1_049);
        t.same(probe.take(), [], "the period has a part added to it");
        await clock.advance(1);
        t.match(probe.take(), [{ watchId: 0, events: [], header: { revision: 1 } }]);
        await client.kv.put("a", "1");
        probe.take();
        await clock.advance(1_050);
        t.same(probe.take(), [], "an event went out");
        await clock.advance(1_050);
        t.match(probe.take(), [{ watchId: 0, header: { revision: 2 } }]);
        await client.kv.put("x", "1");
        await clock.advance(1_050);
        const ids = probe.take().map(({ watchId, header }) => [watchId, header?.revision]);
        t.same(ids, [
          [0, 3],
          [2, 3],
        ]);
      },
      { options },
    );
  },
);

t.test("Watch goes on after a half-close", async (t) => {
  await withProbe(async (probe, { client }) => {
    probe.create({ key: bytes("k") });
    probe.halfClose();
    await client.kv.put("k", "1");
    t.same(WatchProbe.events(probe.responses), ["k=1@2"]);
    t.equal(probe.ended, undefined);
  });
});

t.test("Watch left by its client frees its watchers and its timer", async (t) => {
  await withProbe(async (probe, { client, store, clock }) => {
    const timerCount = clock.timerCount;
    for (const key of ["a", "b"]) probe.create({ key: bytes(key), rangeEnd: bytes("z") });
    t.equal(store.watchers.counts.total, 2);
    probe.take();
    probe.close();
    t.same(store.watchers.counts, { total: 0, behind: 0 });
    t.equal(clock.timerCount, timerCount - 1);
    await client.kv.put("a", "1");
    probe.create({ key: bytes("a") });
    t.same(probe.take(), []);
    t.equal(store.watchers.counts.total, 0);
  });
});

t.test("Watch whose far end goes when it is written to leaves no watcher behind", async (t) => {
  await withServer(async ({ server, store }) => {
    const input = server.stream(
      "watch",
      { metadata: () => undefined },
      {
        write: () => {
          input.cancel();
          return true;
        },
        end: () => undefined,
      },
    );
    input.write(messages.encodeWatchRequest({ createRequest: { key: bytes("k") } }));
    t.equal(store.watchers.counts.total, 0);
  });
});

t.test(
  "Watch that does not read is told everything later, in few answers, and others do not wait",
  async (t) => {
    await withProbe(async (slow, { server, client }) => {
      const fast = new WatchProbe(server);
      slow.create(ALL);
      fast.create(ALL);
      slow.stopReading();
      for (let index = 0; index < 200; index++) {
        await client.kv.put(`k${String(index % 3)}`, "v".repeat(100));
        t.equal(fast.responses.length, index + 2);
      }
      await settle();
      t.equal(slow.responses.length, 2, "one message fills it, and no more is written");
      slow.readOn();
      await settle();
      t.same(WatchProbe.events(slow.responses), WatchProbe.events(fast.responses));
      slow.take();
      slow.requestProgress();
      t.match(slow.take(), [{ watchId: -1, header: { revision: 201 } }]);
    });
  },
);

t.test("Watch under random reading hears everything once and in order", async (t) => {
  const steps = fc.array(fc.constantFrom("put", "group", "stop", "read", "turn", "progress"), {
    maxLength: 60,
  });
  const property = fc.asyncProperty(steps, async (list) => {
    await withProbe(async (probe, { client, store }) => {
      probe.create(ALL);
      probe.take();
      let expected = 0;
      for (const step of list) {
        if (step === "put") await client.kv.put("k", String(++expected));
        if (step === "group") {
          const calls = [1, 2, 3].map(async () => client.kv.put("k", String(++expected)));
          await Promise.all(calls);
        }
        if (step === "stop") probe.stopReading();
        if (step === "read") probe.readOn();
        if (step === "turn") await new Promise((resolve) => setImmediate(resolve));
        if (step === "progress") probe.requestProgress();
        assertProgressIsTrue(probe.responses);
      }
      probe.readOn();
      for (let turn = 0; turn < 5 && store.watchers.counts.behind > 0; turn++) await settle();
      const events = WatchProbe.events(probe.responses);
      const all = Array.from({ length: expected }, (_, index) => index + 1);
      assert.deepEqual(
        events,
        all.map((value) => `k=${String(value)}@${String(value + 1)}`),
      );
    });
  });
  await t.resolves(fc.assert(property, { numRuns: 60 }));
});

/** Nothing at or below a progress notification's revision may come after it. */
function assertProgressIsTrue(responses: readonly messages.WatchResponse[]): void {
  let promised = 0;
  for (const { header, events } of responses) {
    for (const { kv } of events) assert.ok(kv!.modRevision > promised, "promised to be over");
    if (events.length === 0) promised = header!.revision;
  }
}

t.test("Watch is canceled with the cause when the disk does not give its events", async (t) => {
  const inner = new MemoryEngine();
  const engine = new FaultyEngine(inner);
  const failures: unknown[] = [];
  const onReadFailure = (error: unknown): void => void failures.push(error);
  await withProbe(
    async (probe, { client }) => {
      await client.kv.put("k", "1");
      probe.create({ key: bytes("k"), prevKv: true });
      probe.create({ key: bytes("k") });
      probe.take();
      const getSync = inner.getSync.bind(inner);
      const fail = (): never => {
        throw new StorageError("read-failed", "Cannot read: told to fail");
      };
      inner.getSync = (key) => (getSync(key)?.includes(FIRST) ? fail() : getSync(key));
      await t.resolves(client.kv.put("k", "2"), "the write is none of its business");
      const reason = { canceled: true, cancelReason: "etcdlet: Cannot read: told to fail" };
      t.match(probe.take(), [
        { watchId: 0, ...reason },
        { watchId: 1, canceled: false, events: [{ kv: { modRevision: 3 } }] },
      ]);
      inner.getSync = getSync;
      await client.kv.put("k", "3");
      t.same(WatchProbe.events(probe.take()), ["k=3@4"], "only the one that goes on");
      const scan = inner.scan.bind(inner);
      inner.scan = fail;
      probe.create({ key: bytes("k"), startRevision: 2 });
      await settle();
      t.match(probe.take(), [
        { watchId: 2, created: true },
        { watchId: 2, ...reason },
      ]);
      inner.scan = scan;
      probe.create({ key: bytes("k"), watchId: 2, startRevision: 4 });
      await settle();
      t.same(WatchProbe.events(probe.take()), ["k=3@4"], "its id is free again");
      t.equal(probe.ended, undefined);
      t.equal(failures.length, 2);
    },
    { engine, valueBytesMax: 0, onReadFailure },
  );
});
