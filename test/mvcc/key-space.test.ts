import assert from "node:assert/strict";
import t from "tap";
import { KeyHistory } from "../../src/mvcc/key-history.ts";
import { KeySpace } from "../../src/mvcc/key-space.ts";
import { revisionKey } from "../../src/mvcc/tables.ts";
import { MemoryEngine, StorageError } from "../../src/storage/index.ts";
import { keyValuesOf } from "../../src/wire/index.ts";
import { EVERYTHING } from "../harness/store-fixture.ts";

/** Room for one of the values below: so long that each has a slab of its own. */
const LITTLE = 40;

function valueAt(main: number): Buffer {
  return Buffer.from(String(main).padEnd(30));
}

/** Keys a (2, 4), b (3, deleted at 5), c (6); every value is its revision. */
async function makeSpace(valueBytesMax: number): Promise<KeySpace> {
  const space = new KeySpace(new MemoryEngine(), { bytesMax: valueBytesMax, poison: true });
  const batch = space.engine.batch();
  const add = (key: string, main: number, version: number): void => {
    const history = space.tree.getOrAdd(key, (name) => new KeyHistory(name));
    space.values.release(history);
    history.push(main, 0, main, version);
    space.values.writeEncoded(history, valueAt(main), main);
    batch.put(revisionKey(main, 0), valueAt(main));
  };
  add("a", 2, 1);
  add("b", 3, 1);
  add("a", 4, 2);
  add("b", 5, 0);
  add("c", 6, 1);
  await batch.write();
  space.visibleRevision = 6;
  space.values.evict(6);
  return space;
}

function texts(values: readonly Uint8Array[]): string[] {
  return values.map((value) => Buffer.from(value).toString().trim());
}

t.test("KeySpace.select() finds the keys of a revision and counts beyond the limit", async (t) => {
  const space = await makeSpace(1_000_000);
  const select = (revision: number, max: number): [string[], number] => {
    const { versions, count } = space.select(EVERYTHING, revision, max);
    return [versions.map(({ key, modMain }) => `${key}${String(modMain)}`), count];
  };
  t.same(select(1, 10), [[], 0]);
  t.same(select(3, 10), [["a2", "b3"], 2]);
  t.same(select(4, 1), [["a4"], 2]);
  t.same(select(6, 10), [["a4", "c6"], 2]);
  t.same(select(6, 0), [[], 2]);
  t.equal(space.count(EVERYTHING, 4), 2);
  t.equal(space.select(EVERYTHING, 4, 1, false).count, 1, "nobody wants to know");
});

t.test("KeySpace.select() of one key does not search the tree", async (t) => {
  const space = await makeSpace(1_000_000);
  const single = { begin: "b", end: "b\0", single: true };
  t.equal(space.select(single, 3, 10).count, 1);
  t.equal(space.select(single, 5, 10).count, 0);
  t.equal(space.at("b", 2), undefined);
  t.equal(space.at("missing", 6), undefined);
});

t.test("KeySpace.load() gives values at once from memory, else by one reading", async (t) => {
  const full = await makeSpace(1_000_000);
  const newest = full.select(EVERYTHING, 6, 10).versions;
  const loaded = full.load(newest);
  assert.ok(loaded !== undefined && !(loaded instanceof Promise));
  t.same(texts(keyValuesOf(loaded)), ["4", "6"]);
  const none = await makeSpace(0);
  const older = none.load(none.select(EVERYTHING, 3, 10).versions);
  assert.ok(older instanceof Promise);
  t.same(texts(keyValuesOf(await older)), ["2", "3"]);
  // One value in memory, one on disk: the order stays.
  const mixed = await makeSpace(LITTLE);
  const versions = mixed.select(EVERYTHING, 6, 10).versions;
  t.same(
    versions.map((version) => mixed.values.read(version) !== undefined),
    [false, true],
  );
  t.same(texts(keyValuesOf((await mixed.load(versions))!)), ["4", "6"]);
  t.same(texts(keyValuesOf(mixed.loadNow(versions, true)!)), ["4", "6"]);
  t.same(texts(versions.map((version) => mixed.loadSync(version))), ["4", "6"]);
});

t.test("KeySpace says which row the engine has lost", async (t) => {
  const space = await makeSpace(0);
  const { versions } = space.select(EVERYTHING, 6, 10);
  const batch = space.engine.batch();
  batch.delete(revisionKey(4, 0));
  await batch.write();
  const lost = { name: "StorageError", reason: "corrupt", message: "Missing row of revision: 4.0" };
  await t.rejects(async () => space.load(versions), lost);
  t.throws(() => space.loadSync(versions[0]!), lost);
  t.throws(() => space.readRow(9, 9), StorageError);
});
