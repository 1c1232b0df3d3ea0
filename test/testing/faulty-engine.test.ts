/** The harness itself is a subject of the engine suite: tests of other rooms rely on it. */

import t from "tap";
import { FaultyEngine } from "../../src/testing/index.ts";
import { testEngine } from "../suite/engine.ts";
import { allRows, rejectsWith, write } from "../suite/engine-rows.ts";

testEngine(t, { open: async () => new FaultyEngine(), modelRuns: 50 });

t.test("FaultyEngine fails the write it is told to, and all later ones", async (t) => {
  const engine = new FaultyEngine();
  engine.failWrite({ write: 2 });
  await write(engine, { a: "1" });
  await rejectsWith(t, "write-failed", () => write(engine, { b: "2" }));
  await rejectsWith(t, "write-failed", () => write(engine, { c: "3" }));
  await rejectsWith(t, "write-failed", () => engine.defragment());
  t.equal(engine.writeCount, 2);
  t.same(await allRows(engine), [["a", "1"]], "reads go on");
  t.same(await allRows(await engine.crash()), [["a", "1"]]);
});

t.test("FaultyEngine has a failed write after a crash, when it was kept", async (t) => {
  const engine = new FaultyEngine();
  engine.failWrite({ write: 1, kept: true });
  await rejectsWith(t, "write-failed", () => write(engine, { a: "1" }));
  t.same(await allRows(engine), []);
  const after = await engine.crash();
  t.same(await allRows(after), [["a", "1"]]);
  await write(after, { b: "2" });
  t.same((await allRows(after)).length, 2);
});

t.test("FaultyEngine holds writes until they are released", async (t) => {
  const engine = new FaultyEngine();
  engine.holdWrites();
  const first = write(engine, { a: "1" });
  const second = write(engine, { b: "2" });
  await engine.heldWrite();
  t.same(await allRows(engine), []);
  engine.releaseOneWrite();
  await first;
  await engine.heldWrite();
  t.same(await allRows(engine), [["a", "1"]]);
  engine.releaseWrites();
  await second;
  await write(engine, { c: "3" });
  t.equal((await allRows(engine)).length, 3);
});

for (const keepHeldWrite of [false, true]) {
  t.test(`FaultyEngine crash() with a held write, kept: ${String(keepHeldWrite)}`, async (t) => {
    const engine = new FaultyEngine();
    await write(engine, { a: "1" });
    engine.holdWrites();
    const held = rejectsWith(t, "closed", () => write(engine, { a: "2", b: "2" }));
    const waiting = rejectsWith(t, "closed", () => write(engine, { c: "3" }));
    await engine.heldWrite();
    const after = await engine.crash({ keepHeldWrite });
    await Promise.all([held, waiting]);
    await rejectsWith(t, "closed", () => engine.batch());
    const rows = keepHeldWrite ? { a: "2", b: "2" } : { a: "1" };
    t.same(await allRows(after), Object.entries(rows));
  });
}
