import { rejects } from "node:assert/strict";
import { open, writeFile } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import { FileBuffers } from "../../src/storage/file-buffers.ts";
import { tempDirectory } from "../harness/temp-dir.ts";

t.test("FileBuffers reads files, and uses memory that was given back", async (t) => {
  const directory = await tempDirectory(t);
  const path = async (text: string): Promise<string> => {
    await writeFile(join(directory, "file"), text);
    return join(directory, "file");
  };
  const buffers = new FileBuffers();
  const long = await buffers.readFile(await path("a long one"));
  t.equal(long.toString(), "a long one");
  const other = await buffers.readFile(await path("other"));
  t.equal(long.toString(), "a long one", "nobody gave it back");
  t.equal(other.toString(), "other");
  buffers.giveBack(long);
  buffers.giveBack(other);
  const again = await buffers.readFile(await path("again!"));
  t.equal(again.toString(), "again!");
  t.equal(again.buffer, long.buffer);
  const longer = await buffers.readFile(await path("longer than all of them"));
  t.equal(longer.toString(), "longer than all of them");
  t.equal(again.toString(), "again!");
  t.equal((await buffers.readFile(await path(""))).length, 0);
});

t.test("FileBuffers gives what there is of a file that is too short", async (t) => {
  const path = join(await tempDirectory(t), "file");
  const buffers = new FileBuffers();
  await rejects(buffers.readFile(path), { code: "ENOENT" });
  await writeFile(path, "short");
  const file = await open(path);
  t.teardown(() => file.close());
  t.equal((await buffers.read(file, 100)).toString(), "short");
  t.equal((await buffers.read(file, 2)).toString(), "sh");
});
