import assert from "node:assert/strict";
import { copyFile, readdir, rename, truncate } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import t from "tap";
import { LevelEngine, StorageError, visitByScan } from "../../src/storage/index.ts";
import type { Engine } from "../../src/storage/index.ts";
import { visitTableRows } from "../../src/storage/leveldb-rows.ts";
import { tempDirectory } from "../harness/temp-dir.ts";
import { bytes, everything as allPages, write } from "../suite/engine-rows.ts";
import { noiseText } from "./stores.ts";

type Rows = [key: string, value: string][];
const everything = allPages(1_000);
type Range = { start: Uint8Array; end: Uint8Array };

async function visited(visit: (take: (key: Uint8Array, value: Uint8Array) => void) => unknown) {
  const rows: Rows = [];
  await visit((key, value) => {
    rows.push([Buffer.from(key).toString("latin1"), Buffer.from(value).toString("latin1")]);
  });
  return rows;
}

const inTables = async (directory: string, range: Range): Promise<Rows> =>
  visited(async (take) => assert.ok(await visitTableRows(directory, range, take)));
const scanned = async (engine: Engine, range: Range): Promise<Rows> =>
  visited((take) => visitByScan(engine, range, take));

/** Few keys, so that they meet; values large enough that tables fill up, some that can be packed. */
const key = fc.nat(60).map((number) => `key/${"x".repeat(number % 7)}/${number}`);
const value = fc.oneof(
  fc.record({ length: fc.nat(3_000), seed: fc.nat(1_000) }),
  fc.record({ length: fc.nat(60_000), seed: fc.constant(undefined) }),
);
const change = fc.tuple(key, fc.option(value, { nil: undefined, freq: 3 }));
const steps = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        type: fc.constant("write" as const),
        changes: fc.array(change, { minLength: 1, maxLength: 40 }),
      }),
    },
    { weight: 2, arbitrary: fc.record({ type: fc.constant("reopen" as const) }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant("defragment" as const) }) },
  ),
  { minLength: 5, maxLength: 30 },
);

function valueText(of: { length: number; seed: number | undefined }): string {
  return of.seed === undefined ? "packed ".repeat(of.length / 7) : noiseText(of.length, of.seed);
}

t.test("visitTableRows() finds the rows that LevelDB finds", async (t) => {
  const parent = await tempDirectory(t);
  let run = 0;
  const property = fc.asyncProperty(steps, key, key, async (list, start, end) => {
    const directory = join(parent, String(run++));
    const open = async (): Promise<LevelEngine> => LevelEngine.open({ directory, sync: false });
    let engine = await open();
    for (const step of list) {
      if (step.type === "write") {
        const changes = step.changes.map(([name, of]) => [name, of && valueText(of)] as const);
        await write(engine, Object.fromEntries(changes));
      } else if (step.type === "defragment") {
        await engine.defragment();
      } else {
        await engine.close();
        engine = await open();
      }
    }
    await engine.close();
    engine = await open();
    try {
      for (const range of [everything, { start: bytes(start), end: bytes(end) }]) {
        const expected = await scanned(engine, range);
        assert.deepEqual(await inTables(directory, range), expected);
        assert.deepEqual(await visited((take) => engine.visitAll(range, take)), expected);
      }
    } finally {
      await engine.close();
    }
  });
  await t.resolves(fc.assert(property, { numRuns: 40 }));
});

/** A store of several tables that overlap, closed. */
async function filled(t: Parameters<typeof tempDirectory>[0]): Promise<string> {
  const directory = await tempDirectory(t);
  const engine = await LevelEngine.open({ directory, sync: false });
  for (let batch = 0; batch < 60; batch++) {
    const rows = Array.from({ length: 10 }, (_, index) => [
      `${String((batch * 7 + index * 13) % 90)}-${String(batch % 8)}`,
      noiseText(60_000, batch * 10 + index),
    ]);
    await write(engine, Object.fromEntries(rows));
  }
  await engine.close();
  return directory;
}

t.test("visitTableRows() merges tables that overlap", async (t) => {
  const directory = await filled(t);
  const engine = await LevelEngine.open({ directory, sync: false });
  t.teardown(() => engine.close());
  const names = await readdir(directory);
  t.ok(names.filter((name) => name.endsWith(".ldb")).length > 2, names.join(" "));
  t.same(await inTables(directory, everything), await scanned(engine, everything));
});

t.test("LevelEngine.visitAll() after a write goes through LevelDB", async (t) => {
  const engine = await LevelEngine.open({ directory: await tempDirectory(t), sync: false });
  t.teardown(() => engine.close());
  await write(engine, { a: "1", b: "2" });
  t.same(await visited((take) => engine.visitAll(everything, take)), [
    ["a", "1"],
    ["b", "2"],
  ]);
});

t.test("visitTableRows() passes on what its visitor throws", async (t) => {
  const directory = await filled(t);
  const visit = (): never => {
    throw new RangeError("enough");
  };
  await t.rejects(visitTableRows(directory, everything, visit), RangeError);
});

t.test("visitTableRows() of a file that is damaged or gone rejects", async (t) => {
  const directory = await filled(t);
  const names = (await readdir(directory)).filter((name) => name.endsWith(".ldb")).toSorted();
  const path = join(directory, names[0]!);
  const whole = `${path}.whole`;
  await copyFile(path, whole);
  const read = visitTableRows.bind(undefined, directory, everything, () => undefined);
  await truncate(path, 1_000);
  await t.rejects(read(), { name: "StorageError", reason: "corrupt" });
  await rename(path, `${path}.away`);
  await t.rejects(read(), StorageError);
  await rename(whole, path);
  await t.resolves(read());
});
