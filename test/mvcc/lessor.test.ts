import assert from "node:assert/strict";
import fc from "fast-check";
import t from "tap";
import { Lessor } from "../../src/mvcc/lessor.ts";

const steps = fc.array(
  fc.record({
    what: fc.constantFrom("grant", "remove", "attach", "detach", "renew"),
    id: fc.bigInt({ min: -3n, max: 3n }).filter((id) => id !== 0n),
    key: fc.constantFrom("a", "b", "c", "d"),
    deadlineMs: fc.nat(100),
  }),
  { maxLength: 150 },
);

t.test("Lessor agrees with a model after any changes", async (t) => {
  const property = fc.property(steps, (changes) => {
    const lessor = new Lessor();
    const deadlines = new Map<bigint, number>();
    const leaseOf = new Map<string, bigint>();
    for (const { what, id, key, deadlineMs } of changes) {
      const lease = lessor.get(id);
      assert.equal(lease !== undefined, deadlines.has(id));
      if (what === "grant" && lease === undefined) {
        lessor.grant(id, 1, deadlineMs);
        deadlines.set(id, deadlineMs);
      } else if (what === "remove") {
        lessor.remove(id);
        deadlines.delete(id);
        for (const [attached, to] of leaseOf) if (to === id) leaseOf.delete(attached);
      } else if (what === "attach") {
        lessor.attach(key, id);
        leaseOf.delete(key);
        if (deadlines.has(id)) leaseOf.set(key, id);
      } else if (what === "detach") {
        lessor.detach(key);
        leaseOf.delete(key);
      } else if (what === "renew" && lease !== undefined) {
        lessor.renew(lease, deadlineMs);
        deadlines.set(id, deadlineMs);
      }
    }
    assert.equal(lessor.size, deadlines.size);
    for (const key of ["a", "b", "c", "d"])
      assert.equal(lessor.leaseOf(key), leaseOf.get(key) ?? 0n);
    for (const lease of lessor.list()) {
      const keys = [...leaseOf].filter(([, id]) => id === lease.id).map(([key]) => key);
      assert.deepEqual([...lease.keys].sort(), keys.sort());
      assert.equal(lease.deadlineMs, deadlines.get(lease.id));
    }
    const ends = [...deadlines.values()].sort((a, b) => a - b);
    assert.deepEqual(
      lessor.list().map(({ deadlineMs }) => deadlineMs),
      ends,
    );
    assert.equal(lessor.nextDeadlineMs(), ends[0]);
    assert.equal(lessor.expired(50, 100).length, ends.filter((end) => end <= 50).length);
  });
  t.doesNotThrow(() => fc.assert(property, { numRuns: 500 }));
});

t.test("Lessor.expired() gives the longest overdue, at most as many as asked for", async (t) => {
  const lessor = new Lessor();
  for (const id of [5n, 3n, 9n, 1n]) lessor.grant(id, 1, Number(id));
  t.same(
    lessor.expired(8, 2).map(({ id }) => id),
    [1n, 3n],
  );
  t.equal(lessor.size, 4);
});
