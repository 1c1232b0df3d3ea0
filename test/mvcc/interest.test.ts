import t from "tap";
import { Change } from "../../src/mvcc/change.ts";
import { Interest, RESPONSE_BYTES_MAX } from "../../src/mvcc/interest.ts";
import { KeySpace } from "../../src/mvcc/key-space.ts";
import { keyRange } from "../../src/mvcc/index.ts";
import type { WatchSpec } from "../../src/mvcc/index.ts";
import { MemoryEngine } from "../../src/storage/index.ts";
import { commit, deleting, putting, withStore } from "../harness/store-fixture.ts";
import { RecordingSink } from "./recording-sink.ts";

const SPEC: WatchSpec = {
  range: keyRange("b", "d"),
  startRevision: 0,
  noPut: false,
  noDelete: false,
  previous: false,
  sink: new RecordingSink(),
};
const SPACE = new KeySpace(new MemoryEngine(), { bytesMax: 1_000 });

function change(main: number, deleted = false, valueBytes = 0): Change {
  const value = Buffer.alloc(valueBytes);
  const fields = { key: "b", main, sub: 0, deleted, creates: false };
  return new Change({ valueOf: () => value }, fields);
}

t.test("Interest.wants() what comes at or after its first revision", async (t) => {
  const interest = new Interest(SPEC, 5);
  t.equal(interest.wants(change(4)), false);
  t.equal(interest.wants(change(5)), true);
  t.equal(interest.wants(change(5, true)), true);
});

t.test("Interest.wants() nothing that its filters leave out", async (t) => {
  const deletes = new Interest({ ...SPEC, noPut: true }, 0);
  t.equal(deletes.wants(change(5)), false);
  t.equal(deletes.wants(change(5, true)), true);
  const puts = new Interest({ ...SPEC, noDelete: true }, 0);
  t.equal(puts.wants(change(5)), true);
  t.equal(puts.wants(change(5, true)), false);
});

t.test("Interest.fits() who wants exactly the same", async (t) => {
  const interest = new Interest(SPEC, 0);
  t.equal(interest.fits({ ...SPEC, sink: new RecordingSink() }, 0), true);
  t.equal(interest.fits(SPEC, 7), false);
  for (const flag of ["noPut", "noDelete", "previous"] as const) {
    t.equal(interest.fits({ ...SPEC, [flag]: true }, 0), false, flag);
  }
});

function kept(...changes: readonly Change[]): Interest {
  const interest = new Interest(SPEC, 0);
  interest.pending.push(...changes);
  interest.keepPending(SPACE);
  return interest;
}

t.test("Interest.from() is what comes from a revision on, in one response", async (t) => {
  const interest = kept(change(5), change(5), change(7));
  t.equal(interest.lastRevision, 7);
  t.equal(interest.pending.length, 0);
  t.match(interest.from(2), { firstRevision: 5, lastRevision: 7 });
  interest.pending.push(change(9));
  interest.keepPending(SPACE);
  t.match(interest.from(8), { firstRevision: 9, lastRevision: 9 });
  const both = interest.from(3);
  t.match(both, { firstRevision: 5, lastRevision: 9 });
  t.same(both.blocks, [...interest.from(3).blocks.slice(0, 1), ...interest.from(8).blocks]);
  t.equal(
    both.bytes,
    both.blocks.reduce((sum, { length }) => sum + length, 0),
  );
});

t.test("Interest ends a response with the revision that fills it", async (t) => {
  const half = RESPONSE_BYTES_MAX / 2;
  const interest = kept(
    change(2, false, half),
    change(3, false, half),
    change(3, false, half),
    change(4, false, half),
    change(5, false, 10),
  );
  const found: [number, number][] = [];
  for (let next = 0; next <= interest.lastRevision;) {
    const { firstRevision, lastRevision } = interest.from(next);
    found.push([firstRevision, lastRevision]);
    next = lastRevision + 1;
  }
  t.same(found, [
    [2, 3],
    [4, 5],
  ]);
});

t.test("Interest counts previous values for a response", async (t) => {
  await withStore(async (store) => {
    const sink = new RecordingSink();
    store.watchers.watch({ ...SPEC, range: keyRange("k", ""), previous: true, sink });
    await commit(store, putting("k", "x".repeat(RESPONSE_BYTES_MAX)));
    await commit(store, putting("k", "small"), deleting("k"), putting("k", "again"));
    t.same(
      sink.calls.map(({ events }) => events.length),
      [1, 1, 2],
    );
    t.same(sink.heard, ["k@2", "k@3", "-k@4", "k@5"]);
  });
});

t.test("Interest.forget() keeps nothing", async (t) => {
  const interest = kept(change(5, false, 100));
  t.ok(interest.keptBytes > 100);
  interest.pending.push(change(6));
  interest.forget();
  t.equal(interest.keptBytes, 0);
  t.equal(interest.pending.length, 0);
  t.equal(interest.lastRevision, 5);
});
