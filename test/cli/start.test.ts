/** What a start runs and loads. How long it takes is measured in bench/load/figures.ts. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, readFile, utimes, writeFile } from "node:fs/promises";
import nodeModule from "node:module";
import { join } from "node:path";
import { promisify } from "node:util";
import t from "tap";
import { tempDirectory } from "../harness/temp-dir.ts";

const run = promisify(execFile);

/** Tests run at the top of the repository. */
const ROOT = process.cwd();

/** Runs Node.js without what tap makes of every one that a test starts. */
const NODE = ["-u", "NODE_OPTIONS", process.execPath] as const;

const URLS = ["--listen-client-urls", "--advertise-client-urls"];

/** Answers a message with the files and the parts of Node.js that are loaded. */
const PROBE = `
  process.once("message", () => {
    process.send({ files: Object.keys(require.cache), builtins: process.moduleLoadList });
  });
  process.channel.unref();
`;

interface Loaded {
  readonly files: readonly string[];
  readonly builtins: readonly string[];
}

t.test(
  "A start loads no package but LevelDB's, and no part of Node that it may not need",
  async (t) => {
    const folder = await tempDirectory(t);
    const probe = join(folder, "probe.cjs");
    await writeFile(probe, PROBE);
    const flags = ["--data-dir=data", ...URLS.map((flag) => `${flag}=http://127.0.0.1:0`)];
    const args = [...NODE, "--require", probe, join(ROOT, "bin/etcdlet"), ...flags];
    const child = spawn("env", args, { cwd: folder, stdio: ["ignore", "ignore", "pipe", "ipc"] });
    const ended = once(child, "close");
    t.teardown(async () => {
      child.kill("SIGKILL");
      await ended;
    });
    let log = "";
    for await (const bytes of child.stderr ?? []) {
      log += String(bytes);
      if (log.includes('"msg":"serving client traffic')) break;
    }
    child.send("report");
    // What the probe above sends.
    const [{ files, builtins }] = (await once(child, "message")) as [Loaded];
    const text = await readFile(join(ROOT, "package.json"), "utf8");
    const { dependencies, devDependencies } = JSON.parse(text) as Record<string, object>;
    const packages = Object.keys({ ...dependencies, ...devDependencies });
    const loaded = packages.filter((name) =>
      files.some((file) => file.includes(`/node_modules/${name}/`)),
    );
    t.strictSame(loaded, ["level"]);
    const late = ["http2", "https", "tls"].filter((name) =>
      builtins.includes(`NativeModule ${name}`),
    );
    t.strictSame(late, []);
    const own = files.filter((file) => file.startsWith(join(ROOT, "dist")));
    t.ok(own.length <= 1, "all modules are in one file");
  },
);

t.test("The code that was kept at the build is taken", async (t) => {
  if ("enableCompileCache" in nodeModule) {
    t.plan(0, "this Node.js keeps code by itself");
    return;
  }
  const code = `
    const { compileBundle } = require("./bin/bundle.cjs");
    console.log(compileBundle().cachedDataRejected);
  `;
  const { stdout } = await run("env", [...NODE, "-e", code], { cwd: ROOT });
  t.equal(stdout, "false\n");
});

t.test("bin/etcdlet runs the bundle, unless modules were compiled after it", async (t) => {
  const folder = await tempDirectory(t);
  await cp(join(ROOT, "bin"), join(folder, "bin"), { recursive: true });
  await mkdir(join(folder, "dist/src/cli"), { recursive: true });
  await writeFile(join(folder, "package.json"), '{ "type": "module" }');
  const start = async (): Promise<string> => {
    const { stdout } = await run("env", [...NODE, join(folder, "bin/etcdlet")]);
    return stdout;
  };
  const [modules, bundle, stamp] = ["src/cli/main.js", "src/cli/main.cjs", ".tsbuildinfo"].map(
    (name) => join(folder, "dist", name),
  ) as [string, string, string];

  await t.rejects(start(), /etcdlet is not built: run `npm ci && npm run build`/);
  await writeFile(modules, 'export const main = () => console.log("modules");');
  t.equal(await start(), "modules\n", "there is no bundle");
  await writeFile(bundle, 'exports.main = () => console.log("bundle");');
  t.equal(await start(), "bundle\n", "in a package there is nothing else to go by");
  await writeFile(stamp, "");
  await utimes(bundle, 2, 2);
  await utimes(stamp, 1, 1);
  t.equal(await start(), "bundle\n", "the compiler ran before");
  await utimes(stamp, 3, 3);
  t.equal(await start(), "modules\n", "the compiler ran after");
});
