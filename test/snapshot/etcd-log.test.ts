import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import type { Test } from "tap";
import { logBehind } from "../../src/snapshot/etcd-log.ts";
import { crc32c } from "../../src/storage/index.ts";
import { tempDirectory } from "../harness/temp-dir.ts";

const PUT = Buffer.from("22050a01611200", "hex");
const NOTHING = Buffer.alloc(0);

/** Tag and length for bytes, tag only for numbers below 128. */
function field(tag: number, value: number | Buffer): Buffer {
  if (typeof value === "number") return Buffer.of(tag, value);
  return Buffer.concat([Buffer.of(tag, value.length), value]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Buffer.of(...bytes, rest);
}

/** Records as etcd writes them, each with the sum over all before it. */
class LogWriter {
  #crc = 0;
  readonly parts: Buffer[] = [];

  record(type: number, data: Buffer): this {
    if (type !== 4) this.#crc = crc32c(data, 0, data.length, this.#crc);
    const record = Buffer.concat([
      field(8, type),
      Buffer.of(16),
      varint(this.#crc),
      field(26, data),
    ]);
    const filled = (8 - (record.length % 8)) % 8;
    const frame = Buffer.alloc(8);
    frame.writeUInt32LE(record.length, 0);
    if (filled > 0) frame[7] = 0x80 | filled;
    this.parts.push(frame, record, Buffer.alloc(filled));
    return this;
  }

  entry(index: number, data: Buffer, type = 0): this {
    return this.record(2, Buffer.concat([field(8, type), field(24, index), field(34, data)]));
  }

  bytes(zeros = 100): Buffer {
    return Buffer.concat([...this.parts.splice(0), Buffer.alloc(zeros)]);
  }
}

async function folderOf(t: Test, files: readonly Buffer[]): Promise<string> {
  const folder = join(await tempDirectory(t), "wal");
  await mkdir(folder);
  for (const [number, bytes] of files.entries()) {
    const name = `${number.toString(16).padStart(16, "0")}-${"0".repeat(16)}.wal`;
    await writeFile(join(folder, name), bytes);
  }
  await writeFile(join(folder, "0.tmp"), "not a log");
  return folder;
}

t.test("logBehind() finds the changes behind an index, over all files", async (t) => {
  const log = new LogWriter().record(4, NOTHING).entry(1, NOTHING).entry(2, PUT).entry(3, PUT);
  const first = log.bytes(0);
  const second = log.record(4, NOTHING).entry(4, NOTHING).entry(5, PUT).entry(6, PUT, 1).bytes();
  const folder = await folderOf(t, [first, second]);
  t.same(await logBehind(folder, 1), { changes: 3, firstIndex: 2, lastIndex: 5 });
  t.same(await logBehind(folder, 3), { changes: 1, firstIndex: 5, lastIndex: 5 });
  t.equal(await logBehind(folder, 5), undefined);
});

t.test("logBehind() goes by what was written last of an index", async (t) => {
  const log = new LogWriter().record(4, NOTHING).entry(1, PUT).entry(2, PUT).entry(3, PUT);
  const folder = await folderOf(t, [log.entry(2, NOTHING).bytes()]);
  t.same(await logBehind(folder, 0), { changes: 1, firstIndex: 1, lastIndex: 1 });
});

t.test("logBehind() stops where a crash cut a write short", async (t) => {
  const whole = new LogWriter().record(4, NOTHING).entry(1, PUT).entry(2, PUT).bytes(0);
  for (let end = whole.length - 1; end > whole.length - 24; end--) {
    const folder = await folderOf(t, [whole.subarray(0, end)]);
    t.equal((await logBehind(folder, 0))?.changes, 1, `at ${String(end)}`);
  }
  const zeros = Buffer.from(whole).fill(0, whole.length - 12);
  t.same((await logBehind(await folderOf(t, [zeros]), 0))?.changes, 1);
});

t.test("logBehind() refuses damage before the end, and a missing log", async (t) => {
  const log = new LogWriter().record(4, NOTHING).entry(1, PUT);
  const first = log.bytes(0);
  const second = log.record(4, NOTHING).entry(2, PUT).bytes();
  first[first.length - 12] = first[first.length - 12]! ^ 1;
  await t.rejects(logBehind(await folderOf(t, [first, second]), 0), /wrong check sum|unreadable/u);
  await t.rejects(logBehind("/none", 0), /Cannot read the log "\/none"/u);
});
