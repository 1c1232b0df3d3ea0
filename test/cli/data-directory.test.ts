import { existsSync } from "node:fs";
import { chmod, mkdir, readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import { prepareDataDirectory, removeDataDirectory } from "../../src/cli/data-directory.ts";
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

/** Every file that a store has had here, and the certificates of `--auto-tls`. */
const STORE_FILES =
  "CURRENT LOCK LOG LOG.old SYNCED MANIFEST-000004 000005.log 000123.ldb 000007.sst 000008.dbtmp " +
  "fixtures/client/cert.pem fixtures/client/key.pem";

async function makeStore(path: string): Promise<void> {
  await mkdir(join(path, "fixtures", "client"), { recursive: true });
  for (const file of STORE_FILES.split(" ")) await writeFile(join(path, file), "");
}

t.test("removeDataDirectory() deletes a store and its directory", async (t) => {
  const path = join(await tempDirectory(t), "data");
  await makeStore(path);
  t.same(await removeDataDirectory(path), []);
  t.notOk(existsSync(path));
});

t.test("removeDataDirectory() leaves whatever is no file of a store", async (t) => {
  const path = await tempDirectory(t);
  await makeStore(path);
  const others = ["CURRENT.txt", "000005.log.gz", "app.log", "fixtures/client/ca.pem", "deep/LOG"];
  await mkdir(join(path, "deep"));
  for (const file of others) await writeFile(join(path, file), "kept");
  const stayed = ["000005.log.gz", "CURRENT.txt", "app.log", "deep", "fixtures"];
  t.same([...(await removeDataDirectory(path))].sort(), stayed);
  for (const file of others) t.ok(existsSync(join(path, file)), file);
  t.same(await readdir(join(path, "fixtures", "client")), ["ca.pem"]);
});
