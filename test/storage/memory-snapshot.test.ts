import { join } from "node:path";
import t from "tap";
import { LevelEngine, MemoryEngine } from "../../src/storage/index.ts";
import type { Engine } from "../../src/storage/index.ts";
import { testEngine } from "../suite/engine.ts";
import { allRows, bytes, write } from "../suite/engine-rows.ts";

void t.test("MemoryEngine on top of others in memory", async (t) => {
  const reopen = async (engine: Engine): Promise<Engine> => {
    const next = new MemoryEngine(engine.snapshot());
    await engine.close();
    return next;
  };
  testEngine(t, {
    open: async () => new MemoryEngine(new MemoryEngine().snapshot()),
    reopen,
    modelRuns: 300,
  });
});

void t.test("MemoryEngine on top of one on disk", async (t) => {
  const level = await LevelEngine.open({ directory: join(t.testdir(), "data"), sync: false });
  t.teardown(() => level.close());
  const reopen = async (engine: Engine): Promise<Engine> => {
    // Through the disk: what the one has becomes what the next stands on.
    const batch = level.batch();
    for (const [key] of await allRows(level)) batch.delete(bytes(key));
    for (const [key, value] of await allRows(engine)) batch.put(bytes(key), bytes(value));
    await engine.close();
    await batch.write();
    return new MemoryEngine(level.snapshot());
  };
  const open = async (): Promise<Engine> => reopen(new MemoryEngine());
  testEngine(t, { open, reopen, modelRuns: 60 });
});

t.test("MemoryEngine.snapshot() outlives the engine", async (t) => {
  const engine = new MemoryEngine();
  await write(engine, { a: "1" });
  const snapshot = engine.snapshot();
  const onTop = new MemoryEngine(snapshot);
  await write(engine, { a: "2" });
  await engine.close();
  t.same(await allRows(onTop), [["a", "1"]]);
  t.equal(onTop.snapshot().depth, 2);
  await onTop.close();
});
