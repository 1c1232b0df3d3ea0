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
