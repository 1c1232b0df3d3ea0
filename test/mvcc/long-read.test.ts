import assert from "node:assert/strict";
import fc from "fast-check";
import t from "tap";
import type { KeyValueSink, LongResult, RangeQuery, Store } from "../../src/mvcc/index.ts";
import { KEY_WORK, TURN_BYTES } from "../../src/mvcc/turns.ts";
import { EtcdError, STATUS, keyValuesOf, messages } from "../../src/wire/index.ts";
import { ModelStore } from "../harness/model-store.ts";
import {
  EVERYTHING,
  commit,
  plainKeyValue,
  putting,
  queryOf,
  withStore,
} from "../harness/store-fixture.ts";
import { applyGroup, randomGroups } from "./random-commands.ts";
import type { RandomGroup } from "./random-commands.ts";
import { assertRows, expectedRows, queries } from "./range-contract.ts";

/** Two keys a turn: everything takes several. */
const SHORT_TURNS = { turnWork: 2 * KEY_WORK };

async function read(
  store: Store,
  query: RangeQuery,
): Promise<LongResult & { readonly kvs: Uint8Array[] }> {
  const kvs: Uint8Array[] = [];
  const sink: KeyValueSink = { add: (frames) => kvs.push(...keyValuesOf(frames)) };
  const reading = store.longRead(query.revision);
  try {
    return { ...(await reading.range(query, sink)), kvs };
  } finally {
    reading.close();
  }
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

type Step =
  | { readonly type: "group"; readonly group: RandomGroup }
  | { readonly type: "read"; readonly question: QuestionOf<typeof queries> }
  | { readonly type: "compact"; readonly back: number }
  | { readonly type: "turns"; readonly count: number };
type QuestionOf<T> = T extends fc.Arbitrary<infer Question> ? Question : never;

const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ type: fc.constant("group" as const), group: randomGroups }) },
  { weight: 5, arbitrary: fc.record({ type: fc.constant("read" as const), question: queries }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("compact" as const), back: fc.nat(3) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant("turns" as const),
      count: fc.integer({ min: 1, max: 4 }),
    }),
  },
);

/** One writer at a time, as the commit queue is. */
class Writer {
  #last: Promise<unknown> = Promise.resolve();

  run<T>(write: () => Promise<T>): Promise<T> {
    const result = this.#last.then(write);
    this.#last = result.catch(() => undefined);
    return result;
  }
}

/** Compacts as the compactor does: at once for new reads, and the rows when no read needs them. */
async function compact(store: Store, writer: Writer, revision: number): Promise<void> {
  await store.noneReadsBelow(revision);
  let from: string | undefined = "";
  while (from !== undefined) {
    const part: { revision: number; from: string } = { revision, from };
    await writer.run(async () => {
      await commit(store, (txn) => {
        from = txn.compactStep({ ...part, keysMax: 2, removalsMax: 100 }).next;
      });
    });
    await turns(1);
  }
}

async function runSteps(store: Store, list: readonly Step[]): Promise<void> {
  const model = new ModelStore();
  const writer = new Writer();
  const under: Promise<void>[] = [];
  for (const step of list) {
    if (step.type === "group") {
      await writer.run(() => applyGroup(store, model, step.group));
    } else if (step.type === "turns") {
      await turns(step.count);
    } else if (step.type === "compact") {
      const revision = model.revision - step.back;
      if (revision <= Math.max(store.compactedRevision, 1)) continue;
      await writer.run(() => commit(store, (txn) => txn.compact(revision)));
      under.push(compact(store, writer, revision));
    } else {
      const { begin, end, back, ...rest } = step.question;
      const revision = Math.max(model.revision - back, store.compactedRevision, 1);
      const query = { ...rest, range: { begin, end, single: false }, revision };
      const { rows, count, more } = expectedRows(model, query);
      const check = async (): Promise<void> => {
        const { kvs, ...result } = await read(store, query);
        assert.deepEqual(result, { count, more });
        assertRows(kvs, { rows, model, query });
      };
      under.push(check());
    }
  }
  await Promise.all(under);
}

for (const valueBytesMax of [1_000_000, 300, 0]) {
  t.test(
    `LongRead answers as of its start, among writes and compactions, ${String(valueBytesMax)} bytes in memory`,
    async (t) => {
      const property = fc.asyncProperty(fc.array(steps, { maxLength: 30 }), async (list) => {
        await withStore((store) => runSteps(store, list), { ...SHORT_TURNS, valueBytesMax });
      });
      await t.resolves(fc.assert(property, { numRuns: 100 }));
    },
  );
}

t.test("LongRead does not mix revisions when one part takes several turns", async (t) => {
  const keys = Array.from({ length: 150 }, (_, index) => `k${String(index).padStart(3, "0")}`);
  for (let delay = 0; delay < 6; delay++) {
    await withStore(
      async (store) => {
        await commit(store, ...keys.map((key) => putting(key, "old")));
        const reading = read(store, queryOf({ revision: 151 }));
        await turns(delay);
        await commit(store, ...keys.map((key) => putting(key, "new")));
        const { kvs } = await reading;
        t.same(new Set(kvs.map((kv) => plainKeyValue(kv).value)), new Set(["old"]));
        t.equal(kvs.length, 150);
      },
      { valueBytesMax: 0 },
    );
  }
});

t.test("A small range stays at once; a long one, by keys or by bytes, does not", async (t) => {
  await withStore(async (store) => {
    await commit(store, putting("a"), putting("b"));
    t.ok(store.range(queryOf({ revision: 3 })), "two keys are one turn");
    await commit(store, putting("c"));
    t.equal(store.range(queryOf({ revision: 4 })), undefined);
    t.equal(store.range(queryOf({ revision: 4, keysOnly: true })), undefined);
    t.ok(store.range(queryOf({ revision: 4, countOnly: true })), "counting is cheaper");
    const counted = queryOf({ revision: 4, limit: 1, countAll: false });
    t.ok(store.range(counted), "nobody looks at the third");
  }, SHORT_TURNS);
  await withStore(async (store) => {
    await commit(store, putting("a", "v".repeat(TURN_BYTES / 2)));
    await commit(store, putting("b", "v".repeat(TURN_BYTES)));
    t.equal(store.range(queryOf({ revision: 3 })), undefined);
    const one = queryOf({ revision: 3, range: { begin: "b", end: "b\0", single: true } });
    t.ok(store.range(one), "a single value cannot be divided");
    const { kvs } = await read(store, queryOf({ revision: 3 }));
    t.same(
      kvs.map((kv) => plainKeyValue(kv).value.length),
      [TURN_BYTES / 2, TURN_BYTES],
    );
  });
});

t.test("LongRead.every() looks at all keys, and knows when there are none", async (t) => {
  await withStore(async (store) => {
    await commit(store, putting("a"), putting("b"), putting("c"));
    const reading = store.longRead(4);
    const seen: string[] = [];
    const all = await reading.every(EVERYTHING, ({ key }) => seen.push(key) > 0);
    t.equal(all, true);
    t.same(seen, ["a", "b", "c"]);
    t.equal(await reading.every(EVERYTHING, ({ key }) => key !== "b"), false);
    const nothing = { begin: "x", end: undefined, single: false };
    t.equal(await reading.every(nothing, () => false), undefined);
    reading.close();
  }, SHORT_TURNS);
});

t.test("Store.stopLongReads() ends what is under way", async (t) => {
  await withStore(async (store) => {
    await commit(store, putting("a"), putting("b"), putting("c"));
    const reading = read(store, queryOf({ revision: 4, sortTarget: messages.SortTarget.value }));
    store.stopLongReads();
    await t.rejects(reading, new EtcdError("stopped"));
    await store.noneReadsBelow(10);
  }, SHORT_TURNS);
});

t.test("LongRead whose reader goes ends at its next turn, whatever it does", async (t) => {
  await withStore(async (store) => {
    await commit(store, ...["a", "b", "c", "d", "e", "f", "g", "h"].map((key) => putting(key)));
    const { SortTarget, SortOrder } = messages;
    const queries = [
      queryOf({ revision: 9 }),
      queryOf({ revision: 9, countOnly: true }),
      queryOf({ revision: 9, sortTarget: SortTarget.value, sortOrder: SortOrder.descend }),
    ];
    for (const query of queries) {
      const reader = { aborted: false };
      const reading = store.longRead(query.revision, reader);
      let read = 0;
      const range = reading.range(query, { add: ({ count }) => (read += count) });
      const refused = t.rejects(range, new EtcdError(STATUS.canceled, "context canceled"));
      await turns(1);
      reader.aborted = true;
      await refused;
      t.ok(read < 8, "not all was read");
      reading.close();
    }
    t.equal(store.longReadCount, 0);
  }, SHORT_TURNS);
});
