/**
 * Loads the program from one file, which scripts/bundle.mjs makes of all modules of dist/src. A
 * start would else spend more time on finding 170 files than on everything after it; see
 * docs/decisions/0009-one-file-to-start.md.
 */
"use strict";

const { readFileSync, statSync } = require("node:fs");
const nodeModule = require("node:module");
const { dirname, join } = require("node:path");
const { Script } = require("node:vm");

const project = join(__dirname, "..");

/** The program in one file, beside the module that it is made of. */
const BUNDLE = join(project, "dist/src/cli/main.cjs");

/** The code that V8 made of it, for the version of Node.js that built it. */
const BUNDLE_CODE = `${BUNDLE}.code`;

/** Written by the compiler at each run; a package that was installed does not have it. */
const STAMP = join(project, "dist/.tsbuildinfo");

/** Whether there is a bundle, made after the modules were last compiled. */
function hasFreshBundle() {
  return modifiedMs(BUNDLE) > modifiedMs(STAMP);
}

/** When a file was last written; 0 when there is none. */
function modifiedMs(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/**
 * Runs the bundle. From Node.js 22.1 on, Node keeps compiled code between runs by itself; before, it
 * is taken from beside the bundle. V8 refuses code that another version made, and compiles.
 */
function loadBundle() {
  if (nodeModule.enableCompileCache !== undefined) {
    nodeModule.enableCompileCache();
    return require(BUNDLE);
  }
  return runScript(compileBundle());
}

/** The bundle as a script, with its kept code when there is some. */
function compileBundle() {
  let cachedData;
  try {
    cachedData = readFileSync(BUNDLE_CODE);
  } catch {
    // It only saves time.
  }
  // The bundle has ASCII only, which is read fastest like this.
  const text = nodeModule.wrap(readFileSync(BUNDLE, "latin1"));
  return new Script(text, { filename: BUNDLE, cachedData });
}

/** What the script exports, run as Node.js runs a CommonJS module. */
function runScript(script) {
  const module = { exports: {} };
  const require = nodeModule.createRequire(BUNDLE);
  script.runInThisContext()(module.exports, require, module, BUNDLE, dirname(BUNDLE));
  return module.exports;
}

module.exports = { BUNDLE, BUNDLE_CODE, compileBundle, hasFreshBundle, loadBundle, runScript };
