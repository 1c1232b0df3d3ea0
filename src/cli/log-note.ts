/** Things to log that are found out before there is a log. */
import type { LogFields, Logger } from "../wire/index.ts";

/** One line of the log, still to be written. */
export interface LogNote {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly message: string;
  readonly fields: LogFields;
}

/** Writes notes, in order. */
export function writeNotes(logger: Logger, notes: readonly LogNote[]): void {
  for (const note of notes) {
    logger[note.level](note.message, note.fields);
  }
}
