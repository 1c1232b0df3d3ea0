/**
 * Databases both ways: what our server saves is a database to the real etcd's own programs, and the
 * etcd that is started on it has all of the history.
 */
import { join } from "node:path";
import t from "tap";
import type { Test } from "tap";
import fc from "fast-check";
import { anyContent, readBolt, writeBolt } from "../harness/bolt-content.ts";
import { havePrograms, peerPaths } from "../harness/etcd-process.ts";
import { run } from "../kube/processes.ts";
import { tempDirectory } from "../harness/temp-dir.ts";

const paths = peerPaths();
const LIMIT_MS = 30_000;

t.setTimeout(300_000);

void t.test("databases and the real programs", async (t) => {
  if (!havePrograms(t, [paths.etcd, paths.etcdctl, paths.etcdutl, paths.bbolt])) return;
  await t.test("bbolt check finds nothing in what planBolt() writes", checkedByBbolt);
  await t.test("BoltFile reads what bbolt has written", readsBbolt);
});

async function checkedByBbolt(t: Test): Promise<void> {
  const path = join(await tempDirectory(t), "db");
  await fc.assert(
    fc.asyncProperty(anyContent, async (content) => {
      await writeBolt(path, content);
      const { stdout } = await programs(paths.bbolt, ["check", path]);
      t.equal(stdout.trim(), "OK");
    }),
    { numRuns: 40 },
  );
}

/** bbolt compacts a file by writing all of its rows into a new one, with its own splits of pages. */
async function readsBbolt(t: Test): Promise<void> {
  const folder = await tempDirectory(t);
  const path = join(folder, "ours");
  let number = 0;
  await fc.assert(
    fc.asyncProperty(anyContent, async (content) => {
      await writeBolt(path, content);
      const copy = join(folder, `bbolt-${String(number++)}`);
      await programs(paths.bbolt, ["compact", "-o", copy, path]);
      t.strictSame(readBolt(copy), readBolt(path));
    }),
    { numRuns: 40 },
  );
}

async function programs(path: string, args: readonly string[]): Promise<{ stdout: string }> {
  const result = await run({ path, args, env: {}, limitMs: LIMIT_MS });
  if (result.code === 0) return result;
  throw new Error(
    `${path} ${args.join(" ")}: ${String(result.code)} ${result.stdout}${result.stderr}`,
  );
}
