/**
 * Makes one file of the program's modules, and keeps the code that V8 makes of it at a start. To be
 * run after the compiler; bin/bundle.cjs loads both.
 *
 * The output is CommonJS, which starts sooner than a module, and not minified: what a stack trace
 * names can be found in it. Packages stay outside.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const { BUNDLE, BUNDLE_CODE } = createRequire(import.meta.url)("../bin/bundle.cjs");
const project = dirname(dirname(fileURLToPath(import.meta.url)));

/** Longest that the first start may take, milliseconds. */
const START_LIMIT_MS = 30_000;

// The code goes first: it must never meet another bundle than its own.
rmSync(BUNDLE_CODE, { force: true });
await build({
  absWorkingDir: project,
  entryPoints: ["dist/src/cli/main.js"],
  outfile: BUNDLE,
  bundle: true,
  platform: "node",
  format: "cjs",
  target: "node20",
  packages: "external",
  // What is imported late is required late: import() would start the loader of modules.
  supported: { "dynamic-import": false },
  // Not there in CommonJS.
  define: { "import.meta.url": "bundleUrl" },
  banner: {
    js: '"use strict"; const bundleUrl = require("node:url").pathToFileURL(__filename).href;',
  },
  logLevel: "warning",
});
keepCode();

/** Starts the server once, on a directory of its own. */
function keepCode() {
  const folder = mkdtempSync(join(tmpdir(), "etcdlet-build-"));
  try {
    const program = join(project, "scripts/keep-code.cjs");
    const stdio = ["ignore", "ignore", "pipe"];
    const options = { cwd: folder, stdio, encoding: "utf8", timeout: START_LIMIT_MS };
    const { status, stderr } = spawnSync(process.execPath, [program], options);
    if (status !== 0) {
      console.error(`The server starts slower than it could: it did not start once:\n${stderr}`);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}
