import { writeFile, rm } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import { DirectorySize } from "../../src/storage/directory-size.ts";
import { tempDirectory } from "../harness/temp-dir.ts";

t.test("DirectorySize has what the files take, and what was written since", async (t) => {
  const directory = await tempDirectory(t);
  await writeFile(join(directory, "one"), Buffer.alloc(1000));
  await writeFile(join(directory, "two"), Buffer.alloc(500));
  const size = await DirectorySize.measure(directory);
  t.equal(size.bytes, 1500);
  size.add(200);
  t.equal(size.bytes, 1700);
  await writeFile(join(directory, "one"), Buffer.alloc(1100));
  await size.refresh();
  t.equal(size.bytes, 1600);
});

t.test("DirectorySize looks anew by itself after some megabytes", async (t) => {
  const directory = await tempDirectory(t);
  const size = await DirectorySize.measure(directory);
  size.add(3_000_000);
  await size.settled();
  t.equal(size.bytes, 3_000_000);
  size.add(3_000_000);
  // What is written while it looks may or may not have been seen: it is counted.
  size.add(10);
  await size.settled();
  t.equal(size.bytes, 10);
});

t.test("DirectorySize keeps what it knows when it can see no more", async (t) => {
  const directory = await tempDirectory(t);
  await writeFile(join(directory, "one"), Buffer.alloc(1000));
  const size = await DirectorySize.measure(directory);
  size.add(1);
  await rm(directory, { recursive: true });
  await size.refresh();
  t.equal(size.bytes, 1001);
  await t.rejects(DirectorySize.measure(directory));
});
