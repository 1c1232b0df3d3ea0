/**
 * Flags on a command line, parsed as Go's `flag` package does it, to the letter of its errors.
 * Source: Go flag, FlagSet.parseOne. No library does this: docs/decisions, "flags".
 */
import { formatFeatureGates } from "./feature-gates.ts";
import { flagDefinition, IGNORED_FLAGS, isFlagName } from "./flag-table.ts";
import type { FlagName, ValueOfFlag } from "./flag-table.ts";
import { FlagValueError, parseFlagValue, presetValue } from "./flag-values.ts";
import type { FlagValue } from "./flag-values.ts";
import { formerFlag } from "./former-flags.ts";
import type { FormerFlag } from "./former-flags.ts";
import { quote } from "./go-values.ts";

/** The values of all flags, wherever they were set. */
export class Settings {
  readonly #values = new Map<FlagName, FlagValue>();
  readonly #explicit = new Set<FlagName>();
  readonly #former: string[] = [];

  /** The value of a flag: as set, or its default. */
  get<Name extends FlagName>(name: Name): ValueOfFlag<Name> {
    const value = this.#values.get(name) ?? presetValue(flagDefinition(name));
    // The cast holds because a value only gets in through its flag's own kind.
    return value as ValueOfFlag<Name>;
  }

  /** Sets a flag from text; when that is no value for it, says why and leaves it as it was. */
  set(name: FlagName, text: string): string | undefined {
    try {
      const value = parseFlagValue(flagDefinition(name), text);
      if (value !== undefined) {
        this.#values.set(name, value);
      }
      this.#explicit.add(name);
      return undefined;
    } catch (error) {
      if (error instanceof FlagValueError) {
        return error.message;
      }
      throw error;
    }
  }

  /** The same by a name that etcd 3.7 does not know any more. */
  setFormer(formerName: string, flag: FormerFlag, text: string): string | undefined {
    this.#former.push(formerName);
    if (flag.kind === "flag") return this.set(flag.name, text);
    const others = formatFeatureGates(this.get("feature-gates"));
    return this.set("feature-gates", `${others},${flag.gate}=${text}`);
  }

  /** The names that {@link Settings.setFormer} was called with. */
  get formerNames(): readonly string[] {
    return this.#former;
  }

  /** Sets a flag that a configuration file gives with a type of its own. */
  assign<Name extends FlagName>(name: Name, value: ValueOfFlag<Name>): void {
    this.#values.set(name, value);
    this.#explicit.add(name);
  }

  /** Whether the user gave a value, be it the default. */
  isExplicit(name: FlagName): boolean {
    return this.#explicit.has(name);
  }

  /** The flags that the user gave, sorted. */
  explicitNames(): readonly FlagName[] {
    return [...this.#explicit].sort();
  }
}

/** What became of a command line. */
export type ParsedArguments =
  /** `rest` is what follows the flags. */
  | { readonly kind: "parsed"; readonly settings: Settings; readonly rest: readonly string[] }
  | { readonly kind: "help" }
  /** `message` is Go's own. */
  | { readonly kind: "failed"; readonly message: string };

/** Parses a command line, up to the first argument that is no flag. */
export function parseArguments(args: readonly string[]): ParsedArguments {
  const settings = new Settings();
  let index = 0;
  for (let argument = args[index]; argument !== undefined; argument = args[index]) {
    if (argument.length < 2 || !argument.startsWith("-")) {
      break;
    }
    index += 1;
    if (argument === "--") {
      break;
    }
    const outcome = parseFlag(settings, argument, args[index]);
    if (typeof outcome !== "number") {
      return outcome;
    }
    index += outcome;
  }
  return { kind: "parsed", settings, rest: args.slice(index) };
}

/** Sets one flag; gives how many further arguments it took, or why parsing ends. */
function parseFlag(
  settings: Settings,
  argument: string,
  next: string | undefined,
): number | ParsedArguments {
  const body = argument.slice(argument.startsWith("--") ? 2 : 1);
  if (body === "" || body.startsWith("-") || body.startsWith("=")) {
    return failed(`bad flag syntax: ${argument}`);
  }
  const equalsAt = body.indexOf("=");
  const name = equalsAt < 0 ? body : body.slice(0, equalsAt);
  const attached = equalsAt < 0 ? undefined : body.slice(equalsAt + 1);
  if (IGNORED_FLAGS.has(name)) {
    return 0;
  }
  const flag = isFlagName(name) ? ({ kind: "flag", name } as const) : formerFlag(name);
  if (flag === undefined) {
    const isHelp = name === "help" || name === "h";
    return isHelp ? { kind: "help" } : failed(`flag provided but not defined: -${name}`);
  }
  const isBoolean = flag.kind === "gate" || flagDefinition(flag.name).kind === "boolean";
  const text = attached ?? (isBoolean ? "true" : next);
  if (text === undefined) {
    return failed(`flag needs an argument: -${name}`);
  }
  const problem = isFlagName(name)
    ? settings.set(name, text)
    : settings.setFormer(name, flag, text);
  if (problem !== undefined) {
    return failed(
      isBoolean
        ? `invalid boolean value ${quote(text)} for -${name}: ${problem}`
        : `invalid value ${quote(text)} for flag -${name}: ${problem}`,
    );
  }
  return attached === undefined && !isBoolean ? 1 : 0;
}

function failed(message: string): ParsedArguments {
  return { kind: "failed", message };
}
