import { EventEmitter } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import { run } from "../../src/cli/command.ts";
import type { Ending, Host } from "../../src/cli/command.ts";
import { ExitSignals } from "../../src/cli/exit-signals.ts";
import type { EtcdOptions } from "../../src/embed/index.ts";
import { tempDirectory } from "../harness/temp-dir.ts";

interface Run {
  readonly ending: Ending;
  readonly output: string;
  readonly errors: string;
  /** What the server was started with. */
  readonly started: readonly EtcdOptions[];
}

interface RunInput {
  readonly args: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly refusal?: Error;
}

class FakeProcess extends EventEmitter {
  readonly pid = 2;
  readonly kill = (): boolean => true;
  readonly exit = (): void => undefined;
}

/** Runs the program with a server that is none. Its log goes where the flags say. */
async function runWith(input: RunInput): Promise<Run> {
  const started: EtcdOptions[] = [];
  const source = new FakeProcess();
  let output = "";
  let errors = "";
  const host: Host = {
    program: "etcdlet",
    args: input.args,
    environment: input.environment ?? {},
    print: (text) => {
      output += text;
    },
    complain: (text) => {
      errors += text;
    },
    startServer: (options) => {
      started.push(options);
      const ids = { member: "1", cluster: "2" };
      return input.refusal === undefined
        ? Promise.resolve({ ids, clientUrls: [], stop: () => Promise.resolve() })
        : Promise.reject(input.refusal);
    },
    catchSignals: (onRepeated) => new ExitSignals(source, onRepeated),
    followParent: () => undefined,
    notifyReady: () => {
      source.emit("SIGTERM");
      return Promise.resolve();
    },
    useLogger: () => undefined,
  };
  const ending = await run(host);
  return { ending, output, errors, started };
}

t.test("run() with --help prints usage and flags apart, and ends with 0", async (t) => {
  const { ending, output, errors } = await runWith({ args: ["--help"] });
  t.same(ending, { kind: "exit", code: 0 });
  t.match(errors, /^Usage:/);
  t.match(output, /^ {2}--unsafe-no-fsync/m);
});

t.test("run() with --version prints it and ends with 0", async (t) => {
  const { ending, output } = await runWith({ args: ["--name=a", "-version"] });
  t.same(ending, { kind: "exit", code: 0 });
  t.match(output, /^etcd Version: 3\.7\./);
});

t.test(
  "run() with a flag that does not exist says so with the usage, and ends with 2",
  async (t) => {
    const { ending, errors } = await runWith({ args: ["--nosuch"] });
    t.same(ending, { kind: "exit", code: 2 });
    t.match(errors, /^flag provided but not defined: -nosuch\nUsage:\n/);
  },
);

t.test("run() with a level that does not exist ends with 2, as a panic would", async (t) => {
  const { ending, errors } = await runWith({ args: ["--log-level=foo"] });
  t.same(ending, { kind: "exit", code: 2 });
  t.equal(errors, 'unrecognized level: "foo"\n');
});

t.test("run() serves until a signal, with the options of the flags", async (t) => {
  const dataDir = join(await tempDirectory(t), "data");
  const { ending, started } = await runWith({
    args: [`--data-dir=${dataDir}`, "--name=n1", "--log-outputs=/dev/null"],
  });
  t.match(ending, { kind: "signal", signal: "SIGTERM" });
  t.match(started, [{ name: "n1", dataDir }]);
});

t.test("run() takes settings from the environment, and none with a file", async (t) => {
  const folder = await tempDirectory(t);
  const path = join(folder, "etcd.yaml");
  const dataDir = join(folder, "data");
  await writeFile(path, `data-dir: ${dataDir}\nlog-outputs: [/dev/null]\n`);
  const environment = {
    ETCD_NAME: "from-environment",
    ETCD_DATA_DIR: dataDir,
    ETCD_LOG_OUTPUTS: "/dev/null",
  };
  const fromEnvironment = await runWith({ args: [], environment });
  t.match(fromEnvironment.started, [{ name: "from-environment", dataDir }]);
  const withFile = { ...environment, ETCD_CONFIG_FILE: path };
  const fromFile = await runWith({ args: ["--name=from-flag"], environment: withFile });
  t.match(fromFile.started, [{ name: "default", dataDir }]);
});

t.test("run() ends with 1 when the server does not start", async (t) => {
  const dataDir = join(await tempDirectory(t), "data");
  const { ending } = await runWith({
    args: [`--data-dir=${dataDir}`, "--log-outputs=/dev/null"],
    refusal: new Error("locked"),
  });
  t.same(ending, { kind: "exit", code: 1 });
});
