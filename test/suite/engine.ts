/** What holds on every Engine. test/storage/level-engine.test.ts and memory-engine.test.ts run it. */

import type { Test } from "tap";
import type { Engine } from "../../src/storage/index.ts";
import { testModel } from "./engine-model.ts";
import { allRows, bytes, collect, everything, rejectsWith, text, write } from "./engine-rows.ts";
import type { EngineSubject } from "./engine-rows.ts";

const PAGE_ROWS = 7;

/** Adds the suite's tests to the subject's. */
export function testEngine(t: Test, subject: EngineSubject): void {
  const withEngine = (name: string, body: (t: Test, engine: Engine) => Promise<void>): void => {
    void t.test(name, async (t) => {
      const engine = await subject.open();
      t.teardown(() => engine.close());
      await body(t, engine);
    });
  };
  testBatches(withEngine);
  testReads(withEngine);
  testScans(withEngine);
  testClosed(withEngine);
  testModel(t, subject);
}

type WithEngine = (name: string, body: (t: Test, engine: Engine) => Promise<void>) => void;

function testBatches(withEngine: WithEngine): void {
  withEngine("Batch is not seen before write(), and whole after", async (t, engine) => {
    await write(engine, { a: "old", b: "old" });
    const batch = engine.batch();
    batch.put(bytes("a"), bytes("new"));
    batch.delete(bytes("b"));
    batch.put(bytes("c"), bytes("new"));
    t.equal(batch.length, 3);
    t.same(await allRows(engine), [
      ["a", "old"],
      ["b", "old"],
    ]);
    await batch.write();
    t.same(await allRows(engine), [
      ["a", "new"],
      ["c", "new"],
    ]);
  });

  withEngine("Batch with two changes of one key keeps the last", async (t, engine) => {
    const batch = engine.batch();
    batch.put(bytes("put"), bytes("1"));
    batch.put(bytes("put"), bytes("2"));
    batch.put(bytes("deleted"), bytes("1"));
    batch.delete(bytes("deleted"));
    await batch.write();
    t.same(await allRows(engine), [["put", "2"]]);
  });

  withEngine("Batch without changes is written, one given up is not", async (t, engine) => {
    await engine.batch().write();
    const batch = engine.batch();
    batch.put(bytes("a"), bytes("1"));
    batch.discard();
    t.same(await allRows(engine), []);
  });

  withEngine("Batches are written in the order of write()", async (t, engine) => {
    const writes = [];
    for (let number = 0; number < 50; number++) {
      writes.push(write(engine, { last: String(number), [`k${number % 7}`]: String(number) }));
    }
    await Promise.all(writes);
    t.equal(text(engine.getSync(bytes("last")) ?? Buffer.of()), "49");
    t.equal(text(engine.getSync(bytes("k0")) ?? Buffer.of()), "49");
  });

  withEngine("A value may be empty, and megabytes long", async (t, engine) => {
    const value = Buffer.alloc(3_000_000);
    for (let position = 0; position < value.length; position++) value[position] = position * 31;
    const batch = engine.batch();
    batch.put(bytes("empty"), Buffer.of());
    batch.put(bytes("large"), value);
    await batch.write();
    t.equal(engine.getSync(bytes("empty"))?.length, 0);
    t.ok(value.equals(engine.getSync(bytes("large")) ?? Buffer.of()));
    const pages = await collect(engine.scan(everything(10)));
    t.same(
      pages.rows.map(([, found]) => found.length),
      [0, 3_000_000],
    );
  });

  withEngine("Keys and values may be any Uint8Array", async (t, engine) => {
    const whole = new Uint8Array([9, 1, 2, 3, 9]);
    const batch = engine.batch();
    batch.put(whole.subarray(1, 3), whole.subarray(2, 4));
    await batch.write();
    t.same(await allRows(engine), [["\x01\x02", "\x02\x03"]]);
    t.same([...(engine.getSync(new Uint8Array([1, 2])) ?? [])], [2, 3]);
  });
}

function testReads(withEngine: WithEngine): void {
  withEngine("getSync() of a missing key is undefined", async (t, engine) => {
    await write(engine, { a: "1", c: "3" });
    t.equal(engine.getSync(bytes("b")), undefined);
    t.equal(text(engine.getSync(bytes("c")) ?? Buffer.of()), "3");
  });

  withEngine("getMany() answers in the order asked for", async (t, engine) => {
    await write(engine, { a: "1", b: "2", c: "3" });
    const values = await engine.getMany(["c", "x", "a", "c"].map(bytes));
    t.same(
      values.map((value) => value && text(value)),
      ["3", undefined, "1", "3"],
    );
    t.same(await engine.getMany([]), []);
  });

  withEngine("getMany() is as of its call", async (t, engine) => {
    await write(engine, { a: "1", b: "1" });
    const values = engine.getMany([bytes("a"), bytes("b")]);
    await write(engine, { a: "2", b: undefined });
    t.same(
      (await values).map((value) => value && text(value)),
      ["1", "1"],
    );
  });

  withEngine("sizeBytes() grows with what is written", async (t, engine) => {
    const before = engine.sizeBytes();
    const batch = engine.batch();
    for (let number = 0; number < 100; number++) {
      batch.put(bytes(`key${number}`), Buffer.alloc(1000, number));
    }
    await batch.write();
    t.ok(engine.sizeBytes() >= before + 100_000, "at least the bytes of the rows");
    t.ok(engine.sizeBytes() < before + 200_000, "at most twice that");
  });

  withEngine("setApart() shows nothing of itself, and lets writes go on", async (t, engine) => {
    await write(engine, { a: "1", m: "2" });
    engine.setApart({ start: bytes("m"), end: bytes("n") });
    engine.setApart({ start: bytes("m"), end: bytes("n") });
    await write(engine, { b: "3", m: "4" });
    t.same(await allRows(engine), [
      ["a", "1"],
      ["b", "3"],
      ["m", "4"],
    ]);
  });

  withEngine("defragment() gives removed space back and keeps the rows", async (t, engine) => {
    const batch = engine.batch();
    for (let number = 0; number < 2000; number++) {
      const key = bytes(`key${String(number).padStart(5, "0")}`);
      // Not to be packed, so that it takes its space on disk, too.
      batch.put(key, noise(500, number));
    }
    await batch.write();
    const rows = await allRows(engine);
    const removal = engine.batch();
    for (const [key] of rows.slice(10)) removal.delete(bytes(key));
    await removal.write();
    await engine.defragment();
    t.ok(engine.sizeBytes() < 500_000, `found ${engine.sizeBytes()} bytes`);
    t.same(await allRows(engine), rows.slice(0, 10));
  });
}

/** Bytes that look random, the same for the same seed. */
function noise(byteCount: number, seed: number): Buffer {
  let state = seed + 1;
  const noise = Buffer.alloc(byteCount);
  for (let position = 0; position < byteCount; position++) {
    state = Math.imul(state, 1_664_525) + 1_013_904_223;
    noise[position] = state >>> 24;
  }
  return noise;
}

function testScans(withEngine: WithEngine): void {
  withEngine("scan() of an empty range has no page", async (t, engine) => {
    await write(engine, { b: "1", d: "1" });
    for (const [start, end] of [
      ["c", "d"],
      ["b", "b"],
      ["e", "z"],
      ["d", "b"],
      ["\0", "b"],
    ] as const) {
      const found = await collect(
        engine.scan({ start: bytes(start), end: bytes(end), pageRows: PAGE_ROWS }),
      );
      t.same(found, { rows: [], pages: [] }, `from ${start} to ${end}`);
    }
  });

  withEngine("scan() has its start and not its end, in byte order", async (t, engine) => {
    const keys = ["a", "a\0", "a\0b", "a\xff", "b", "\x7f", "\x80", "\xfe\xff"];
    await write(engine, Object.fromEntries(keys.map((key) => [key, "1"])));
    const range = { start: bytes("a\0"), end: bytes("\x80"), pageRows: PAGE_ROWS };
    const { rows } = await collect(engine.scan(range));
    t.same(
      rows.map(([key]) => key),
      ["a\0", "a\0b", "a\xff", "b", "\x7f"],
    );
  });

  withEngine("scan() pages by pageRows", async (t, engine) => {
    const names = Array.from({ length: 20 }, (_, index) => `k${String(index).padStart(2, "0")}`);
    await write(engine, Object.fromEntries(names.map((name) => [name, "1"])));
    for (const [pageRows, pages] of [
      [1, names.map(() => 1)],
      [7, [7, 7, 6]],
      [20, [20]],
      [1000, [20]],
    ] as const) {
      const found = await collect(engine.scan(everything(pageRows)));
      t.same(found.pages, pages);
      t.same(
        found.rows.map(([key]) => key),
        names,
      );
    }
  });

  withEngine("scan() is as of its call, however late it is read", async (t, engine) => {
    const rows = Object.fromEntries(
      Array.from({ length: 1500 }, (_, index) => [`k${String(index).padStart(5, "0")}`, "old"]),
    );
    await write(engine, rows);
    const unread = engine.scan(everything(PAGE_ROWS));
    const begun = engine.scan(everything(PAGE_ROWS));
    const first = await begun.next();
    await write(engine, { "k00000+": "new", k00001: "new", k00700: "new", k01499: undefined });
    await write(engine, { "k00009+": "new", k99999: "new", a: "new", k00008: undefined });
    await engine.defragment();
    t.same((await collect(unread)).rows, Object.entries(rows));
    const rest = (await collect(begun)).rows;
    t.same([first.value?.length, rest.length], [PAGE_ROWS, 1500 - PAGE_ROWS]);
    t.same(rest, Object.entries(rows).slice(PAGE_ROWS));
    t.equal((await allRows(engine)).length, 1502);
  });

  withEngine("scan() given up gives nothing more", async (t, engine) => {
    await write(engine, { a: "1", b: "2", c: "3" });
    const unread = engine.scan(everything(1));
    await unread.return?.();
    t.same(await unread.next(), { done: true, value: undefined });
    for await (const page of engine.scan(everything(1))) {
      t.equal(page.length, 1);
      break;
    }
    const done = engine.scan(everything(10));
    await collect(done);
    t.same(await done.next(), { done: true, value: undefined });
  });
}

function testClosed(withEngine: WithEngine): void {
  withEngine('A closed engine refuses everything with "closed"', async (t, engine) => {
    await write(engine, { a: "1" });
    const batch = engine.batch();
    batch.put(bytes("b"), bytes("2"));
    const scan = engine.scan(everything(1));
    await engine.close();
    await engine.close();
    t.type(engine.sizeBytes(), "number");
    await rejectsWith(t, "closed", () => engine.batch());
    await rejectsWith(t, "closed", () => batch.write());
    await rejectsWith(t, "closed", () => engine.getSync(bytes("a")));
    await rejectsWith(t, "closed", () => engine.getMany([bytes("a")]));
    await rejectsWith(t, "closed", () => engine.scan(everything(1)));
    await rejectsWith(t, "closed", () => scan.next());
    await rejectsWith(t, "closed", () => engine.defragment());
    t.throws(() => {
      engine.setApart({ start: bytes("a"), end: bytes("b") });
    }, /is closed/);
  });

  withEngine("close() lets writes that were asked for finish", async (t, engine) => {
    const writes = [write(engine, { a: "1" }), write(engine, { b: "2" })];
    await engine.close();
    t.same(await Promise.all(writes), [undefined, undefined]);
  });
}
