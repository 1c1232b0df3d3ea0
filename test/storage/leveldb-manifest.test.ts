import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import { MalformedError } from "../../src/storage/byte-reader.ts";
import { listLevelFiles, manifestName, tableName } from "../../src/storage/leveldb-files.ts";
import { readLog } from "../../src/storage/leveldb-log.ts";
import { readManifest } from "../../src/storage/leveldb-manifest.ts";
import { tempDirectory } from "../harness/temp-dir.ts";
import { varint } from "./leveldb-bytes.ts";
import { openTableStore } from "./stores.ts";

t.test("readManifest() names the files that LevelDB has", async (t) => {
  const directory = await tempDirectory(t);
  await (await openTableStore(directory)).close();
  const files = await listLevelFiles(directory);
  const log = readLog(await readFile(join(directory, manifestName(files.manifests[0] ?? 0))));
  const manifest = readManifest(log.records.map(({ payload }) => payload));
  t.same(new Set(manifest.tables.keys()), new Set(files.tables));
  t.ok(manifest.tables.size > 1);
  for (const [number, { bytes, smallest, largest }] of manifest.tables) {
    t.equal((await stat(join(directory, tableName(number)))).size, bytes);
    t.ok(Buffer.compare(smallest, largest) < 0);
  }
  t.same(files.logs, [manifest.logNumber]);
  t.ok(manifest.lastSequence > 300);
});

/** An edit of varints, except that a Buffer is put as it is. */
function edit(...parts: readonly (number | Buffer)[]): Buffer {
  return Buffer.concat(parts.map((part) => (typeof part === "number" ? varint(part) : part)));
}

const FIRST = edit(1, Buffer.from("\x03abc"), 2, 7, 9, 0, 3, 20, 4, 500);
const KEY = Buffer.from("\x02k1");

t.test("readManifest() plays edits in their order", async (t) => {
  const added = edit(7, 0, 11, 1000, KEY, KEY, 7, 0, 12, 2000, KEY, KEY, 5, 1, KEY);
  const key = Buffer.from("k1");
  const moved = edit(2, 9, 6, 0, 11, 7, 1, 11, 1000, KEY, KEY, 4, 600);
  const gone = edit(6, 0, 12);
  t.same(readManifest([FIRST, added, moved, gone]), {
    logNumber: 9,
    lastSequence: 600,
    tables: new Map([[11, { bytes: 1000, smallest: key, largest: key }]]),
  });
});

t.test("readManifest() refuses what is not whole", async (t) => {
  t.throws(() => readManifest([]), /first edit is missing/);
  t.throws(() => readManifest([edit(2, 7, 4, 500)]), /first edit is missing/);
  t.throws(() => readManifest([FIRST, edit(8, 1)]), /unknown tag 8/);
  t.throws(() => readManifest([FIRST, edit(7, 0, 11)]), MalformedError);
  t.throws(() => readManifest([FIRST.subarray(0, 3)]), MalformedError);
});
