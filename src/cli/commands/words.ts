/** A line typed into a command, as words. */
import { unquote } from "../go-text.ts";
import { CommandError, EXIT } from "./definition.ts";

/** Double quotes with escapes, single quotes without, or no space. Source: etcd util.go, Argify. */
const WORD = /"(?:[^"\\]|\\.)*"|'[^']*'|[^'"\t\n\f\r ][^\t\n\f\r ]*[^'"\t\n\f\r ]?/gu;

/** The words of a line. Throws CommandError for an escape that is none. */
export function wordsOf(line: string): string[] {
  return (line.match(WORD) ?? []).map((word) => {
    if (word.startsWith("'")) return word.slice(1, -1);
    if (!word.startsWith('"')) return word;
    const text = unquote(word);
    if (text === undefined) throw new CommandError(EXIT.invalidInput, "invalid syntax");
    return text;
  });
}
