/**
 * controller-runtime's envtest with a real kube-apiserver: etcdlet is what TEST_ASSET_ETCD names, and
 * its tests are kept apart by marks. The real etcd runs the same suite, without resets.
 */
import { execFile } from "node:child_process";
import { readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import t from "tap";
import { havePrograms, peerPaths } from "../harness/etcd-process.ts";
import { tempDirectory } from "../harness/temp-dir.ts";

/** Several times what a run on two busy cores takes. */
const LIMIT_MS = 150_000;

const { etcd, etcdlet } = peerPaths();
const BIN = dirname(etcd);
const SUITE = join(BIN, "envtest");
const APISERVER = join(BIN, "kube-apiserver");

interface Outcome {
  readonly code: number;
  readonly output: string;
}

async function run(folder: string, environment: Record<string, string>): Promise<Outcome> {
  const env = {
    PATH: process.env["PATH"],
    HOME: folder,
    TMPDIR: folder,
    TEST_ASSET_KUBE_APISERVER: APISERVER,
    TEST_ASSET_KUBECTL: join(BIN, "kubectl"),
    KUBEBUILDER_CONTROLPLANE_START_TIMEOUT: "60s",
    ...environment,
  };
  return await new Promise((resolve) => {
    const options = { cwd: folder, env, timeout: LIMIT_MS };
    execFile(SUITE, ["-test.v", "-test.timeout=140s"], options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : 1, output: stdout + stderr });
    });
  });
}

/** The names of tests that ended in a way. */
function ended(output: string, how: "PASS" | "SKIP" | "FAIL"): string[] {
  return [...output.matchAll(new RegExp(`^--- ${how}: (\\w+)`, "gm"))].map(([, name = ""]) => name);
}

if (havePrograms(t, [etcd, SUITE, APISERVER])) {
  t.setTimeout(2 * LIMIT_MS);
  t.test("envtest passes on etcdlet, with a reset after each test", async (t) => {
    const folder = await tempDirectory(t);
    const { code, output } = await run(folder, {
      TEST_ASSET_ETCD: etcdlet,
      ETCD_ENABLE_TEST_ENDPOINTS: "true",
      ENVTEST_NEEDS_RESET: "1",
    });
    t.equal(code, 0, output);
    t.same([ended(output, "FAIL"), ended(output, "SKIP")], [[], []]);
    t.ok(ended(output, "PASS").includes("TestIsolation"));
    t.comment(output.match(/(?:started|stopped) in \d+ ms/g)?.join(", ") ?? "");
    // What Kubernetes' client knows of the apiserver is a cache of the user's.
    t.same(await readdir(folder), [".cache"], "nothing is left of etcd and apiserver");
  });

  t.test("envtest passes on the real etcd, but for what needs a reset", async (t) => {
    const folder = await tempDirectory(t);
    const { code, output } = await run(folder, { TEST_ASSET_ETCD: etcd });
    t.equal(code, 0, output);
    t.same(ended(output, "SKIP"), ["TestWatchGoesOnOverAReset"]);
    t.comment(output.match(/(?:started|stopped) in \d+ ms/g)?.join(", ") ?? "");
  });
}
