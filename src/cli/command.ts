/**
 * The program: arguments, environment and files become settings, settings become a server.
 *
 * Exit codes are etcd's: 0 after help and version, 1 when the settings are wrong or the server
 * cannot start, 2 when the command line cannot be parsed. A server that was asked to end dies by
 * the signal that asked. Source: etcd server/etcdmain/etcd.go and config.go.
 */
import type { EtcdOptions } from "../embed/index.ts";
import { ConfigurationError } from "./configuration-error.ts";
import { ADVERTISE_MISSING, readConfiguration } from "./configuration.ts";
import type { Configuration } from "./configuration.ts";
import { applyEnvironment, CONFLICT_MESSAGE, variableName } from "./environment.ts";
import type { Environment } from "./environment.ts";
import type { ExitSignal, ExitSignals } from "./exit-signals.ts";
import { parseArguments } from "./flags.ts";
import type { Settings } from "./flags.ts";
import { quote } from "./go-values.ts";
import { writeNotes } from "./log-note.ts";
import { createDefaultLogger, createStandardError, LogLevelError, setUpLog } from "./log-setup.ts";
import type { ZapLogger } from "./logger.ts";
import { serve, startProblem } from "./serve.ts";
import type { RunningServer } from "./serve.ts";

/** The world that the program runs in; a test has its own. */
export interface Host {
  /** How the program was called, for the log. */
  readonly program: string;
  readonly args: readonly string[];
  readonly environment: Environment;
  /** Standard output. */
  print(text: string): void;
  /** Standard error, for what is no log line. */
  complain(text: string): void;
  startServer(options: EtcdOptions): Promise<RunningServer>;
  /** Begins to catch signals; `onRepeated` is called just before a second one ends the process. */
  catchSignals(onRepeated: () => void): ExitSignals;
  /** From now on, sends this process SIGTERM when its parent is gone. */
  followParent(): void;
  notifyReady(logger: ZapLogger): Promise<void>;
  /** Told which logger speaks for the process from now on. */
  useLogger(logger: ZapLogger): void;
}

/** How the program ends. */
export type Ending =
  | { readonly kind: "exit"; readonly code: 0 | 1 | 2 }
  | { readonly kind: "signal"; readonly signal: ExitSignal; readonly signals: ExitSignals };

/** Runs the program; never rejects for what a user can do wrong. */
export async function run(host: Host): Promise<Ending> {
  const parsed = parseArguments(host.args);
  switch (parsed.kind) {
    case "help": {
      const { flagsText, USAGE } = await import("./help.ts");
      host.complain(USAGE);
      host.print(flagsText());
      return exit(0);
    }
    case "failed": {
      const { USAGE } = await import("./help.ts");
      host.complain(`${parsed.message}\n${USAGE}`);
      return exit(2);
    }
    case "parsed":
      return runWithFlags(host, parsed.settings, parsed.rest);
  }
}

async function runWithFlags(
  host: Host,
  settings: Settings,
  rest: readonly string[],
): Promise<Ending> {
  const standardError = createStandardError();
  let logger = createDefaultLogger(standardError);
  host.useLogger(logger);
  const [stranger] = rest;
  if (stranger === undefined && settings.get("version")) {
    const { versionText } = await import("./version.ts");
    host.print(versionText());
    return exit(0);
  }
  try {
    if (stranger !== undefined) {
      throw new ConfigurationError(`${quote(stranger)} is not a valid flag`);
    }
    const loaded = await loadSettings(host, settings, logger);
    if (loaded === undefined) {
      return exit(1);
    }
    const log = setUpLog(loaded.settings, standardError);
    logger = log.logger;
    host.useLogger(logger);
    if (loaded.filePath !== undefined) {
      logger.info(FILE_LOADED, { path: loaded.filePath });
    }
    writeNotes(logger, log.notes);
    const configuration = readConfiguration(loaded.settings, loaded);
    logger.info("Running: ", { args: [host.program, ...host.args] });
    writeNotes(logger, configuration.notes);
    return await serveUntilSignal(host, configuration, logger);
  } catch (error) {
    if (error instanceof LogLevelError) {
      host.complain(`${error.message}\n`);
      return exit(2);
    }
    if (error instanceof ConfigurationError) {
      // A log that is to hold errors only would leave the user without a word.
      reportRefusal(
        host,
        error,
        logger.isEnabled("warn") ? logger : createDefaultLogger(standardError),
      );
      return exit(1);
    }
    throw error;
  }
}

/** Source: etcd server/etcdmain/config.go. */
const FILE_LOADED =
  "loaded server configuration, other configuration command line flags and environment " +
  "variables will be ignored if provided";

interface LoadedSettings {
  readonly settings: Settings;
  readonly isFile: boolean;
  readonly filePath: string | undefined;
  readonly unbuilt: readonly string[];
  readonly clientCommonNames?: readonly string[];
}

/** Settings from the file when there is one, else from flags and environment. */
async function loadSettings(
  host: Host,
  flags: Settings,
  logger: ZapLogger,
): Promise<LoadedSettings | undefined> {
  const filePath =
    flags.get("config-file") || (host.environment[variableName("config-file")] ?? "");
  if (filePath !== "") {
    const { ConfigFileError, loadConfigFile } = await import("./config-file.ts");
    try {
      return { ...(await loadConfigFile(filePath)), isFile: true, filePath };
    } catch (error) {
      throw error instanceof ConfigFileError ? new ConfigurationError(error.message) : error;
    }
  }
  const report = applyEnvironment(flags, host.environment);
  writeNotes(logger, report.notes);
  if (report.conflict !== undefined) {
    logger.fatal(CONFLICT_MESSAGE, { "environment-variable": report.conflict });
    return undefined;
  }
  if (report.problem !== undefined) {
    throw new ConfigurationError(report.problem);
  }
  return { settings: flags, isFile: false, filePath: undefined, unbuilt: [] };
}

async function serveUntilSignal(
  host: Host,
  configuration: Configuration,
  logger: ZapLogger,
): Promise<Ending> {
  try {
    const outcome = await serve(configuration, {
      logger: logger.at("cli/serve.ts"),
      startServer: (options) =>
        host.startServer({ ...options, logger: logger.at("embed/etcd.ts") }),
      catchSignals: () => host.catchSignals(() => logger.flushSync()),
      followParent: () => host.followParent(),
      notifyReady: () => host.notifyReady(logger.at("cli/init-daemon.ts")),
    });
    return { kind: "signal", ...outcome };
  } catch (error) {
    logger.fatal("discovery failed", { error: startProblem(error) });
    return exit(1);
  }
}

/** Says why the settings were refused, in the lines in which etcd does. */
function reportRefusal(host: Host, error: ConfigurationError, logger: ZapLogger): void {
  logger.info("Running: ", { args: [host.program, ...host.args] });
  const fields = { error: error.message };
  if (error.stage === "start") {
    logger.fatal("discovery failed", fields);
    return;
  }
  logger.warn("failed to verify flags", fields);
  if (error.message === ADVERTISE_MISSING) {
    logger.warn("advertise client URLs are not set", fields);
  }
}

function exit(code: 0 | 1 | 2): Ending {
  return { kind: "exit", code };
}
