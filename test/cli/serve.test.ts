import { EventEmitter } from "node:events";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import type { Test } from "tap";
import { readConfiguration } from "../../src/cli/configuration.ts";
import { ExitSignals } from "../../src/cli/exit-signals.ts";
import { parseArguments } from "../../src/cli/flags.ts";
import { serve, startProblem } from "../../src/cli/serve.ts";
import type { RunningServer, ServeContext } from "../../src/cli/serve.ts";
import type { Configuration } from "../../src/cli/configuration.ts";
import type { EtcdOptions } from "../../src/embed/index.ts";
import { tempDirectory } from "../harness/temp-dir.ts";
import { RecordingLogger } from "./recording-logger.ts";

/** A process that only takes signals. */
class FakeProcess extends EventEmitter {
  readonly pid = 2;
  readonly kill = (): boolean => true;
  readonly exit = (): void => undefined;
}

interface Scene {
  readonly logger: RecordingLogger;
  readonly source: FakeProcess;
  readonly context: ServeContext;
  /** What happened, in order. */
  readonly events: string[];
}

function scene(server: Pick<Partial<RunningServer>, "stop"> = {}): Scene {
  const logger = new RecordingLogger();
  const source = new FakeProcess();
  const events: string[] = [];
  const running: RunningServer = {
    ids: { member: "8e9e05c52164694d", cluster: "cdf818194e3a8c32" },
    clientUrls: ["http://127.0.0.1:1"],
    stop: () => {
      events.push("stop");
      return Promise.resolve();
    },
    ...server,
  };
  const context: ServeContext = {
    logger,
    startServer: (options) => {
      events.push(`start ${options.name ?? ""}`);
      return Promise.resolve(running);
    },
    catchSignals: () => new ExitSignals(source, () => undefined),
    followParent: () => {
      events.push("follow");
    },
    notifyReady: () => {
      events.push("notify");
      source.emit("SIGTERM");
      return Promise.resolve();
    },
  };
  return { logger, source, context, events };
}

async function configure(t: Test, ...args: readonly string[]): Promise<Configuration> {
  const dataDir = join(await tempDirectory(t), "data");
  const parsed = parseArguments([`--data-dir=${dataDir}`, ...args]);
  if (parsed.kind !== "parsed") {
    throw new Error(`Cannot parse ${args.join(" ")}`);
  }
  return readConfiguration(parsed.settings, { isFile: false, unbuilt: [] });
}

t.test("serve() starts, notifies, waits for a signal, and stops", async (t) => {
  const { context, events, logger } = scene();
  const { signal } = await serve(await configure(t, "--name=n1"), context);
  t.equal(signal, "SIGTERM");
  t.same(events, ["start n1", "notify", "stop"]);
  t.same(logger.messages(), [
    "Initialize and start etcd server",
    "not listening on peer URLs: there are no peers",
    "configuring client listeners",
    "starting an etcd server",
    "now serving peer/client/metrics",
    "published local member to cluster through raft",
    "received signal; shutting down",
    "closing etcd server",
    "closed etcd server",
  ]);
  t.match(logger.fieldsOf("published local member to cluster through raft"), {
    "local-member-id": "8e9e05c52164694d",
    "cluster-id": "cdf818194e3a8c32",
    "local-member-attributes": "{Name:n1 ClientURLs:[http://localhost:2379]}",
  });
  t.match(logger.fieldsOf("received signal; shutting down"), { signal: "terminated" });
});

t.test("serve() does not check --initial-cluster once there is data", async (t) => {
  const configuration = await configure(t, "--initial-cluster=a=http://a:1,b=http://b:1");
  await t.rejects(serve(configuration, scene().context), /couldn't find local name "default"/);
  await writeFile(join(configuration.dataDir, "CURRENT"), "");
  const second = scene();
  await serve(configuration, second.context);
  t.equal(second.logger.messages()[0], "server has already been initialized");
});

t.test("serve() tells where it serves, follows the parent, and leaves nothing", async (t) => {
  const portFile = join(await tempDirectory(t), "ports");
  const { context, events } = scene();
  const flags = [`--port-file=${portFile}`, "--die-with-parent", "--remove-data-dir"];
  const configuration = await configure(t, ...flags);
  let told = "";
  const notifyReady = async (): Promise<void> => {
    told = await readFile(portFile, "utf8");
    await context.notifyReady();
  };
  await serve(configuration, { ...context, notifyReady });
  t.equal(told, "http://127.0.0.1:1\n");
  t.same(events, ["follow", "start default", "notify", "stop"]);
  t.notOk(existsSync(portFile));
  t.notOk(existsSync(configuration.dataDir));
});

t.test("serve() ends a server when nobody can be told of it", async (t) => {
  const { context, events } = scene();
  const portFile = join(await tempDirectory(t), "missing", "ports");
  const serving = serve(await configure(t, `--port-file=${portFile}`), context);
  await t.rejects(serving, { code: "ENOENT" });
  t.same(events, ["start default", "stop"]);
});

t.test("serve() in memory makes no directory", async (t) => {
  const configuration = await configure(t, "--in-memory");
  await serve(configuration, scene().context);
  t.equal(configuration.options.dataDir, undefined);
  t.notOk(existsSync(configuration.dataDir));
});

t.test("serve() that is to delete its store opens and closes it first", async (t) => {
  const { context, source, events } = scene();
  const startServer = async (options: EtcdOptions): Promise<RunningServer> => {
    source.emit("SIGINT");
    return await context.startServer(options);
  };
  const configuration = await configure(t, "--remove-data-dir");
  await serve(configuration, { ...context, startServer });
  t.same(events, ["start default", "notify", "stop"]);
  t.notOk(existsSync(configuration.dataDir));
});

t.test("serve() passes on why a server did not start", async (t) => {
  const { context, logger } = scene();
  const refusing = { ...context, startServer: () => Promise.reject(new Error("no")) };
  await t.rejects(serve(await configure(t), refusing), new Error("no"));
  t.equal(logger.messages().includes("now serving peer/client/metrics"), false);
});

t.test("serve() ends at once at a signal during the start", async (t) => {
  const { context, source, events } = scene();
  const starting = {
    ...context,
    startServer: () => {
      source.emit("SIGINT");
      return new Promise<RunningServer>(() => undefined);
    },
  };
  const { signal } = await serve(await configure(t), starting);
  t.equal(signal, "SIGINT");
  t.same(events, []);
});

t.test("serve() logs that a server failed to stop, and ends", async (t) => {
  const { context, logger } = scene({ stop: () => Promise.reject(new Error("stuck")) });
  await serve(await configure(t), context);
  t.match(logger.fieldsOf("failed to close etcd server"), { error: new Error("stuck") });
});

t.test("startProblem() names an error with what caused it", (t) => {
  const cause = new Error("no space");
  t.equal(startProblem(new Error("cannot open", { cause })), "cannot open: no space");
  t.equal(startProblem("text"), "text");
  t.end();
});
