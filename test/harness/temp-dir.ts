/** A directory that lasts as long as a test. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Test } from "tap";

/** Makes an empty directory, which goes with all that is in it when the test ends. */
export async function tempDirectory(t: Test): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "etcdlet-"));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  return directory;
}
