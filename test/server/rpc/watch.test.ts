import assert from "node:assert/strict";
import fc from "fast-check";
import t from "tap";
import { MemoryEngine, StorageError } from "../../../src/storage/index.ts";
import { messages } from "../../../src/wire/index.ts";
import { FaultyEngine } from "../../harness/faulty-engine.ts";
import { settle } from "../../harness/virtual-clock.ts";
import { WatchProbe, bytes, withServer } from "../server-fixture.ts";
import type { Fixture } from "../server-fixture.ts";

const { FilterType } = messages;
const ALL = { key: bytes("\0"), rangeEnd: bytes("\0") };

async function withProbe(
  body: (probe: WatchProbe, fixture: Fixture) => Promise<void>,
  given: Parameters<typeof withServer>[1] = {},
): Promise<void> {
  await withServer(async (fixture) => body(new WatchProbe(fixture.server), fixture), given);
}

t.test("Watch says that it was created before anything else", async (t) => {
  await withProbe(async (probe, { client, server }) => {
    await client.kv.put("k", "1");
    probe.create({ key: bytes("k"), startRevision: 2 });
    t.equal(probe.responses.length, 1, "at once, and nothing with it");
    await settle();
    const [created, event] = probe.take();
    t.match(created, { watchId: 0, created: true, canceled: false, cancelReason: "", events: [] });
    t.same(created!.header, server.member.header(2));
    t.match(event, { watchId: 0, created: false, fragment: false });
    t.same(WatchProbe.events([event!]), ["k=1@2"]);
  });
});

t.test("Watch ids count up from 0, and are not given again", async (t) => {
  await withProbe(async (probe) => {
    for (let count = 0; count < 3; count++) probe.create({ key: bytes("k") });
    probe.create({ key: bytes("k"), watchId: 4 });
    probe.cancel(1);
    for (let count = 0; count < 2; count++) probe.create({ key: bytes("k") });
    const ids = probe.responses.filter(({ created }) => created).map(({ watchId }) => watchId);
    t.same(ids, [0, 1, 2, 4, 3, 5]);
  });
});

t.test("Watch takes any id that is not in use, negative ones too", async (t) => {
  await withProbe(async (probe, { client }) => {
    for (const watchId of [-1, -7, 1_000_000]) probe.create({ key: bytes("k"), watchId });
    probe.take();
    await client.kv.put("k", "1");
    t.same(
      probe.take().map(({ watchId, events }) => [watchId, events.length]),
      [
        [-1, 1],
        [-7, 1],
        [1_000_000, 1],
      ],
    );
    probe.create({ key: bytes("k"), watchId: -7 });
    t.match(probe.take(), [
      {
        watchId: -1,
        created: true,
        canceled: true,
        cancelReason: "mvcc: duplicate watch ID provided on the WatchStream",
      },
    ]);
    probe.cancel(-7);
    probe.create({ key: bytes("k"), watchId: -7 });
    t.match(probe.take(), [
      { watchId: -7, canceled: true },
      { watchId: -7, created: true, canceled: false },
    ]);
  });
});

t.test("Watch refuses what cannot be, in etcd's order", async (t) => {
  await withProbe(async (probe) => {
    probe.create({ key: bytes("b"), rangeEnd: bytes("a"), startRevision: -1 });
    probe.create({ key: bytes("b"), rangeEnd: bytes("a") });
    probe.create({ key: bytes("b"), rangeEnd: bytes("b") });
    const compacted = "etcdserver: mvcc: required revision has been compacted";
    const empty = "mvcc: watcher range is empty";
    for (const cancelReason of [compacted, empty, empty]) {
      const response = probe.responses.shift();
      t.match(response, { watchId: -1, created: true, canceled: true, cancelReason });
      t.equal(response?.compactRevision, 0);
      t.equal(response?.header?.revision, 1);
    }
    probe.create({ key: bytes("k") });
    t.match(probe.take(), [{ watchId: 0, created: true, canceled: false }]);
  });
});

t.test("Watch of no key is of the key of one NUL; with an end it is a range from there", async (t) => {
  await withProbe(async (probe, { client }) => {
    probe.create({});
    probe.create({ rangeEnd: bytes("\0") });
    await client.kv.put("\0", "1");
    await client.kv.put("k", "2");
    const events = probe.responses.filter((response) => response.events.length > 0);
    t.same(
      events.map(({ watchId, events: [event] }) => [watchId, event?.kv?.modRevision]),
      [
        [0, 2],
        [1, 2],
        [1, 3],
      ],
    );
  });
});

t.test("Watch leaves out what its filters say, and ignores filters it does not know", async (t) => {
  await withProbe(async (probe, { client }) => {
    probe.create({ key: bytes("k"), filters: [FilterType.noput, 77] });
    probe.create({ key: bytes("k"), filters: [FilterType.nodelete] });
    probe.create({ key: bytes("k"), filters: [FilterType.noput, FilterType.nodelete] });
    await client.kv.put("k", "1");
    await client.kv.delete("k");
    const events = probe.responses.filter((response) => response.events.length > 0);
    t.same(
      events.map((response) => [response.watchId, ...WatchProbe.events([response])]),
      [
        [1, "k=1@2"],
        [0, "-k@3"],
      ],
    );
  });
});

for (const valueBytesMax of [1_000_000, 0]) {
  t.test(`Watch fills previous values in, ${String(valueBytesMax)} bytes in memory`, async (t) => {
    await withProbe(
      async (probe, { client }) => {
        probe.create({ key: bytes("k"), prevKv: true });
        await client.kv.put("k", "1");
        await client.kv.put("k", "2");
        await client.kv.delete("k");
        await client.kv.put("k", "3");
        const late = { key: bytes("k"), prevKv: true, startRevision: 2 };
        probe.create(late);
        await settle();
        const previous = [undefined, "1", "2", undefined];
        for (const watchId of [0, 1]) {
          const found = probe.responses
            .filter((response) => response.watchId === watchId)
            .flatMap(({ events }) => events);
          t.same(
            found.map(({ prevKv }) => prevKv && Buffer.from(prevKv.value).toString()),
            previous,
          );
          const [, , deletion] = found;
          t.same(
            [deletion?.kv?.modRevision, deletion?.kv?.version, deletion?.kv?.createRevision],
            [4, 0, 0],
          );
        }
        probe.take();
        await client.kv.compact(4);
        probe.create({ ...late, startRevision: 4 });
        await settle();
        const [, replayed] = probe.take();
        t.same(WatchProbe.events([replayed!]), ["-k@4", "k=3@5"]);
        t.equal(replayed!.events[0]!.prevKv, undefined, "compaction took it");
      },
      { valueBytesMax },
    );
  });
}

t.test("Watch keeps the events of a revision in one message", async (t) => {
  await withProbe(async (probe, { client }) => {
    probe.create(ALL);
    probe.take();
    const success = ["c", "a", "b"].map((key) => ({ requestPut: { key: bytes(key) } }));
    await client.unary("txn", { success });
    await client.kv.delete("", { prefix: true });
    const responses = probe.take();
    t.same(
      responses.map((response) => [response.header?.revision, ...WatchProbe.events([response])]),
      [
        [2, "c=@2", "a=@2", "b=@2"],
        [3, "-a@3", "-b@3", "-c@3"],
      ],
    );
  });
});

t.test("Watch replays history at the newest revision", async (t) => {
  await withProbe(async (probe, { client }) => {
    await Promise.all(Array.from({ length: 1_500 }, async () => client.kv.put("k", "")));
    probe.create({ ...ALL, startRevision: 2 });
    await settle();
    const [, ...replayed] = probe.take();
    t.same(
      replayed.map(({ header, events }) => [header?.revision, events.length]),
      [
        [1_501, 1_000],
        [1_501, 500],
      ],
    );
  });
});

t.test("Watch splits what is large, for those who allow it", async (t) => {
  const limits = {
    maxRequestBytes: 1_000_000,
    maxTxnOps: 128,
    quotaBytes: Number.POSITIVE_INFINITY,
  };
  await withProbe(
    async (probe, { client }) => {
      probe.create({ ...ALL, fragment: true });
      probe.create(ALL);
      probe.take();
      const value = Buffer.alloc(300_000);
      await Promise.all(
        ["a", "b", "c"].map(async (part) =>
          client.unary("txn", {
            success: ["1", "2", "3"].map((key) => ({
              requestPut: { key: bytes(part + key), value },
            })),
          }),
        ),
      );
      await client.kv.delete("", { prefix: true });
      probe.take();
      probe.create({ ...ALL, startRevision: 2, fragment: true });
      probe.create({ ...ALL, startRevision: 2 });
      await settle();
      const pieces = probe.responses.filter(({ watchId, created }) => watchId === 2 && !created);
      t.ok(pieces.length > 1);
      t.same(
        pieces.map(({ fragment }) => fragment),
        pieces.map((_, index) => index < pieces.length - 1),
      );
      for (const piece of pieces) {
        t.ok(messages.encodeWatchResponse(piece).length < 1_000_000 + 512 * 1024);
        t.same(piece.header, pieces[0]!.header);
      }
      const whole = probe.responses.filter(({ watchId, created }) => watchId === 3 && !created);
      t.equal(whole.length, 1);
      t.equal(whole[0]!.fragment, false);
      t.same(WatchProbe.events(pieces), WatchProbe.events(whole));
    },
    { options: { limits } },
  );
});

t.test("Watch gives one event larger than a piece whole", async (t) => {
  const limits = { maxRequestBytes: 600_000, maxTxnOps: 128, quotaBytes: 1e12 };
  await withProbe(
    async (probe, { client }) => {
      probe.create({ ...ALL, fragment: true, prevKv: true });
      const large = "v".repeat(599_000);
      await client.kv.put("a", large);
      probe.take();
      await client.kv.put("a", large);
      const responses = probe.take();
      t.same(
        responses.map(({ fragment, events }) => [fragment, events.length]),
        [[false, 1]],
      );
    },
    { options: { limits } },
  );
});

t.test("Watch cancelled says so once, and is silent for ids it does not know", async (t) => {
  await withProbe(async (probe, { client }) => {
    probe.create({ key: bytes("k") });
    probe.take();
    probe.cancel(5);
    t.same(probe.take(), []);
    probe.cancel(0);
    const [cancelled] = probe.take();
    t.match(cancelled, { watchId: 0, canceled: true, created: false, compactRevision: 0 });
    t.equal(cancelled?.cancelReason, "");
    t.equal(cancelled?.header?.revision, 1);
    probe.cancel(0);
    await client.kv.put("k", "1");
    t.same(probe.take(), []);
  });
});

t.test("Watch from a compacted revision ends with it, and keeps its id until cancelled", async (t) => {
  await withProbe(async (probe, { client }) => {
    for (const value of ["1", "2", "3"]) await client.kv.put("k", value);
    await client.kv.compact(3);
    probe.create({ key: bytes("k"), startRevision: 2, watchId: 9 });
    await settle();
    const [created, ended] = probe.take();
    t.match(created, { watchId: 9, created: true, canceled: false });
    t.equal(created?.header?.revision, 4);
    t.match(ended, { watchId: 9, canceled: true, compactRevision: 3, cancelReason: "" });
    t.equal(ended?.header?.revision, 0);
    probe.create({ key: bytes("k"), watchId: 9 });
    t.match(probe.take(), [{ watchId: -1, cancelReason: /duplicate watch ID/ }]);
    probe.requestProgress();
    t.same(probe.take(), [], "no progress while it has its id");
    probe.cancel(9);
    t.match(probe.take(), [{ watchId: 9, canceled: true, compactRevision: 0 }]);
    probe.create({ key: bytes("k"), watchId: 9 });
    t.match(probe.take(), [{ watchId: 9, created: true, canceled: false }]);
  });
});

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

t.test("Watch progress comes by itself to those who asked, unless something just came", async (t) => {
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
});

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
    const input = server.stream("watch", { metadata: () => undefined }, {
      write: () => {
        input.cancel();
        return true;
      },
      end: () => undefined,
    });
    input.write(messages.encodeWatchRequest({ createRequest: { key: bytes("k") } }));
    t.equal(store.watchers.counts.total, 0);
  });
});

t.test("Watch ignores a request with nothing in it", async (t) => {
  await withProbe(async (probe) => {
    probe.write(Buffer.alloc(0));
    t.same(probe.take(), []);
    t.equal(probe.ended, undefined);
  });
});

t.test("Watch that does not read costs no memory, hears everything later, and others do not wait", async (t) => {
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
});

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

t.test("Watch ends with the cause when the disk does not give a previous value", async (t) => {
  const inner = new MemoryEngine();
  const engine = new FaultyEngine(inner);
  await withProbe(
    async (probe, { server, client }) => {
      await client.kv.put("k", "1");
      probe.create({ key: bytes("k"), prevKv: true });
      const plain = new WatchProbe(server);
      plain.create({ key: bytes("k") });
      const getSync = inner.getSync.bind(inner);
      inner.getSync = (): never => {
        throw new StorageError("read-failed", "Cannot read: told to fail");
      };
      await t.resolves(client.kv.put("k", "2"), "the write is none of its business");
      t.match(probe.ended, { code: 13, message: /Cannot read/ });
      t.same(WatchProbe.events(plain.responses), ["k=2@3"]);
      inner.getSync = getSync;
      await t.resolves(client.kv.put("k", "3"));
      t.same(WatchProbe.events(plain.responses), ["k=2@3", "k=3@4"]);
    },
    { engine, valueBytesMax: 0 },
  );
});
