/** Invariants of order and determinism: each a test of its name. See docs/architecture.md. */
import assert from "node:assert/strict";
import t from "tap";
import { revisionKey } from "../../src/mvcc/tables.ts";
import { MemoryEngine } from "../../src/storage/index.ts";
import type { Batch, Engine, Row } from "../../src/storage/index.ts";
import { messages } from "../../src/wire/index.ts";
import type { ErrorReason } from "../../src/wire/index.ts";
import { FaultyEngine } from "../../src/testing/index.ts";
import { commit, openStore, plainKeyValue, putting } from "../harness/store-fixture.ts";
import { VirtualClock } from "../../src/testing/virtual-clock.ts";
import { WatchProbe, bytes, refuses, withServer } from "./server-fixture.ts";
import type { Fixture } from "./server-fixture.ts";

t.test("One writer: at most one write is under way, whatever is asked for", async (t) => {
  let underWay = 0;
  let most = 0;
  let writes = 0;
  const inner = new MemoryEngine();
  const engine = new FaultyEngine(
    watchingWrites(inner, async (write) => {
      writes++;
      most = Math.max(most, ++underWay);
      await new Promise((resolve) => setImmediate(resolve));
      await write();
      underWay--;
    }),
  );
  await withServer(
    async ({ client, clock }) => {
      const calls: Promise<unknown>[] = [];
      for (let index = 0; index < 200; index++) {
        calls.push(client.kv.put(`k${String(index % 7)}`, String(index)));
        if (index % 10 === 0) calls.push(client.kv.delete(`k${String(index % 7)}`));
        if (index % 20 === 0) calls.push(client.unary("leaseGrant", { ttl: 2 }));
        if (index % 50 === 0) calls.push(clock.advance(3_000));
        if (index % 3 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      await Promise.all(calls);
      calls.push(client.kv.compact(100, { physical: true }));
      await clock.advance(1_000);
      await Promise.all(calls);
    },
    { engine },
  );
  t.equal(most, 1);
  t.ok(writes > 10);
});

/** Passes an engine on, with every write going through `around`. */
function watchingWrites(
  inner: Engine,
  around: (write: () => Promise<void>) => Promise<void>,
): Engine {
  return {
    batch: (): Batch => {
      const batch = inner.batch();
      return {
        put: (key, value) => batch.put(key, value),
        delete: (key) => batch.delete(key),
        get length() {
          return batch.length;
        },
        write: async () => around(async () => batch.write()),
        discard: () => batch.discard(),
      };
    },
    getSync: (key) => inner.getSync(key),
    getMany: async (keys) => inner.getMany(keys),
    scan: (range) => inner.scan(range),
    snapshot: () => inner.snapshot(),
    visitAll: async (range, visit) => inner.visitAll(range, visit),
    sizeBytes: () => inner.sizeBytes(),
    setApart: (range) => inner.setApart(range),
    defragment: async (range) => inner.defragment(range),
    close: async () => inner.close(),
  };
}

t.test("Three orders are one order: revisions, rows on disk, events", async (t) => {
  await withServer(async ({ server, client, engine }) => {
    const probe = new WatchProbe(server);
    probe.create({ key: bytes("\0"), rangeEnd: bytes("\0") });
    const answers = await Promise.all(
      Array.from({ length: 300 }, async (_, index) => {
        if (index % 4 === 0) await new Promise((resolve) => setImmediate(resolve));
        const key = `k${String(index % 9)}`;
        const { header } = await client.kv.put(key, String(index));
        return `${key}=${String(index)}@${String(header?.revision)}`;
      }),
    );
    const byRevision = answers.toSorted((a, b) => revisionOf(a) - revisionOf(b));
    t.same(
      byRevision.map(revisionOf),
      byRevision.map((_, index) => index + 2),
      "no gap, none twice",
    );
    t.same(WatchProbe.events(probe.responses), byRevision);
    const start = revisionKey(0, 0);
    const rows: string[] = [];
    for await (const page of engine.scan({ start, end: revisionKey(999, 0), pageRows: 50 })) {
      for (const [, value] of page) {
        const { key, value: text, main } = plainKeyValue(value);
        rows.push(`${key}=${text}@${String(main)}`);
      }
    }
    t.same(rows, byRevision);
  });
});

function revisionOf(text: string): number {
  return Number(text.slice(text.indexOf("@") + 1));
}

t.test("One answer, one revision: the header is of when the answer was computed", async (t) => {
  await withServer(
    async ({ client }) => {
      await client.kv.put("a", "1");
      await client.kv.put("b", "1");
      const reading = client.kv.get("", { prefix: true });
      const hashing = client.unary("hashKV", {});
      const writing = client.kv.put("b", "2");
      const { header, kvs } = await reading;
      t.equal(header?.revision, 3);
      t.same(
        kvs.map(({ modRevision }) => modRevision),
        [2, 3],
      );
      await writing;
      const { header: hashHeader, hashRevision } = await hashing;
      t.equal(hashHeader?.revision, hashRevision);
    },
    { valueBytesMax: 0 },
  );
});

t.test(
  "One answer, one revision: a txn's answer is of its own revision, whatever follows",
  async (t) => {
    await withServer(async ({ client }) => {
      const answers = await Promise.all(
        Array.from({ length: 20 }, async () =>
          client.unary("txn", {
            success: [{ requestPut: { key: bytes("k") } }, { requestRange: { key: bytes("k") } }],
          }),
        ),
      );
      for (const [index, { header, responses }] of answers.entries()) {
        t.equal(header?.revision, index + 2);
        t.equal(responses[1]!.responseRange!.kvs[0]!.modRevision, index + 2);
        t.equal(responses[1]!.responseRange!.header?.revision, index + 2);
      }
    });
  },
);

t.test(
  "A KeyValue is encoded once: disk, memory, Range and events have the same bytes",
  async (t) => {
    const written = new Map<string, Uint8Array>();
    const inner = new MemoryEngine();
    const engine: Engine = {
      ...watchingWrites(inner, async (write) => write()),
      batch: (): Batch => {
        const batch = inner.batch();
        const put = batch.put.bind(batch);
        batch.put = (key, value) => {
          const name = Buffer.from(key).toString("hex");
          assert.equal(written.has(name), false, "one row, one encoding");
          written.set(name, value);
          put(key, value);
        };
        return batch;
      },
    };
    const store = await openStore(engine);
    const changes = await commit(store, putting("a", "1"), putting("b", "2"), putting("a", "3"));
    for (const { main, sub, value } of changes) {
      assertSameMemory(value, written.get(revisionKey(main, sub).toString("hex")));
    }
    const view = store.view();
    assertSameMemory(view.load(view.get("a")!), changes[2]!.value);
    assertSameMemory(view.load(view.get("b")!), changes[1]!.value);
    t.equal(written.size, 3);
  },
);

/** Two views, but of one and the same piece of memory. */
function assertSameMemory(one: Uint8Array | undefined, other: Uint8Array | undefined): void {
  assert.ok(one !== undefined && other !== undefined && one.length > 0);
  assert.equal(one.buffer, other.buffer);
  assert.deepEqual([one.byteOffset, one.length], [other.byteOffset, other.length]);
}

/** Commands of every kind, one after the other. */
async function runCommands({ client, clock }: Fixture): Promise<void> {
  await client.unary("leaseGrant", { id: 7n, ttl: 5 });
  await client.unary("leaseGrant", { id: 8n, ttl: 50 });
  await client.kv.put("leased", "1", { lease: 7n });
  await Promise.all(["b", "a", "c"].map(async (key) => client.kv.put(key, key)));
  await client.unary("txn", {
    compare: [{ target: messages.CompareTarget.mod, key: bytes("a"), modRevision: 4, result: 0 }],
    success: [{ requestPut: { key: bytes("a"), value: bytes("yes") } }],
    failure: [{ requestDeleteRange: { key: bytes("a") } }],
  });
  await client.kv.delete("b");
  await assert.rejects(client.kv.put("k", "v", { lease: 99n }));
  const action = messages.AlarmAction.activate;
  await client.unary("alarm", { action, memberId: 5n, alarm: messages.AlarmType.nospace });
  await assert.rejects(client.kv.put("k", "v"));
  const disarm = messages.AlarmAction.deactivate;
  await client.unary("alarm", { action: disarm, memberId: 5n, alarm: messages.AlarmType.nospace });
  const compaction = client.kv.compact(5, { physical: true });
  await clock.advance(1_000);
  await compaction;
  await clock.advance(10_000);
  await client.unary("memberUpdate", { id: await memberId(client), peerUrls: ["http://x:1"] });
}

async function memberId(client: Fixture["client"]): Promise<bigint> {
  return (await client.unary("memberList", {})).members[0]!.id;
}

async function rowsOf(engine: Engine): Promise<string[]> {
  const rows: string[] = [];
  const all = { start: Buffer.of(0), end: Buffer.of(0xff), pageRows: 100 };
  for await (const found of engine.scan(all)) {
    rows.push(...found.map(([key, value]: Row) => `${hex(key)}=${hex(value)}`));
  }
  return rows;
}

function hex(value: Uint8Array): string {
  return Buffer.from(value).toString("hex");
}

t.test("Time is a command: the same commands give the same rows, whenever they come", async (t) => {
  const results: string[][] = [];
  for (const startMs of [0, 123_456_789]) {
    await withServer(
      async (fixture) => {
        await runCommands(fixture);
        results.push(await rowsOf(fixture.engine));
        t.equal(fixture.store.lessor.get(7n), undefined, "ended by time");
        t.ok(fixture.store.lessor.get(8n));
      },
      { clock: new VirtualClock(startMs) },
    );
  }
  t.ok(results[0]!.length > 8);
  t.same(results[1], results[0]);
});

t.test("All or nothing per command: a refused one leaves nothing behind", async (t) => {
  await withServer(async ({ client, store, engine }) => {
    await client.kv.put("k", "v");
    const { writeCount } = engine;
    const refused: [messages.TxnRequestInit, ErrorReason][] = [
      [
        {
          success: [
            { requestPut: { key: bytes("a") } },
            { requestPut: { key: bytes("b"), lease: 5n } },
          ],
        },
        "leaseNotFound",
      ],
      [
        {
          success: [
            { requestDeleteRange: { key: bytes("k") } },
            { requestPut: { key: bytes("missing"), ignoreValue: true } },
          ],
        },
        "keyNotFound",
      ],
      [
        {
          success: [
            { requestPut: { key: bytes("a") } },
            { requestRange: { key: bytes("k"), revision: 3 } },
          ],
        },
        "futureRevision",
      ],
      [
        {
          success: [
            { requestPut: { key: bytes("a") } },
            {
              requestTxn: {
                success: [{ requestPut: { key: bytes("z"), ignoreLease: true } }],
              },
            },
          ],
        },
        "keyNotFound",
      ],
    ];
    for (const [request, reason] of refused) {
      await refuses(client.unary("txn", request), reason);
    }
    t.equal(store.visibleRevision, 2);
    t.equal(store.keyCount, 1);
    t.equal(engine.writeCount, writeCount, "nothing was written");
    // A refused one in the middle of a group does not touch its neighbours.
    const results = await Promise.allSettled([
      client.kv.put("x", "1"),
      client.unary("txn", refused[0]![0]),
      client.kv.put("y", "1"),
    ]);
    t.same(
      results.map(({ status }) => status),
      ["fulfilled", "rejected", "fulfilled"],
    );
    const { kvs } = await client.kv.get("", { prefix: true });
    t.same(
      kvs.map(({ key, modRevision }) => [key.toString(), modRevision]),
      [
        ["k", 2],
        ["x", 3],
        ["y", 4],
      ],
    );
  });
});
