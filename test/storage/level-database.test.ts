import { mkdir, symlink, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import {
  claimDirectory,
  errorCode,
  errorMessage,
  openDatabase,
  openError,
  releaseDirectory,
} from "../../src/storage/level-database.ts";
import { tempDirectory } from "../harness/temp-dir.ts";
import { bytes, rejectsWith } from "../suite/engine-rows.ts";

t.test("claimDirectory() gives a directory to one at a time, by any of its names", async (t) => {
  const parent = await tempDirectory(t);
  const directory = await claimDirectory(join(parent, "data"));
  await symlink(directory, join(parent, "other"));
  await rejectsWith(t, "locked", () => claimDirectory(join(parent, "data")));
  await rejectsWith(t, "locked", () => claimDirectory(join(parent, "other")));
  releaseDirectory(directory);
  t.equal(await claimDirectory(join(parent, "other")), directory);
  releaseDirectory(directory);
});

t.test("openDatabase() opens what is whole and refuses what is not", async (t) => {
  const directory = await claimDirectory(await tempDirectory(t));
  t.teardown(() => {
    releaseDirectory(directory);
  });
  const database = await openDatabase(directory, { cacheBytes: 1000 });
  await database.batch().put(bytes("a"), bytes("1"));
  t.equal(database.getSync(bytes("a")), undefined);
  await database.close();
  await (await openDatabase(directory, { cacheBytes: 1000 })).close();
  await writeFile(join(directory, "CURRENT"), "MANIFEST-999999\n");
  await rejectsWith(t, "corrupt", () => openDatabase(directory, { cacheBytes: 1000 }));
  await unlink(join(directory, "CURRENT"));
  await mkdir(join(directory, "CURRENT"));
  await rejectsWith(t, "open-failed", () => openDatabase(directory, { cacheBytes: 1000 }));
});

t.test("openError() tells classic-level's errors apart by their codes", async (t) => {
  const error = (code: string): Error =>
    new Error("Database failed to open", { cause: Object.assign(new Error("why"), { code }) });
  for (const [code, reason] of [
    ["LEVEL_LOCKED", "locked"],
    ["LEVEL_CORRUPTION", "corrupt"],
    ["LEVEL_IO_ERROR", "open-failed"],
    ["EACCES", "open-failed"],
  ] as const) {
    t.match(openError("/data", error(code)), { reason, message: /"\/data"/, cause: { code } });
  }
  t.match(openError("/data", new Error("plain")), { reason: "open-failed", message: /plain/ });
  t.equal(errorCode("text"), undefined);
  t.equal(errorMessage("text"), "text");
});
