import assert from "node:assert/strict";
import fc from "fast-check";
import t from "tap";
import { KeyHistory } from "../../src/mvcc/key-history.ts";
import { NOWHERE } from "../../src/mvcc/value-log.ts";

interface Version {
  readonly main: number;
  readonly sub: number;
  readonly create: number;
  readonly version: number;
}

/** Steps of one key: how many revisions later the next change comes, and whether it deletes. */
const steps = fc.array(fc.record({ gap: fc.integer({ min: 0, max: 4 }), remove: fc.boolean() }), {
  maxLength: 30,
});

/** A history that can happen: no tombstone without a key, several changes per revision allowed. */
function versionsOf(changes: readonly { gap: number; remove: boolean }[]): Version[] {
  const versions: Version[] = [];
  let main = 1;
  let sub = 0;
  for (const { gap, remove } of changes) {
    const last = versions.at(-1);
    const alive = last !== undefined && last.version !== 0;
    if (remove && !alive) continue;
    sub = gap === 0 && last !== undefined ? sub + 1 : 0;
    main += gap === 0 && last === undefined ? 1 : gap;
    const create = alive ? last.create : main;
    const version = alive ? last.version + 1 : 1;
    versions.push({ main, sub, create: remove ? 0 : create, version: remove ? 0 : version });
  }
  return versions;
}

function historyOf(versions: readonly Version[]): KeyHistory {
  const history = new KeyHistory("key");
  for (const { main, sub, create, version } of versions) history.push(main, sub, create, version);
  return history;
}

function at(versions: readonly Version[], revision: number): Version | undefined {
  return versions.findLast(({ main }) => main <= revision);
}

/** What etcd keeps: see the contract of KeyHistory.compact(). */
function compacted(versions: readonly Version[], revision: number): Version[] {
  const newest = at(versions, revision);
  return versions.filter((version) => {
    if (version.main > revision) return true;
    if (version !== newest) return false;
    return version.version !== 0 || version.main === revision;
  });
}

function assertSame(history: KeyHistory, versions: readonly Version[], from: number): void {
  assert.equal(history.versionCount, versions.length);
  assert.equal(history.isEmpty, versions.length === 0);
  for (let revision = from; revision <= (versions.at(-1)?.main ?? 0) + 2; revision++) {
    const expected = at(versions, revision);
    const found = history.at(revision);
    assert.equal(found?.modMain, expected?.main);
    assert.equal(found?.modSub, expected?.sub);
    assert.equal(found?.createMain, expected?.create);
    assert.equal(found?.version, expected?.version);
    assert.equal(history.existsAt(revision), expected !== undefined && expected.version !== 0);
  }
}

t.test("KeyHistory agrees with a list of versions", async (t) => {
  const property = fc.property(steps, (changes) => {
    const versions = versionsOf(changes);
    assertSame(historyOf(versions), versions, 0);
  });
  t.doesNotThrow(() => fc.assert(property, { numRuns: 500 }));
});

t.test("KeyHistory.compact() keeps what etcd keeps and reports the rest", async (t) => {
  const points = fc.array(fc.nat(60), { minLength: 1, maxLength: 3 });
  const property = fc.property(steps, points, (changes, revisions) => {
    let versions = versionsOf(changes);
    fc.pre(versions.length > 0);
    const history = historyOf(versions);
    for (const revision of revisions.toSorted((a, b) => a - b)) {
      const kept = compacted(versions, revision);
      const removed: string[] = [];
      assert.equal(history.losesAt(revision), kept.length < versions.length);
      history.compact(revision, (main, sub) => removed.push(`${String(main)}.${String(sub)}`));
      const gone = versions.filter((version) => !kept.includes(version));
      assert.deepEqual(
        removed,
        gone.map(({ main, sub }) => `${String(main)}.${String(sub)}`),
      );
      versions = kept;
      assertSame(history, versions, revision);
      if (history.isEmpty) return;
    }
  });
  t.doesNotThrow(() => fc.assert(property, { numRuns: 1_000 }));
});

t.test("KeyHistory.compact() keeps a tombstone of the very revision", async (t) => {
  const history = new KeyHistory("key");
  history.push(2, 0, 2, 1);
  history.push(3, 0, 0, 0);
  history.compact(3, () => undefined);
  t.equal(history.versionCount, 1);
  t.equal(history.isEmpty, false);
  history.compact(4, () => undefined);
  t.equal(history.isEmpty, true);
});

t.test("KeyHistory knows the place of every version that has one", async (t) => {
  const history = new KeyHistory("key");
  history.push(2, 0, 2, 1);
  Object.assign(history, { slab: 1, offset: 10 });
  history.push(3, 0, 2, 2);
  t.match(history, { slab: NOWHERE }, "nobody has written the new one yet");
  Object.assign(history, { slab: 2, offset: 20 });
  history.push(3, 1, 2, 3);
  Object.assign(history, { slab: 3, offset: 30 });
  t.match(history.at(2), { modMain: 2, slab: 1, offset: 10 });
  t.match(history.at(3), { modMain: 3, modSub: 1, slab: 3, offset: 30 });
  t.match(history.find(3, 0), { modMain: 3, modSub: 0, slab: 2, offset: 20 });
  t.equal(history.find(3, 1), history);
  t.equal(history.find(3, 2), undefined);
});

t.test("KeyHistory takes revisions of any size", async (t) => {
  const history = new KeyHistory("key");
  const large = 2 ** 40;
  history.push(5, 0, 5, 1);
  history.push(large, 0, 5, 2);
  history.push(large + 1, 3, 5, 3);
  t.match(history.at(large), { modMain: large, version: 2 });
  t.match(history.at(large + 9), { modMain: large + 1, modSub: 3, createMain: 5 });
  t.match(history.at(large - 1), { modMain: 5 });
});
