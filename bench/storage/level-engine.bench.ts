/**
 * What the engine costs beside bare LevelDB: the mark after every synced batch, and the check of
 * all files at open. One line of JSON per measurement.
 *
 *     node dist/bench/storage/level-engine.bench.js [small]
 */

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { Level } from "level";
import { LevelEngine } from "../../src/storage/index.ts";
import { checkLevelDirectory } from "../../src/storage/leveldb-check.ts";

interface Size {
  readonly batches: number;
  readonly putsPerBatch: number;
}

const VALUE_BYTES = 300;
const LARGE: readonly Size[] = [
  { batches: 1500, putsPerBatch: 256 },
  { batches: 4000, putsPerBatch: 1 },
];
const SMALL: readonly Size[] = [{ batches: 20, putsPerBatch: 16 }];

/** Writes one batch with keys from a number on. */
type WriteBatch = (first: number, count: number) => Promise<void>;

function keyOf(number: number): Buffer {
  const key = Buffer.alloc(13);
  key[0] = 0x72;
  key.writeUIntBE(number, 3, 6);
  return key;
}

/** Half of it can be packed: about what Kubernetes objects are like. */
function valueOf(number: number): Buffer {
  const value = Buffer.alloc(VALUE_BYTES, "metadata ");
  let state = number + 1;
  for (let position = 0; position < VALUE_BYTES / 2; position++) {
    state = Math.imul(state, 1_664_525) + 1_013_904_223;
    value[position] = state >>> 24;
  }
  return value;
}

function report(name: string, parameters: object, result: object): void {
  const node = process.version;
  const cpu = cpus()[0]?.model;
  process.stdout.write(`${JSON.stringify({ name, node, cpu, parameters, result })}\n`);
}

async function measureWrites(name: string, size: Size, write: WriteBatch): Promise<void> {
  const values = Array.from({ length: size.putsPerBatch }, (_, index) => valueOf(index));
  assert(values.length > 0);
  const latencies: number[] = [];
  const cpu = process.cpuUsage();
  const start = performance.now();
  for (let batch = 0; batch < size.batches; batch++) {
    const before = performance.now();
    await write(batch * size.putsPerBatch, size.putsPerBatch);
    latencies.push(performance.now() - before);
  }
  const seconds = (performance.now() - start) / 1000;
  const used = process.cpuUsage(cpu);
  const puts = size.batches * size.putsPerBatch;
  latencies.sort((a, b) => a - b);
  const at = (part: number): number =>
    Number(latencies[Math.floor(latencies.length * part)]?.toFixed(3));
  report(name, size, {
    putsPerSecond: Math.round(puts / seconds),
    batchMsP50: at(0.5),
    batchMsP99: at(0.99),
    cpuMicrosecondsPerPut: Number(((used.user + used.system) / puts).toFixed(2)),
  });
}

async function bareWrites(directory: string, size: Size): Promise<void> {
  const level = new Level<Buffer, Buffer>(directory, {
    keyEncoding: "buffer",
    valueEncoding: "buffer",
  });
  await level.open();
  await measureWrites("bare LevelDB, write", size, async (first, count) => {
    const batch = level.batch();
    for (let index = 0; index < count; index++) batch.put(keyOf(first + index), valueOf(index));
    // Typed only with what browsers have, too.
    await batch.write({ sync: true } as object);
  });
  await level.close();
}

async function engineWrites(directory: string, size: Size): Promise<void> {
  const engine = await LevelEngine.open({ directory, sync: true });
  await measureWrites("LevelEngine, write", size, async (first, count) => {
    const batch = engine.batch();
    for (let index = 0; index < count; index++) batch.put(keyOf(first + index), valueOf(index));
    await batch.write();
  });
  await engine.close();
}

async function measureReads(directory: string, size: Size): Promise<void> {
  const rows = size.batches * size.putsPerBatch;
  const checkStart = performance.now();
  await checkLevelDirectory(directory);
  const checkMs = performance.now() - checkStart;
  const openStart = performance.now();
  const engine = await LevelEngine.open({ directory, sync: true });
  const openMs = performance.now() - openStart;
  const scanStart = performance.now();
  let count = 0;
  const everything = { start: Buffer.of(0), end: Buffer.of(0xff), pageRows: 1000 };
  for await (const page of engine.scan(everything)) count += page.length;
  const scanMs = performance.now() - scanStart;
  assert.equal(count, rows, "every row is read");
  const gets = Math.min(rows, 100_000);
  const getStart = performance.now();
  for (let index = 0; index < gets; index++) {
    assert(engine.getSync(keyOf((index * 7919) % rows)) !== undefined);
  }
  const getMs = performance.now() - getStart;
  report("LevelEngine, open and read", size, {
    fileBytes: engine.sizeBytes(),
    checkMs: Number(checkMs.toFixed(1)),
    openMs: Number(openMs.toFixed(1)),
    scanRowsPerSecond: Math.round((rows / scanMs) * 1000),
    getSyncPerSecond: Math.round((gets / getMs) * 1000),
  });
  await engine.close();
}

const parent = await mkdtemp(join(tmpdir(), "etcdlet-bench-"));
try {
  for (const size of process.argv[2] === "small" ? SMALL : LARGE) {
    const name = (kind: string): string => join(parent, `${kind}-${size.putsPerBatch}`);
    await bareWrites(name("bare"), size);
    await engineWrites(name("engine"), size);
    await measureReads(name("engine"), size);
  }
} finally {
  await rm(parent, { recursive: true, force: true });
}
