import { readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import { BoltFile } from "../../src/snapshot/index.ts";
import { StorageError } from "../../src/storage/index.ts";
import { boltBytes, readBolt, sourcesOf, writeBolt } from "../harness/bolt-content.ts";
import type { Content } from "../harness/bolt-content.ts";
import { tempDirectory } from "../harness/temp-dir.ts";
import { fuzzTest } from "../transport/fuzz/budget.ts";

const PAGE_BYTES = 4096;
/** Three leaves of two rows and a branch, from page 2 on; the tree of buckets is page 6. */
const CONTENT: Content = {
  key: Object.fromEntries(["a", "b", "c", "d", "e", "f"].map((key) => [key, key.repeat(2000)])),
  meta: { term: "7" },
};

/** A file of which something is changed. */
async function changed(
  t: Parameters<typeof tempDirectory>[0],
  change: (bytes: Buffer) => void,
): Promise<string> {
  const bytes = await boltBytes(sourcesOf(CONTENT));
  change(bytes);
  const path = join(await tempDirectory(t), "db");
  await writeFile(path, bytes);
  return path;
}

t.test("BoltFile.get() finds a row by its key, and nothing where there is none", async (t) => {
  const path = join(await tempDirectory(t), "db");
  const rows = Array.from({ length: 500 }, (_, index): [string, string] => {
    return [String(index * 2).padStart(4, "0"), "v".repeat(index)];
  });
  await writeBolt(path, { key: Object.fromEntries(rows) });
  const file = BoltFile.open(path);
  t.teardown(() => file.close());
  for (const [key, value] of rows) t.equal(file.get("key", key)?.toString(), value);
  t.equal(file.get("key", "0001"), undefined);
  t.equal(file.get("key", "9999"), undefined);
  t.equal(file.get("other", "0002"), undefined);
  t.equal(file.cursor("key")?.seek(Buffer.from("0501"))?.key.toString(), "0502");
  t.equal(file.cursor("key")?.seek(Buffer.from("9999")), undefined);
  t.equal(file.cursor("other"), undefined);
});

t.test("BoltFile goes by the newer meta page that is whole, as after a crash", async (t) => {
  const path = await changed(t, (bytes) => void (bytes[20] = bytes[20]! ^ 1));
  t.strictSame(readBolt(path), CONTENT, "without the first one");
  const other = await changed(t, (bytes) => void (bytes[PAGE_BYTES + 20] = 0));
  t.strictSame(readBolt(other), CONTENT, "without the second one");
  const neither = await changed(t, (bytes) => void bytes.fill(0, 0, 2 * PAGE_BYTES));
  t.throws(() => BoltFile.open(neither), /no valid meta page of bbolt/);
});

t.test("BoltFile.open() refuses what is no database", async (t) => {
  const folder = await tempDirectory(t);
  const path = join(folder, "file");
  await writeFile(path, "");
  t.throws(() => BoltFile.open(path), /no valid meta page/);
  await writeFile(path, "# etcdlet\n".repeat(10_000));
  t.throws(() => BoltFile.open(path), /no valid meta page/);
  t.throws(() => BoltFile.open(folder), /is not a file/);
  t.throws(() => BoltFile.open(join(folder, "none")), /ENOENT/);
});

t.test("BoltFile.open() says that a file is cut short", async (t) => {
  const path = await changed(t, () => undefined);
  const { length } = await readFile(path);
  await truncate(path, length - 1);
  t.throws(() => BoltFile.open(path), /is cut short: 28672 bytes of pages, 28671 in the file/);
});

const DAMAGE: Readonly<Record<string, (page: (id: number) => Buffer) => void>> = {
  "page 2 .*: it says it is page 9": (page) => void page(2).writeUInt32LE(9, 0),
  "page 2 .*: flags 16": (page) => void page(2).writeUInt16LE(16, 8),
  "page 2 .*: 65535 elements": (page) => void page(2).writeUInt16LE(65_535, 10),
  "page 2 .*: it is empty": (page) => void page(2).writeUInt16LE(0, 10),
  "page 2 .*: it reaches over 100 pages": (page) => void page(2).writeUInt32LE(99, 12),
  "page 2 .*: element 0 is out of it": (page) => void page(2).writeUInt32LE(9000, 20),
  "page 2 .*: element 0 makes no sense": (page) => void page(2).writeUInt32LE(2, 16),
  "page 2 .*: element 1 makes no sense": (page) => void page(2).writeUInt32LE(9000, 16 + 16 + 12),
  "page 2 .*: keys out of order": (page) => void page(2).write("a", 16 + 32 + 2001),
  "page 3 .*: its keys are not where its parent has them": (page) => void page(3).write("a", 48),
  "page 2 .*: its keys are not where": (page) => void page(2).write("d", 16 + 32 + 2001),
  "page 700 .*: it is out of the file": (page) => void page(5).writeUInt32LE(700, 16 + 8),
  "page 5 .*: the tree is too deep": (page) => {
    page(5).writeUInt16LE(1, 10);
    page(5).writeUInt32LE(5, 16 + 8);
  },
  'a bucket within bucket "key"': (page) => void page(2).writeUInt32LE(1, 16),
};

for (const [problem, damage] of Object.entries(DAMAGE)) {
  t.test(`BoltFile names what is damaged: ${problem}`, async (t) => {
    const path = await changed(t, (bytes) => {
      damage((id) => bytes.subarray(id * PAGE_BYTES, (id + 1) * PAGE_BYTES));
    });
    t.throws(() => readBolt(path), new RegExp(problem, "u"));
    t.throws(() => readBolt(path), { name: "StorageError", reason: "corrupt" });
  });
}

t.test("BoltFile.open() refuses rows among the buckets", async (t) => {
  const path = await changed(t, (bytes) => void bytes.writeUInt32LE(0, 6 * PAGE_BYTES + 16));
  t.throws(() => BoltFile.open(path), /no database of etcd, it has "key"/);
});

void fuzzTest(t, "BoltFile takes any damage for an error, and ends", async (t, budget) => {
  const path = join(await tempDirectory(t), "db");
  const whole = await boltBytes(
    sourcesOf({
      key: Object.fromEntries(
        Array.from({ length: 400 }, (_, index) => [
          String(index).padStart(17, "0"),
          "v".repeat(index === 7 ? 9000 : index),
        ]),
      ),
      lease: Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`l${index}`, "x"])),
      meta: { term: "7", consistent_index: "8" },
    }),
  );
  let refused = 0;
  let rounds = 0;
  while (budget.isLeft()) {
    rounds++;
    const { random } = budget;
    const bytes = Buffer.from(whole);
    for (let count = 1 + random.below(4); count > 0; count--) {
      // Mostly where the numbers are: in the begin of a page.
      const page = random.below(bytes.length / PAGE_BYTES) * PAGE_BYTES;
      const position = page + random.below(random.percent(80) ? 64 : PAGE_BYTES);
      bytes[position] = random.pick([0, 1, 2, 0x10, 0x7f, 0xff, random.below(256)]);
    }
    const end = random.percent(10) ? random.below(bytes.length) : bytes.length;
    await writeFile(path, bytes.subarray(0, end));
    try {
      readBolt(path);
    } catch (error) {
      refused++;
      if (!(error instanceof StorageError)) throw error;
    }
  }
  t.ok(refused > 0, `${String(refused)} of ${String(rounds)} files were refused`);
});
