import assert from "node:assert/strict";
import fc from "fast-check";
import t from "tap";
import { NOWHERE, ValueLog } from "../../src/mvcc/value-log.ts";
import type { Place } from "../../src/mvcc/value-log.ts";
import { encodeKeyValue, frameLength } from "../../src/wire/index.ts";
import type { KeyValueFields } from "../../src/wire/index.ts";

interface Holder extends Place {
  readonly key: string;
  main: number;
  /** What {@link Place} must hold, when it is in memory. */
  bytes: Buffer;
}

/** A log with what must be in it. */
class Run {
  readonly log: ValueLog;
  readonly holders = new Map<string, Holder>();
  /** Places of overwritten values, which may be read for as long as they are there. */
  readonly older: Holder[] = [];
  main = 1;

  constructor(bytesMax: number) {
    this.log = new ValueLog({ bytesMax, poison: true }, (key) => this.holders.get(key));
  }

  put(key: string, valueBytes: number, encoded = false): void {
    const main = ++this.main;
    const fields: KeyValueFields = {
      key: Buffer.from(key, "latin1"),
      createRevision: main,
      modRevision: main,
      version: 1,
      value: Buffer.alloc(valueBytes, String(main)),
      lease: main % 3 === 0 ? BigInt(main) : 0n,
    };
    this.remove(key);
    const bytes = encodeKeyValue(fields);
    const holder = { key, main, bytes, slab: NOWHERE, offset: 0 };
    if (encoded) this.log.writeEncoded(holder, bytes, main);
    else assert.deepEqual(this.log.write(holder, fields, main), bytes);
    this.holders.set(key, holder);
  }

  remove(key: string): void {
    const holder = this.holders.get(key);
    if (holder === undefined) return;
    this.log.release(holder);
    this.holders.delete(key);
    this.older.push(holder);
  }

  /** Keys of which memory has the value. Everything that memory has must be right. */
  check(visible: number): Set<string> {
    const kept = new Set<string>();
    let live = 0;
    for (const holder of this.holders.values()) {
      const read = this.log.read(holder);
      if (read === undefined) {
        assert.ok(holder.main <= visible, "not on disk yet, and gone");
        continue;
      }
      assert.deepEqual(read, holder.bytes);
      kept.add(holder.key);
      live += frameLength(holder.bytes.length);
    }
    for (const holder of this.older) {
      const read = this.log.read(holder);
      if (read !== undefined) assert.deepEqual(read, holder.bytes);
      else assert.ok(holder.main <= visible, "not on disk yet, and gone");
    }
    assert.equal(this.log.bytes.live, live);
    assert.ok(this.log.bytes.total >= live);
    return kept;
  }
}

/** Mostly a few keys; a value now and then that needs a slab of its own. */
const steps = fc.array(
  fc.record({
    key: fc.oneof({ weight: 3, arbitrary: fc.nat(3) }, fc.nat(40)).map((key) => `key ${key}`),
    valueBytes: fc.oneof({ weight: 9, arbitrary: fc.nat(100) }, fc.nat(2_000)),
    encoded: fc.boolean(),
    remove: fc.oneof({ weight: 5, arbitrary: fc.constant(false) }, fc.boolean()),
    evict: fc.boolean(),
  }),
  { minLength: 1, maxLength: 300 },
);

t.test("ValueLog has what it must, no more than it may, and gives what was written", async (t) => {
  const budgets = fc.constantFrom(0, 300, 2_000, 8_000, 50_000);
  const property = fc.property(steps, budgets, fc.nat(4), (list, bytesMax, unpublished) => {
    const run = new Run(bytesMax);
    let visible = 0;
    for (const { key, valueBytes, encoded, remove, evict } of list) {
      if (remove) run.remove(key);
      else run.put(key, valueBytes, encoded);
      if (evict) {
        visible = Math.max(visible, run.main - unpublished);
        run.log.evict(visible);
      }
      run.check(visible);
    }
    run.log.evict(run.main);
    run.check(run.main);
    assert.ok(run.log.bytes.total <= bytesMax, "over budget although all is on disk");
  });
  t.doesNotThrow(() => fc.assert(property, { numRuns: 300 }));
});

t.test("ValueLog keeps every value when twice their bytes are within the budget", async (t) => {
  const orders = fc.array(fc.nat(60), { minLength: 500, maxLength: 2_000 });
  const property = fc.property(orders, (keys) => {
    // 61 values of up to 112 bytes are less than half of it, a slab left out.
    const run = new Run(16_000);
    for (const key of keys) {
      run.put(`key ${key}`, 60 + key / 2);
      run.log.evict(run.main);
      run.older.length = 0;
      assert.equal(run.check(run.main).size, run.holders.size);
    }
  });
  t.doesNotThrow(() => fc.assert(property, { numRuns: 30 }));
});

t.test("ValueLog drops what was written longest ago first, when all of it lives", async (t) => {
  const run = new Run(16_000);
  for (let key = 0; key < 1_000; key++) {
    run.put(`key ${key}`, 60);
    run.log.evict(run.main);
  }
  const kept = run.check(run.main);
  t.ok(kept.size > 150 && kept.size < 200, String(kept.size));
  for (let key = 1_000 - kept.size; key < 1_000; key++) t.ok(kept.has(`key ${key}`));
});

t.test("ValueLog under constant overwriting stays as large as what lives", async (t) => {
  const mebibyte = 1024 * 1024;
  const run = new Run(256 * mebibyte);
  const { log } = run;
  const slabBytes = 256 * 1024;
  let totalMax = 0;
  for (let round = 0; round < 200_000; round++) {
    // In no order: something stays alive in every slab for long.
    run.put(`key ${(round * 2_654_435_761) % 9_973}`, 250);
    run.older.length = 0;
    if (round % 100 === 0) log.evict(run.main);
    totalMax = Math.max(totalMax, log.bytes.total);
  }
  const { live } = log.bytes;
  t.ok(live > mebibyte && live < 3 * mebibyte, String(live));
  t.ok(totalMax <= 2 * live + 18 * slabBytes, `${totalMax} bytes for ${live}`);
  t.ok(log.slabCount <= Math.ceil((2 * live) / slabBytes) + 18, String(log.slabCount));
  t.equal(run.check(run.main).size, run.holders.size);
});

t.test("ValueLog gives a large value a slab of its own, and drops it alone", async (t) => {
  const run = new Run(1_000_000);
  run.put("small", 10);
  run.put("large", 600_000);
  run.put("small too", 10);
  t.equal(run.log.slabCount, 2);
  const { total } = run.log.bytes;
  run.put("large", 10);
  run.log.evict(run.main);
  t.equal(run.log.slabCount, 1);
  t.ok(run.log.bytes.total < total - 600_000);
  t.equal(run.check(run.main).size, 3);
});

t.test("ValueLog.read() of a place without a slab finds nothing", async (t) => {
  const { log } = new Run(1_000);
  t.equal(log.read({ slab: NOWHERE, offset: 0 }), undefined);
  t.equal(log.read({ slab: 9, offset: 0 }), undefined);
  log.release({ slab: 9, offset: 0 });
  t.same(log.bytes, { total: 0, live: 0 });
});

t.test("ValueLog uses a slab again under another number", async (t) => {
  const run = new Run(0);
  run.put("first", 0);
  const first = run.holders.get("first")!;
  const lent = run.log.read(first)!;
  run.log.evict(run.main);
  t.ok(
    lent.every((byte) => byte === 0xff),
    "poison, in tests",
  );
  run.put("second", 0);
  t.equal(run.log.read(first), undefined);
  t.not(run.holders.get("second")!.slab, first.slab);
});
