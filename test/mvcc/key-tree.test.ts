import assert from "node:assert/strict";
import fc from "fast-check";
import t from "tap";
import { KeyTree } from "../../src/mvcc/key-tree.ts";

interface Item {
  readonly key: string;
  readonly modMain: number;
}

/** More keys than two levels of full nodes hold: the tree has at least three. */
const MANY_KEYS = 64 * 64 + 100;

function newItem(key: string): Item {
  return { key, modMain: 1 };
}

function newTree(): KeyTree<Item> {
  return new KeyTree((item) => ({ ...item }));
}

function visited(tree: KeyTree<Item>, start: string, end: string | undefined): string[] {
  const keys: string[] = [];
  tree.forEach(start, end, ({ key }) => keys.push(key) > 0);
  return keys;
}

/** Repeatable, and unlike the order of the keys. */
function shuffled<T>(items: readonly T[], seed: number): T[] {
  const copy = [...items];
  let state = seed;
  for (let index = copy.length - 1; index > 0; index--) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    const other = state % (index + 1);
    [copy[index], copy[other]] = [copy[other]!, copy[index]!];
  }
  return copy;
}

function numberedKeys(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `key/${String(index).padStart(6, "0")}`);
}

/** Keys that share beginnings, are empty, or have bytes above 0x7f. */
const keys = fc
  .array(fc.constantFrom("a", "b", "c", "\0", "\xff"), { maxLength: 4 })
  .map((parts) => parts.join(""));

t.test("KeyTree agrees with a sorted array after any changes", async (t) => {
  const changes = fc.array(fc.record({ key: keys, add: fc.boolean() }), { maxLength: 300 });
  const bounds = fc.record({ start: keys, end: fc.option(keys, { nil: undefined }) });
  const property = fc.property(changes, bounds, (steps, { start, end }) => {
    const tree = newTree();
    const model = new Set<string>();
    for (const { key, add } of steps) {
      if (add) {
        assert.equal(tree.getOrAdd(key, newItem), tree.get(key));
        model.add(key);
      } else {
        tree.delete(key);
        model.delete(key);
      }
      assert.equal(tree.get(key)?.key, add ? key : undefined);
      assert.equal(tree.size, model.size);
    }
    const sorted = [...model].sort();
    const expected = sorted.filter((key) => key >= start && (end === undefined || key < end));
    assert.deepEqual(visited(tree, start, end), expected);
    assert.deepEqual(visited(tree, "", undefined), sorted);
  });
  t.doesNotThrow(() => fc.assert(property, { numRuns: 300 }));
});

t.test("KeyTree agrees with a sorted array over many levels", async (t) => {
  const property = fc.property(fc.nat(), fc.nat(), (seed, cut) => {
    // The first and the last do not begin as those between them, and go on unlike them.
    const sorted = ["aaaa~~~~~~", ...numberedKeys(MANY_KEYS), "zzzz      "];
    const tree = newTree();
    for (const key of shuffled(sorted, seed)) tree.getOrAdd(key, newItem);
    assert.deepEqual(visited(tree, "", undefined), sorted);
    for (const key of sorted) assert.equal(tree.get(key)?.key, key);
    const removed = new Set(shuffled(sorted, seed + 1).slice(0, cut % MANY_KEYS));
    for (const key of removed) tree.delete(key);
    const left = sorted.filter((key) => !removed.has(key));
    assert.deepEqual(visited(tree, "", undefined), left);
    for (const key of shuffled([...removed], seed + 2)) tree.getOrAdd(key, newItem);
    assert.deepEqual(visited(tree, "", undefined), sorted);
    assert.equal(tree.size, sorted.length);
  });
  t.doesNotThrow(() => fc.assert(property, { numRuns: 10 }));
});

/** Keys whose equal beginnings are longer than a head, shorter, or end within one. */
const deepKeys = fc
  .array(fc.constantFrom("a", "b", "\0", "\xff", "same", "/registry/"), { maxLength: 9 })
  .map((parts) => parts.join(""));

t.test("KeyTree finds its way whatever beginnings keys share", async (t) => {
  const many = fc.uniqueArray(deepKeys, { minLength: 200, maxLength: 800, size: "max" });
  const property = fc.property(many, fc.array(deepKeys, { maxLength: 50 }), (added, asked) => {
    const tree = newTree();
    for (const key of added) assert.equal(tree.getOrAdd(key, newItem).key, key);
    const sorted = added.toSorted();
    assert.deepEqual(visited(tree, "", undefined), sorted);
    for (const key of added) assert.equal(tree.get(key)?.key, key);
    for (const key of asked) {
      assert.equal(tree.get(key)?.key, added.includes(key) ? key : undefined);
      const from = sorted.filter((other) => other >= key);
      assert.deepEqual(visited(tree, key, undefined), from);
    }
    const removed = added.filter((_, index) => index % 3 !== 0);
    for (const key of removed) tree.delete(key);
    for (const key of asked) tree.getOrAdd(key, newItem);
    const left = new Set([...added.filter((_, index) => index % 3 === 0), ...asked]);
    assert.deepEqual(visited(tree, "", undefined), [...left].toSorted());
    for (const key of left) assert.equal(tree.get(key)?.key, key);
  });
  t.doesNotThrow(() => fc.assert(property, { numRuns: 60 }));
});

for (const [order, arrange] of [
  ["ascending", (sorted: string[]): string[] => sorted],
  ["descending", (sorted: string[]): string[] => sorted.toReversed()],
  ["random", (sorted: string[]): string[] => shuffled(sorted, 7)],
] as const) {
  t.test(`KeyTree emptied in ${order} order is as good as new`, async (t) => {
    const sorted = numberedKeys(MANY_KEYS);
    const tree = newTree();
    for (const key of sorted) tree.getOrAdd(key, newItem);
    t.same(visited(tree, "", undefined), sorted);
    for (const key of arrange(sorted)) tree.delete(key);
    t.equal(tree.size, 0);
    t.same(visited(tree, "", undefined), []);
    tree.getOrAdd("again", newItem);
    t.same(visited(tree, "", undefined), ["again"]);
  });
}

t.test("KeyTree emptied again and again finds all that comes after", async (t) => {
  const tree = newTree();
  for (const count of [1, 64, 65, 200, MANY_KEYS]) {
    const sorted = numberedKeys(count);
    for (const key of sorted) tree.getOrAdd(key, newItem);
    for (const key of sorted) tree.delete(key);
    for (const key of shuffled(sorted, count)) tree.getOrAdd(key, newItem);
    t.same(visited(tree, "", undefined), sorted);
    t.ok(sorted.every((key) => tree.get(key)?.key === key));
    for (const key of shuffled(sorted, count + 1)) tree.delete(key);
  }
  for (const key of shuffled(numberedKeys(200), 3)) tree.getOrAdd(key, newItem);
  t.ok(numberedKeys(200).every((key) => tree.get(key)?.key === key));
});

t.test("KeyTree.getOrAdd() makes an entry once", async (t) => {
  const tree = newTree();
  const first = tree.getOrAdd("k", newItem);
  const second = tree.getOrAdd("k", () => {
    throw new Error("made twice");
  });
  t.equal(second, first);
  t.equal(tree.size, 1);
});

t.test("KeyTree.forEach() stops where it is told to", async (t) => {
  const tree = newTree();
  for (const key of numberedKeys(200)) tree.getOrAdd(key, newItem);
  const seen: string[] = [];
  tree.forEach("key/000060", undefined, ({ key }) => seen.push(key) < 10);
  t.same(seen, numberedKeys(70).slice(60));
});

t.test("KeyTree.delete() of a missing key changes nothing", async (t) => {
  const tree = newTree();
  tree.delete("missing");
  tree.getOrAdd("b", newItem);
  tree.delete("a");
  tree.delete("c");
  t.same(visited(tree, "", undefined), ["b"]);
});

t.test(
  "KeyTree and its fork share no memory when both are emptied down to what they share",
  async (t) => {
    const tree = newTree();
    // In ascending order, so that the last branch has one leaf only.
    const all = numberedKeys(64 * 64 + 1);
    for (const key of all) tree.getOrAdd(key, newItem);
    const trees = [tree, tree.fork(1)];
    for (const one of trees) for (const key of all.slice(0, -1)) one.delete(key);
    // One has keys below the other's: numbers of the one's nodes lead the other astray.
    const added = ["a", "z"].map((start) => numberedKeys(1000).map((key) => `${start}${key}`));
    for (let index = 0; index < 1000; index++) {
      trees.forEach((one, which) => one.getOrAdd(added[which]![index]!, newItem));
    }
    trees.forEach((one, which) => {
      const lost = added[which]!.filter((key) => one.get(key)?.key !== key);
      t.strictSame(lost, []);
      t.equal(visited(one, "", undefined).length, one.size);
    });
  },
);
