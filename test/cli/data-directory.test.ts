import { chmod, mkdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import { prepareDataDirectory } from "../../src/cli/data-directory.ts";
import { tempDirectory } from "../harness/temp-dir.ts";

t.test("prepareDataDirectory() makes a directory for its owner only", async (t) => {
  const path = join(await tempDirectory(t), "a", "b");
  t.same(await prepareDataDirectory(path), { isEmpty: true, notes: [] });
  t.equal((await stat(path)).mode & 0o777, 0o700);
});

t.test("prepareDataDirectory() knows a store from other files", async (t) => {
  const path = await tempDirectory(t);
  await mkdir(join(path, "lost+found"));
  t.equal((await prepareDataDirectory(path)).isEmpty, true);
  await writeFile(join(path, "CURRENT"), "MANIFEST-000001\n");
  t.equal((await prepareDataDirectory(path)).isEmpty, false);
});

t.test("prepareDataDirectory() notes that others may look in", async (t) => {
  const path = await tempDirectory(t);
  await chmod(path, 0o755);
  const { notes } = await prepareDataDirectory(path);
  t.same(notes, [
    {
      level: "warn",
      message: "check file permission",
      fields: {
        error:
          `directory "${path}" exist, but the permission is "drwxr-xr-x". The recommended ` +
          'permission is "-rwx------" to prevent possible unprivileged access to the data',
      },
    },
  ]);
});

t.test("prepareDataDirectory() refuses the data of an etcd", async (t) => {
  const path = await tempDirectory(t);
  await mkdir(join(path, "member", "wal"), { recursive: true });
  await t.rejects(prepareDataDirectory(path), {
    name: "ConfigurationError",
    stage: "start",
    message: /holds the data of an etcd/,
  });
});

t.test("prepareDataDirectory() refuses what is no directory", async (t) => {
  const path = join(await tempDirectory(t), "file");
  await writeFile(path, "");
  await t.rejects(prepareDataDirectory(path), {
    name: "ConfigurationError",
    message: /^cannot use data directory ".*file": EEXIST/,
  });
  await t.rejects(prepareDataDirectory(join(path, "below")), { message: /ENOTDIR/ });
});
