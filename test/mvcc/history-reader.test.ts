import assert from "node:assert/strict";
import fc from "fast-check";
import t from "tap";
import type { Change } from "../../src/mvcc/index.ts";
import { readHistory } from "../../src/mvcc/history-reader.ts";
import { KeySpace } from "../../src/mvcc/key-space.ts";
import { Lessor } from "../../src/mvcc/lessor.ts";
import { loadKeys } from "../../src/mvcc/load.ts";
import { WriteTxn } from "../../src/mvcc/write-txn.ts";
import { MemoryEngine } from "../../src/storage/index.ts";
import { deleting, putting } from "../harness/store-fixture.ts";

function newSpace(engine = new MemoryEngine()): KeySpace {
  return new KeySpace(engine, { bytesMax: 1_000_000 });
}

async function commit(
  space: KeySpace,
  ...commands: readonly ((txn: WriteTxn) => void)[]
): Promise<readonly Change[]> {
  const txn = new WriteTxn(space, new Lessor());
  for (const command of commands) {
    command(txn);
    txn.endCommand();
  }
  await txn.commit();
  txn.publish();
  return txn.changes;
}

/** All there is to a change, previous value included. */
function plain(change: Change): unknown {
  const { key, main, sub, deleted, creates, value } = change;
  return { key, main, sub, deleted, creates, value: Buffer.from(value) };
}

t.test("readHistory() gives the changes again as they were when they happened", async (t) => {
  const steps = fc.array(
    fc.record({ key: fc.constantFrom("a", "b", "c"), remove: fc.boolean(), more: fc.boolean() }),
    { minLength: 1, maxLength: 40 },
  );
  const property = fc.asyncProperty(steps, fc.nat(40), async (list, back) => {
    const space = newSpace();
    const live: Change[] = [];
    let command: ((txn: WriteTxn) => void)[] = [];
    for (const { key, remove, more } of list) {
      command.push(remove ? deleting(key) : putting(key, String(live.length)));
      if (more) continue;
      const parts = command;
      live.push(...(await commit(space, (txn) => parts.forEach((part) => part(txn)))));
      command = [];
    }
    const from = Math.max(1, space.visibleRevision - back);
    // As after a restart: nothing comes from what the live changes left in memory.
    const again = newSpace(space.engine as MemoryEngine);
    await loadKeys(again, new Lessor());
    const { changes, through } = await readHistory(again, from);
    assert.equal(through, space.visibleRevision);
    assert.deepEqual(
      changes.map((change) => plain(change)),
      live.filter(({ main }) => main >= from).map((change) => plain(change)),
    );
  });
  await t.resolves(fc.assert(property, { numRuns: 100 }));
});

t.test("readHistory() ends a chunk after a thousand revisions, and never within one", async (t) => {
  const space = newSpace();
  const puts = Array.from({ length: 2_500 }, (_, index) => (txn: WriteTxn): void => {
    putting(`a${String(index)}`)(txn);
    putting(`b${String(index)}`)(txn);
  });
  await commit(space, ...puts);
  const throughs: number[] = [];
  for (let from = 2; from <= space.visibleRevision;) {
    const { changes, through } = await readHistory(space, from);
    t.equal(changes.length, 2 * (through - from + 1));
    t.equal(changes[0]!.main, from);
    t.equal(changes.at(-1)!.main, through);
    throughs.push(through);
    from = through + 1;
  }
  t.same(throughs, [1_001, 2_001, 2_501]);
});

t.test("readHistory() ends a chunk when it has become large", async (t) => {
  const space = newSpace();
  const value = "v".repeat(1024 * 1024);
  for (let index = 0; index < 10; index++) {
    await commit(space, putting(`k${String(index)}`, value));
  }
  const { through } = await readHistory(space, 2);
  t.equal(through, 5, "four of a little more than one mebibyte each");
});

t.test("HistoryChunk.within() is what a range has, in order", async (t) => {
  const key = fc.constantFrom("a", "b", "ba", "c", "d");
  const bound = fc.option(fc.constantFrom("", "a", "b", "b\0", "bb", "d", "e"), { nil: undefined });
  const property = fc.asyncProperty(
    fc.array(key, { maxLength: 30 }),
    bound,
    bound,
    async (list, begin, end) => {
      const space = newSpace();
      await commit(space, ...list.map((one) => putting(one)));
      const chunk = await readHistory(space, 2);
      const range = { begin: begin ?? "", end, single: false };
      assert.deepEqual(
        chunk.within(range),
        chunk.changes.filter(
          (change) => change.key >= range.begin && (end === undefined || change.key < end),
        ),
      );
    },
  );
  await t.resolves(fc.assert(property, { numRuns: 200 }));
});

t.test("readHistory() stops at what was visible when it was called", async (t) => {
  const space = newSpace();
  await commit(space, putting("a"), putting("b"));
  const reading = readHistory(space, 2);
  await commit(space, putting("c"));
  t.equal((await reading).through, 3);
  // Rows may be on disk before they are visible.
  space.visibleRevision = 3;
  const { changes, through } = await readHistory(space, 3);
  t.equal(through, 3);
  t.same(
    changes.map(({ key }) => key),
    ["b"],
  );
});

t.test("readHistory() of an engine that cannot be read rejects", async (t) => {
  const space = newSpace();
  await commit(space, putting("k"));
  await space.engine.close();
  await t.rejects(readHistory(space, 2), { name: "StorageError", reason: "closed" });
});
