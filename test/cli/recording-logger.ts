/** A log that a test can look at. */
import type { LogFields, Logger } from "../../src/wire/index.ts";

/** Keeps all messages with their levels. */
export class RecordingLogger implements Logger {
  readonly lines: { level: string; message: string; fields: LogFields }[] = [];

  debug(message: string, fields: LogFields = {}): void {
    this.lines.push({ level: "debug", message, fields });
  }

  info(message: string, fields: LogFields = {}): void {
    this.lines.push({ level: "info", message, fields });
  }

  warn(message: string, fields: LogFields = {}): void {
    this.lines.push({ level: "warn", message, fields });
  }

  error(message: string, fields: LogFields = {}): void {
    this.lines.push({ level: "error", message, fields });
  }

  /** The messages, in order. */
  messages(): readonly string[] {
    return this.lines.map((line) => line.message);
  }

  /** The fields of the first line with a message. */
  fieldsOf(message: string): LogFields | undefined {
    return this.lines.find((line) => line.message === message)?.fields;
  }
}
