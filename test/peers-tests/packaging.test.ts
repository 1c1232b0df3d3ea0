/** What is in packaging/, run as far as it can be without systemd as process 1 and without containers. */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import type { Test } from "tap";
import { TestAuthority } from "../harness/certificates.ts";
import { EtcdProcess, havePrograms, peerPaths } from "../harness/etcd-process.ts";
import { tempDirectory } from "../harness/temp-dir.ts";
import { freePort, poll, Program, run } from "../kube/processes.ts";

const ROOT = process.cwd();

/** Several times what it takes on two busy cores; npm installs all packages once. */
const wholeLimitMs = 300_000;

const startLimitMs = 30_000;

/** Prints each datagram that comes to a unix socket, in brackets; Node.js has no such sockets. */
const RECEIVER = `
use Socket; $| = 1;
socket(my $socket, AF_UNIX, SOCK_DGRAM, 0) or die "socket: $!";
bind($socket, pack_sockaddr_un($ARGV[0])) or die "bind: $!";
print "bound\\n";
while (defined recv($socket, my $message, 4096, 0)) { print "[$message]\\n"; }
`;

const paths = peerPaths();
if (havePrograms(t, [paths.etcdctl, paths.etcdlet, "/usr/bin/perl", "/usr/bin/systemd-notify"])) {
  t.setTimeout(wholeLimitMs);
  await t.test("the unit's command serves, and says that it is ready", runsUnit);
  await t.test("the unit is one to systemd", verifiesUnit);
  await t.test("the image's steps make programs etcdlet and etcd", buildsImage);
}

function readUnit(): string {
  return readFileSync(join(ROOT, "packaging/etcdlet.service"), "utf8").replaceAll("\\\n", "");
}

/** The unit's command, with its paths and ports moved. */
async function unitCommand(folder: string): Promise<string[]> {
  const unit = readUnit();
  const line = /^ExecStart=(.*)$/mu.exec(unit)?.[1] ?? "";
  const address = /^Environment=ADDRESS=(.*)$/mu.exec(unit)?.[1] ?? "";
  const ports = { 2379: await freePort(), 2380: await freePort(), 2381: await freePort() };
  return line
    .replaceAll("${ADDRESS}", address)
    .replaceAll("%H", "host")
    .replaceAll(/:(2379|2380|2381)\b/gu, (_, port: keyof typeof ports) => `:${ports[port]}`)
    .replaceAll("/etc/etcd/", `${folder}/`)
    .replaceAll("/var/lib/etcd", `${folder}/data`)
    .replace("/usr/local/bin/etcdlet", paths.etcdlet)
    .split(/ +/u);
}

async function runsUnit(t: Test): Promise<void> {
  const folder = await tempDirectory(t);
  const authority = new TestAuthority(folder, "ca");
  authority.certify("server");
  const client = authority.certify("client");
  const socket = join(folder, "notify");
  const receiver = new Program({
    name: "receiver",
    path: "/usr/bin/perl",
    args: ["-e", RECEIVER, socket],
    env: {},
    logPath: join(folder, "receiver.log"),
  });
  t.teardown(() => receiver.stop("SIGKILL"));
  await poll("the receiver", startLimitMs, () => receiver.log().includes("bound") || undefined);
  const [path = "", ...args] = await unitCommand(folder);
  const server = new Program({
    name: "etcdlet",
    path,
    args,
    env: { PATH: process.env["PATH"], NOTIFY_SOCKET: socket },
    logPath: join(folder, "server.log"),
  });
  t.teardown(() => server.stop("SIGKILL"));
  await server.ready("ready to systemd", startLimitMs, () =>
    Promise.resolve(receiver.log().includes("[READY=1")),
  );
  t.match(receiver.log(), /^bound\n\[READY=1\n?\]\n/u);
  const endpoint = /https:\/\/127\.0\.0\.1:\d+/u.exec(args.join(" "))?.[0] ?? "";
  const etcdctl = async (...words: string[]): Promise<string> => {
    const result = await run({
      path: paths.etcdctl,
      args: [`--endpoints=${endpoint}`, `--cacert=${authority.certFile}`, ...words],
      env: { ETCDCTL_CERT: client.certFile, ETCDCTL_KEY: client.keyFile },
      limitMs: startLimitMs,
    });
    return result.stdout;
  };
  t.equal(await etcdctl("put", "a", "1"), "OK\n");
  t.equal(await etcdctl("get", "a"), "a\n1\n");
  const metrics = /--listen-metrics-urls=(\S+)/u.exec(args.join(" "))?.[1] ?? "";
  t.equal((await fetch(`${metrics}/readyz`)).status, 200);
  t.equal(await server.stop("SIGTERM"), "SIGTERM", "which systemd takes for a clean end");
}

async function verifiesUnit(t: Test): Promise<void> {
  const unit = readUnit();
  for (const line of ["Type=notify", "NotifyAccess=all", "StateDirectory=etcd"]) {
    t.ok(unit.split("\n").includes(line), line);
  }
  const folder = await tempDirectory(t);
  const file = join(folder, "etcdlet.service");
  writeFileSync(file, unit.replace("/usr/local/bin/etcdlet", paths.etcdlet));
  const { status, error, stderr } = spawnSync("systemd-analyze", ["verify", file]);
  if (error !== undefined) {
    t.comment(`systemd-analyze did not run: ${error.message}`);
    return;
  }
  // Of other units it may complain.
  const complaints = stderr
    .toString()
    .split("\n")
    .filter((line) => line.includes("etcdlet.service"));
  t.strictSame([status, complaints], [0, []]);
}

/** Lines of the file as its steps: name and rest. */
function imageSteps(): [string, string][] {
  const text = readFileSync(join(ROOT, "packaging/Containerfile"), "utf8");
  return [...text.matchAll(/^([A-Z]+) (.*)$/gmu)].map(([, name = "", rest = ""]) => [name, rest]);
}

async function buildsImage(t: Test): Promise<void> {
  const steps = imageSteps();
  const [first, second] = steps.flatMap(([name], index) => (name === "FROM" ? [index] : []));
  t.equal(first, 0);
  const root = await tempDirectory(t);
  const build = join(root, "build");
  // What the build gets: the files of the repository, as a clean copy has them.
  const { stdout } = spawnSync("git", [
    "ls-files",
    "-z",
    "--cached",
    "--others",
    "--exclude-standard",
  ]);
  for (const file of stdout.toString().split("\0")) {
    if (file !== "") cpSync(join(ROOT, file), join(build, file), { recursive: true });
  }
  const home = join(root, "root");
  for (const folder of [home, join(root, "tmp"), join(root, "usr/local")]) {
    mkdirSync(folder, { recursive: true });
  }
  for (const [index, [name, rest]] of steps.entries()) {
    const isLast = second !== undefined && index > second;
    if (name === "COPY" && isLast) {
      const copied = await shell(`cp ${build}/etcdlet-*.tgz ${root}/tmp/`, build);
      t.equal(copied, "", rest);
    }
    if (name !== "RUN") continue;
    const moved = rest.replaceAll(/ (\/(?:usr\/local|tmp|root)\b)/gu, ` ${root}$1`);
    const variables = isLast ? { HOME: home, npm_config_prefix: join(root, "usr/local") } : {};
    t.equal(await shell(moved, build, variables), "", rest);
  }
  const command = steps.find(([name]) => name === "CMD")?.[1] ?? "[]";
  const [etcd = ""] = JSON.parse(command) as string[];
  for (const program of [etcd, etcd.replace(/etcd$/u, "etcdlet")]) {
    const version = spawnSync(join(root, program), ["--version"], {
      env: { PATH: process.env["PATH"] },
    });
    t.match(version.stdout.toString(), /^etcd Version: 3\.7\./u, program);
  }
  const folder = await tempDirectory(t);
  const server = await EtcdProcess.start({ binary: join(root, etcd), folder });
  t.teardown(() => server.stop("SIGKILL"));
  t.equal((await fetch(`${server.url}/health`)).status, 200);
}

/** Runs a line of shell; gives what went wrong, which is nothing when it did not. */
async function shell(
  line: string,
  folder: string,
  variables: NodeJS.ProcessEnv = {},
): Promise<string> {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(npm_|NODE_OPTIONS|TAP)/u.test(name),
  );
  const result = await run({
    path: "/bin/sh",
    args: ["-c", `cd "$0" && ${line}`, folder],
    env: { ...Object.fromEntries(kept), ...variables },
    limitMs: wholeLimitMs,
  });
  return result.code === 0 ? "" : result.stderr || result.stdout;
}
