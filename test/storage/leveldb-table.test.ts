import { readFile } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import type { Test } from "tap";
import { MalformedError } from "../../src/storage/byte-reader.ts";
import { listLevelFiles, tableName } from "../../src/storage/leveldb-files.ts";
import { checkTable } from "../../src/storage/leveldb-table.ts";
import { LevelEngine } from "../../src/storage/index.ts";
import { tempDirectory } from "../harness/temp-dir.ts";
import { openTableStore, random } from "./stores.ts";

const FOOTER_BYTES = 48;
const CHANGES = 400;

async function tables(t: Test): Promise<Buffer[]> {
  const directory = await tempDirectory(t);
  await (await openTableStore(directory)).close();
  const { tables } = await listLevelFiles(directory);
  return Promise.all(tables.map((number) => readFile(join(directory, tableName(number)))));
}

t.test("checkTable() finds nothing in LevelDB's own tables", async (t) => {
  const files = await tables(t);
  t.ok(files.length > 1);
  for (const file of files)
    t.doesNotThrow(() => {
      checkTable(file);
    });
});

t.test("checkTable() unpacks an index that LevelDB has packed", async (t) => {
  const directory = await tempDirectory(t);
  const engine = await LevelEngine.open({ directory, sync: false });
  const batch = engine.batch();
  // Long keys with much in common make an index that is worth packing.
  for (let number = 0; number < 4000; number++) {
    batch.put(
      Buffer.from(`${"long".repeat(50)}${String(number).padStart(9, "0")}`),
      Buffer.alloc(90),
    );
  }
  await batch.write();
  await engine.defragment();
  await engine.close();
  const { tables } = await listLevelFiles(directory);
  const file = await readFile(join(directory, tableName(tables[0] ?? 0)));
  // The byte before the check sum, which is before the footer, says how the index is stored.
  t.equal(file[file.length - FOOTER_BYTES - 5], 1, "the index is packed");
  t.doesNotThrow(() => {
    checkTable(file);
  });
});

t.test("checkTable() finds a changed byte anywhere but in the footer's padding", async (t) => {
  const next = random(1);
  for (const file of await tables(t)) {
    for (let count = 0; count < CHANGES; count++) {
      const position = next(file.length - FOOTER_BYTES);
      const changed = Buffer.from(file);
      changed[position] = file[position]! ^ (1 + next(255));
      if (isFound(changed)) continue;
      t.fail(`byte ${position} of ${file.length}`);
    }
    for (let position = file.length - 8; position < file.length; position++) {
      const changed = Buffer.from(file);
      changed[position] = file[position]! ^ 1;
      t.ok(isFound(changed), `byte ${position} of the magic number`);
    }
  }
});

t.test("checkTable() finds a table cut at any length", async (t) => {
  const next = random(2);
  for (const file of await tables(t)) {
    for (let count = 0; count < CHANGES; count++) {
      const length = next(file.length);
      if (!isFound(file.subarray(0, length))) t.fail(`cut to ${length} of ${file.length}`);
    }
    t.ok(isFound(file.subarray(1)), "and without its first byte");
    t.ok(isFound(Buffer.of()), "and without any");
  }
});

function isFound(file: Buffer): boolean {
  try {
    checkTable(file);
    return false;
  } catch (error) {
    if (error instanceof MalformedError) return true;
    throw error;
  }
}
