import assert from "node:assert/strict";
import { join } from "node:path";
import fc from "fast-check";
import t from "tap";
import type { Store } from "../../src/mvcc/index.ts";
import { LevelEngine, MemoryEngine } from "../../src/storage/index.ts";
import type { Engine } from "../../src/storage/index.ts";
import { ModelStore } from "../harness/model-store.ts";
import type { ModelChange } from "../harness/model-store.ts";
import {
  commit,
  compactNow,
  deleting,
  openStore,
  plainKeyValue,
  putting,
  queryOf,
  rangeOf,
  withStore,
} from "../harness/store-fixture.ts";
import { tempDirectory } from "../harness/temp-dir.ts";
import { applyGroup, randomGroups, randomKeys } from "./random-commands.ts";
import type { RandomGroup } from "./random-commands.ts";

type Step =
  | { readonly type: "group"; readonly group: RandomGroup }
  /** At which part of the revisions that may be compacted. */
  | { readonly type: "compact"; readonly part: number }
  | { readonly type: "reopen" };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({ type: fc.constant("group" as const), group: randomGroups }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        type: fc.constant("compact" as const),
        part: fc.double({ min: 0, max: 1, noNaN: true }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ type: fc.constant("reopen" as const) }) },
  ),
  { maxLength: 25 },
);
const probes = fc.array(
  fc.record({ begin: randomKeys, end: fc.option(randomKeys, { nil: undefined }), back: fc.nat(8) }),
  { maxLength: 4 },
);

function plainChange(change: ModelChange): ReturnType<typeof plainKeyValue> {
  const { key, value, main, createRevision, version, lease } = change;
  return { key, value, main, createRevision, version, lease };
}

async function assertSameRanges(
  store: Store,
  model: ModelStore,
  ranges: readonly { begin: string; end: string | undefined; back: number }[],
): Promise<void> {
  for (const { begin, end, back } of [{ begin: "", end: undefined, back: 0 }, ...ranges]) {
    const revision = Math.max(model.revision - back, model.compactedRevision, 1);
    const range = { begin, end, single: false };
    const expected = model.range(begin, end, revision).map(plainChange);
    const { kvs, count } = await rangeOf(store, queryOf({ range, revision }));
    assert.deepEqual(kvs.map(plainKeyValue), expected);
    assert.equal(count, expected.length);
    const counted = await rangeOf(store, queryOf({ range, revision, countOnly: true }));
    assert.equal(counted.count, expected.length);
  }
}

function assertSameLeases(store: Store, model: ModelStore): void {
  assert.equal(store.lessor.size, model.leases.size);
  for (const id of model.leases) {
    assert.deepEqual([...store.lessor.get(id)!.keys].sort(), model.keysOf(id));
  }
}

async function runSteps(
  engine: Engine,
  valueBytesMax: number,
  run: { steps: readonly Step[]; ranges: Parameters<typeof assertSameRanges>[2] },
): Promise<void> {
  const model = new ModelStore();
  let store = await openStore(engine, { valueBytesMax });
  for (const step of run.steps) {
    if (step.type === "group") {
      await applyGroup(store, model, step.group);
    } else if (step.type === "compact") {
      const least = model.compactedRevision + 1;
      if (model.revision < least) continue;
      model.compactedRevision = least + Math.floor(step.part * (model.revision - least));
      await compactNow(store, model.compactedRevision);
    } else {
      await store.checkConsistency();
      await store.close();
      store = await openStore(engine, { valueBytesMax });
      assert.equal(store.visibleRevision, model.revision);
      assert.equal(store.compactedRevision, model.compactedRevision);
    }
    await assertSameRanges(store, model, run.ranges);
    assertSameLeases(store, model);
  }
  await store.checkConsistency();
  await store.close();
}

for (const [budget, valueBytesMax] of [
  ["all values in memory", 1024 * 1024],
  ["some values in memory", 1_500],
  ["hardly any value in memory", 300],
  ["no value in memory", 0],
] as const) {
  t.test(`Store in memory agrees with its model, ${budget}`, async (t) => {
    const property = fc.asyncProperty(steps, probes, async (list, ranges) => {
      const engine = new MemoryEngine();
      await runSteps(engine, valueBytesMax, { steps: list, ranges });
      await engine.close();
    });
    await t.resolves(fc.assert(property, { numRuns: 60 }));
  });

  t.test(`Store on LevelDB agrees with its model, ${budget}`, async (t) => {
    const parent = await tempDirectory(t);
    let run = 0;
    const property = fc.asyncProperty(steps, probes, async (list, ranges) => {
      const directory = join(parent, String(run++));
      const engine = await LevelEngine.open({ directory, sync: false });
      try {
        await runSteps(engine, valueBytesMax, { steps: list, ranges });
      } finally {
        await engine.close();
      }
    });
    await t.resolves(fc.assert(property, { numRuns: 10 }));
  });
}

t.test("Store begins at revision 1, never compacted", async (t) => {
  await withStore(async (store) => {
    t.equal(store.visibleRevision, 1);
    t.equal(store.compactedRevision, -1);
    t.equal(store.isCompacting, false);
    t.equal(store.keyCount, 0);
  });
});

t.test("Store.publish() alone makes a group visible", async (t) => {
  await withStore(async (store) => {
    const txn = store.begin();
    putting("k", "v")(txn);
    txn.endCommand();
    t.equal(store.view().get("k"), undefined);
    await txn.commit();
    t.equal(store.visibleRevision, 1);
    t.equal(store.view().get("k"), undefined);
    store.publish(txn);
    t.equal(store.visibleRevision, 2);
    t.equal(store.view().get("k")?.modMain, 2);
  });
});

t.test("Store.range() started before a group reads what was before it", async (t) => {
  await withStore(
    async (store) => {
      await commit(store, putting("a", "old"), putting("b", "old"));
      const reading = rangeOf(store, queryOf({ revision: store.visibleRevision }));
      await commit(store, putting("a", "new"), deleting("b"));
      const { kvs } = await reading;
      t.same(
        kvs.map((kv) => plainKeyValue(kv).value),
        ["old", "old"],
      );
    },
    { valueBytesMax: 0 },
  );
});

t.test(
  "Store.isCompacting tells of a compaction that was not finished before a stop",
  async (t) => {
    const engine = new MemoryEngine();
    const store = await openStore(engine);
    for (const value of ["1", "2", "3"]) await commit(store, putting("k", value));
    await commit(store, (txn) => {
      txn.compact(3);
    });
    t.equal(store.isCompacting, true);
    const again = await openStore(engine);
    t.equal(again.compactedRevision, 3);
    t.equal(again.isCompacting, true);
    await commit(again, (txn) => {
      txn.compactStep({ revision: 3, from: "", keysMax: 10, removalsMax: 10 });
    });
    again.compactionFinished(3);
    t.equal(again.isCompacting, false);
    const last = await openStore(engine);
    t.equal(last.isCompacting, false);
    await last.checkConsistency();
  },
);

t.test("Store.exclusively() runs one job after the other, also after a failed one", async (t) => {
  await withStore(async (store) => {
    const seen: string[] = [];
    const job = async (name: string): Promise<string> => {
      seen.push(`${name} begins`);
      await new Promise((resolve) => setImmediate(resolve));
      seen.push(`${name} ends`);
      if (name === "b") throw new Error("broken");
      return name;
    };
    const jobs = ["a", "b", "c"].map((name) => store.exclusively(async () => job(name)));
    const results = await Promise.allSettled(jobs);
    t.same(
      results.map(({ status }) => status),
      ["fulfilled", "rejected", "fulfilled"],
    );
    t.same(seen, ["a begins", "a ends", "b begins", "b ends", "c begins", "c ends"]);
  });
});

t.test("Store.sizeBytes follows the engine, and defragment() asks it for space", async (t) => {
  await withStore(async (store) => {
    const before = store.sizeBytes;
    await commit(store, putting("k", "v".repeat(10_000)));
    t.ok(store.sizeBytes > before + 10_000);
    await store.defragment();
    t.ok(store.sizeBytes > before + 10_000);
  });
});
