/** Runs one command: from words to an exit code. */
import { CommandError, EXIT } from "./definition.ts";
import type { Terminal } from "./definition.ts";
import { ALL_GLOBAL_FLAGS, findCommand } from "./find.ts";
import { FlagError, parseFlags } from "./flags.ts";
import { errorText, Session } from "./session.ts";
import { helpText, usageText } from "./usage.ts";
import { SilentExit } from "./variables.ts";

export { isCommand } from "./find.ts";

/**
 * Runs the command that `words` begin with; resolves with its exit code. Never rejects for what a
 * user or a server can do wrong.
 */
export async function runCommand(words: readonly string[], terminal: Terminal): Promise<number> {
  const found = findCommand(words);
  try {
    const shared = { ...ALL_GLOBAL_FLAGS, ...found.inherited };
    const parsed = parseFlags({ ...shared, ...found.flags }, found.rest);
    const { run } = found.definition;
    if (parsed.flags.boolean("help") || run === undefined) {
      terminal.write(helpText(found));
      return 0;
    }
    await run({ ...parsed, terminal, session: () => Session.open(parsed.flags, terminal, shared) });
    return 0;
  } catch (error) {
    if (error instanceof SilentExit) return error.code;
    const code = error instanceof CommandError ? error.code : EXIT.error;
    const usage = error instanceof FlagError ? `${usageText(found)}\n` : "";
    terminal.complain(`Error: ${errorText(error)}\n${usage}`);
    return code;
  }
}
