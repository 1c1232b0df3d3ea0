/** The real world around {@link run}: this process, its streams, its signals, the real server. */
import { run } from "./command.ts";
import { ExitSignals } from "./exit-signals.ts";
import { notifyInitDaemon } from "./init-daemon.ts";
import type { ZapLogger } from "./logger.ts";

/** Longest wait for the log to be written at the end, ms; a reader that is gone must not hold us. */
const FLUSH_LIMIT_MS = 1_000;

/** Runs the program in this process, and ends it. */
export async function main(): Promise<void> {
  let logger: ZapLogger | undefined;
  process.on("exit", () => logger?.flushSync());
  process.on("uncaughtException", (error) => {
    logger?.fatal("uncaught error", { error, stacktrace: error.stack });
    void flush(logger).then(() => process.exit(1)); // Never rejects.
  });
  const ending = await run({
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
    notifyReady: (readyLogger) => notifyInitDaemon(readyLogger, process.env),
    useLogger: (newLogger) => {
      logger = newLogger;
    },
  });
  await flush(logger);
  if (ending.kind === "signal") {
    ending.signals.raise(ending.signal);
  } else {
    process.exit(ending.code);
  }
}

async function flush(logger: ZapLogger | undefined): Promise<void> {
  const limit = new Promise<void>((resolve) => {
    setTimeout(resolve, FLUSH_LIMIT_MS).unref();
  });
  await Promise.race([logger?.flush(), limit]);
}
