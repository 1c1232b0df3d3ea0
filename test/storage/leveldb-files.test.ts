import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import {
  currentManifest,
  listLevelFiles,
  logName,
  manifestName,
  newestLog,
  tableName,
} from "../../src/storage/leveldb-files.ts";
import { tempDirectory } from "../harness/temp-dir.ts";

t.test("listLevelFiles() tells the files of a store from others", async (t) => {
  const directory = await tempDirectory(t);
  t.same(await listLevelFiles(directory), {
    hasCurrent: false,
    hasLock: false,
    manifests: [],
    logs: [],
    tables: [],
  });
  const names = [logName(1_234_567), logName(12), tableName(9), tableName(10), manifestName(3)];
  const others = ["LOG", "LOG.old", "SYNCED", "x.log", "12.log.old", "MANIFEST-", "000001.dbtmp"];
  for (const name of ["CURRENT", "LOCK", ...names, ...others]) {
    await writeFile(join(directory, name), "");
  }
  t.same(await listLevelFiles(directory), {
    hasCurrent: true,
    hasLock: true,
    manifests: [3],
    logs: [12, 1_234_567],
    tables: [9, 10],
  });
});

t.test("newestLog() has the highest number, not the last name", async (t) => {
  t.equal(newestLog(["000009.log", "1000000.log", "999999.log", "2000000.ldb"]), 1_000_000);
  t.equal(newestLog(["LOG", "000009.ldb"]), undefined);
});

t.test("currentManifest() takes nothing but LevelDB's own spelling", async (t) => {
  t.equal(currentManifest("MANIFEST-000012\n"), 12);
  t.equal(currentManifest("MANIFEST-1234567\n"), 1_234_567);
  for (const contents of [
    "",
    "MANIFEST-000012",
    "MANIFEST-12\n",
    "MANIFEST-000012\n\n",
    "X-000012\n",
  ]) {
    t.equal(currentManifest(contents), undefined, JSON.stringify(contents));
  }
});
