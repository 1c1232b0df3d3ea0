/** Flags from the environment: `ETCDCTL_` and the name of the flag in capitals, with _ for -. */
import { CONFLICT_MESSAGE } from "../environment.ts";
import { formatLine, formatTimestamp } from "../logger.ts";
import type { LogLevel } from "../logger.ts";
import { CommandError, EXIT } from "./definition.ts";
import type { FlagTable, Terminal } from "./definition.ts";
import type { Flags } from "./flags.ts";

const PREFIX = "ETCDCTL_";

/** Variables that `watch` takes its key from. */
export const WATCH_VARIABLES = { key: "ETCDCTL_WATCH_KEY", rangeEnd: "ETCDCTL_WATCH_RANGE_END" };

/** The variable of a flag. */
function variableOf(flag: string): string {
  return `${PREFIX}${flag.toUpperCase().replaceAll("-", "_")}`;
}

/**
 * Sets the flags of `shared` that have a variable and were not given. A value that is none is passed
 * over, an unknown variable warned of. Source: etcd pkg/flags/flag.go, SetPflagsFromEnv.
 *
 * @throws CommandError when one is given both ways
 */
export function applyVariables(flags: Flags, shared: FlagTable, terminal: Terminal): void {
  const known = new Set<string>(Object.values(WATCH_VARIABLES));
  for (const name of Object.keys(shared)) {
    const variable = variableOf(name);
    known.add(variable);
    const text = terminal.environment[variable];
    if (text === undefined) continue;
    if (flags.isGiven(name)) {
      log(terminal, "fatal", CONFLICT_MESSAGE, variable);
      throw new SilentExit(EXIT.error);
    }
    if (text !== "") flags.set(name, text);
  }
  for (const [variable, text] of Object.entries(terminal.environment)) {
    if (!variable.startsWith(PREFIX) || known.has(variable)) continue;
    log(terminal, "warn", "unrecognized environment variable", `${variable}=${text ?? ""}`);
  }
}

/** A command ends with this code, and all has been said. */
export class SilentExit extends CommandError {
  constructor(code: number) {
    super(code, "");
  }
}

/** A line as the server's log has them. */
function log(terminal: Terminal, level: LogLevel, message: string, variable: string): void {
  const timestamp = formatTimestamp(Date.now() * 1_000);
  const fields = { "environment-variable": variable };
  const caller = "commands/variables.ts";
  terminal.complain(formatLine("json", { level, timestamp, caller, message, fields }));
}
