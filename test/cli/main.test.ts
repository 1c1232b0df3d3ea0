/** The program as a terminal sees it: exit codes, messages, signals, the lock of its data. */
import { chmod, cp, mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import { dirname, join } from "node:path";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import t from "tap";
import type { Test } from "tap";
import { existsSync } from "node:fs";
import { peerPaths } from "../harness/etcd-process.ts";
import { tempDirectory } from "../harness/temp-dir.ts";
import { RunningProgram } from "./run-program.ts";
import type { ProgramInput } from "./run-program.ts";

const PATHS = peerPaths();
const READY = "successfully notified init daemon";
const ANY_PORT = [
  "--listen-client-urls=http://127.0.0.1:0",
  "--advertise-client-urls=http://127.0.0.1:0",
];

function start(t: Test, input: Omit<ProgramInput, "path">): RunningProgram {
  return new RunningProgram(t, { path: PATHS.etcdlet, ...input });
}

/** What a program says about settings that it refuses: exit code, and the reason. */
interface Refusal {
  readonly args: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly code: 1 | 2;
  readonly reason: string;
}

const REFUSALS: readonly Refusal[] = [
  { args: ["--nosuch"], code: 2, reason: "flag provided but not defined: -nosuch" },
  { args: ["--name"], code: 2, reason: "flag needs an argument: -name" },
  { args: ["foo"], code: 1, reason: '"foo" is not a valid flag' },
  { args: ["--version", "foo"], code: 1, reason: '"foo" is not a valid flag' },
  {
    args: ["--listen-client-urls=foo"],
    code: 2,
    reason:
      'invalid value "foo" for flag -listen-client-urls: ' +
      "URL scheme must be http, https, unix, or unixs: foo",
  },
  {
    args: ["--listen-client-urls=http://foo:1"],
    code: 1,
    reason: "expected IP in URL for binding (http://foo:1)",
  },
  {
    args: ["--listen-client-urls=http://127.0.0.1:0"],
    code: 1,
    reason: "--advertise-client-urls is required when --listen-client-urls is set explicitly",
  },
  {
    args: ["--feature-gates=Foo=true"],
    code: 2,
    reason: 'invalid value "Foo=true" for flag -feature-gates: unrecognized feature gate: Foo',
  },
  {
    args: ["--name=x", "--initial-cluster=y=http://localhost:2380"],
    code: 1,
    reason: `couldn't find local name "x" in the initial cluster configuration`,
  },
  {
    args: ["--initial-cluster-state=existing"],
    code: 1,
    reason:
      "cannot fetch cluster info from peer urls: " +
      "could not retrieve cluster information from the given URLs",
  },
  {
    args: ["--config-file=/nonexistent"],
    code: 1,
    reason: "open /nonexistent: no such file or directory",
  },
  {
    args: [],
    environment: { ETCD_HEARTBEAT_INTERVAL: "x" },
    code: 1,
    reason: 'invalid value "x" for ETCD_HEARTBEAT_INTERVAL: parse error',
  },
  { args: ["--name=a"], environment: { ETCD_NAME: "b" }, code: 1, reason: "ETCD_NAME" },
];

/** The reason as the program gave it: its first words, or a field of the last line of its log. */
function reasonOf(program: RunningProgram): string {
  if (!program.errors.startsWith("{")) {
    return program.errors.split("\n")[0] ?? "";
  }
  const last = program.log.at(-1);
  return String(last?.["error"] ?? last?.["environment-variable"]);
}

for (const [name, path] of [
  ["etcdlet", PATHS.etcdlet],
  ["etcd", PATHS.etcd],
] as const) {
  const skip = existsSync(path) ? false : `no ${path}`;
  t.test(`${name} refuses settings with etcd's texts and exit codes`, { skip }, async (t) => {
    const folder = await tempDirectory(t);
    for (const { code, reason, ...input } of REFUSALS) {
      // The ports of etcd's defaults may be taken; these refusals come before they matter.
      const program = new RunningProgram(t, { path, folder, ...input });
      t.equal(await program.end(), code, input.args.join(" "));
      const found = reasonOf(program);
      t.ok(found.includes(reason) || program.errors.includes("address already in use"), found);
    }
  });
}

t.test(
  "bin/etcdlet serves by TLS with a certificate of its own, also at the next start",
  async (t) => {
    const folder = await tempDirectory(t);
    const url = "https://127.0.0.1:0";
    const args = [
      "--auto-tls",
      "--data-dir=data",
      `--listen-client-urls=${url}`,
      `--advertise-client-urls=${url}`,
    ];
    for (let count = 0; count < 2; count++) {
      const program = start(t, { folder, args });
      await program.waitFor(READY);
      const line = program.log.find(({ msg }) => msg === "serving client traffic securely");
      const ca = await readFile(join(folder, "data/fixtures/client/cert.pem"));
      const asked = request(`https://${String(line?.["address"])}/health`, { ca }).end();
      const [answer] = (await once(asked, "response")) as [IncomingMessage];
      t.equal(await text(answer), '{"health":"true","reason":""}');
      const made = program.log.some(({ msg }) => msg === "automatically generate certificates");
      t.equal(made, count === 0, `start ${count + 1}`);
      program.signal("SIGTERM");
      await program.end();
    }
  },
);

t.test("bin/etcdlet runs through a link, as an etcd on PATH", async (t) => {
  const folder = await tempDirectory(t);
  const path = join(folder, "etcd");
  await symlink(PATHS.etcdlet, path);
  const help = new RunningProgram(t, { path, folder, args: ["--help"] });
  t.equal(await help.end(), 0);
  t.match(help.output, /^ +--unsafe-no-fsync/m);
  t.match(help.errors, /^Usage:/);
  const version = new RunningProgram(t, { path, folder, args: ["--version"] });
  t.equal(await version.end(), 0);
  t.match(version.output, /^etcd Version: 3\.7\.\d+\n/);
});

t.test("bin/etcdlet says what to do when it was not built", async (t) => {
  const folder = await tempDirectory(t);
  await cp(dirname(PATHS.etcdlet), join(folder, "bin"), { recursive: true });
  const path = join(folder, "bin", "etcdlet");
  await chmod(path, 0o755);
  const program = new RunningProgram(t, { path, folder, args: ["--version"] });
  t.equal(await program.end(), 1);
  t.equal(program.errors, "etcdlet is not built: run `npm ci && npm run build`\n");
});

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  t.test(`bin/etcdlet serves, and after ${signal} closes and dies by it`, async (t) => {
    const folder = await tempDirectory(t);
    const program = start(t, { folder, args: ["--name=n1", ...ANY_PORT] });
    await program.waitFor(READY);
    const address = program.log.find((line) => line.msg.startsWith("serving client traffic"));
    const answer = await fetch(`http://${String(address?.["address"])}/health`);
    t.equal(await answer.text(), '{"health":"true","reason":""}');
    program.signal(signal);
    t.equal(await program.end(), signal);
    const messages = program.log.map((line) => line.msg);
    t.equal(messages.at(-1), "closed etcd server");
    for (const wanted of [
      "Running: ",
      "'data-dir' was empty; using default",
      "starting an etcd server",
      "now serving peer/client/metrics",
      "published local member to cluster through raft",
      "ready to serve client requests",
      "serving client traffic insecurely; this is strongly discouraged!",
    ]) {
      t.ok(messages.includes(wanted), wanted);
    }
    t.ok((await readdir(folder)).includes("n1.etcd"));
  });
}

t.test("Every line of the log is JSON with level, ts, caller and msg first", async (t) => {
  const folder = await tempDirectory(t);
  const program = start(t, { folder, args: ANY_PORT });
  await program.waitFor(READY);
  program.signal("SIGTERM");
  await program.end();
  for (const line of program.log) {
    t.same(Object.keys(line).slice(0, 4), ["level", "ts", "caller", "msg"]);
    t.match(line.ts, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
    t.match(line.caller, /^\w+\/[\w-]+\.ts$/);
    t.not(line.level, "error");
  }
});

t.test("bin/etcdlet listens on every URL, also on a unix socket", async (t) => {
  const folder = await tempDirectory(t);
  const socket = join(folder, "etcd.sock");
  const program = start(t, {
    folder,
    args: [
      `--listen-client-urls=http://127.0.0.1:0,unix://${socket}`,
      "--advertise-client-urls=http://127.0.0.111:0",
      "--listen-metrics-urls=http://127.0.0.1:0",
      "-log-level",
      "info",
    ],
  });
  await program.waitFor(READY);
  const count = (message: string): number =>
    program.log.filter((line) => line.msg.startsWith(message)).length;
  t.equal(count("ready to serve client requests"), 2);
  t.equal(count("serving client traffic insecurely"), 2);
  t.equal(count("serving metrics"), 1);
  t.ok(existsSync(socket));
  program.signal("SIGTERM");
  await program.end();
});

t.test("A second process on the same data directory ends at once, with 1", async (t) => {
  const folder = await tempDirectory(t);
  const args = ["--data-dir=d", ...ANY_PORT];
  const first = start(t, { folder, args });
  await first.waitFor(READY);
  const second = start(t, { folder, args });
  t.equal(await second.end(), 1);
  const last = second.log.at(-1);
  t.match(last, { level: "fatal", msg: "discovery failed", error: /in use by another server/ });
  first.signal("SIGTERM");
  t.equal(await first.end(), "SIGTERM");
});

t.test("A server keeps its data, and skips --initial-cluster at the next start", async (t) => {
  const folder = await tempDirectory(t);
  const first = start(t, { folder, args: ["--data-dir=d", ...ANY_PORT] });
  await first.waitFor(READY);
  first.signal("SIGTERM");
  await first.end();
  const again = ["--data-dir=d", "--initial-cluster=a=http://a:1,b=http://b:1", ...ANY_PORT];
  const second = start(t, { folder, args: again });
  await second.waitFor(READY);
  t.ok(second.log.some((line) => line.msg === "server has already been initialized"));
  second.signal("SIGTERM");
  t.equal(await second.end(), "SIGTERM");
});

t.test("A port that is taken ends the program with 1", async (t) => {
  const folder = await tempDirectory(t);
  const first = start(t, { folder, args: ["--data-dir=d1", ...ANY_PORT] });
  await first.waitFor(READY);
  const address = first.log.find((line) => line.msg.startsWith("serving client traffic"));
  const url = `http://${String(address?.["address"])}`;
  const second = start(t, {
    folder,
    args: ["--data-dir=d2", `--listen-client-urls=${url}`, `--advertise-client-urls=${url}`],
  });
  t.equal(await second.end(), 1);
  t.match(second.log.at(-1), { level: "fatal", msg: "discovery failed", error: /in use/ });
});

t.test("The log goes where --log-outputs says, in the format that --log-format says", async (t) => {
  const folder = await tempDirectory(t);
  const outputs = ["--log-outputs=stdout,etcd.log", "--log-format=console"];
  const program = start(t, { folder, args: [...outputs, "--election-timeout=5"] });
  t.equal(await program.end(), 1);
  t.equal(program.errors, "");
  t.match(program.output, /\tinfo\tcli\/command\.ts\tRunning: \t\{"args": \[/);
  t.equal(await readFile(join(folder, "etcd.log"), "utf8"), program.output);
});

t.test("A log for errors only still says why the settings were refused", async (t) => {
  const folder = await tempDirectory(t);
  const program = start(t, { folder, args: ["--log-level=error", "--election-timeout=5"] });
  t.equal(await program.end(), 1);
  t.match(program.log.at(-1), {
    msg: "failed to verify flags",
    error: /--election-timeout\[5ms\]/,
  });
});

t.test("A configuration file replaces all flags and variables", async (t) => {
  const folder = await tempDirectory(t);
  await mkdir(join(folder, "empty"));
  const text = "name: from-file\nelection-timeout: 5\n";
  await writeFile(join(folder, "etcd.yaml"), text);
  const program = start(t, {
    folder,
    args: ["--config-file=etcd.yaml", "--election-timeout=5000"],
    environment: { ETCD_ELECTION_TIMEOUT: "6000" },
  });
  t.equal(await program.end(), 1);
  t.match(program.log.at(-1), { error: /^--election-timeout\[5ms\] should be/ });
});
