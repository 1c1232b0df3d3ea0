import assert from "node:assert/strict";
import fc from "fast-check";
import t from "tap";
import { OpenStreams } from "../../../src/transport/http2/open-streams.ts";

const SEED = 123_456_789;

/** How ids go on: as clients do, or by steps that would meet in one slot. */
const strides = fc.constantFrom(2, 2, 128, 2 ** 16);
const steps = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.constant({ type: "open" as const }) },
    { weight: 2, arbitrary: fc.record({ type: fc.constant("close" as const), place: fc.nat() }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant("look" as const), id: fc.nat(500) }) },
  ),
  { minLength: 50, maxLength: 600 },
);

t.test("OpenStreams agrees with a Map", async (t) => {
  const property = fc.property(steps, strides, (list, stride) => {
    const streams = new OpenStreams<{ id: number }>(SEED);
    const model = new Map<number, { id: number }>();
    let id = 1 - stride;
    for (const step of list) {
      if (step.type === "open") {
        const stream = { id: (id += stride) };
        streams.add(stream);
        model.set(id, stream);
      } else if (step.type === "close") {
        const closed = [...model.keys()][step.place % (model.size + 1)] ?? step.place;
        assert.equal(streams.delete(closed), model.delete(closed));
      } else {
        assert.equal(streams.get(step.id), model.get(step.id));
      }
      assert.equal(streams.size, model.size);
      for (const [openId, stream] of model) assert.equal(streams.get(openId), stream);
    }
    assert.deepEqual(streams.values(), [...model.values()]);
    streams.clear();
    assert.equal(streams.size, 0);
    assert.deepEqual(streams.values(), []);
  });
  t.doesNotThrow(() => fc.assert(property, { numRuns: 100 }));
});

t.test("OpenStreams keeps nothing of what was closed", async (t) => {
  const streams = new OpenStreams<{ id: number }>(SEED);
  for (let id = 1; id < 100_000; id += 2) {
    streams.add({ id });
    if (id > 20) streams.delete(id - 20);
  }
  t.equal(streams.size, 10);
  t.same(
    streams.values().map(({ id }) => id),
    Array.from({ length: 10 }, (_, index) => 99_981 + 2 * index),
  );
});

/** How many times a table reads ids to take these in: a count, since time says too little. */
function readsOf(ids: readonly number[], seed: number): number {
  let reads = 0;
  const streams = new OpenStreams<{ readonly id: number }>(seed);
  for (const id of ids) {
    const stream = {
      get id(): number {
        reads += 1;
        return id;
      },
    };
    streams.add(stream);
  }
  return reads;
}

t.test("OpenStreams is not slowed by ids that were chosen for it", async (t) => {
  // Those that meet in the first slots of a table of 4096 with the seed 0.
  const chosen: number[] = [];
  for (let id = 1; chosen.length < 2000; id += 2) {
    const product = Math.imul(id, 0x9e37_79b1);
    if (((product ^ (product >>> 15)) & 4095) < 8) chosen.push(id);
  }
  const usual = readsOf(
    chosen.map((_id, index) => 2 * index + 1),
    SEED,
  );
  t.ok(readsOf(chosen, 0) > 20 * usual, "they are chosen well");
  for (const seed of [SEED, 1e9, 4_242_424_242]) {
    const reads = readsOf(chosen, seed);
    t.ok(reads < 5 * usual, `${reads} reads, usual are ${usual}`);
  }
});
