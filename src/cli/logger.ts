/**
 * The log of the process, in the layout of zap, etcd's logger: one JSON object per line with
 * `level`, `ts`, `caller`, `msg` and the fields, in this order.
 *
 * `caller` names the source file that speaks, without a line: to know the line, a stack would have
 * to be captured for every message. Source of the layout: etcd client/pkg/logutil/zap.go.
 */
import type { LogFields, Logger } from "../wire/index.ts";
import type { LogOutput } from "./log-output.ts";

/** Levels from the most talkative to the quietest. Source: zapcore, Level. */
const LEVELS = ["debug", "info", "warn", "error", "dpanic", "panic", "fatal"] as const;

/** How important a message is. */
export type LogLevel = (typeof LEVELS)[number];

/** How a line looks. */
export type LogFormat = "json" | "console";

/** Reads a level as zap does: in small or capital letters, empty for info. */
export function parseLogLevel(text: string): LogLevel | undefined {
  const name = text.toLowerCase();
  if (name === "" || name === "warning") {
    return name === "" ? "info" : "warn";
  }
  return LEVELS.find((level) => level === name);
}

/** What a logger is made of. */
export interface ZapLoggerOptions {
  readonly level: LogLevel;
  readonly format: LogFormat;
  readonly outputs: readonly LogOutput[];
  /** The file that speaks, relative to the source folder. */
  readonly caller: string;
  /** Microseconds since 1970. */
  readonly nowMicroseconds: () => number;
}

/** A logger that writes zap's layout. */
export class ZapLogger implements Logger {
  readonly #options: ZapLoggerOptions;
  readonly #levelIndex: number;

  constructor(options: ZapLoggerOptions) {
    this.#options = options;
    this.#levelIndex = LEVELS.indexOf(options.level);
  }

  /** The same log, for another source file. */
  at(caller: string): ZapLogger {
    return new ZapLogger({ ...this.#options, caller });
  }

  /** Whether messages of a level are written. */
  isEnabled(level: LogLevel): boolean {
    return LEVELS.indexOf(level) >= this.#levelIndex;
  }

  debug(message: string, fields?: LogFields): void {
    this.#log("debug", message, fields);
  }

  info(message: string, fields?: LogFields): void {
    this.#log("info", message, fields);
  }

  warn(message: string, fields?: LogFields): void {
    this.#log("warn", message, fields);
  }

  error(message: string, fields?: LogFields): void {
    this.#log("error", message, fields);
  }

  /** The last message of a process that cannot go on. Ending it is the caller's job. */
  fatal(message: string, fields?: LogFields): void {
    this.#log("fatal", message, fields);
  }

  /** Waits until all messages are written. */
  async flush(): Promise<void> {
    await Promise.all(this.#options.outputs.map((output) => output.flush()));
  }

  /** Writes all messages at once; only for the last moment of the process. */
  flushSync(): void {
    for (const output of this.#options.outputs) {
      output.flushSync();
    }
  }

  #log(level: LogLevel, message: string, fields: LogFields | undefined): void {
    if (!this.isEnabled(level)) {
      return;
    }
    const { format, caller, nowMicroseconds, outputs } = this.#options;
    const timestamp = formatTimestamp(nowMicroseconds());
    const line = formatLine(format, { level, timestamp, caller, message, fields: fields ?? {} });
    for (const output of outputs) {
      output.write(line);
    }
  }
}

/** The parts of a line. */
export interface LogLine {
  readonly level: LogLevel;
  readonly timestamp: string;
  readonly caller: string;
  readonly message: string;
  readonly fields: LogFields;
}

/** Writes one line, with its line feed. */
export function formatLine(format: LogFormat, line: LogLine): string {
  const { level, timestamp, caller, message } = line;
  if (format === "json") {
    const head = `{"level":"${level}","ts":"${timestamp}","caller":${JSON.stringify(caller)}`;
    let text = `${head},"msg":${JSON.stringify(message)}`;
    for (const [key, value] of Object.entries(line.fields)) {
      const encoded = encodeValue(value);
      text += encoded === undefined ? "" : `,${JSON.stringify(key)}:${encoded}`;
    }
    return `${text}}\n`;
  }
  const { stacktrace, ...rest } = line.fields;
  // An indented encoding joined into one line is the spaced form that zap writes.
  const fields = (encodeValue(rest, 1) ?? "{}").replaceAll(/,\n */g, ", ").replaceAll(/\n */g, "");
  const tail = fields === "{}" ? "" : `\t${fields}`;
  const stack = typeof stacktrace === "string" ? `\n${stacktrace}` : "";
  return `${timestamp}\t${level}\t${caller}\t${message}${tail}${stack}\n`;
}

/** JSON of a field; `undefined` for what has none. Never throws. */
function encodeValue(value: unknown, indent?: number): string | undefined {
  try {
    return JSON.stringify(value, replaceValue, indent);
  } catch {
    // A structure that contains itself, or a getter that throws.
    return JSON.stringify(String(value));
  }
}

function replaceValue(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") {
    return value.toString();
  }
  return value instanceof Error ? value.message : value;
}

/** Writes a time as `2006-01-02T15:04:05.000000Z`. */
export function formatTimestamp(timeMicroseconds: number): string {
  const whole = Math.floor(timeMicroseconds);
  const microseconds = String(whole % 1_000_000).padStart(6, "0");
  const seconds = new Date(whole / 1_000).toISOString().slice(0, "2006-01-02T15:04:05".length);
  return `${seconds}.${microseconds}Z`;
}
