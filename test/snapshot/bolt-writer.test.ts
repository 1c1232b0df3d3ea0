import { join } from "node:path";
import fc from "fast-check";
import t from "tap";
import { boltBytes, anyContent, readBolt, sourcesOf, writeBolt } from "../harness/bolt-content.ts";
import type { Content } from "../harness/bolt-content.ts";
import { tempDirectory } from "../harness/temp-dir.ts";

t.test("planBolt() writes what is read back, whatever the rows are", async (t) => {
  const path = join(await tempDirectory(t), "db");
  await fc.assert(
    fc.asyncProperty(anyContent, async (content) => {
      await writeBolt(path, content);
      t.same(readBolt(path), content);
    }),
    { numRuns: 60 },
  );
});

t.test("planBolt() puts a small bucket into its entry, and a larger one on pages", async (t) => {
  const size = async (content: Content): Promise<number> =>
    (await boltBytes(sourcesOf(content))).length / 4096;
  t.equal(await size({}), 3);
  t.equal(await size({ key: {} }), 3);
  t.equal(await size({ key: { a: "x".repeat(1024 - 16 - 16 - 1) } }), 3);
  t.equal(await size({ key: { a: "x".repeat(1024 - 16 - 16) } }), 4);
  t.equal(await size({ key: { a: "x".repeat(4096 - 16 - 16 - 1) } }), 4);
  t.equal(await size({ key: { a: "x".repeat(4096 - 16 - 16) } }), 5);
  // A row of its own over two pages, another one behind it, and a branch over both.
  t.equal(await size({ key: { a: "x".repeat(5000), b: "y" } }), 3 + 2 + 1 + 1);
});

t.test("planBolt() makes branches over branches", async (t) => {
  const path = join(await tempDirectory(t), "db");
  const rows = Array.from({ length: 3000 }, (_, index): [string, string] => [
    String(index).padStart(17, "0"),
    "v".repeat(1000),
  ]);
  const content = { key: Object.fromEntries(rows) };
  await writeBolt(path, content);
  t.ok(rows.length / 3 > 4096 / (16 + 17), "more leaves than one branch has room for");
  t.strictSame(readBolt(path), content);
});

t.test("planBolt() refuses a source that has changed in between", async (t) => {
  const [before] = sourcesOf({ key: { a: "x".repeat(5000) } });
  const [after] = sourcesOf({ key: { a: "x".repeat(500) } });
  const source = { name: "key", planned: before!.planned, written: after!.written };
  await t.rejects(boltBytes([source]), /pages written and planned/);
});
