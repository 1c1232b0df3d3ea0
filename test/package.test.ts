/** The package, as `npm pack` makes it and as a user installs it elsewhere. */
import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import t from "tap";
import type { Test } from "tap";
import { RunningProgram } from "./cli/run-program.ts";
import { tempDirectory } from "./harness/temp-dir.ts";

/** Tests run at the top of the repository. */
const ROOT = process.cwd();

/** Most that the package may weigh, bytes: twice what it does. */
const PACKED_BYTES_MAX = 1_000_000;

/** What npm, or the time limit, says when there is no way to a registry. */
const NO_REGISTRY =
  /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|network|took too long/;

/** npm and the compiler, on a busy machine; all commands together stay below the runner's limit. */
const COMMAND_LIMIT_MS = 60_000;

/** So that no registry is found out soon. */
const NPM_SETTINGS = {
  npm_config_update_notifier: "false",
  npm_config_fetch_retries: "0",
  npm_config_fetch_timeout: "30000",
} as const;

/** What npm, running this test, says of itself and of its project; the registry is the user's. */
const OUTER_NPM = /^npm_(?!config_)|^npm_config_(?:prefix|local_prefix|call|package)$/i;

/** Runs a command without what tap makes of every Node that a test starts. */
const WITHOUT_TAP = ["-u", "NODE_OPTIONS"] as const;

const CONSUMER = `
import { Client, Etcd, EtcdError, connect } from "etcdlet";
import type { EtcdOptions } from "etcdlet";

const options: EtcdOptions = { name: "consumer", listenClientUrls: ["http://127.0.0.1:0"] };
await using etcd: Etcd = await Etcd.start(options);
const client: Client = etcd.client;
await client.kv.put("key", Uint8Array.of(118));
const { kvs, count }: { kvs: readonly { readonly value: Buffer }[]; count: number } =
  await client.kv.get("key");
const far: Client = await connect(etcd.clientUrls);
try {
  await far.kv.put("", "");
} catch (error) {
  if (!(error instanceof EtcdError)) throw error;
  const reason: string | undefined = error.reason;
  console.log(reason, kvs[0]?.value.toString(), count);
}
const id: bigint = (await client.lease.grant(60)).id;
// @ts-expect-error -- a lease is no string.
await client.kv.put("key", "value", { lease: String(id) });
`;

interface Run {
  readonly folder: string;
  readonly program: string;
  readonly args: readonly string[];
}

/** Runs a command; gives its output, all of it when it fails. */
async function run({ folder, program, args }: Run): Promise<{ ok: boolean; output: string }> {
  const own = Object.entries(process.env).filter(([name]) => !OUTER_NPM.test(name));
  const options = {
    cwd: folder,
    env: { ...Object.fromEntries(own), ...NPM_SETTINGS },
    timeout: COMMAND_LIMIT_MS,
    maxBuffer: 16 * 1024 * 1024,
  };
  try {
    const command = [...WITHOUT_TAP, program, ...args];
    const { stdout } = await promisify(execFile)("env", command, options);
    return { ok: true, output: stdout };
  } catch (error) {
    // What execFile() rejects with has both outputs, and says whether it was killed.
    const failure = error as Error & { stdout?: string; stderr?: string; killed?: boolean };
    const late = failure.killed === true ? `${program} took too long\n` : "";
    const output = `${late}${failure.stdout ?? ""}${failure.stderr ?? ""}`;
    return { ok: false, output: output === "" ? failure.message : output };
  }
}

interface Packed {
  readonly filename: string;
  readonly size: number;
  readonly files: readonly { readonly path: string; readonly mode: number }[];
}

/** Packs what is built. The script before it, which would build, is left out: others run meanwhile. */
async function pack(t: Test, folder: string): Promise<Packed | undefined> {
  const args = ["pack", "--json", "--ignore-scripts", "--pack-destination", folder];
  const { ok, output } = await run({ folder: ROOT, program: "npm", args });
  if (!ok) {
    t.fail(output);
    return undefined;
  }
  const [packed] = JSON.parse(output) as Packed[];
  return packed;
}

/** The package installed in a folder of its own, or undefined and a reason to skip. */
async function install(t: Test): Promise<{ folder: string; packed: Packed } | undefined> {
  const folder = await tempDirectory(t);
  const packed = await pack(t, folder);
  if (packed === undefined) return undefined;
  await writeFile(join(folder, "package.json"), '{ "private": true, "type": "module" }');
  const args = ["install", "--no-audit", "--no-fund", `./${packed.filename}`];
  const installed = await run({ folder, program: "npm", args });
  if (installed.ok) return { folder, packed };
  if (NO_REGISTRY.test(installed.output)) {
    const [problem] = installed.output.match(NO_REGISTRY) ?? [];
    t.plan(0, `Cannot install: no registry can be reached: ${problem ?? ""}`);
  } else {
    t.fail(installed.output);
  }
  return undefined;
}

t.test("The package installs elsewhere, and runs there", async (t) => {
  t.setTimeout(2 * COMMAND_LIMIT_MS);
  const found = await install(t);
  if (found === undefined) return;
  const { folder, packed } = found;
  await t.test("It has what it needs, and nothing else", (t) => hasItsFiles(t, packed));
  await t.test("Its command runs", (t) => commandRuns(t, folder));
  await t.test("Its module can be imported, and its inside not", (t) => moduleRuns(t, folder));
  await t.test("Its types are right for a strict program", (t) => typesHold(t, folder));
});

async function hasItsFiles(t: Test, packed: Packed): Promise<void> {
  const paths = packed.files.map(({ path }) => path);
  for (const path of [
    "package.json",
    "README.md",
    "LICENSE",
    "CHANGELOG.md",
    "bin/etcdlet",
    "bin/package.json",
    "dist/src/index.js",
    "dist/src/index.d.ts",
    "dist/src/cli/main.cjs",
    "dist/src/cli/main.js",
    "proto/rpc.proto",
  ]) {
    t.ok(paths.includes(path), path);
  }
  const strangers = paths.filter((path) => !/^(?:bin|dist\/src|proto)\/|^[^/]+$/.test(path));
  t.strictSame(strangers, []);
  t.ok(packed.size < PACKED_BYTES_MAX, `${String(packed.size)} bytes`);
  const { mode = 0 } = packed.files.find(({ path }) => path === "bin/etcdlet") ?? {};
  t.ok((mode & 0o111) !== 0, "the command may be executed");
  const { engines, dependencies } = JSON.parse(
    await readFile(join(ROOT, "package.json"), "utf8"),
  ) as { engines: { node: string }; dependencies: Record<string, string> };
  t.equal(engines.node, ">=20.3");
  t.strictSame(Object.keys(dependencies).sort(), [
    "@grpc/grpc-js",
    "bcryptjs",
    "fast-jwt",
    "level",
    "prom-client",
    "yaml",
  ]);
}

async function commandRuns(t: Test, folder: string): Promise<void> {
  const version = await run({
    folder,
    program: "npx",
    args: ["--no-install", "etcdlet", "--version"],
  });
  t.match(version.output, /^etcd Version: 3\.7\.\d+\n[^]*^etcdlet Version: \d+\.\d+\.\d+$/m);
  const path = join(folder, "node_modules/.bin/etcdlet");
  const urls = ["--listen-client-urls", "--advertise-client-urls"];
  const args = [`--data-dir=data`, ...urls.map((flag) => `${flag}=http://127.0.0.1:0`)];
  const program = new RunningProgram(t, { path, folder, args });
  await program.waitFor("serving client traffic");
  const line = program.log.find(({ msg }) => msg.startsWith("serving client traffic"));
  const answer = await fetch(`http://${String(line?.["address"])}/version`);
  t.match(await answer.json(), { etcdserver: /^3\.7\.\d+$/ });
  program.signal("SIGTERM");
  t.equal(await program.end(), "SIGTERM");
}

async function moduleRuns(t: Test, folder: string): Promise<void> {
  const code = `
    import { Etcd } from "etcdlet";
    const etcd = await Etcd.start({ dataDir: "embedded" });
    await etcd.client.kv.put("key", "value");
    console.log(String((await etcd.client.kv.get("key")).kvs[0].value));
    await etcd.stop();
    const inside = await import("etcdlet/dist/src/index.js").catch((error) => error.code);
    console.log(inside);
    console.log((await import("etcdlet/package.json", { with: { type: "json" } })).default.name);
  `;
  await writeFile(join(folder, "program.mjs"), code);
  const { ok, output } = await run({ folder, program: process.execPath, args: ["program.mjs"] });
  t.ok(ok, output);
  t.strictSame(output.trim().split("\n"), ["value", "ERR_PACKAGE_PATH_NOT_EXPORTED", "etcdlet"]);
}

async function typesHold(t: Test, folder: string): Promise<void> {
  const compilerOptions = {
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    // The package's own declarations are looked at too.
    skipLibCheck: false,
    module: "nodenext",
    target: "es2022",
    lib: ["es2022", "esnext.disposable"],
    types: ["node"],
  };
  await writeFile(join(folder, "consumer.ts"), CONSUMER);
  const config = { compilerOptions, files: ["consumer.ts"] };
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify(config));
  const compiler = join(ROOT, "node_modules/typescript/bin/tsc");
  const compiled = await run({ folder, program: process.execPath, args: [compiler, "-p", "."] });
  t.equal(compiled.output, "", "no errors");
  const { output } = await run({ folder, program: process.execPath, args: ["consumer.js"] });
  t.match(output, /^emptyKey v 1\n/);
}
