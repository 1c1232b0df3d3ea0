import assert from "node:assert/strict";
import fc from "fast-check";
import t from "tap";
import { DeadlineHeap } from "../../src/mvcc/deadline-heap.ts";

const steps = fc.array(
  fc.record({
    what: fc.constantFrom("push", "move", "remove"),
    item: fc.nat(20),
    deadlineMs: fc.nat(50),
  }),
  { maxLength: 200 },
);

function sorted(model: ReadonlyMap<number, number>): [number, number][] {
  return [...model].sort(([, a], [, b]) => a - b);
}

t.test("DeadlineHeap agrees with a sorted list", async (t) => {
  const property = fc.property(steps, fc.nat(60), fc.nat(30), (changes, nowMs, max) => {
    const heap = new DeadlineHeap<number>();
    const model = new Map<number, number>();
    for (const { what, item, deadlineMs } of changes) {
      if (what === "push" && !model.has(item)) {
        heap.push(item, deadlineMs);
        model.set(item, deadlineMs);
      } else if (what === "move") {
        heap.move(item, deadlineMs);
        if (model.has(item)) model.set(item, deadlineMs);
      } else if (what === "remove") {
        heap.remove(item);
        model.delete(item);
      }
      assert.equal(heap.size, model.size);
      assert.equal(heap.peekDeadlineMs(), sorted(model)[0]?.[1]);
    }
    const due = heap.due(nowMs, max);
    const expected = sorted(model).filter(([, deadlineMs]) => deadlineMs <= nowMs);
    // Of items due at the same time, any order is right.
    const deadlines = due.map((item) => model.get(item));
    assert.deepEqual(
      deadlines,
      expected.slice(0, max).map(([, deadlineMs]) => deadlineMs),
    );
    assert.equal(new Set(due).size, due.length);
    assert.equal(heap.size, model.size);
  });
  t.doesNotThrow(() => fc.assert(property, { numRuns: 500 }));
});

t.test("DeadlineHeap.due() of an empty heap is empty", async (t) => {
  const heap = new DeadlineHeap<string>();
  t.same(heap.due(1_000, 10), []);
  t.equal(heap.peekDeadlineMs(), undefined);
  heap.remove("missing");
  heap.move("missing", 1);
  t.equal(heap.size, 0);
});
