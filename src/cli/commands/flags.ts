/**
 * Flags of commands, as Cobra's `pflag` package takes them, to the letter of its errors: one dash for
 * letters, two for names, values behind `=` or in the next argument, and arguments between them.
 * `node:util` parseArgs refuses a value that begins with a dash and `--prefix=false`, which are common.
 * Source: spf13/pflag, FlagSet.parseArgs.
 */
import { DurationError, parseBoolean, parseDuration, parseInteger, quote } from "../go-values.ts";
import type { FlagDefinition, FlagTable } from "./definition.ts";

/** A command line that cannot be parsed; the message is pflag's own. */
export class FlagError extends Error {
  override readonly name = "FlagError";
}

/** The values of flags. Reading one that the table does not have throws TypeError. */
export class Flags {
  readonly table: FlagTable;
  readonly #values = new Map<string, string>();

  constructor(table: FlagTable) {
    this.table = table;
  }

  boolean(name: string): boolean {
    return parseBoolean(this.text(name)) === true;
  }

  integer(name: string): number {
    return Number(parseInteger(this.text(name), { signed: true, bits: 64 }));
  }

  /** Milliseconds. */
  durationMs(name: string): number {
    return Number(parseDuration(this.text(name))) / 1e6;
  }

  /** What is between commas, without spaces around. */
  list(name: string): readonly string[] {
    const text = this.text(name);
    return text === "" ? [] : text.split(",").map((part) => part.trim());
  }

  /** The value as it was written. */
  text(name: string): string {
    const definition = this.table[name];
    if (definition === undefined) throw new TypeError(`No such flag: ${name}`);
    return this.#values.get(name) ?? definition.preset;
  }

  /** Whether it was set, be it to its preset. */
  isGiven(name: string): boolean {
    return this.#values.has(name);
  }

  /** Sets a flag; when the text is no value for it, says why and leaves it as it was. */
  set(name: string, text: string): string | undefined {
    const problem = valueProblem(this.table[name]?.kind, text);
    if (problem === undefined) {
      // A list grows with every time that it is given.
      const before = this.table[name]?.kind === "list" ? this.#values.get(name) : undefined;
      this.#values.set(name, before === undefined ? text : `${before},${text}`);
    }
    return problem;
  }
}

function valueProblem(kind: FlagDefinition["kind"] | undefined, text: string): string | undefined {
  switch (kind) {
    case "boolean":
      if (parseBoolean(text) !== undefined) return undefined;
      return `strconv.ParseBool: parsing ${quote(text)}: invalid syntax`;
    case "integer": {
      const value = parseInteger(text, { signed: true, bits: 64 });
      return typeof value === "bigint" ? undefined : integerProblem(text, value);
    }
    case "duration":
      try {
        parseDuration(text);
        return undefined;
      } catch (error) {
        if (error instanceof DurationError) return error.message;
        throw error;
      }
    case "text":
    case "list":
    case undefined:
      return undefined;
  }
}

/** Source: Go strconv.NumError. */
export function integerProblem(text: string, problem: "syntax" | "range"): string {
  const words = problem === "syntax" ? "invalid syntax" : "value out of range";
  return `strconv.ParseInt: parsing ${quote(text)}: ${words}`;
}

/** What a command line was parsed into. */
export interface ParsedCommandLine {
  readonly args: readonly string[];
  /** How many of the arguments are before `--`; undefined without one. */
  readonly separatorIndex: number | undefined;
  readonly flags: Flags;
}

/**
 * Parses what follows the name of a command.
 *
 * @throws FlagError
 */
export function parseFlags(table: FlagTable, given: readonly string[]): ParsedCommandLine {
  const flags = new Flags(table);
  const args: string[] = [];
  for (let index = 0; index < given.length; index++) {
    const argument = given[index] ?? "";
    if (argument === "--") {
      const separatorIndex = args.length;
      return { args: [...args, ...given.slice(index + 1)], separatorIndex, flags };
    }
    if (!isFlag(argument)) args.push(argument);
    else if (argument.startsWith("--")) index += setNamed(flags, argument, given[index + 1]);
    else index += setLetters(flags, argument, given[index + 1]);
  }
  return { args, separatorIndex: undefined, flags };
}

function isFlag(argument: string): boolean {
  return argument.length > 1 && argument.startsWith("-");
}

/** Of `--name`, `--name=value` and `--name value`; gives how many further arguments it took. */
function setNamed(flags: Flags, argument: string, next: string | undefined): number {
  const body = argument.slice(2);
  if (/^[-=]/u.test(body)) throw new FlagError(`bad flag syntax: ${argument}`);
  const [name, attached] = cut(body);
  const definition = flags.table[name];
  if (definition === undefined) throw new FlagError(`unknown flag: --${name}`);
  const taken = attached ?? (definition.kind === "boolean" ? "true" : next);
  if (taken === undefined) throw new FlagError(`flag needs an argument: ${argument}`);
  assign(flags, name, taken);
  return attached === undefined && definition.kind !== "boolean" ? 1 : 0;
}

/** Of `-abc`, `-wvalue`, `-w=value` and `-w value`. */
function setLetters(flags: Flags, argument: string, next: string | undefined): number {
  const letters = argument.slice(1);
  for (let index = 0; index < letters.length; index++) {
    const letter = letters.charAt(index);
    const name = nameOfLetter(flags.table, letter);
    const from = `'${letter}' in -${letters.slice(index)}`;
    if (name === undefined) throw new FlagError(`unknown shorthand flag: ${from}`);
    const rest = letters.slice(index + 1);
    if (rest.length > 1 && rest.startsWith("=")) {
      assign(flags, name, rest.slice(1));
      return 0;
    }
    if (flags.table[name]?.kind === "boolean") {
      assign(flags, name, "true");
      continue;
    }
    const value = rest === "" ? next : rest;
    if (value === undefined) throw new FlagError(`flag needs an argument: ${from}`);
    assign(flags, name, value);
    return rest === "" ? 1 : 0;
  }
  return 0;
}

function nameOfLetter(table: FlagTable, letter: string): string | undefined {
  return Object.keys(table).find((name) => table[name]?.short === letter);
}

function cut(body: string): readonly [string, string | undefined] {
  const equalsAt = body.indexOf("=");
  return equalsAt < 0 ? [body, undefined] : [body.slice(0, equalsAt), body.slice(equalsAt + 1)];
}

function assign(flags: Flags, name: string, text: string): void {
  const problem = flags.set(name, text);
  if (problem === undefined) return;
  const short = flags.table[name]?.short;
  const written = short === undefined ? `--${name}` : `-${short}, --${name}`;
  throw new FlagError(`invalid argument ${quote(text)} for "${written}" flag: ${problem}`);
}

/**
 * Where in a command line the first argument is that is neither a flag nor the value of one; -1
 * without any. Unknown flags are taken to have no value. Source: spf13/cobra, stripFlags.
 */
export function firstArgument(table: FlagTable, given: readonly string[]): number {
  for (let index = 0; index < given.length; index++) {
    const argument = given[index] ?? "";
    if (argument === "--") return -1;
    if (!isFlag(argument)) return index;
    const name = argument.startsWith("--")
      ? argument.slice(2)
      : nameOfLetter(table, argument.slice(1));
    const kind = name === undefined ? undefined : table[name]?.kind;
    if (kind !== undefined && kind !== "boolean") index += 1;
  }
  return -1;
}
