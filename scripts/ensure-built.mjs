/**
 * Installs and builds what is missing or stale, so that `npm start` and `npm test` work on a fresh
 * clone. Plain JavaScript without packages, because it runs before there are any.
 *
 * Stale means: node_modules is not what package-lock.json says; or a source, the compiler's options
 * or package.json are newer than the last build; or an output is missing; or the bundle is older than
 * the outputs. Outputs whose source is gone are deleted, so that no test of yesterday runs. All output
 * goes to standard error.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, statSync, utimesSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of the project. */
export const projectFolder = dirname(dirname(fileURLToPath(import.meta.url)));

/** Folders that tsconfig.json includes. */
const SOURCE_FOLDERS = ["src", "test", "bench", "scripts"];

/** What the compiler makes of one source. */
const OUTPUT_ENDINGS = [".js", ".js.map", ".d.ts"];

/** Touched after every build that went well; also where the compiler keeps what it knows. */
const STAMP = "dist/.tsbuildinfo";

/** What bin/etcdlet runs, and what makes it. */
const BUNDLE = "dist/src/cli/main.cjs";
const BUNDLE_MAKERS = ["scripts/bundle.mjs", "scripts/keep-code.cjs", "bin/bundle.cjs"];

/** Installs and builds as needed; ends the process with a message when that fails. */
export function ensureBuilt() {
  if (!isInstalled()) {
    runOrExit("npm ci", npmCommand(["ci", "--include=dev", "--no-audit", "--no-fund"]));
  }
  const sources = SOURCE_FOLDERS.flatMap((folder) => filesBelow(folder)).filter(isSource);
  const outputs = SOURCE_FOLDERS.flatMap((folder) => filesBelow(`dist/${folder}`));
  deleteOrphans(outputs, new Set(sources));
  compileIfStale(sources, new Set(outputs));
  if ([STAMP, ...BUNDLE_MAKERS].some((path) => modifiedMs(path) >= modifiedMs(BUNDLE))) {
    runOrExit("bundle", [process.execPath, inProject("scripts/bundle.mjs")]);
  }
}

function compileIfStale(sources, outputs) {
  const isComplete = sources.every((source) => hasOutputs(source, outputs));
  if (isComplete && !isStale(sources)) {
    return;
  }
  if (!isComplete) {
    // Else the compiler believes that all outputs are as it left them.
    rmSync(inProject(STAMP), { force: true });
  }
  const compiler = inProject("node_modules/typescript/bin/tsc");
  runOrExit("tsc", [process.execPath, compiler, "-p", inProject("tsconfig.json")]);
  const now = new Date();
  utimesSync(inProject(STAMP), now, now);
}

/** Whether every package of the lock file is there, in its version. */
function isInstalled() {
  const wanted = readPackages("package-lock.json");
  const found = readPackages("node_modules/.package-lock.json");
  if (found === undefined) {
    return false;
  }
  return Object.entries(wanted ?? {}).every(([path, entry]) => {
    const isElsewhere = path === "" || entry.link === true;
    // An optional package may be for another platform; then it is left out.
    const isLeftOut = entry.optional === true && found[path] === undefined;
    const isSame =
      found[path]?.version === entry.version && found[path]?.integrity === entry.integrity;
    return isElsewhere || isLeftOut || (isSame && existsSync(inProject(path)));
  });
}

function readPackages(path) {
  try {
    return JSON.parse(readFileSync(inProject(path), "utf8")).packages;
  } catch {
    return undefined;
  }
}

/** npm's own program when npm runs us, which need not be on PATH. */
function npmCommand(args) {
  const npm = process.env["npm_execpath"];
  const isScript = npm !== undefined && /npm-cli\.[cm]?js$/.test(npm);
  return isScript ? [process.execPath, npm, ...args] : ["npm", ...args];
}

/** Paths below a folder of the project, relative to the project. */
function filesBelow(folder) {
  if (!existsSync(inProject(folder))) {
    return [];
  }
  return readdirSync(inProject(folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) {
      return entry.name === "node_modules" ? [] : filesBelow(path);
    }
    return [path];
  });
}

function isSource(path) {
  return path.endsWith(".ts") && !path.endsWith(".d.ts");
}

function hasOutputs(source, outputs) {
  const stem = `dist/${source.slice(0, -".ts".length)}`;
  return OUTPUT_ENDINGS.every((ending) => outputs.has(stem + ending));
}

function isStale(sources) {
  const builtMs = modifiedMs(STAMP);
  const inputs = ["package.json", "package-lock.json", "tsconfig.json", ...sources];
  return inputs.some((path) => modifiedMs(path) > builtMs);
}

/** When a file was last written; 0 when there is none. */
function modifiedMs(path) {
  return statSync(inProject(path), { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** Deletes outputs whose source is gone, and nothing else. */
function deleteOrphans(outputs, sources) {
  for (const output of outputs) {
    const match = /^dist\/(.*?)(?:\.d\.ts|\.js|\.js\.map)$/.exec(output);
    if (match !== null && !sources.has(`${match[1]}.ts`)) {
      rmSync(inProject(output));
    }
  }
}

function inProject(path) {
  return join(projectFolder, path);
}

function runOrExit(name, [program, ...args]) {
  // Standard output belongs to what is started afterwards.
  const result = spawnSync(program, args, { cwd: projectFolder, stdio: ["ignore", 2, 2] });
  if (result.error !== undefined || result.status !== 0) {
    const reason = result.error?.message ?? result.signal ?? `exit code ${result.status}`;
    console.error(`Cannot prepare the project: ${name}: ${reason}`);
    process.exit(1);
  }
}
