import { execFileSync, spawnSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import type { Test } from "tap";
import { tempDirectory } from "../../harness/temp-dir.ts";
import { fakeServer } from "./fake-terminal.ts";

/** The script for a shell, in a file. */
async function script(t: Test, shell: string): Promise<string> {
  const server = await fakeServer(t);
  const path = join(await tempDirectory(t), `completion.${shell}`);
  await writeFile(path, await server.output(`completion ${shell}`));
  return path;
}

function hasShell(shell: string): boolean {
  return spawnSync(shell, ["-c", "true"]).status === 0;
}

/** What bash offers for the last of some words. */
function offered(path: string, words: readonly string[]): string[] {
  const code = `
    source "$1"; shift
    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
    _etcdlet
    printf '%s\\n' "\${COMPREPLY[@]}"
  `;
  const args = ["--norc", "-c", code, "bash", path, ...words];
  return execFileSync("bash", args, { encoding: "utf8" }).split("\n").filter(Boolean);
}

t.test("bash completes commands, flags and values", async (t) => {
  const path = await script(t, "bash");
  t.strictSame(offered(path, ["etcdlet", "l"]), ["lease", "lock"]);
  t.strictSame(offered(path, ["etcdlet", "--data"]), ["--data-dir"]);
  t.strictSame(offered(path, ["etcdlet", "lease", ""]).slice(0, 5), [
    "grant",
    "revoke",
    "timetolive",
    "list",
    "keep-alive",
  ]);
  t.strictSame(offered(path, ["etcdlet", "get", "--pre"]), ["--prefix"]);
  t.strictSame(offered(path, ["etcdlet", "get", "a", "--key"]), ["--key", "--keys-only"]);
  t.strictSame(offered(path, ["etcdlet", "lease", "timetolive", "--keys"]), ["--keys"]);
  t.strictSame(offered(path, ["etcdlet", "endpoint", "status", "--cl"]), ["--cluster"]);
  const forms = ["fields", "json", "protobuf", "simple", "table"];
  t.strictSame(offered(path, ["etcdlet", "get", "-w", ""]), forms);
  t.strictSame(offered(path, ["etcdlet", "get", "--write-out", "=", ""]), forms);
  t.strictSame(offered(path, ["etcdlet", "get", "--write-out", "="]), forms);
  t.strictSame(offered(path, ["etcdlet", "get", "--sort-by", "M"]), ["MODIFY"]);
  t.strictSame(offered(path, ["etcdlet", "completion", "f"]), ["fish"]);
  t.match(offered(path, ["etcdlet", "get", "--cacert", "/et"]), ["/etc"]);
});

t.test("The scripts for bash, zsh and fish are ones", async (t) => {
  for (const shell of ["bash", "zsh", "fish"]) {
    const path = await script(t, shell);
    if (!hasShell(shell)) {
      t.comment(`Cannot check the script: there is no ${shell}`);
      continue;
    }
    const { status, stderr } = spawnSync(shell, ["-n", path], { encoding: "utf8" });
    t.strictSame([status, stderr], [0, ""], shell);
  }
});

t.test("completion refuses other shells", async (t) => {
  const server = await fakeServer(t);
  t.match(await server.run("completion"), { code: 128, errors: /^Error: accepts 1 arg\(s\)/ });
  t.match(await server.run("completion tcsh"), { code: 128, errors: /invalid argument "tcsh"/ });
});
