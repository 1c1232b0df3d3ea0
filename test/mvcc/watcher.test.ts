import t from "tap";
import { keyRange } from "../../src/mvcc/index.ts";
import type { WatchSpec } from "../../src/mvcc/index.ts";
import { Change } from "../../src/mvcc/change.ts";
import { Watcher } from "../../src/mvcc/watcher.ts";

const SPEC: WatchSpec = {
  range: keyRange("b", "d"),
  startRevision: 0,
  noPut: false,
  noDelete: false,
  sink: { writable: true, events: () => undefined, compacted: () => undefined },
};

function change(main: number, deleted: boolean): Change {
  const source = { valueOf: (): Uint8Array => Buffer.alloc(0) };
  return new Change(source, { key: "b", main, sub: 0, deleted, creates: false });
}

t.test("Watcher.covers() its range and no more", async (t) => {
  const watcher = new Watcher(SPEC, 5);
  t.same(
    ["a", "b", "b\0", "c\xff", "d"].map((key) => watcher.covers(key)),
    [false, true, true, true, false],
  );
  const single = new Watcher({ ...SPEC, range: keyRange("b", "") }, 5);
  t.same(
    ["a", "b", "b\0"].map((key) => single.covers(key)),
    [false, true, false],
  );
  const fromKey = new Watcher({ ...SPEC, range: keyRange("b", "\0") }, 5);
  t.same(
    ["a", "b", "\xff\xff"].map((key) => fromKey.covers(key)),
    [false, true, true],
  );
});

t.test("Watcher.wants() what comes at or after its next revision", async (t) => {
  const watcher = new Watcher(SPEC, 5);
  t.equal(watcher.wants(change(4, false)), false);
  t.equal(watcher.wants(change(5, false)), true);
  t.equal(watcher.wants(change(5, true)), true);
});

t.test("Watcher.wants() nothing that its filters leave out", async (t) => {
  const deletes = new Watcher({ ...SPEC, noPut: true }, 5);
  t.equal(deletes.wants(change(5, false)), false);
  t.equal(deletes.wants(change(5, true)), true);
  const puts = new Watcher({ ...SPEC, noDelete: true }, 5);
  t.equal(puts.wants(change(5, false)), true);
  t.equal(puts.wants(change(5, true)), false);
});
