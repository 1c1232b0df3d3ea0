import { spawn, spawnSync } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import t from "tap";
import type { Test } from "tap";
import { LevelEngine } from "../../src/storage/index.ts";
import { tempDirectory } from "../harness/temp-dir.ts";
import { testEngine } from "../suite/engine.ts";
import { allRows, bytes, rejectsWith, write } from "../suite/engine-rows.ts";
import { fillValue, numberKey } from "./store-process.ts";
import { copyStore, openLogStore, openTableStore, outcome } from "./stores.ts";

const STORE_PROCESS = fileURLToPath(new URL("store-process.js", import.meta.url));

for (const sync of [true, false]) {
  t.test(`LevelEngine, sync ${String(sync)}`, async (t) => {
    const parent = await tempDirectory(t);
    let count = 0;
    testEngine(t, {
      open: () => LevelEngine.open({ directory: join(parent, String(count++)), sync }),
      // One store is open at a time in the property test.
      reopen: async (engine) => {
        await engine.close();
        return LevelEngine.open({ directory: join(parent, String(count - 1)), sync });
      },
      modelRuns: 25,
    });
  });
}

t.test("LevelEngine.open() makes the directory, for its owner only", async (t) => {
  const directory = join(await tempDirectory(t), "deep/data");
  const engine = await LevelEngine.open({ directory, sync: true });
  t.equal((await stat(directory)).mode & 0o777, 0o700);
  await engine.close();
});

t.test("LevelEngine.open() where no directory can be is refused", async (t) => {
  const parent = await tempDirectory(t);
  await writeFile(join(parent, "file"), "");
  for (const path of ["file", "file/data"]) {
    const directory = join(parent, path);
    await rejectsWith(t, "open-failed", () => LevelEngine.open({ directory, sync: true }));
  }
  await mkdir(join(parent, "data/CURRENT"), { recursive: true });
  const directory = join(parent, "data");
  await rejectsWith(t, "open-failed", () => LevelEngine.open({ directory, sync: true }));
});

t.test('A second open in one process is refused with "locked"', async (t) => {
  const directory = await tempDirectory(t);
  // Of two at once either may come first; one of them does.
  const both = await Promise.allSettled([
    LevelEngine.open({ directory, sync: true }),
    LevelEngine.open({ directory, sync: true }),
  ]);
  const opened = both.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  const refusals = both.flatMap((result): unknown[] =>
    result.status === "rejected" ? [result.reason] : [],
  );
  t.match(refusals, [{ reason: "locked" }]);
  const [engine] = opened;
  if (engine === undefined) throw new Error("Neither was opened");
  await rejectsWith(t, "locked", () =>
    LevelEngine.open({ directory: `${directory}/.`, sync: true }),
  );
  const other = startProcess(t, [process.execPath, STORE_PROCESS, directory, "hold"]);
  t.match(await other.next(), { refused: "locked" }, "and does not give up the lock");
  await engine.close();
  await (await LevelEngine.open({ directory, sync: true })).close();
});

t.test('A second process is refused with "locked", until the first ends', async (t) => {
  const directory = await tempDirectory(t);
  const holder = startProcess(t, [process.execPath, STORE_PROCESS, directory, "hold"]);
  t.same(await holder.next(), { open: true });
  const other = startProcess(t, [process.execPath, STORE_PROCESS, directory, "hold"]);
  t.match(await other.next(), { refused: "locked", message: new RegExp(directory) });
  await rejectsWith(t, "locked", () => LevelEngine.open({ directory, sync: true }));
  holder.child.kill("SIGKILL");
  await holder.exit;
  await (await LevelEngine.open({ directory, sync: true })).close();
});

for (const [name, open] of [
  ["log", openLogStore],
  ["tables and log", openTableStore],
] as const) {
  t.test(`A store with ${name} that was not closed opens with every row`, async (t) => {
    const parent = await tempDirectory(t);
    const engine = await open(join(parent, "live"));
    t.teardown(() => engine.close());
    const rows = await allRows(engine);
    await copyStore(join(parent, "live"), join(parent, "copy"));
    t.same(await outcome(join(parent, "copy")), rows);
    t.same(await outcome(join(parent, "copy")), rows, "and once more");
  });
}

t.test("A killed process loses nothing that it was told is written", async (t) => {
  const directory = await tempDirectory(t);
  const counter = startProcess(t, [process.execPath, STORE_PROCESS, directory, "count"]);
  let last: Record<string, unknown> = {};
  while (last["acknowledged"] !== 200) last = await counter.next();
  counter.child.kill("SIGKILL");
  for await (const line of counter.rest()) last = line;
  const engine = await LevelEngine.open({ directory, sync: true });
  const rows = await allRows(engine);
  await engine.close();
  t.ok(rows.length > Number(last["acknowledged"]), `${rows.length} rows`);
  const wanted = rows.map((_, number) => [numberKey(number).toString(), String(number)]);
  t.same(rows, wanted);
});

/** Fills the store in another process, and checks what it and its next open say. */
async function testFull(t: Test, directory: string, command: readonly string[]): Promise<void> {
  const filler = startProcess(t, [...command, process.execPath, STORE_PROCESS, directory, "fill"]);
  t.same(await filler.next(), { open: true });
  const said = await filler.next();
  t.match(said, {
    reason: "write-failed",
    laterReason: "write-failed",
    defragmentReason: "write-failed",
    lastIsThere: true,
    failedIsThere: false,
  });
  await filler.exit;
  const acknowledged = Number(said["acknowledged"]);
  t.ok(acknowledged > 3, `${acknowledged} rows were acknowledged`);
}

/** The rows that were acknowledged are there, and at most the one whose write failed. */
async function checkFilled(t: Test, directory: string): Promise<void> {
  const engine = await LevelEngine.open({ directory, sync: true });
  const rows = await allRows(engine);
  for (const [number, [key, value]] of rows.entries()) {
    if (key !== numberKey(number).toString() || value !== fillValue(number).toString("latin1")) {
      t.fail(`row ${number} is another`);
    }
  }
  await write(engine, { more: "1" });
  t.same(engine.getSync(bytes("more")), bytes("1"), "writing goes on");
  await engine.close();
}

t.test("A file that may not grow ends all writing, and nothing is lost", async (t) => {
  const directory = join(await tempDirectory(t), "data");
  // In blocks of 1024 bytes: less than the log gets before LevelDB begins the next one.
  await testFull(t, directory, ["bash", "-c", 'ulimit -f 2000; exec "$@"', "bash"]);
  await checkFilled(t, directory);
});

t.test("A full disk ends all writing, and nothing is lost", async (t) => {
  const disk = await tempDirectory(t);
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=24m", "tmpfs", disk]);
  if (mounted.status !== 0) {
    t.plan(0, "may not mount a small disk here");
    return;
  }
  t.teardown(() => {
    spawnSync("umount", [disk]);
  });
  const directory = join(disk, "data");
  const ballast = join(disk, "ballast");
  await writeFile(ballast, Buffer.alloc(16_000_000));
  await testFull(t, directory, []);
  const full = await outcome(directory);
  t.match(full, { reason: "open-failed", message: /No space left/ }, "full is not damaged");
  await rm(ballast);
  await checkFilled(t, directory);
});

t.test("LevelEngine.setApart() brings the rows to a table before the engine closes", async (t) => {
  const directory = await tempDirectory(t);
  const tables = async (): Promise<string[]> =>
    (await readdir(directory)).filter((name) => /\.(?:ldb|sst)$/.test(name));
  const engine = await LevelEngine.open({ directory, sync: false });
  await write(engine, { m: "small" });
  t.same(await tables(), []);
  engine.setApart({ start: bytes("m"), end: bytes("n") });
  await engine.close();
  t.equal((await tables()).length, 1);
});

t.test("sizeBytes() is about what the files take, at open and later", async (t) => {
  const directory = await tempDirectory(t);
  const engine = await LevelEngine.open({ directory, sync: false });
  for (let number = 0; number < 200; number++) {
    const batch = engine.batch();
    batch.put(numberKey(number), fillValue(number));
    await batch.write();
  }
  const size = engine.sizeBytes();
  await engine.close();
  let files = 0;
  for (const name of await readdir(directory)) files += (await stat(join(directory, name))).size;
  t.ok(Math.abs(size - files) < 6_000_000, `${size} against ${files}`);
  const again = await LevelEngine.open({ directory, sync: false });
  t.ok(Math.abs(again.sizeBytes() - files) < 1_000_000, `${again.sizeBytes()} against ${files}`);
  await again.close();
});

interface Talker {
  readonly child: ChildProcess;
  readonly exit: Promise<unknown>;
  /** The next line that the process says. */
  next(): Promise<Record<string, unknown>>;
  /** What it still says. */
  rest(): AsyncIterable<Record<string, unknown>>;
}

/** Starts a process that ends with the test at the latest. */
function startProcess(t: Test, [command = "", ...args]: readonly string[]): Talker {
  // Without what tap loads into every child: its files and signal handlers would meet the limits too.
  const plain = ["-u", "NODE_OPTIONS", command, ...args];
  const child = spawn("env", plain, { stdio: ["pipe", "pipe", "inherit"] });
  const exit = once(child, "exit");
  t.teardown(async () => {
    child.kill("SIGKILL");
    await exit;
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  // The process is ours: every line is an object.
  const parse = (line: string): Record<string, unknown> => JSON.parse(line) as never;
  return {
    child,
    exit,
    next: async () => {
      const line = await lines.next();
      if (line.done === true) throw new Error("The process has ended");
      return parse(line.value);
    },
    rest: async function* () {
      for (let line = await lines.next(); line.done !== true; line = await lines.next()) {
        yield parse(line.value);
      }
    },
  };
}
