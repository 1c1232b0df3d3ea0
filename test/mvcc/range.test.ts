import assert from "node:assert/strict";
import fc from "fast-check";
import t from "tap";
import type { RangeQuery, Store } from "../../src/mvcc/index.ts";
import { keyValuesOf, messages } from "../../src/wire/index.ts";
import { ModelStore } from "../harness/model-store.ts";
import {
  commit,
  plainKeyValue,
  putting,
  queryOf,
  rangeOf,
  withStore,
} from "../harness/store-fixture.ts";
import { applyGroup, randomGroups } from "./random-commands.ts";
import { assertRows, expectedRows, queries } from "./range-contract.ts";

const { SortOrder, SortTarget } = messages;

async function assertAsExpected(store: Store, model: ModelStore, query: RangeQuery): Promise<void> {
  const { rows, count, more } = expectedRows(model, query);
  const { kvs: lent, ...inside } = store.view().range(query);
  const kvsInside = keyValuesOf(lent);
  const { kvs, ...rest } = await rangeOf(store, query);
  assert.deepEqual(inside, rest);
  assert.deepEqual(kvsInside, kvs);
  assert.deepEqual(rest, { count, more });
  assertRows(kvs, { rows, model, query });
}

for (const valueBytesMax of [1_000_000, 0]) {
  t.test(
    `readRange() does what the contract says, ${String(valueBytesMax)} bytes in memory`,
    async (t) => {
      const groups = fc.array(randomGroups, { minLength: 1, maxLength: 5 });
      const property = fc.asyncProperty(groups, fc.array(queries), async (list, questions) => {
        await withStore(
          async (store) => {
            const model = new ModelStore();
            for (const group of list) await applyGroup(store, model, group);
            for (const { begin, end, back, ...query } of questions) {
              const range = { begin, end, single: false };
              const revision = Math.max(1, model.revision - back);
              await assertAsExpected(store, model, { ...query, range, revision });
            }
          },
          { valueBytesMax },
        );
      });
      await t.resolves(fc.assert(property, { numRuns: 100 }));
    },
  );
}

t.test(
  "readRange() answers at once when memory has everything, and promises otherwise",
  async (t) => {
    await withStore(
      async (store) => {
        await commit(store, putting("small", "v"));
        const query = queryOf({ revision: 2 });
        t.notOk(store.range(query) instanceof Promise);
        await commit(store, putting("large", "v".repeat(1_000)));
        t.ok(store.range(queryOf({ revision: 3 })) instanceof Promise);
        t.notOk(store.range(queryOf({ revision: 3, keysOnly: true })) instanceof Promise);
        t.notOk(store.range(queryOf({ revision: 3, countOnly: true })) instanceof Promise);
      },
      { valueBytesMax: 500 },
    );
  },
);

t.test(
  "readRange() by another order than the key's sorts only what the limit fetched",
  async (t) => {
    // Seen on etcd 3.7.3: target MOD without an order and limit 1 gives s2, with ASCEND s3.
    await withStore(async (store) => {
      await commit(store, putting("s3"), putting("s2"), putting("s1"));
      const query = queryOf({ revision: 4, sortTarget: SortTarget.mod, limit: 1 });
      const keyOf = async (sortOrder: number): Promise<string[]> => {
        const { kvs } = await rangeOf(store, { ...query, sortOrder });
        return kvs.map((kv) => plainKeyValue(kv).key);
      };
      t.same(await keyOf(SortOrder.none), ["s2"]);
      t.same(await keyOf(SortOrder.ascend), ["s3"]);
    });
  },
);
