/**
 * watch: prints changes as they happen, and runs a command for each. All watches of one run are on one
 * stream, which is opened again where it left off when the server comes back.
 */
import { messages } from "../../wire/index.ts";
import { bytesOf, quoteBytes } from "../go-text.ts";
import { quote } from "../go-values.ts";
import { badArguments, CommandError, EXIT } from "./definition.ts";
import type { Call, CommandDefinition, FlagTable } from "./definition.ts";
import { FlagError, parseFlags } from "./flags.ts";
import type { ParsedCommandLine } from "./flags.ts";
import { keyRange } from "./key-values.ts";
import { linesOf } from "./input.ts";
import type { Session } from "./session.ts";
import { SilentExit, WATCH_VARIABLES } from "./variables.ts";
import { WatchBoard } from "./watch-board.ts";
import { wordsOf } from "./words.ts";

const YES_OR_NO = { kind: "boolean", preset: "false" } as const;

/** Flags that a line of an interactive watch has, too. */
const FLAGS: FlagTable = {
  interactive: { ...YES_OR_NO, short: "i", help: "read what to watch from standard input" },
  prefix: { ...YES_OR_NO, help: "every key that begins with the given one" },
  rev: { kind: "integer", preset: "0", help: "first revision to hear of; 0 is the next one" },
  "prev-kv": { ...YES_OR_NO, help: "print what was there before, too" },
  "progress-notify": { ...YES_OR_NO, help: "say how far it is when nothing happens" },
};

export const WATCH: CommandDefinition = {
  usage: "watch [options] [key or prefix] [range_end] [--] [exec-command arg1 arg2 ...]",
  short: "Prints changes of keys as they happen",
  long: `Prints changes of a key, a prefix or a range as they happen, until it is interrupted. A command behind
-- is run for each change, with ETCD_WATCH_REVISION, ETCD_WATCH_EVENT_TYPE, ETCD_WATCH_KEY and
ETCD_WATCH_VALUE in its environment.

With --interactive, lines of standard input say what to watch: "watch key --prefix", and "progress".
ETCDCTL_WATCH_KEY and ETCDCTL_WATCH_RANGE_END stand for the key and the end of the range.`,
  flags: FLAGS,
  run: watch,
};

async function watch(call: Call): Promise<void> {
  const { key = "", rangeEnd = "" } = watchVariables(call);
  if (key === "" && rangeEnd !== "") {
    const given = `${WATCH_VARIABLES.rangeEnd}=${quote(rangeEnd)}`;
    throw badArguments(`${WATCH_VARIABLES.key} is empty but got ${given}`);
  }
  if (call.flags.boolean("interactive")) return await watchLines(call);
  const wanted = watchedOf(call, call);
  const session = await call.session();
  const board = new WatchBoard((await session.connect()).client, call.terminal);
  try {
    await follow(call, session, { board, wanted: requestOf(wanted), command: wanted.command });
  } finally {
    board.close();
  }
  throw new CommandError(EXIT.interrupted, "watch is canceled by the server");
}

/** Source: etcd etcdctl watch_command.go, watchInteractiveFunc. */
async function watchLines(call: Call): Promise<void> {
  const { terminal } = call;
  const session = await call.session();
  const board = new WatchBoard((await session.connect()).client, terminal);
  let fail: (error: unknown) => void = () => undefined;
  const failed = new Promise<never>((_resolve, reject) => (fail = reject));
  const heed = async (): Promise<void> => {
    for await (const line of linesOf(terminal.input)) {
      const words = wordsOf(line);
      if (words[0] === "progress") board.requestProgress();
      else if (words[0] === "watch") startWatch(call, session, { board, words, line, fail });
      else if (words[0] === undefined) {
        terminal.complain(`Invalid command: ${line} (watch and progress supported)\n`);
      } else terminal.complain(`Invalid command ${line} (only support watch)\n`);
    }
  };
  try {
    await Promise.race([heed(), failed]);
  } finally {
    board.close();
  }
  throw new CommandError(EXIT.invalidInput, "error reading watch request line: EOF");
}

interface TypedWatch {
  readonly board: WatchBoard;
  readonly words: readonly string[];
  readonly line: string;
  readonly fail: (error: unknown) => void;
}

/** Begins what a line asks for; what goes wrong later goes to `fail`. */
function startWatch(call: Call, session: Session, typed: TypedWatch): void {
  const { board, words, line, fail } = typed;
  const hasKey = watchVariables(call).key !== undefined;
  if (words.length < 2 && !hasKey) {
    call.terminal.complain(`Invalid command ${line} (command type or key is not provided)\n`);
    return;
  }
  let parsed: ParsedCommandLine;
  try {
    parsed = parseFlags(FLAGS, words.slice(1));
  } catch (error) {
    if (error instanceof FlagError) throw badArguments(error.message);
    throw error;
  }
  const wanted = watchedOf(call, parsed);
  follow(call, session, { board, wanted: requestOf(wanted), command: wanted.command }).catch(fail);
}

function watchVariables({ terminal: { environment } }: Call): {
  readonly key: string | undefined;
  readonly rangeEnd: string | undefined;
} {
  const { key, rangeEnd } = WATCH_VARIABLES;
  return { key: environment[key] || undefined, rangeEnd: environment[rangeEnd] || undefined };
}

interface Watched {
  readonly args: readonly string[];
  readonly command: readonly string[];
  readonly flags: Call["flags"];
}

const WRONG_COUNT = "bad number of arguments";

/** What is to be watched, and what to be run. Source: etcd etcdctl watch_command.go, parseWatchArgs. */
function watchedOf(call: Call, { args, separatorIndex, flags }: ParsedCommandLine): Watched {
  const { key, rangeEnd } = watchVariables(call);
  const own = args.slice(0, separatorIndex);
  const command = separatorIndex === undefined ? [] : args.slice(separatorIndex);
  if (separatorIndex !== undefined && command.length === 0) {
    throw badArguments(`${WRONG_COUNT} (found separator --, but no commands)`);
  }
  if (key !== undefined && own.length > 0) {
    throw badArguments(`${WRONG_COUNT} (found conflicting environment key)`);
  }
  const fromVariables =
    key === undefined ? [] : [key, ...(rangeEnd === undefined ? [] : [rangeEnd])];
  return { args: [...fromVariables, ...own], command, flags };
}

function requestOf({ args, flags }: Watched): messages.WatchCreateRequestInit {
  const [first] = args;
  if (first === undefined) throw badArguments(WRONG_COUNT);
  const isPrefix = flags.boolean("prefix");
  // More of them than two count for nothing, as in etcdctl.
  const given = args.length === 2 ? args : [first];
  if (given.length === 2 && isPrefix) {
    throw badArguments("`range_end` and `--prefix` are mutually exclusive");
  }
  return {
    ...keyRange({ args: given, isPrefix, isFromKey: false }),
    startRevision: flags.integer("rev"),
    prevKv: flags.boolean("prev-kv"),
    progressNotify: flags.boolean("progress-notify"),
  };
}

/** Prints what one watch hears, until the server ends it. */
async function follow(
  { terminal }: Call,
  { printer }: Session,
  options: {
    readonly board: WatchBoard;
    readonly wanted: messages.WatchCreateRequestInit;
    readonly command: readonly string[];
  },
): Promise<void> {
  for await (const response of options.board.watch(options.wanted)) {
    if (response.canceled) {
      const isCompacted = response.compactRevision !== 0;
      const why = isCompacted
        ? "etcdserver: mvcc: required revision has been compacted"
        : response.cancelReason || "etcdserver: mvcc: required revision is a future revision";
      terminal.complain(`watch was canceled (${why})\n`);
    } else if (response.events.length === 0) {
      terminal.write(`progress notify: ${response.header?.revision ?? 0}\n`);
    }
    printer.print({ kind: "watch", response });
    if (options.command.length > 0) await runForEach(terminal, options.command, response);
  }
}

async function runForEach(
  terminal: Call["terminal"],
  command: readonly string[],
  { events, header }: messages.WatchResponse,
): Promise<void> {
  for (const { type, kv } of events) {
    const name = type === messages.EventType.delete ? "DELETE" : "PUT";
    const nothing = new Uint8Array();
    const variables = {
      ETCD_WATCH_REVISION: String(header?.revision ?? 0),
      ETCD_WATCH_EVENT_TYPE: quote(name),
      ETCD_WATCH_KEY: quoteBytes(kv?.key ?? nothing),
      ETCD_WATCH_VALUE: quoteBytes(kv?.value ?? nothing),
    };
    const problem = await terminal.execute(command, variables).then(
      (code) => (code === 0 ? undefined : `exit status ${code}`),
      (error: unknown) => String(error instanceof Error ? error.message : error),
    );
    if (problem !== undefined) {
      terminal.complain(`command ${goList(command)} error (${problem})\n`);
      throw new SilentExit(EXIT.error);
    }
  }
}

/** Texts as Go prints a list of them by %q. */
function goList(texts: readonly string[]): string {
  return `[${texts.map((text) => quoteBytes(bytesOf(text))).join(" ")}]`;
}
