/** What a watch stream says, message by message. */
import t from "tap";
import { messages } from "../../../src/wire/index.ts";
import { settle } from "../../../src/testing/virtual-clock.ts";
import { WatchProbe, bytes, withProbe } from "../server-fixture.ts";

const { FilterType } = messages;
const ALL = { key: bytes("\0"), rangeEnd: bytes("\0") };

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

t.test(
  "Watch of no key is of the key of one NUL; with an end it is a range from there",
  async (t) => {
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
  },
);

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

t.test(
  "Watch from a compacted revision ends with it, and keeps its id until cancelled",
  async (t) => {
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
  },
);

t.test("Watch ignores a request with nothing in it", async (t) => {
  await withProbe(async (probe) => {
    probe.write(Buffer.alloc(0));
    t.same(probe.take(), []);
    t.equal(probe.ended, undefined);
  });
});
