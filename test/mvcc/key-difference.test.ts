import assert from "node:assert/strict";
import fc from "fast-check";
import t from "tap";
import { KeyTree } from "../../src/mvcc/key-tree.ts";

/** An entry whose value says who wrote it last. */
interface Item {
  readonly key: string;
  modMain: number;
  value: number;
}

type Model = ReadonlyMap<string, number>;

/** So many keys that the trees have three levels: 64 entries a node. */
const MANY_KEYS = 6000;

function newTree(): KeyTree<Item> {
  return new KeyTree((item) => ({ ...item }));
}

function keyAt(index: number): string {
  return `key/${String(index).padStart(5, "0")}`;
}

function write(tree: KeyTree<Item>, key: string, value: number): void {
  const item = tree.getOrAdd(key, (name) => ({ key: name, modMain: 0, value }));
  item.value = value;
  item.modMain = value;
}

function contents(tree: KeyTree<Item>): Map<string, number> {
  const entries = new Map<string, number>();
  tree.forEach("", undefined, ({ key, value }) => entries.set(key, value).size > 0);
  return entries;
}

/** What really differs, as lines: the trees may name more, where they do not share what is equal. */
function differences(one: KeyTree<Item>, other: KeyTree<Item>): string[] {
  const found: string[] = [];
  one.forEachDifference(other, (a, b) => {
    assert.ok(a === undefined || b === undefined || a.key === b.key);
    if (a?.value === b?.value) return;
    found.push(`${a?.key ?? b!.key} ${String(a?.value)} ${String(b?.value)}`);
  });
  return found;
}

function modelDifferences(one: Model, other: Model): string[] {
  const keys = [...new Set([...one.keys(), ...other.keys()])].sort();
  return keys
    .filter((key) => one.get(key) !== other.get(key))
    .map((key) => `${key} ${String(one.get(key))} ${String(other.get(key))}`);
}

/** On the tree of that number: write or delete a run of keys, or fork it. */
const steps = fc.array(
  fc.record({
    tree: fc.nat(),
    first: fc.nat({ max: MANY_KEYS }),
    length: fc.oneof(fc.constant(1), fc.nat({ max: 200 }), fc.constant(MANY_KEYS / 2)),
    what: fc.constantFrom("write", "delete", "fork"),
  }),
  { minLength: 5, maxLength: 25, size: "max" },
);

t.test("Forked trees change independently and know where they differ", async (t) => {
  const property = fc.property(steps, fc.boolean(), (list, isLarge) => {
    const trees = [newTree()];
    const models = [new Map<string, number>()];
    let writes = 0;
    const change = (index: number, key: string, isWrite: boolean): void => {
      if (isWrite) {
        write(trees[index]!, key, ++writes);
        models[index]!.set(key, writes);
      } else {
        trees[index]!.delete(key);
        models[index]!.delete(key);
      }
    };
    if (isLarge) for (let index = 0; index < MANY_KEYS; index++) change(0, keyAt(index), true);
    for (const { tree, first, length, what } of list) {
      const index = tree % trees.length;
      if (what === "fork") {
        trees.push(trees[index]!.fork(writes));
        models.push(new Map(models[index]));
        continue;
      }
      for (let key = first; key < first + length; key++)
        change(index, keyAt(key), what === "write");
    }
    trees.forEach((tree, index) => {
      assert.equal(tree.size, models[index]!.size);
      const sorted = [...models[index]!].sort(([a], [b]) => (a < b ? -1 : 1));
      assert.deepEqual([...contents(tree)], sorted);
      trees.forEach((other, otherIndex) => {
        const expected = modelDifferences(models[index]!, models[otherIndex]!);
        assert.deepEqual(differences(tree, other), expected);
      });
    });
  });
  t.doesNotThrow(() => fc.assert(property, { numRuns: 20 }));
});

t.test("KeyTree.forEachDifference() looks only at what was changed since a fork", async (t) => {
  const tree = newTree();
  for (let index = 0; index < MANY_KEYS; index++) write(tree, keyAt(index), index);
  const fork = tree.fork(MANY_KEYS);
  let looked = 0;
  tree.forEachDifference(fork, () => looked++);
  t.equal(looked, 0);
  write(tree, keyAt(100), MANY_KEYS + 1);
  fork.delete(keyAt(5000));
  tree.forEachDifference(fork, () => looked++);
  t.equal(looked, 2);
});

t.test("KeyTree.get() after a fork answers the entry of this tree", async (t) => {
  const tree = newTree();
  write(tree, "a", 1);
  const fork = tree.fork(1);
  t.equal(fork.get("a"), tree.get("a"), "shared until one of them changes it");
  const own = fork.getOwn("a")!;
  own.value = 2;
  own.modMain = 2;
  t.equal(tree.get("a")?.value, 1);
  t.equal(fork.get("a"), own);
  t.equal(fork.getOwn("a"), own, "copied once");
  t.equal(fork.getOwn("b"), undefined);
});
