/** Where the server says what it does. The terminal prints it; an embedding program may too. */

export type LogFields = Readonly<Record<string, unknown>>;

/** Structured log. Message texts that others look for are etcd's own. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/** Says nothing: what an embedded server does unless told otherwise. */
export const SILENT_LOGGER: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
