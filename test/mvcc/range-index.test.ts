import assert from "node:assert/strict";
import fc from "fast-check";
import t from "tap";
import { RangeIndex } from "../../src/mvcc/range-index.ts";

interface Entry {
  readonly begin: string;
  readonly end: string | undefined;
  readonly member: number;
}

const keys = fc
  .array(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength: 3 })
  .map((parts) => parts.join(""));
const entries: fc.Arbitrary<Entry> = fc.record({
  begin: keys,
  end: fc.option(keys, { nil: undefined }),
  member: fc.nat(3),
});
const changes = fc.array(fc.record({ entry: entries, add: fc.boolean() }), { maxLength: 200 });

function found(index: RangeIndex<number>, key: string): number[] {
  const members: number[] = [];
  index.forEachContaining(key, (member) => members.push(member));
  return members.sort((a, b) => a - b);
}

function scan(model: ReadonlyMap<string, Entry>, key: string): number[] {
  return [...model.values()]
    .filter(({ begin, end }) => key >= begin && (end === undefined || key < end))
    .map(({ member }) => member)
    .sort((a, b) => a - b);
}

t.test("RangeIndex finds what a scan over all ranges finds", async (t) => {
  const property = fc.property(changes, fc.array(keys, { maxLength: 20 }), (steps, probes) => {
    const index = new RangeIndex<number>();
    const model = new Map<string, Entry>();
    for (const { entry, add } of steps) {
      const { begin, end, member } = entry;
      const name = JSON.stringify(entry);
      if (add) {
        index.add(begin, end, member);
        model.set(name, entry);
      } else {
        index.delete(begin, end, member);
        model.delete(name);
      }
      assert.deepEqual(found(index, begin), scan(model, begin));
    }
    for (const key of probes) assert.deepEqual(found(index, key), scan(model, key));
  });
  t.doesNotThrow(() => fc.assert(property, { numRuns: 300 }));
});

t.test("RangeIndex stays right when thousands of ranges come and go", async (t) => {
  const index = new RangeIndex<number>();
  const model = new Map<string, Entry>();
  const count = 5_000;
  for (let member = 0; member < count; member++) {
    const begin = String((member * 7_919) % count).padStart(5, "0");
    const end = member % 10 === 0 ? undefined : String(member).padStart(5, "0");
    index.add(begin, end, member);
    model.set(String(member), { begin, end, member });
  }
  for (let member = 0; member < count; member += 2) {
    const { begin, end } = model.get(String(member))!;
    index.delete(begin, end, member);
    model.delete(String(member));
  }
  for (const key of ["00000", "00500", "02500", "04999", "5"]) {
    t.same(found(index, key), scan(model, key));
  }
});
