import assert from "node:assert/strict";
import fc from "fast-check";
import t from "tap";
import { EMPTY_CONTEXT, messages } from "../../../src/wire/index.ts";
import type { EtcdError, ErrorReason, StreamInput } from "../../../src/wire/index.ts";
import { settle } from "../../../src/testing/virtual-clock.ts";
import { bytes, withServer } from "../server-fixture.ts";
import type { Fixture } from "../server-fixture.ts";

const ALL = { key: bytes("\0"), rangeEnd: bytes("\0") };

/** A range stream whose far end reads as many chunks as it is allowed. */
class Reader {
  readonly chunks: messages.RangeResponse[] = [];
  ended: EtcdError | null | undefined = undefined;
  readonly #input: StreamInput;

  constructor({ server }: Fixture, request: messages.RangeRequestInit, reading = true) {
    this.#input = server.stream("rangeStream", EMPTY_CONTEXT, {
      write: (message) => {
        this.chunks.push(messages.decodeRangeStreamResponse(message).rangeResponse!);
        return reading;
      },
      end: (error) => {
        this.ended = error ?? null;
      },
    });
    this.#input.write(messages.encodeRangeRequest(request));
    this.#input.end();
  }

  readOne(): void {
    this.#input.drained();
  }

  cancel(): void {
    this.#input.cancel();
  }

  get sizes(): number[] {
    return this.chunks.map(({ kvs }) => kvs.length);
  }

  async done(): Promise<void> {
    while (this.ended === undefined) await new Promise((resolve) => setImmediate(resolve));
  }
}

async function fill({ client }: Fixture, keyCount: number, value = "v"): Promise<void> {
  await Promise.all(
    Array.from({ length: keyCount }, async (_, index) =>
      client.kv.put(`k${String(index).padStart(4, "0")}`, value),
    ),
  );
}

t.test("RangeStream sends chunks that double, and its header last", async (t) => {
  await withServer(async (fixture) => {
    await fill(fixture, 60);
    const reader = new Reader(fixture, ALL);
    await reader.done();
    t.equal(reader.ended, null);
    t.same(reader.sizes, [10, 20, 30]);
    const headers = reader.chunks.map(({ header }) => header?.revision);
    t.same(headers, [undefined, undefined, 61]);
    t.same(
      reader.chunks.map(({ count, more }) => [count, more]),
      [
        [0, false],
        [0, false],
        [60, false],
      ],
    );
    const limited = new Reader(fixture, { ...ALL, limit: 15 });
    await limited.done();
    t.same(limited.sizes, [10, 5], "the last keys travel with `more`");
    t.match(limited.chunks.at(-1), { count: 60, more: true, header: { revision: 61 } });
    const exact = new Reader(fixture, { ...ALL, limit: 60 });
    await exact.done();
    t.equal(exact.chunks.at(-1)?.more, false);
  });
});

t.test("RangeStream joined is Range's answer", async (t) => {
  const keyCounts = fc.nat(90);
  const requests = fc.record({
    limit: fc.oneof(fc.constant(0), fc.integer({ min: -1, max: 100 })),
    keysOnly: fc.boolean(),
    countOnly: fc.oneof({ weight: 5, arbitrary: fc.constant(false) }, fc.constant(true)),
    back: fc.nat(30),
    begin: fc.nat(90),
  });
  const property = fc.asyncProperty(
    keyCounts,
    requests,
    async (keyCount, { back, begin, ...rest }) => {
      await withServer(
        async (fixture) => {
          await fill(fixture, keyCount, "v".repeat(40));
          const key = bytes(`k${String(begin).padStart(4, "0")}`);
          const revision = Math.max(1, keyCount + 1 - back);
          const request = { ...rest, key, rangeEnd: bytes("l"), revision };
          const reader = new Reader(fixture, request);
          await reader.done();
          assert.equal(reader.ended, null);
          const whole = await fixture.client.unary("range", request);
          const last = reader.chunks.at(-1)!;
          const joined = { ...last, kvs: reader.chunks.flatMap(({ kvs }) => kvs) };
          assert.deepEqual(joined, whole);
          assert.ok(
            reader.chunks.slice(0, -1).every(({ kvs, header }) => kvs.length > 0 && !header),
          );
          assert.ok(last.kvs.length > 0 || reader.chunks.length === 1);
        },
        { valueBytesMax: back % 2 === 0 ? 0 : 1_000_000 },
      );
    },
  );
  await t.resolves(fc.assert(property, { numRuns: 60 }));
});

t.test("RangeStream of nothing is one message with a header", async (t) => {
  await withServer(async (fixture) => {
    for (const request of [ALL, { ...ALL, countOnly: true }, { key: bytes("k") }]) {
      const reader = new Reader(fixture, request);
      await reader.done();
      t.match(reader.chunks, [{ kvs: [], count: 0, more: false, header: { revision: 1 } }]);
    }
    await fill(fixture, 30);
    const counting = new Reader(fixture, { ...ALL, countOnly: true, limit: 3 });
    await counting.done();
    t.match(counting.chunks, [{ kvs: [], count: 30, more: false }]);
  });
});

t.test("RangeStream keeps to the size of its chunks", async (t) => {
  const limits = { maxRequestBytes: 1_000, maxTxnOps: 128, quotaBytes: 1e12 };
  await withServer(
    async (fixture) => {
      await fill(fixture, 40, "v".repeat(300));
      const reader = new Reader(fixture, ALL);
      await reader.done();
      t.equal(
        reader.sizes.reduce((sum, size) => sum + size, 0),
        40,
      );
      t.same(reader.sizes.slice(0, 4), [10, 5, 5, 5], "halved when more than twice the size");
    },
    { options: { limits } },
  );
});

t.test("RangeStream is all of the revision at which it began", async (t) => {
  await withServer(async (fixture) => {
    await fill(fixture, 40, "old");
    const reader = new Reader(fixture, ALL, false);
    await settle();
    t.same(reader.sizes, [10], "waits for its reader");
    await fill(fixture, 40, "new");
    await fixture.client.kv.put("k9999", "new");
    for (let chunk = 0; chunk < 3; chunk++) {
      reader.readOne();
      await settle();
    }
    await reader.done();
    const kvs = reader.chunks.flatMap((chunk) => chunk.kvs);
    t.equal(kvs.length, 40);
    t.ok(kvs.every(({ value }) => Buffer.from(value).toString() === "old"));
    t.match(reader.chunks.at(-1), { count: 40, header: { revision: 41 } });
  });
});

t.test("RangeStream overtaken by a compaction ends with it", async (t) => {
  await withServer(async (fixture) => {
    await fill(fixture, 40);
    const reader = new Reader(fixture, ALL, false);
    await settle();
    await fixture.client.kv.put("x", "1");
    await fixture.client.kv.compact(42);
    reader.readOne();
    await reader.done();
    t.match(reader.ended, { reason: "compacted" });
  });
});

t.test("RangeStream refuses what Range refuses, and what it cannot do in chunks", async (t) => {
  await withServer(async (fixture) => {
    const key = bytes("k");
    const refusals: [messages.RangeRequestInit, ErrorReason][] = [
      [{}, "emptyKey"],
      [{ key, sortOrder: 9 }, "invalidSortOption"],
      [{ key, revision: 2 }, "futureRevision"],
      [{ key, sortOrder: messages.SortOrder.descend }, "rangeStreamSort"],
      [
        { key, sortOrder: messages.SortOrder.ascend, sortTarget: messages.SortTarget.mod },
        "rangeStreamSort",
      ],
      [{ key, minModRevision: 1 }, "rangeStreamFilter"],
      [{ key, maxCreateRevision: 1 }, "rangeStreamFilter"],
    ];
    for (const [request, reason] of refusals) {
      const reader = new Reader(fixture, request);
      await reader.done();
      t.match(reader.ended, { reason });
      t.same(reader.chunks, []);
    }
    const ascending = new Reader(fixture, { key, sortOrder: messages.SortOrder.ascend });
    await ascending.done();
    t.equal(ascending.ended, null);
  });
});

t.test("RangeStream left by its client reads no further", async (t) => {
  await withServer(async (fixture) => {
    await fill(fixture, 100);
    const reader = new Reader(fixture, ALL, false);
    await settle();
    reader.cancel();
    await settle();
    t.same(reader.sizes, [10]);
    t.equal(reader.ended, undefined);
  });
});

t.test("RangeStream whose caller goes ends what it reads at the next turn", async (t) => {
  await withServer(
    async (fixture) => {
      await fill(fixture, 60);
      const reader = new Reader(fixture, ALL);
      t.equal(fixture.store.longReadCount, 1);
      reader.cancel();
      await settle();
      t.equal(fixture.store.longReadCount, 0);
      t.same(reader.sizes, []);
      t.equal(reader.ended, undefined, "nobody is told");
    },
    { turnWork: 4 },
  );
});
