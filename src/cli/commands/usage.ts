/** What `--help` says of a command, made of the table of them. */
import { commandName } from "./definition.ts";
import type { Call, CommandDefinition, FlagDefinition, FlagTable } from "./definition.ts";

/** A command with where it stands. */
export interface Placed {
  readonly definition: CommandDefinition;
  /** Names from the program's to its own, with spaces between. */
  readonly path: string;
  /** Flags of its own and the one for help. */
  readonly flags: FlagTable;
  /** Flags of those above it. */
  readonly inherited: FlagTable;
}

export const PROGRAM = "etcdlet";

const OPTIONS_HINT = `Use "${PROGRAM} options" for a list of flags that all commands have.\n`;

/** The flag that every command has. */
export const HELP_FLAG: FlagDefinition = {
  kind: "boolean",
  preset: "false",
  short: "h",
  help: "say how to use it",
};

/** How to write it, and its flags: what follows an error. */
export function usageText({ definition, path, flags, inherited }: Placed): string {
  const { subcommands = [], usage, run } = definition;
  const parts: string[] = [];
  const written = `${path}${usage.slice(commandName(definition).length)}`;
  if (run !== undefined) parts.push(`Usage:\n  ${written} [flags]\n`);
  else parts.push(`Usage:\n  ${path} [command]\n`);
  if (subcommands.length > 0) parts.push(`Available Commands:\n${commandLines(subcommands)}`);
  parts.push(`Flags:\n${flagLines(flags)}`);
  if (Object.keys(inherited).length > 0) parts.push(`Global Flags:\n${flagLines(inherited)}`);
  if (subcommands.length > 0) {
    parts.push(`Use "${path} [command] --help" for more information about a command.\n`);
  }
  return parts.join("\n");
}

/** What the command does, and how to use it. */
export function helpText(placed: Placed): string {
  const { long, short } = placed.definition;
  return `${long ?? short}\n\n${usageText(placed)}${OPTIONS_HINT}`;
}

/** What the program is, with all commands in their groups. */
export function programHelp(
  groups: readonly (readonly [string, readonly CommandDefinition[]])[],
): string {
  const lists = groups.map(([title, commands]) => `${title}\n${commandLines(commands)}\n`);
  return (
    `A key-value server like etcd, and commands for it and for etcd.\n\nUsage:\n` +
    `  ${PROGRAM} [flags]      to start a server; ${PROGRAM} --help lists the flags\n` +
    `  ${PROGRAM} [command]    to ask one\n\n${lists.join("")}` +
    `Use "${PROGRAM} [command] --help" for more information about a command.\n${OPTIONS_HINT}`
  );
}

/** Names are filled up to this many characters at least. */
const NAME_WIDTH = 11;

function commandLines(commands: readonly CommandDefinition[]): string {
  return commands
    .toSorted((one, other) => (commandName(one) < commandName(other) ? -1 : 1))
    .map((one) => `  ${commandName(one).padEnd(NAME_WIDTH)} ${one.short}\n`)
    .join("");
}

const TYPE_NAMES = {
  boolean: "",
  text: " string",
  integer: " int",
  duration: " duration",
  list: " strings",
} as const;

/** A line for each flag, sorted, in two columns. Source: spf13/pflag, FlagUsages. */
export function flagLines(table: FlagTable): string {
  const rows = Object.entries(table)
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, { short, kind, help, preset }]) => {
      const letter = short === undefined ? "    " : `-${short}, `;
      return [
        `  ${letter}--${name}${TYPE_NAMES[kind]}`,
        `${help}${presetText(kind, preset)}`,
      ] as const;
    });
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `${left.padEnd(width)}   ${right}\n`).join("");
}

function presetText(kind: FlagDefinition["kind"], preset: string): string {
  if (["", "0", "false"].includes(preset)) return "";
  if (kind === "text") return ` (default "${preset}")`;
  return kind === "list" ? ` (default [${preset}])` : ` (default ${preset})`;
}

/** The table is loaded when it is asked for: this file is a part of it. */
export const HELP: CommandDefinition = {
  usage: "help [command]",
  short: "Says how to use a command",
  run: async ({ args, terminal }) => {
    const { COMMAND_GROUPS } = await import("./table.ts");
    const { placeCommand } = await import("./find.ts");
    const placed = placeCommand(args);
    if (placed !== undefined) {
      terminal.write(helpText(placed));
    } else if (args.length === 0) {
      terminal.write(programHelp(COMMAND_GROUPS));
    } else {
      const topics = args.map((topic) => `\`${topic}\``).join(" ");
      terminal.complain(`Unknown help topic [${topics}]\n${programHelp(COMMAND_GROUPS)}`);
    }
  },
};

export const OPTIONS: CommandDefinition = {
  usage: "options",
  short: "Lists the flags that all commands have",
  run: async ({ terminal }: Call) => {
    const { ALL_GLOBAL_FLAGS } = await import("./find.ts");
    const lines = flagLines(ALL_GLOBAL_FLAGS);
    terminal.write(`The following options can be passed to any command:\n\n${lines}`);
  },
};
