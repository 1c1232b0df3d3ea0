/**
 * Starts the server from its bundle in the working directory, and keeps the code that V8 has made
 * until it serves. A part of scripts/bundle.mjs.
 */
"use strict";

const { writeFileSync } = require("node:fs");
const nodeModule = require("node:module");
const { BUNDLE_CODE, compileBundle, runScript } = require("../bin/bundle.cjs");

const URLS = "http://127.0.0.1:0";
const FLAGS = ["--listen-client-urls", URLS, "--advertise-client-urls", URLS];

// Where it is newer, Node.js does the same by itself; see src/cli/main.ts, keepCompiledCode.
if (nodeModule.enableCompileCache === undefined) {
  const script = compileBundle();
  nodeModule.flushCompileCache = () => {
    writeFileSync(BUNDLE_CODE, script.createCachedData());
    process.exit(0);
  };
  process.argv = [process.execPath, "etcdlet", "--data-dir", "data", ...FLAGS];
  void runScript(script).main();
}
