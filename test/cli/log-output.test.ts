import { execFileSync, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import type { Test } from "tap";
import { LogOutput } from "../../src/cli/log-output.ts";
import { tempDirectory } from "../harness/temp-dir.ts";

interface Opened {
  readonly output: LogOutput;
  readonly text: () => string;
}

async function open(t: Test): Promise<Opened> {
  const path = join(await tempDirectory(t), "log");
  const fd = openSync(path, "a");
  t.teardown(() => {
    closeSync(fd);
  });
  const output = new LogOutput({ fdFor: () => fd }, (droppedCount) => `dropped ${droppedCount}\n`);
  return { output, text: () => readFileSync(path, "utf8") };
}

t.test("LogOutput writes lines in order, and all of them before flush() resolves", async (t) => {
  const { output, text } = await open(t);
  const lines = Array.from({ length: 1_000 }, (_, index) => `line ${index}\n`);
  for (const [index, line] of lines.entries()) {
    output.write(line);
    if (index % 100 === 0) {
      await Promise.resolve();
    }
  }
  await output.flush();
  t.equal(text(), lines.join(""));
  output.write("later\n");
  await output.flush();
  t.equal(text(), `${lines.join("")}later\n`);
});

t.test("LogOutput.flushSync() writes what waits at once", async (t) => {
  const { output, text } = await open(t);
  output.write("a\n");
  output.write("b\n");
  output.flushSync();
  t.equal(text(), "a\nb\n");
  await output.flush();
  t.equal(text(), "a\nb\n", "and not once more");
});

t.test("LogOutput drops lines beyond its bound, and says how many", async (t) => {
  const { output, text } = await open(t);
  const line = `${"x".repeat(1024 * 1024 - 1)}\n`;
  for (let index = 0; index < 6; index += 1) {
    output.write(line);
  }
  await output.flush();
  t.equal(text(), `${line.repeat(4)}dropped 2\n`);
});

t.test("LogOutput survives a descriptor that cannot be written", async (t) => {
  const directory = await tempDirectory(t);
  const fd = openSync(directory, "r");
  t.teardown(() => {
    closeSync(fd);
  });
  const output = new LogOutput({ fdFor: () => fd }, String);
  output.write("a\n");
  await output.flush();
  output.write("b\n");
  output.flushSync();
  await output.flush();
  t.pass("both calls returned");
});

t.test("LogOutput waits for a reader that has stopped, without stopping itself", async (t) => {
  const path = join(await tempDirectory(t), "pipe");
  execFileSync("mkfifo", [path]);
  // Someone has to have it open, or it could not be opened for writing without waiting.
  const reader = spawn("sleep", ["60"], { stdio: [openSync(path, "r+"), "ignore", "ignore"] });
  t.teardown(() => reader.kill());
  const fd = openSync(path, "a+");
  const nonBlocking = openSync(`/proc/self/fd/${fd}`, 0o4001);
  const output = new LogOutput(
    { fdFor: () => nonBlocking },
    (droppedCount) => `dropped ${droppedCount}\n`,
  );
  const line = `${"x".repeat(99)}\n`;
  for (let index = 0; index < 2_000; index += 1) {
    output.write(line);
  }
  let isFlushed = false;
  const flushed = output.flush().then(() => {
    isFlushed = true;
  });
  const first = Buffer.alloc(50_000);
  const { read } = await import("node:fs");
  const readSome = (buffer: Buffer): Promise<number> =>
    new Promise((resolve, reject) => {
      read(fd, buffer, 0, buffer.length, null, (error, count) =>
        error === null ? resolve(count) : reject(error),
      );
    });
  let readBytes = await readSome(first);
  t.equal(isFlushed, false, "more waits than the pipe holds");
  while (readBytes < 2_000 * line.length) {
    readBytes += await readSome(first);
  }
  await flushed;
  t.equal(readBytes, 2_000 * line.length);
});
