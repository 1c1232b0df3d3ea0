/** From the logging flags to a logger. Source: etcd server/embed/config_logging.go, setupLogging. */
import { constants, fstatSync, openSync } from "node:fs";
import { ConfigurationError } from "./configuration-error.ts";
import type { Settings } from "./flags.ts";
import { quote } from "./go-values.ts";
import type { LogNote } from "./log-note.ts";
import { LogOutput } from "./log-output.ts";
import type { LogTarget } from "./log-output.ts";
import { RotatingFile, parseRotationSettings } from "./log-rotation.ts";
import type { RotationSettings } from "./log-rotation.ts";
import { formatLine, formatTimestamp, parseLogLevel, ZapLogger } from "./logger.ts";
import { createMicrosecondClock } from "./system-time.ts";

/** A level that does not exist: etcd panics, which ends a Go program with code 2. */
export class LogLevelError extends Error {
  override readonly name = "LogLevelError";
}

/** A logger, and what there is to say about its settings. */
export interface LogSetup {
  readonly logger: ZapLogger;
  readonly notes: readonly LogNote[];
}

/** File descriptors of every process. */
const STDOUT_FD = 1;
const STDERR_FD = 2;

const nullDevice = "/dev/null";

/** What log lines of the command line name as their source. */
const CALLER = "cli/command.ts";

/** Standard error; one for the whole process, so that all its lines keep their order. */
export function createStandardError(): LogOutput {
  return createOutput(fixed(openWithoutBlocking(STDERR_FD)));
}

/** The logger of the time before the settings are known. */
export function createDefaultLogger(standardError: LogOutput): ZapLogger {
  return createLogger([standardError], { level: "info", format: "json" });
}

/**
 * Makes the logger that the settings ask for, and opens its files.
 *
 * @throws ConfigurationError, LogLevelError
 */
export function setUpLog(settings: Settings, standardError: LogOutput): LogSetup {
  const names = settings.get("log-outputs");
  checkLogger(settings.get("logger"), names);
  const rotation = rotationSettings(settings, names);
  const level = parseLogLevel(settings.get("log-level"));
  if (level === undefined) {
    throw new LogLevelError(`unrecognized level: ${quote(settings.get("log-level"))}`);
  }
  const format = settings.get("log-format") || "json";
  if (format !== "json" && format !== "console") {
    throw new ConfigurationError(`unknown log format: ${format}, supported values json, console`);
  }
  const paths = names.includes(nullDevice) ? [nullDevice] : names;
  const outputs = [...new Set(paths.map((path) => openOutput(path, rotation)))].map((target) => {
    if (target === STDERR_FD) return standardError;
    return createOutput(typeof target === "number" ? fixed(openWithoutBlocking(target)) : target);
  });
  return { logger: createLogger(outputs, { level, format }), notes: journalNotes(names) };
}

function checkLogger(logger: string, outputs: readonly string[]): void {
  if (logger === "capnslog") {
    throw new ConfigurationError("--logger=capnslog is removed in v3.5");
  }
  if (logger !== "zap") {
    throw new ConfigurationError(`unknown logger option ${quote(logger)}`);
  }
  if (outputs.length > 1 && outputs.includes("default")) {
    throw new ConfigurationError(`multi logoutput for "default" is not supported yet`);
  }
}

/** How files are rotated, if they are. */
function rotationSettings(
  settings: Settings,
  outputs: readonly string[],
): RotationSettings | undefined {
  if (!settings.get("enable-log-rotation")) {
    return undefined;
  }
  const standard = ["default", "stderr", "stdout"];
  const fileCount = outputs.filter((name) => !standard.includes(name)).length;
  if (fileCount > 1 || (fileCount === 0 && outputs.length === 1)) {
    throw new ConfigurationError(
      "--log-outputs requires a single file path when --log-rotate-config-json is defined",
    );
  }
  return parseRotationSettings(settings.get("log-rotation-config-json"));
}

function journalNotes(outputs: readonly string[]): readonly LogNote[] {
  if (!outputs.includes(JOURNAL)) {
    return [];
  }
  const fields = { output: JOURNAL, "used-instead": "stderr" };
  return [{ level: "warn", message: "log output is not supported", fields }];
}

/** The journal takes stderr of a unit too, so nothing is lost but the fields. */
const JOURNAL = "systemd/journal";

/** The file descriptor of an output, or the file that is rotated. */
function openOutput(name: string, rotation?: RotationSettings): number | RotatingFile {
  switch (name) {
    case "stdout":
      return STDOUT_FD;
    case "default":
    case "stderr":
    case JOURNAL:
      return STDERR_FD;
    default:
      try {
        if (rotation !== undefined) return new RotatingFile(name, rotation, Date.now);
        return openSync(name.startsWith("file://") ? new URL(name) : name, "a");
      } catch (error) {
        throw new ConfigurationError(`open sink ${quote(name)}: ${openProblem(name, error)}`);
      }
  }
}

function openProblem(path: string, cause: unknown): string {
  const isMissing = cause instanceof Error && "code" in cause && cause.code === "ENOENT";
  const problem = cause instanceof Error ? cause.message : String(cause);
  return isMissing ? `open ${path}: no such file or directory` : problem;
}

/**
 * The same pipe or terminal by another descriptor, whose writes never wait: one that waited for a
 * reader that has stopped reading would keep a thread for ever, and with it the end of the process.
 * Making the given descriptor itself so would make it so for all who share it. Linux only.
 */
function openWithoutBlocking(fd: number): number {
  const { O_WRONLY, O_APPEND, O_NONBLOCK } = constants;
  try {
    const file = fstatSync(fd);
    return file.isFIFO() || file.isCharacterDevice()
      ? openSync(`/proc/self/fd/${fd}`, O_WRONLY | O_APPEND | O_NONBLOCK)
      : fd;
  } catch {
    // No /proc, or the pipe is another user's: then writes may wait.
    return fd;
  }
}

function fixed(fd: number): LogTarget {
  return { fdFor: () => fd };
}

function createOutput(target: LogTarget): LogOutput {
  return new LogOutput(target, (droppedCount) =>
    formatLine("json", {
      level: "warn",
      timestamp: formatTimestamp(Date.now() * 1_000),
      caller: "cli/log-output.ts",
      message: "dropped log lines because they were not read fast enough",
      fields: { "dropped-lines": droppedCount },
    }),
  );
}

function createLogger(
  outputs: readonly LogOutput[],
  form: {
    readonly level: Parameters<ZapLogger["isEnabled"]>[0];
    readonly format: "json" | "console";
  },
): ZapLogger {
  return new ZapLogger({
    ...form,
    outputs,
    caller: CALLER,
    nowMicroseconds: createMicrosecondClock(),
  });
}
