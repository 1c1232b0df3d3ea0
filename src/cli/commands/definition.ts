/** What a command is: the table of them is what runs, what helps, and what completes. */
import type { Client } from "../../client/index.ts";
import type { ConnectOptions } from "../../embed/index.ts";
import type { Environment } from "../environment.ts";
import type { Flags } from "./flags.ts";
import type { Session } from "./session.ts";

/** `list` is texts with commas between them. */
export type FlagKind = "boolean" | "text" | "integer" | "duration" | "list";

/** A flag of a command. */
export interface FlagDefinition {
  readonly kind: FlagKind;
  /** Its value when it is not given, as one would write it. */
  readonly preset: string;
  readonly help: string;
  /** One letter, for one dash. */
  readonly short?: string;
  /** All that it can be, for completion. */
  readonly choices?: readonly string[];
}

/** Flags by their names, without dashes. */
export type FlagTable = Readonly<Record<string, FlagDefinition>>;

/** A command, or a name that others stand below. */
export interface CommandDefinition {
  /** How to write it; the first word is its name. */
  readonly usage: string;
  /** What it does, on one line. */
  readonly short: string;
  /** What else there is to say. */
  readonly long?: string;
  readonly flags?: FlagTable;
  /** Flags of all commands below. */
  readonly sharedFlags?: FlagTable;
  readonly subcommands?: readonly CommandDefinition[];
  /** What its one argument can be. */
  readonly argumentChoices?: readonly string[];
  /** Throws CommandError, or what a client throws. */
  readonly run?: (call: Call) => Promise<void> | void;
}

/** One run of a command. */
export interface Call {
  readonly args: readonly string[];
  /** How many of the arguments are before `--`; undefined without one. */
  readonly separatorIndex: number | undefined;
  readonly flags: Flags;
  readonly terminal: Terminal;
  /** Heeds the environment and all flags that are not the command's own; see {@link Session}. */
  readonly session: () => Promise<Session>;
}

/** The world that commands run in; a test has its own. */
export interface Terminal {
  readonly environment: Environment;
  /** Standard input, as it comes. */
  readonly input: AsyncIterable<Uint8Array>;
  /** Standard output. */
  write(data: string | Uint8Array): void;
  /** Standard error. */
  complain(text: string): void;
  /** A line that is typed, without showing it where that can be helped; undefined at the end. */
  readSecret(prompt: string): Promise<string | undefined>;
  connect(urls: readonly string[], options: ConnectOptions): Promise<Client>;
  /** Resolves when the user wants it to end, by SIGINT or SIGTERM; without asking, they end it. */
  interrupted(): Promise<void>;
  /** Runs a program with more variables; resolves with its exit code, rejects if there is none. */
  execute(command: readonly string[], variables: Environment): Promise<number>;
  readonly nowMs: () => number;
  readonly sleep: (delayMs: number) => Promise<void>;
}

/** Exit codes. Source: etcd pkg/cobrautl/error.go. */
export const EXIT = {
  error: 1,
  badConnection: 2,
  invalidInput: 3,
  badFeature: 4,
  interrupted: 5,
  badArgs: 128,
} as const;

/** A command cannot go on: `Error: message` on standard error, and this code. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** The arguments are not what the command takes. */
export function badArguments(message: string): CommandError {
  return new CommandError(EXIT.badArgs, message);
}

/** The name of a command. */
export function commandName({ usage }: CommandDefinition): string {
  return usage.split(" ", 1)[0] ?? "";
}
