/**
 * Damage on whole stores: whatever is done to one file, opening gives the same rows or says
 * "corrupt". Each store is damaged as a killed process and as a closed one leaves it.
 */

import {
  appendFile,
  copyFile,
  mkdir,
  readdir,
  readFile,
  rm,
  truncate,
  unlink,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import type { Test } from "tap";
import { LevelEngine } from "../../src/storage/index.ts";
import { checkLevelDirectory } from "../../src/storage/leveldb-check.ts";
import { MARK_FILE } from "../../src/storage/sync-mark.ts";
import { tempDirectory } from "../harness/temp-dir.ts";
import { allRows, rejectsWith, write } from "../suite/engine-rows.ts";
import { logFile, logPiece } from "./leveldb-bytes.ts";
import { copyStore, openLogStore, openTableStore, outcome, random } from "./stores.ts";

/** Places per file and kind of damage; by hand it was run with thousands. */
const PLACES = 8;

interface Damaged {
  readonly parent: string;
  /** A store as it should be, and the rows in it. */
  readonly whole: string;
  readonly rows: [string, string][];
}

async function makeStore(
  t: Test,
  open: (directory: string) => Promise<LevelEngine>,
  isClosed: boolean,
): Promise<Damaged> {
  const parent = await tempDirectory(t);
  const [live, whole] = [join(parent, "live"), join(parent, "whole")];
  const engine = await open(live);
  const rows = await allRows(engine);
  if (!isClosed) await copyStore(live, whole);
  await engine.close();
  if (isClosed) await copyStore(live, whole);
  return { parent, whole, rows };
}

/** What comes of a copy of the store with one thing done to it. */
async function after(
  { parent, whole, rows }: Damaged,
  damage: (directory: string) => Promise<unknown>,
): Promise<string> {
  const directory = join(parent, "damaged");
  await rm(directory, { recursive: true, force: true });
  await copyStore(whole, directory);
  await damage(directory);
  const found = await outcome(directory);
  if (!Array.isArray(found)) return found.reason;
  return JSON.stringify(found) === JSON.stringify(rows) ? "same" : `${found.length} other rows`;
}

type Damage = (file: Buffer, next: (bound: number) => number) => Buffer;

const DAMAGES: Readonly<Record<string, Damage>> = {
  "a changed byte": (file, next) => {
    const position = next(file.length);
    file[position] = file[position]! ^ (1 + next(255));
    return file;
  },
  "its end cut off": (file, next) => file.subarray(0, next(file.length)),
  "a sector of zeros": (file, next) => {
    const position = next(file.length);
    return file.fill(0, position, Math.min(position + 512, file.length));
  },
};

for (const [name, open] of [
  ["log", openLogStore],
  ["tables and log", openTableStore],
] as const) {
  for (const isClosed of [false, true]) {
    t.test(`A damaged store with ${name}, closed: ${String(isClosed)}`, async (t) => {
      const store = await makeStore(t, open, isClosed);
      t.equal(await after(store, async () => undefined), "same", "not damaged at all");
      const next = random(1);
      const files = (await readdir(store.whole)).filter((file) => !file.startsWith("LOG"));
      t.ok(files.includes(MARK_FILE) && files.includes("CURRENT") && files.length >= 4);
      for (const file of files) {
        for (const [kind, damage] of Object.entries(DAMAGES)) {
          const found = new Set<string>();
          for (let place = 0; place < PLACES; place++) {
            const result = after(store, async (directory) => {
              const path = join(directory, file);
              await writeFile(path, damage(await readFile(path), next));
            });
            found.add(await result);
          }
          t.same(
            [...found].filter((result) => result !== "same" && result !== "corrupt"),
            [],
          );
          if (file !== MARK_FILE) t.ok(found.has("corrupt"), `${file} with ${kind} is found`);
        }
        const gone = await after(store, (directory) => unlink(join(directory, file)));
        t.equal(gone, file === MARK_FILE ? "same" : "corrupt", `${file} gone`);
      }
    });
  }
}

async function onlyLog(directory: string): Promise<string> {
  const name = (await readdir(directory)).find((file) => file.endsWith(".log"));
  if (name === undefined) throw new Error("no log");
  return join(directory, name);
}

t.test("A write that was never acknowledged may be torn", async (t) => {
  const store = await makeStore(t, openLogStore, false);
  const record = logFile([Buffer.alloc(2000, 7)]);
  const appended = (bytes: Buffer): Promise<string> =>
    after(store, async (directory) => appendFile(await onlyLog(directory), bytes));
  t.equal(await appended(Buffer.alloc(1)), "same", "a byte");
  t.equal(await appended(record.subarray(0, 6)), "same", "a part of the header");
  t.equal(await appended(record.subarray(0, 1500)), "same", "a part of the batch");
  t.equal(await appended(Buffer.alloc(3000)), "same", "nothing but space");
  t.equal(await appended(Buffer.from(record).fill(0, 600, 1700)), "same", "sectors left out");
  const other = Buffer.from(record);
  other[100] = 8;
  t.equal(await appended(other), "corrupt", "all there, but with another byte");
  t.equal(await appended(logPiece(1, Buffer.of(1, 2, 3))), "corrupt", "too short for a batch");
  t.equal(await appended(record), "corrupt", "a batch of another store");
});

t.test("A log without its end is found by the mark, and only by it", async (t) => {
  const store = await makeStore(t, openLogStore, false);
  const cut = async (directory: string): Promise<void> => {
    const log = await onlyLog(directory);
    await truncate(log, (await readFile(log)).length - 10);
  };
  t.equal(await after(store, cut), "corrupt");
  const withoutMark = after(store, async (directory) => {
    await cut(directory);
    await unlink(join(directory, MARK_FILE));
  });
  t.match(await withoutMark, /other rows/, "which is how an operator accepts the loss");
});

t.test("A log that is missing between two others is found", async (t) => {
  const parent = await tempDirectory(t);
  const [live, first, whole] = ["live", "first", "whole"].map((name) => join(parent, name)) as [
    string,
    string,
    string,
  ];
  const engine = await LevelEngine.open({ directory: live, sync: true });
  await write(engine, { a: "1" });
  await copyStore(live, first);
  await engine.defragment();
  await write(engine, { b: "2" });
  await write(engine, { c: "3" });
  await copyStore(live, whole);
  await engine.close();
  // The old list of files with the old log and the newest one: what a lost log would leave.
  const log = await onlyLog(whole);
  await copyFile(log, join(first, log.slice(whole.length + 1)));
  await unlink(join(first, MARK_FILE));
  await rejectsWith(t, "corrupt", () => LevelEngine.open({ directory: first, sync: true }));
});

t.test("A store that was never finished making is made anew", async (t) => {
  const directory = await tempDirectory(t);
  await writeFile(join(directory, "MANIFEST-000001"), "");
  await writeFile(join(directory, "000001.dbtmp"), "MANIFEST-0");
  t.same(await outcome(directory), []);
});

t.test("checkLevelDirectory() names the directory, the file and the place", async (t) => {
  const store = await makeStore(t, openTableStore, true);
  const directory = store.whole;
  await checkLevelDirectory(directory);
  const table = (await readdir(directory)).find((file) => file.endsWith(".ldb")) ?? "";
  const file = await readFile(join(directory, table));
  file[5] = file[5]! ^ 1;
  await writeFile(join(directory, table), file);
  await t.rejects(checkLevelDirectory(directory), {
    reason: "corrupt",
    message: `Cannot open data directory: "${directory}" is damaged: ${table} check sum of the block at 0 does not match`,
  });
});

t.test("checkLevelDirectory() that may not read is no finding of damage", async (t) => {
  const store = await makeStore(t, openLogStore, true);
  await unlink(join(store.whole, "CURRENT"));
  await mkdir(join(store.whole, "CURRENT"));
  await rejectsWith(t, "open-failed", () => checkLevelDirectory(store.whole));
  await rejectsWith(t, "open-failed", () => checkLevelDirectory(join(store.parent, "missing")));
});
