/** completion: scripts for shells, made of the table of commands and of the server's flags. */
import { flagNames } from "../flag-table.ts";
import { quote } from "../go-values.ts";
import { badArguments, commandName } from "./definition.ts";
import type { Call, CommandDefinition, FlagTable } from "./definition.ts";
import { PROGRAM } from "./usage.ts";

const SHELLS = ["bash", "zsh", "fish"] as const;

export const COMPLETION: CommandDefinition = {
  usage: `completion [${SHELLS.join("|")}]`,
  short: "Prints a script that completes commands and flags in a shell",
  long: `Prints a script that completes commands and flags in a shell. To load it:

  source <(${PROGRAM} completion bash)                                        in ~/.bashrc
  source <(${PROGRAM} completion zsh)                                         in ~/.zshrc, after compinit
  ${PROGRAM} completion fish > ~/.config/fish/completions/${PROGRAM}.fish`,
  argumentChoices: SHELLS,
  run: completion,
};

async function completion({ args, terminal }: Call): Promise<void> {
  const [shell = ""] = args;
  if (args.length !== 1) throw badArguments(`accepts 1 arg(s), received ${args.length}`);
  const { COMMANDS, GLOBAL_FLAGS } = await import("./table.ts");
  const places = placesBelow("", COMMANDS, GLOBAL_FLAGS);
  const root: Place = { path: "", names: COMMANDS.map(described), flags: {}, words: [] };
  switch (shell) {
    case "bash":
      return terminal.write(bashScript([root, ...places]));
    case "zsh":
      return terminal.write(zshScript([root, ...places]));
    case "fish":
      return terminal.write(fishScript([root, ...places]));
    default:
      throw badArguments(`invalid argument ${quote(shell)} for "${PROGRAM} completion"`);
  }
}

/** What can be written behind a command. */
interface Place {
  /** The command: `/lease/grant`. */
  readonly path: string;
  /** Names of the commands below it, with what they do. */
  readonly names: readonly (readonly [name: string, help: string])[];
  readonly flags: FlagTable;
  /** What its argument can be. */
  readonly words: readonly string[];
}

function placesBelow(
  path: string,
  commands: readonly CommandDefinition[],
  inherited: FlagTable,
): Place[] {
  return commands.flatMap((definition) => {
    const { subcommands = [], flags = {}, sharedFlags = {}, argumentChoices = [] } = definition;
    const shared = { ...inherited, ...sharedFlags };
    const place = {
      path: `${path}/${commandName(definition)}`,
      names: subcommands.map(described),
      flags: { ...flags, ...shared },
      words: argumentChoices,
    };
    return [place, ...placesBelow(place.path, subcommands, shared)];
  });
}

function described(definition: CommandDefinition): readonly [string, string] {
  return [commandName(definition), definition.short];
}

/** Flags whose value is a file. */
const FILE_FLAGS = new Set(["cacert", "cert", "key"]);

/** The flags of all places whose values are known, as they are written, with these values. */
function choicesOf(places: readonly Place[]): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  for (const { flags } of places) {
    for (const [name, { choices, short }] of Object.entries(flags)) {
      if (choices === undefined) continue;
      const written = short === undefined ? `--${name}` : `--${name}|-${short}`;
      found.set(written, choices);
    }
  }
  return found;
}

function dashed(flags: FlagTable): string[] {
  return [...Object.keys(flags), "help"].toSorted().map((name) => `--${name}`);
}

/** The server's flags, which stand where a command would. */
function serverFlags(): string[] {
  return flagNames().map((name) => `--${name}`);
}

/** The parts that bash and zsh share; `variable` takes the candidates, with spaces between them. */
function caseLines(
  places: readonly Place[],
  variable: string,
): {
  readonly paths: string;
  readonly choices: string;
  readonly files: string;
  readonly candidates: string;
} {
  const choices = [...choicesOf(places)].map(
    ([written, values]) => `    ${written}) ${variable}="${values.join(" ")}" ;;`,
  );
  const candidates = places.map(({ path, names, words, flags }) => {
    const ownFlags = path === "" ? serverFlags() : dashed(flags);
    const all = [...names.map(([name]) => name), ...words, ...ownFlags];
    return `      "${path}") ${variable}="${all.join(" ")}" ;;`;
  });
  return {
    paths: places.flatMap(({ path }) => (path === "" ? [] : [path])).join("|"),
    choices: choices.join("\n"),
    files: [...FILE_FLAGS].map((name) => `--${name}`).join("|"),
    candidates: candidates.join("\n"),
  };
}

function bashScript(places: readonly Place[]): string {
  const { paths, choices, files, candidates } = caseLines(places, "words");
  return `# Completion of ${PROGRAM} in bash.
_${PROGRAM}() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} place= words= index
  # A flag and its value are three words: bash parts them at the equals sign.
  if [ "$current" = "=" ]; then
    current=
  elif [ "$previous" = "=" ]; then
    previous=\${COMP_WORDS[COMP_CWORD-2]}
  fi
  for ((index = 1; index < COMP_CWORD; index++)); do
    case "$place/\${COMP_WORDS[index]}" in
      ${paths}) place="$place/\${COMP_WORDS[index]}" ;;
    esac
  done
  case "$previous" in
${choices}
    ${files}) COMPREPLY=($(compgen -f -- "$current")); return ;;
  esac
  if [ -z "$words" ]; then
    case "$place" in
${candidates}
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -F _${PROGRAM} ${PROGRAM}
`;
}

function zshScript(places: readonly Place[]): string {
  const { paths, choices, files, candidates } = caseLines(places, "candidates");
  return `#compdef ${PROGRAM}
# Completion of ${PROGRAM} in zsh.
_${PROGRAM}() {
  local place= candidates= index
  local -a given=("\${(@)words}")
  local previous=\${given[CURRENT-1]} current=\${given[CURRENT]}
  if [[ "$current" == --*=* ]]; then
    previous=\${current%%=*}
    compset -P '*='
  fi
  for ((index = 2; index < CURRENT; index++)); do
    case "$place/\${given[index]}" in
      ${paths}) place="$place/\${given[index]}" ;;
    esac
  done
  case "$previous" in
${choices}
    ${files}) _files; return ;;
  esac
  if [[ -z "$candidates" ]]; then
    case "$place" in
${candidates}
    esac
  fi
  compadd -- \${=candidates}
}
compdef _${PROGRAM} ${PROGRAM}
`;
}

function fishScript(places: readonly Place[]): string {
  const lines = places.flatMap(({ path, names, words, flags }) => {
    const at = `complete -c ${PROGRAM} -n 'test (__${PROGRAM}_place) = "/${path.slice(1)}"'`;
    const own = Object.entries(flags).map(([name, { short, help, kind, choices }]) => {
      const letter = short === undefined ? "" : ` -s ${short}`;
      const values = choices === undefined ? "" : ` -a ${fishQuoted(choices.join(" "))}`;
      const takes = kind === "boolean" ? "" : FILE_FLAGS.has(name) ? " -r -F" : " -x";
      return `${at} -l ${name}${letter}${takes}${values} -d ${fishQuoted(help)}`;
    });
    const server = path === "" ? flagNames().map((name) => `${at} -l ${name}`) : [];
    return [
      ...names.map(([name, help]) => `${at} -f -a ${name} -d ${fishQuoted(help)}`),
      ...words.map((word) => `${at} -f -a ${word}`),
      ...own,
      ...server,
    ];
  });
  const paths = places.flatMap(({ path }) => (path === "" ? [] : [path])).join(" ");
  return `# Completion of ${PROGRAM} in fish.
function __${PROGRAM}_place
  set -l place
  for word in (commandline -opc)[2..]
    if contains -- "$place/$word" ${paths}
      set place "$place/$word"
    end
  end
  test -n "$place"; or set place /
  echo $place
end
complete -c ${PROGRAM} -f
${lines.join("\n")}
`;
}

function fishQuoted(text: string): string {
  return `'${text.replaceAll(/['\\]/gu, "\\$&")}'`;
}
