/** The README, executed: its programs run, and what it names is there. */
import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { copyFile, mkdir, readFile, readdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import t from "tap";
import type { Test } from "tap";
import { isFlagName } from "../src/cli/flag-table.ts";
import { tempDirectory } from "./harness/temp-dir.ts";

/** Compiled, this file is test/readme.test.js there. */
const DIST = fileURLToPath(new URL("..", import.meta.url));
/** Tests run at the top of the repository. */
const ROOT = process.cwd();

const README = readFileSync(join(ROOT, "README.md"), "utf8");

/** Compiling and running a program, on a busy machine. */
const RUN_LIMIT_MS = 60_000;

/** Pages for users whose programs run as the README's do. */
const PAGES = {
  README,
  "docs/simulate-a-failing-etcd.md": page("docs/simulate-a-failing-etcd.md"),
  "docs/test-my-node-service.md": page("docs/test-my-node-service.md"),
};

function page(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

/** The contents of a page's code blocks of a language. */
function blocks(text: string, language: string): string[] {
  const found = text.matchAll(/^```(\S*)\n([\s\S]*?)^```$/gm);
  return [...found].filter(([, name]) => name === language).map(([, , code]) => code ?? "");
}

/** A folder in which the package is installed as far as programs can tell. */
async function folderWithPackage(t: Test): Promise<string> {
  const folder = await tempDirectory(t);
  const installed = join(folder, "node_modules", "etcdlet");
  await mkdir(installed, { recursive: true });
  await symlink(DIST, join(installed, "dist"));
  await copyFile(join(ROOT, "package.json"), join(installed, "package.json"));
  await symlink(join(ROOT, "node_modules", "@types"), join(folder, "node_modules", "@types"));
  await writeFile(join(folder, "package.json"), '{ "type": "module" }');
  return folder;
}

/** Node 20 does not know `await using` yet, so that a program is compiled as its writer would. */
const COMPILER_OPTIONS = {
  strict: true,
  module: "nodenext",
  target: "es2022",
  lib: ["es2022", "esnext.disposable"],
  types: ["node"],
};

/** Runs Node, without what tap makes of every Node that a test starts; gives what it printed. */
async function runNode(cwd: string, args: readonly string[]): Promise<string> {
  const command = ["-u", "NODE_OPTIONS", process.execPath, ...args];
  const { stdout } = await promisify(execFile)("env", command, { cwd, timeout: RUN_LIMIT_MS });
  return stdout;
}

/** Compiles a program of the README and runs it; gives what it printed. */
async function runProgram(t: Test, code: string): Promise<string> {
  const folder = await folderWithPackage(t);
  const config = { compilerOptions: COMPILER_OPTIONS, files: ["program.ts"] };
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify(config));
  // The only folder that a program names is one of its own here.
  const own = code.replaceAll(
    /dataDir: "[^"]*"/g,
    `dataDir: ${JSON.stringify(join(folder, "data"))}`,
  );
  await writeFile(join(folder, "program.ts"), ensureImport(own));
  const compiler = join(ROOT, "node_modules/typescript/bin/tsc");
  const compiled = runNode(folder, [compiler, "-p", "."]);
  const problems = await compiled.then(
    () => "",
    // Without output the compiler did not run.
    (error: Error & { stdout?: string }) => error.stdout || error.message,
  );
  t.equal(problems, "", "the program has no type errors");
  return runNode(folder, ["program.js"]);
}

/** Later programs of the README go on from the first one's import. */
function ensureImport(code: string): string {
  return code.includes('from "etcdlet"') ? code : `import { Etcd } from "etcdlet";\n${code}`;
}

const programs = Object.entries(PAGES).flatMap(([name, text]) =>
  blocks(text, "ts").map((code, index) => ({
    name: `${name}: program ${String(index + 1)}`,
    code,
  })),
);
for (const { name, code } of programs) {
  t.test(`${name} runs and ends by itself`, async (t) => {
    t.setTimeout(2 * RUN_LIMIT_MS);
    const output = await runProgram(t, code);
    const printing = [...code.matchAll(/^console\.log\(.*\);(?: \/\/ (.*))?$/gm)];
    // A comment of one word is what is printed there.
    for (const [, comment = ""] of printing) {
      if (/^\w+$/.test(comment)) t.ok(output.split("\n").includes(comment), comment);
    }
    const printed = output.split("\n").filter((line) => line !== "").length;
    t.ok(printed >= printing.length, output);
  });
}

t.test("README: commands of npm are scripts of the package", async (t) => {
  const { scripts } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8")) as {
    scripts: Record<string, string>;
  };
  const named = [...README.matchAll(/npm (?:run )?([a-z]+)/g)].map(([, name]) => name ?? "");
  t.ok(named.includes("start") && named.includes("test"));
  for (const name of named) {
    t.ok(scripts[name] !== undefined || ["ci", "install", "pack"].includes(name), name);
  }
  for (const script of Object.values(scripts)) {
    for (const [, path = ""] of script.matchAll(/node (\S+)/g)) {
      t.ok(existsSync(join(ROOT, path)), path);
    }
  }
});

t.test("README: flags of the server are flags", async (t) => {
  const joined = README.replaceAll("\\\n", " ");
  const commands = joined.matchAll(/(?:npm start --|bin\/etcdlet) (--[^`\n]*)/g);
  const flags = [...commands].flatMap(([, text]) => text?.match(/--[a-z][a-z-]*/g) ?? []);
  t.ok(flags.length > 3, flags.join(" "));
  for (const flag of flags) t.ok(isFlagName(flag.slice(2)), flag);
});

t.test("README: files that it names are there", async (t) => {
  const inCode = README.matchAll(/`((?:src|test|bench|docs|bin|\.ci)\/[^`\s*]+)`/g);
  const inLinks = README.matchAll(/\]\(([^)#:]+)\)/g);
  const paths = [...inCode, ...inLinks].map(([, path]) => path ?? "");
  t.ok(paths.length > 10);
  for (const path of paths) t.ok(existsSync(join(ROOT, path)), path);
});

t.test("docs/testing.md: files and variables that it names are there", async (t) => {
  const text = await readFile(join(ROOT, "docs/testing.md"), "utf8");
  const paths = [...text.matchAll(/`((?:test|src|docs)\/[\w./-]+\.(?:ts|json|sh|md))`/g)];
  const programs = [...text.matchAll(/dist\/(test\/\S+\.test)\.js/g)];
  t.ok(paths.length > 5 && programs.length > 5);
  for (const [, path = ""] of paths) t.ok(existsSync(join(ROOT, path)), path);
  for (const [, path = ""] of programs) t.ok(existsSync(join(ROOT, `${path}.ts`)), path);
  const sources = (await readdir(join(ROOT, "test"), { recursive: true }))
    .filter((path) => path.endsWith(".ts"))
    .map((path) => readFileSync(join(ROOT, "test", path), "utf8"))
    .join("\n");
  const variables = [...text.matchAll(/^\| `([A-Z_]+)`/gm)].map(([, name = ""]) => name);
  t.ok(variables.length > 5);
  for (const name of variables) t.ok(sources.includes(name), name);
  // Said the other way round: what tests read of the environment under names of ours is told of.
  const read = new Set(sources.match(/\b(?:ETCDLET|DIFFERENTIAL|CRASH|FUZZ)_[A-Z_]*[A-Z]\b/g));
  for (const name of read) t.ok(variables.includes(name), `${name} is told of`);
});
