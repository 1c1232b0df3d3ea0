import t from "tap";
import { compactKeys } from "../../src/mvcc/compaction.ts";
import { KeyHistory } from "../../src/mvcc/key-history.ts";
import { KeySpace } from "../../src/mvcc/key-space.ts";
import { MemoryEngine } from "../../src/storage/index.ts";
import { encodeTombstone } from "../../src/wire/index.ts";

/** `[main, version]` of every version of every key. */
function spaceOf(histories: Readonly<Record<string, readonly [number, number][]>>): KeySpace {
  const space = new KeySpace(new MemoryEngine(), { bytesMax: 1_000_000 });
  for (const [key, versions] of Object.entries(histories)) {
    const history = space.tree.getOrAdd(key, (name) => new KeyHistory(name));
    for (const [main, version] of versions) {
      space.values.release(history);
      history.push(main, 0, main, version);
      space.values.writeEncoded(history, encodeTombstone(Buffer.from(key)), main);
    }
  }
  return space;
}

function step(
  space: KeySpace,
  part: { revision: number; from?: string; keysMax?: number; removalsMax?: number },
): { next: string | undefined; removed: number; rows: number[] } {
  const rows: number[] = [];
  const full = { from: "", keysMax: 100, removalsMax: 100, ...part };
  const result = compactKeys(space, full, (main) => rows.push(main));
  return { ...result, rows };
}

t.test("compactKeys() removes superseded versions and keys that are gone", async (t) => {
  const space = spaceOf({
    changed: [
      [2, 1],
      [5, 2],
      [8, 3],
    ],
    deleted: [
      [3, 1],
      [4, 0],
    ],
    deletedAtC: [
      [6, 1],
      [7, 0],
    ],
    single: [[9, 1]],
  });
  const { next, rows, removed } = step(space, { revision: 7 });
  t.equal(next, undefined);
  t.same(rows, [2, 3, 4, 6]);
  t.equal(removed, 4);
  t.equal(space.tree.get("deleted"), undefined);
  t.equal(space.tree.get("deletedAtC")?.versionCount, 1);
  t.equal(space.tree.size, 3);
  t.same(step(space, { revision: 7 }).rows, [], "nothing is left to remove");
});

t.test("compactKeys() copies nothing for a fork of which nothing is removed", async (t) => {
  const space = spaceOf({
    changed: [
      [2, 1],
      [5, 2],
    ],
    deletedAtC: [
      [3, 1],
      [4, 0],
    ],
  });
  step(space, { revision: 4 });
  const before = ["changed", "deletedAtC"].map((key) => space.tree.get(key));
  space.tree.fork(5);
  t.same(step(space, { revision: 4 }).rows, []);
  t.same(
    before.map((history) => history === space.tree.get(history!.key)),
    [true, true],
  );
});

t.test("compactKeys() gives the memory of removed keys back", async (t) => {
  const space = spaceOf({
    gone: [
      [2, 1],
      [3, 0],
    ],
  });
  t.ok(space.values.bytes.live > 0);
  step(space, { revision: 4 });
  t.equal(space.values.bytes.live, 0);
});

t.test("compactKeys() goes on where the step before stopped", async (t) => {
  const keys = ["a", "b", "c", "d", "e"];
  const histories = Object.fromEntries(
    keys.map((key, index): [string, [number, number][]] => [
      key,
      [
        [index + 2, 1],
        [index + 20, 2],
      ],
    ]),
  );
  for (const bound of [{ keysMax: 2 }, { removalsMax: 2 }]) {
    const space = spaceOf(histories);
    const first = step(space, { revision: 30, ...bound });
    t.same(first.rows, [2, 3]);
    t.equal(first.next, "c");
    const second = step(space, { revision: 30, from: "c", ...bound });
    t.same(second.rows, [4, 5]);
    t.equal(second.next, "e");
    const third = step(space, { revision: 30, from: "e", ...bound });
    t.same(third.rows, [6]);
    t.equal(third.next, undefined);
  }
});
