import fc from "fast-check";
import t from "tap";
import { SortedRows } from "../../src/storage/sorted-rows.ts";
import type { RowsSnapshot } from "../../src/storage/sorted-rows.ts";

/** Changes on thousands of keys, so that chunks fill, split and empty. */
type Step =
  | {
      readonly kind: "put" | "delete";
      readonly first: number;
      readonly count: number;
      readonly by: number;
    }
  | { readonly kind: "snapshot" }
  | { readonly kind: "repack" };

const RUN = {
  first: fc.nat(20_000),
  count: fc.integer({ min: 1, max: 900 }),
  by: fc.constantFrom(1, 1, 3, -1, 7919),
};
const STEP: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("put" as const), ...RUN }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("delete" as const), ...RUN }) },
  { weight: 2, arbitrary: fc.constant({ kind: "snapshot" as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: "repack" as const }) },
);
const KEYS = 20_000;

function keyOf(number: number): string {
  return String(((number % KEYS) + KEYS) % KEYS).padStart(6, "0");
}

function all(snapshot: RowsSnapshot): [string, Uint8Array][] {
  return snapshot.read({ start: "", end: "~", limit: Infinity });
}

function sorted(model: ReadonlyMap<string, Uint8Array>): [string, Uint8Array][] {
  return [...model].toSorted(([a], [b]) => (a < b ? -1 : 1));
}

/** Values are compared by identity: they must be the very ones that were put. */
function areSame(
  found: readonly [string, Uint8Array][],
  wanted: readonly [string, Uint8Array][],
): boolean {
  return (
    found.length === wanted.length &&
    found.every(([key, value], index) => key === wanted[index]![0] && value === wanted[index]![1])
  );
}

t.test("SortedRows agrees with a sorted array, its snapshots with copies of it", async (t) => {
  const property = fc.property(fc.array(STEP, { minLength: 1, maxLength: 25 }), (steps) => {
    const rows = new SortedRows();
    const model = new Map<string, Uint8Array>();
    const snapshots: { snapshot: RowsSnapshot; wanted: [string, Uint8Array][] }[] = [];
    for (const step of steps) {
      if (step.kind === "snapshot") {
        snapshots.push({ snapshot: rows.snapshot(), wanted: sorted(model) });
      } else if (step.kind === "repack") {
        rows.repack();
      } else {
        for (let index = 0; index < step.count; index++) {
          const key = keyOf(step.first + index * step.by);
          const value = Buffer.from(key);
          if (step.kind === "put") {
            rows.put(key, value);
            model.set(key, value);
          } else {
            rows.delete(key);
            model.delete(key);
          }
        }
      }
    }
    snapshots.push({ snapshot: rows.snapshot(), wanted: sorted(model) });
    return (
      rows.size === model.size &&
      snapshots.every(({ snapshot, wanted }) => areSame(all(snapshot), wanted)) &&
      [...model].every(([key, value]) => rows.get(key) === value)
    );
  });
  fc.assert(property, { numRuns: 60 });
  t.pass();
});

t.test("RowsSnapshot.read() has its start, not its end, and stops at the limit", async (t) => {
  const rows = new SortedRows();
  for (let number = 0; number < 3000; number++) rows.put(keyOf(number), Buffer.of());
  const snapshot = rows.snapshot();
  const keys = (start: number, end: number, limit: number): number[] => {
    const range = { start: keyOf(start), end: keyOf(end), limit };
    return snapshot.read(range).map(([key]) => Number(key));
  };
  t.same(keys(510, 515, 100), [510, 511, 512, 513, 514]);
  t.same(keys(510, 2000, 3), [510, 511, 512]);
  t.same(keys(2998, 9999, 100), [2998, 2999]);
  t.same(keys(700, 700, 100), []);
  t.same(keys(700, 600, 100), []);
  t.equal(keys(0, 3000, 10_000).length, 3000);
});
