/** From words of a command line to a command of the table. */
import { commandName } from "./definition.ts";
import type { CommandDefinition, FlagTable } from "./definition.ts";
import { firstArgument } from "./flags.ts";
import { COMMANDS, GLOBAL_FLAGS, IGNORED_GLOBAL_FLAGS } from "./table.ts";
import { HELP_FLAG, PROGRAM } from "./usage.ts";
import type { Placed } from "./usage.ts";

/** Flags of all commands, those without effect too. */
export const ALL_GLOBAL_FLAGS: FlagTable = { ...GLOBAL_FLAGS, ...IGNORED_GLOBAL_FLAGS };

/** A command, and what is left of the command line. */
export interface Found extends Placed {
  readonly rest: readonly string[];
}

/** Whether the program has a command of exactly this name. */
export function isCommand(name: string): boolean {
  return COMMANDS.some((one) => commandName(one) === name);
}

/** The command that words name, without any flags between them; undefined if there is none. */
export function placeCommand(words: readonly string[]): Placed | undefined {
  const [name] = words;
  if (name === undefined || !isCommand(name)) return undefined;
  const found = findCommand(words);
  return found.rest.length === 0 || found.definition.run !== undefined ? found : undefined;
}

/**
 * The command that a command line begins with; its first word is the name of one. Below that, the
 * beginning of a name will do, if it is one name's only. Source: spf13/cobra, Command.Find.
 */
export function findCommand(words: readonly string[]): Found {
  let definition = named(COMMANDS, words[0] ?? "", (name, word) => name === word);
  if (definition === undefined) throw new TypeError(`No such command: ${words[0] ?? ""}`);
  let path = `${PROGRAM} ${commandName(definition)}`;
  let rest = words.slice(1);
  let inherited: FlagTable = {};
  for (;;) {
    const known = { ...ALL_GLOBAL_FLAGS, ...inherited, ...definition.sharedFlags };
    const at = firstArgument(known, rest);
    const below = named(definition.subcommands ?? [], rest[at] ?? "", matches);
    if (below === undefined) break;
    inherited = { ...inherited, ...definition.sharedFlags };
    definition = below;
    path = `${path} ${commandName(below)}`;
    rest = rest.toSpliced(at, 1);
  }
  const flags = { ...definition.flags, ...definition.sharedFlags, help: HELP_FLAG };
  return { definition, path, flags, inherited, rest };
}

function matches(name: string, word: string): boolean {
  return word !== "" && name.startsWith(word);
}

function named(
  commands: readonly CommandDefinition[],
  word: string,
  test: (name: string, word: string) => boolean,
): CommandDefinition | undefined {
  const exact = commands.find((one) => commandName(one) === word);
  const found = commands.filter((one) => test(commandName(one), word));
  return exact ?? (found.length === 1 ? found[0] : undefined);
}
