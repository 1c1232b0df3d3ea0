/** What `--help` says. Loaded only for it, and for a command line that cannot be parsed. */
import { FEATURE_GATES } from "./feature-gates.ts";
import { FLAG_GROUPS } from "./flag-table.ts";
import type { FlagDefinition } from "./flag-table/definition.ts";

/** The ways to call the program; goes to standard error, as in etcd. */
export const USAGE = `Usage:

  etcdlet [flags]
    Start a server. Every flag is etcd's, by its name; --help lists them.

  etcdlet --version
    Show the version and exit.

  etcdlet -h | --help
    Show this help and exit.

  etcdlet --config-file path
    Start a server with the settings of a file, in YAML or JSON. All other flags and the
    environment are then ignored. Durations in the file are whole nanoseconds.

Each flag can also be set by a variable of the environment: ETCD_ and the name of the flag in
capitals, with _ for -. One that is set both ways is an error.
`;

/** The list of flags; goes to standard output, as in etcd. */
export function flagsText(): string {
  const lines: string[] = [];
  for (const [title, flags] of FLAG_GROUPS) {
    lines.push("", `${title}:`);
    for (const [name, definition] of Object.entries<FlagDefinition>(flags)) {
      lines.push(`  --${name} '${presetText(name, definition)}'`, `    ${definition.help}`);
      if (definition.kind === "gates") {
        lines.push(...gateLines());
      }
      lines.push(...statusLines(definition));
    }
  }
  lines.push("", "Flags marked unsafe can lose data that was acknowledged.", "");
  return lines.join("\n");
}

function presetText(name: string, definition: FlagDefinition): string {
  return name === "data-dir" ? "${name}.etcd" : definition.preset;
}

function gateLines(): readonly string[] {
  return [...FEATURE_GATES].map(([name, { stage, enabledByDefault, reason }]) => {
    const effect = reason === undefined ? "" : "; no effect here";
    return `    ${name}=true|false (${stage} - default=${enabledByDefault}${effect})`;
  });
}

function statusLines(definition: FlagDefinition): readonly string[] {
  switch (definition.status) {
    case "effective":
      return [];
    case "accepted":
      return [`    No effect: ${definition.reason ?? ""}.`];
    case "later":
      return [`    Not supported: ${definition.reason ?? ""}.`];
  }
}
