import t from "tap";
import { StorageError } from "../../src/storage/index.ts";

t.test("StorageError says why, and what was behind it", async (t) => {
  const cause = new Error("no space left on device");
  const error = new StorageError("write-failed", "Cannot write", { cause });
  t.ok(error instanceof Error);
  t.match(error, { name: "StorageError", reason: "write-failed", message: "Cannot write", cause });
  t.equal(new StorageError("closed", "Cannot use").cause, undefined);
});
