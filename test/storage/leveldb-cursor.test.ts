import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import { MalformedError } from "../../src/storage/byte-reader.ts";
import { TableCursor } from "../../src/storage/leveldb-cursor.ts";
import { LevelEngine } from "../../src/storage/index.ts";
import { tempDirectory } from "../harness/temp-dir.ts";
import { write } from "../suite/engine-rows.ts";

/** The one table of a store with these changes, each a write of its own. */
async function tableOf(
  t: Parameters<typeof tempDirectory>[0],
  changes: readonly Record<string, string | undefined>[],
): Promise<Buffer> {
  const directory = await tempDirectory(t);
  const engine = await LevelEngine.open({ directory, sync: false });
  for (const change of changes) await write(engine, change);
  await engine.close();
  // Opening makes a table of the log, with every entry that is in it.
  await (await LevelEngine.open({ directory, sync: false })).close();
  const names = (await readdir(directory)).filter((name) => name.endsWith(".ldb"));
  t.equal(names.length, 1);
  return readFile(join(directory, names[0]!));
}

t.test("TableCursor gives every entry, of one key the latest first", async (t) => {
  const long = "v".repeat(5_000);
  const file = await tableOf(t, [{ a: "1", longer: long }, { a: undefined }, { a: "3", ab: "4" }]);
  const cursor = new TableCursor(file);
  const entries: unknown[] = [];
  while (cursor.next()) {
    entries.push([cursor.key.toString(), cursor.isDeletion, cursor.value.toString()]);
  }
  t.same(entries, [
    ["a", false, "3"],
    ["a", true, ""],
    ["a", false, "1"],
    ["ab", false, "4"],
    ["longer", false, long],
  ]);
  t.equal(cursor.next(), false);
});

t.test("TableCursor.compare() puts the later of one key's entries first", async (t) => {
  const file = await tableOf(t, [{ a: "1" }, { a: "2", b: "3" }]);
  const [one, other] = [new TableCursor(file), new TableCursor(file)];
  one.next();
  other.next();
  t.equal(one.compare(other), 0);
  other.next();
  t.equal(one.value.toString(), "2");
  t.equal(other.value.toString(), "1");
  t.ok(one.compare(other) < 0);
  t.ok(other.compare(one) > 0);
  other.next();
  t.ok(one.compare(other) < 0, "b");
  t.equal(other.compareKey(Buffer.from("b")), 0);
  t.ok(other.compareKey(Buffer.from("a")) > 0);
});

t.test("TableCursor refuses a block that makes no sense, and ends", async (t) => {
  const file = await tableOf(t, [{ a: "1", b: "2", c: "3" }]);
  let refused = 0;
  for (let position = 0; position < 60; position++) {
    for (const byte of [0x00, 0x7f, 0xff]) {
      const damaged = Buffer.from(file);
      damaged[position] = byte;
      try {
        const cursor = new TableCursor(damaged);
        for (let count = 0; cursor.next(); count++) t.ok(count < 100);
      } catch (error) {
        t.ok(error instanceof MalformedError, String(error));
        refused++;
      }
    }
  }
  t.ok(refused > 20, String(refused));
});
