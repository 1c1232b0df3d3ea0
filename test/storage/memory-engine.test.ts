import { createRequire } from "node:module";
import t from "tap";
import { MemoryEngine } from "../../src/storage/index.ts";
import { testEngine } from "../suite/engine.ts";
import { bytes, write } from "../suite/engine-rows.ts";

testEngine(t, { open: async () => new MemoryEngine(), modelRuns: 300 });

t.test("MemoryEngine keeps a copy of the value it is given, of just its size", async (t) => {
  const engine = new MemoryEngine();
  const larger = bytes("a value");
  const batch = engine.batch();
  batch.put(bytes("key"), larger.subarray(2));
  await batch.write();
  larger.fill(0);
  const kept = engine.getSync(bytes("key"))!;
  t.equal(Buffer.from(kept).toString(), "value");
  t.equal(kept.buffer.byteLength, kept.length);
  await engine.close();
});

t.test("MemoryEngine counts no bytes when all rows are gone", async (t) => {
  const engine = new MemoryEngine();
  await write(engine, { a: "1", b: "22" });
  await write(engine, { a: "333", b: undefined });
  t.ok(engine.sizeBytes() > 0);
  await write(engine, { a: undefined, never: undefined });
  t.equal(engine.sizeBytes(), 0);
  await engine.close();
});

t.test("MemoryEngine write() is done when it returns", async (t) => {
  const engine = new MemoryEngine();
  const done = write(engine, { a: "1" });
  t.ok(engine.getSync(bytes("a")));
  await done;
  await engine.close();
});

t.test("A program that keeps to memory never loads LevelDB", async (t) => {
  const engine = new MemoryEngine();
  await engine.close();
  const loaded = Object.keys(createRequire(import.meta.url).cache);
  t.same(
    loaded.filter((path) => /classic-level|\.node$/.test(path)),
    [],
  );
});

t.test("MemoryEngine.defragment() of parts takes less than of all rows", async (t) => {
  const engine = new MemoryEngine();
  const batch = engine.batch();
  for (let index = 0; index < 100_000; index++)
    batch.put(bytes(`key/${String(index)}`), bytes("v"));
  await batch.write();
  const cpuOf = async (work: () => Promise<void>): Promise<number> => {
    const start = process.cpuUsage();
    await work();
    return process.cpuUsage(start).user;
  };
  const whole = await cpuOf(() => engine.defragment());
  const parts = await cpuOf(async () => {
    for (let part = 0; part < 16; part++) {
      await engine.defragment({ start: bytes("a"), end: bytes("b") });
    }
  });
  t.ok(parts < whole, `${String(parts)} µs, and all ${String(whole)} µs`);
  await engine.close();
});
