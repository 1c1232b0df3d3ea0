/**
 * The engine in memory under what the store does: rows appended, read one by one, scanned, removed
 * from the front; leases put anywhere. One line of JSON.
 *
 *     node --expose-gc dist/bench/storage/memory-engine.bench.js [small]
 */

import assert from "node:assert/strict";
import { cpus } from "node:os";
import { MemoryEngine } from "../../src/storage/index.ts";

const SMALL = process.argv[2] === "small";
const ROWS = SMALL ? 2000 : 500_000;
const LEASES = SMALL ? 500 : 100_000;
const BATCH_ROWS = 16;
const VALUE = Buffer.alloc(300, 1);

function keyOf(table: number, number: number): Buffer {
  const key = Buffer.allocUnsafe(13).fill(0);
  key[0] = table;
  key.writeUIntBE(number, 3, 6);
  return key;
}

/** Nanoseconds per round. */
async function measure(rounds: number, body: () => void | Promise<void>): Promise<number> {
  const start = performance.now();
  await body();
  return Math.round(((performance.now() - start) * 1e6) / rounds);
}

const engine = new MemoryEngine();
globalThis.gc?.();
const heapBefore = process.memoryUsage().heapUsed;

const appendNs = await measure(ROWS, async () => {
  for (let first = 0; first < ROWS; first += BATCH_ROWS) {
    const batch = engine.batch();
    for (let index = 0; index < BATCH_ROWS; index++) batch.put(keyOf(0x72, first + index), VALUE);
    // A row elsewhere in every batch, as the store has.
    batch.put(keyOf(0x6d, 1), VALUE);
    await batch.write();
  }
});
globalThis.gc?.();
const heapBytesPerRow = Math.round((process.memoryUsage().heapUsed - heapBefore) / ROWS);

const leaseNs = await measure(LEASES, async () => {
  for (let index = 0; index < LEASES; index++) {
    const batch = engine.batch();
    batch.put(keyOf(0x6c, (index * 7_368_787) % 1_000_003), VALUE);
    await batch.write();
  }
});

const getNs = await measure(ROWS, () => {
  for (let index = 0; index < ROWS; index++) {
    assert(engine.getSync(keyOf(0x72, (index * 7919) % ROWS)) !== undefined);
  }
});

const scanNs = await measure(ROWS, async () => {
  let count = 0;
  const range = { start: Buffer.of(0x72), end: Buffer.of(0x73), pageRows: 1000 };
  for await (const page of engine.scan(range)) count += page.length;
  assert.equal(count, ROWS);
});

const removeNs = await measure(ROWS / 2, async () => {
  for (let first = 0; first < ROWS / 2; first += 1000) {
    const batch = engine.batch();
    for (let index = first; index < Math.min(first + 1000, ROWS / 2); index++) {
      batch.delete(keyOf(0x72, index));
    }
    await batch.write();
  }
});

const scan = engine.scan({ start: Buffer.of(0x72), end: Buffer.of(0x73), pageRows: 1 });
const first = await scan.next();
assert.equal(first.value?.[0]?.[0].readUIntBE(3, 6), ROWS / 2, "the first half is gone");
await scan.return?.();

const result = { appendNs, heapBytesPerRow, leaseNs, getNs, scanNs, removeNs };
const machine = { node: process.version, cpu: cpus()[0]?.model };
const parameters = { rows: ROWS, leases: LEASES };
process.stdout.write(
  `${JSON.stringify({ name: "MemoryEngine", ...machine, parameters, result })}\n`,
);
