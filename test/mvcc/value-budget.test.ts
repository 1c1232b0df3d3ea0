import assert from "node:assert/strict";
import fc from "fast-check";
import t from "tap";
import { KeyHistory } from "../../src/mvcc/key-history.ts";
import { ValueBudget } from "../../src/mvcc/value-budget.ts";

/** What ValueBudget adds to the bytes of every value. */
const OVERHEAD_BYTES = 128;

function costOf(histories: Iterable<KeyHistory>): number {
  let bytes = 0;
  for (const { value } of histories) {
    if (value !== undefined) bytes += value.length + OVERHEAD_BYTES;
  }
  return bytes;
}

/** As a put does it: the old value goes, the new one comes. */
function write(budget: ValueBudget, history: KeyHistory, main: number, length: number): void {
  budget.forget(history);
  history.push(main, 0, main, 1);
  budget.keep(history, Buffer.alloc(length));
}

t.test("ValueBudget counts what is kept, and keeps no more than it may", async (t) => {
  const writes = fc.array(fc.record({ key: fc.nat(10), length: fc.nat(300) }), { maxLength: 200 });
  const property = fc.property(writes, fc.nat(2_000), fc.nat(4), (steps, bytesMax, unpublished) => {
    const budget = new ValueBudget(bytesMax);
    const histories = Array.from({ length: 11 }, (_, index) => new KeyHistory(String(index)));
    let main = 1;
    for (const { key, length } of steps) {
      main++;
      write(budget, histories[key]!, main, length);
      assert.equal(budget.bytes, costOf(histories));
      const visible = main - unpublished;
      budget.evict(visible);
      assert.equal(budget.bytes, costOf(histories));
      const visibleCost = costOf(histories.filter(({ modMain }) => modMain <= visible));
      assert.ok(budget.bytes <= bytesMax || visibleCost === 0);
      for (const { modMain, value } of histories) {
        if (modMain > Math.max(0, visible))
          assert.notEqual(value, undefined, "not on disk yet, and gone");
      }
    }
    budget.evict(main);
    assert.ok(budget.bytes <= bytesMax);
    assert.equal(budget.bytes, costOf(histories));
  });
  t.doesNotThrow(() => fc.assert(property, { numRuns: 300 }));
});

t.test("ValueBudget drops the value written longest ago first", async (t) => {
  const budget = new ValueBudget(2 * (10 + OVERHEAD_BYTES));
  const [a, b, c] = ["a", "b", "c"].map((key) => new KeyHistory(key)) as [
    KeyHistory,
    KeyHistory,
    KeyHistory,
  ];
  write(budget, a, 2, 10);
  write(budget, b, 3, 10);
  write(budget, a, 4, 10);
  write(budget, c, 5, 10);
  budget.evict(5);
  t.equal(b.value, undefined);
  t.ok(a.value);
  t.ok(c.value);
});

t.test("ValueBudget takes no memory for overwritten values", async (t) => {
  const budget = new ValueBudget(1024 * 1024);
  const histories = Array.from({ length: 100 }, (_, index) => new KeyHistory(String(index)));
  for (let main = 2; main < 20_000; main++) {
    write(budget, histories[main % 100]!, main, 10);
    assert.ok(budget.queueLength <= 2 * 100 + 1024 + 1, String(budget.queueLength));
  }
  t.equal(budget.bytes, costOf(histories));
});

t.test("ValueBudget does not clean its queue over and over", async (t) => {
  // A transaction may change one key several times at one revision: all its entries look newest.
  const budget = new ValueBudget(1024 * 1024);
  const entryCount = 2_000 * 4;
  let readCount = 0;
  for (let main = 2; main < 2_002; main++) {
    const history = new KeyHistory(String(main));
    // Cleaning looks at every entry's revision.
    Object.defineProperty(history, "modMain", {
      get: () => {
        readCount++;
        return main;
      },
      set: () => {
        // push() sets what is there already.
      },
    });
    for (let sub = 0; sub < 4; sub++) write(budget, history, main, 1);
  }
  t.equal(budget.queueLength, entryCount);
  t.ok(readCount < 10 * entryCount, `${String(readCount)} looks`);
});
