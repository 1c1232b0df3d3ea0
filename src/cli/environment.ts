/**
 * Settings from the environment: `ETCD_` and the name of a flag in capitals, `_` for `-`.
 * Source: etcd pkg/flags/flag.go, SetFlagsFromEnv and verifyEnv.
 */
import { flagNames, IGNORED_FLAGS, isFlagName } from "./flag-table.ts";
import type { Settings } from "./flags.ts";
import { quote } from "./go-values.ts";
import type { LogNote } from "./log-note.ts";

/** Variables of a process. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What the environment said. */
export interface EnvironmentReport {
  readonly notes: readonly LogNote[];
  /** A variable that says the same as a flag; nothing may start then. */
  readonly conflict: string | undefined;
  /** Why a value was refused; of several, the last by the name of the flag, as in etcd. */
  readonly problem: string | undefined;
}

/** Message of the fatal line about {@link EnvironmentReport.conflict}. Source: as above. */
export const CONFLICT_MESSAGE =
  "conflicting environment variable is shadowed by corresponding command-line flag " +
  "(either unset environment variable or disable flag))";

/** Set by container images for people to read, not as a setting. Source: etcdmain/config.go. */
const VERSION_VARIABLE = "ETCD_VERSION";

/** The variable that stands for a flag. */
export function variableName(flagName: string): string {
  return `ETCD_${flagName.toUpperCase().replaceAll("-", "_")}`;
}

/** Takes settings from variables, but for those flags that the command line has set. */
export function applyEnvironment(settings: Settings, environment: Environment): EnvironmentReport {
  const notes: LogNote[] = [];
  const version = environment[VERSION_VARIABLE] ?? "";
  if (version !== "") {
    const fields = { key: VERSION_VARIABLE, value: version };
    notes.push({ level: "warn", message: "cannot set special environment variable", fields });
  }
  const shadowed = new Set(settings.explicitNames().map(variableName));
  const used = new Set<string>([VERSION_VARIABLE]);
  let problem: string | undefined;
  for (const name of [...flagNames(), ...IGNORED_FLAGS].sort()) {
    const variable = variableName(name);
    const text = environment[variable] ?? "";
    if (text === "" || shadowed.has(variable)) {
      continue;
    }
    used.add(variable);
    const refusal = isFlagName(name) ? settings.set(name, text) : undefined;
    if (refusal !== undefined) {
      problem = `invalid value ${quote(text)} for ${variable}: ${refusal}`;
      continue;
    }
    const fields = { "variable-name": variable, "variable-value": text };
    notes.push({ level: "info", message: "recognized and used environment variable", fields });
  }
  for (const [variable, text] of Object.entries(environment)) {
    if (used.has(variable) || !variable.startsWith("ETCD_")) {
      continue;
    }
    if (shadowed.has(variable)) {
      return { notes, conflict: variable, problem };
    }
    const fields = { "environment-variable": `${variable}=${text ?? ""}` };
    notes.push({ level: "warn", message: "unrecognized environment variable", fields });
  }
  return { notes, conflict: undefined, problem };
}
