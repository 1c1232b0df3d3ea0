/** The real world around {@link run}: this process, its streams, its signals, the real server. */
import { constants } from "node:os";
import { run } from "./command.ts";
import type { Ending } from "./command.ts";
import { ExitSignals } from "./exit-signals.ts";
import { notifyInitDaemon } from "./init-daemon.ts";
import type { ZapLogger } from "./logger.ts";
import { watchParent } from "./parent-watch.ts";

/** Asked for as early as can be: of a parent that goes before, only a closed pipe can tell. */
const PARENT = process.ppid;

/** Longest wait for the log to be written at the end, ms; a reader that is gone must not hold us. */
const FLUSH_LIMIT_MS = 1_000;

/** Longest wait for a signal that was raised to end the process, ms. */
const SIGNAL_LIMIT_MS = 1_000;

/**
 * Runs the program in this process, and ends it: a command where the first argument is the name of
 * one, else the server.
 */
export async function main(): Promise<void> {
  const [first] = process.argv.slice(2);
  if (first !== undefined && !first.startsWith("-")) {
    const code = await commandCode(process.argv.slice(2));
    if (code !== undefined) process.exit(code);
  }
  await startServer();
}

/** Runs what is a command; undefined for what is none, which the server's part complains of. */
async function commandCode(words: readonly string[]): Promise<number | undefined> {
  const { isCommand, runCommand } = await import("./commands/run.ts");
  if (!isCommand(words[0] ?? "")) return undefined;
  const { processTerminal } = await import("./commands/terminal.ts");
  return await runCommand(words, processTerminal());
}

async function startServer(): Promise<void> {
  let logger: ZapLogger | undefined;
  const die = (error: unknown): void => {
    const stack = error instanceof Error ? error.stack : undefined;
    if (logger === undefined) {
      process.stderr.write(`${stack ?? String(error)}\n`);
    }
    logger?.fatal("uncaught error", { error, stacktrace: stack });
    void flush(logger).then(() => process.exit(1)); // Never rejects.
  };
  process.on("exit", () => logger?.flushSync());
  process.on("uncaughtException", die);
  try {
    const ending = await runHere((newLogger) => {
      logger = newLogger;
    });
    await flush(logger);
    finish(ending);
  } catch (error) {
    die(error);
  }
}

function runHere(useLogger: (logger: ZapLogger) => void): Promise<Ending> {
  return run({
    program: process.argv[1] ?? "etcdlet",
    args: process.argv.slice(2),
    environment: process.env,
    print: (text) => void process.stdout.write(text),
    complain: (text) => void process.stderr.write(text),
    startServer: async (options) => {
      const { Etcd } = await import("../embed/index.ts");
      return Etcd.start(options);
    },
    catchSignals: (onRepeated) => new ExitSignals(process, onRepeated),
    followParent: () => {
      const endUs = (): void => void process.kill(process.pid, "SIGTERM");
      watchParent({ parent: PARENT, current: () => process.ppid, onGone: endUs });
    },
    notifyReady: async (readyLogger) => {
      await notifyInitDaemon(readyLogger, process.env);
      await keepCompiledCode();
    },
    useLogger,
  });
}

function finish(ending: Ending): void {
  if (ending.kind === "signal") {
    ending.signals.raise(ending.signal);
    // Still here, so somebody else in this process listens to the signal: let them have it first.
    setTimeout(() => process.exit(128 + constants.signals[ending.signal]), SIGNAL_LIMIT_MS);
  } else {
    process.exit(ending.code);
  }
}

/**
 * Writes the code that was compiled to where bin/etcdlet has the next start look for it.
 *
 * Node.js does so when a program ends, but not when a signal ends it, which is how this one does.
 */
async function keepCompiledCode(): Promise<void> {
  // The cast adds what Node.js has from 22.10 on, and the types of 20 do not know.
  const nodeModule = (await import("node:module")) as { flushCompileCache?: () => void };
  nodeModule.flushCompileCache?.();
}

async function flush(logger: ZapLogger | undefined): Promise<void> {
  const limit = new Promise<void>((resolve) => {
    setTimeout(resolve, FLUSH_LIMIT_MS).unref();
  });
  await Promise.race([logger?.flush(), limit]);
}
