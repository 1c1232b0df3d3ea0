/**
 * `npm test`: builds what is stale and runs the suites with tap.
 * `npm test -- dist/test/cli/flags.test.js` runs some of them.
 */
import { spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ensureBuilt, projectFolder } from "./ensure-built.mjs";
import { followParent } from "./follow-parent.mjs";

ensureBuilt();
prepareTap();
followParent();
const args = process.argv.slice(2);
const tap = spawn(process.execPath, [tapProgram(), "run", ...args], {
  cwd: projectFolder,
  stdio: "inherit",
});
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.on(signal, () => tap.kill(signal));
}
tap.on("exit", (code, signal) => {
  console.error(signal === null ? "" : `tap was ended by ${signal}`);
  process.exitCode = code ?? 1;
});

/**
 * Builds tap's test class without the plugin that package.json turns off. tap would do that itself,
 * but the run in which it does so still has the plugin, and that one cannot load TypeScript 7.
 */
function prepareTap() {
  const built = join(projectFolder, "node_modules/@tapjs/test/test-built/dist/esm/index.js");
  let text = "@tapjs/typescript";
  try {
    text = readFileSync(built, "utf8");
  } catch {
    // Not built at all: the same remedy.
  }
  if (text.includes("@tapjs/typescript")) {
    spawnSync(process.execPath, [tapProgram(), "build"], {
      cwd: projectFolder,
      stdio: ["ignore", 2, 2],
    });
  }
}

function tapProgram() {
  return join(projectFolder, "node_modules/tap/dist/esm/run.mjs");
}
