/** txn: conditions and two lists of operations, line by line from standard input. */
import { compare } from "../../client/index.ts";
import type { CompareOperator, Comparison, Operation } from "../../client/index.ts";
import { bytesOf, quoteBytes, unquote } from "../go-text.ts";
import { badArguments, commandName, CommandError, EXIT } from "./definition.ts";
import type { Call, CommandDefinition, Terminal } from "./definition.ts";
import { FlagError, parseFlags } from "./flags.ts";
import {
  DEL,
  deleteRequest,
  GET,
  parseDecimal,
  parseLease,
  PUT,
  putRequest,
  rangeRequest,
} from "./key-values.ts";
import { linesOf } from "./input.ts";
import { wordsOf } from "./words.ts";

export const TXN: CommandDefinition = {
  usage: "txn [options]",
  short: "Does several things at once, or others where conditions do not hold",
  long: `Reads a transaction from standard input: conditions, what to do when all of them hold, and what
to do when one does not, each with an empty line behind it.

  mod("key1") > "0"

  put key1 "was there"

  put key1 "is new"
  get key2 --prefix

A condition compares value, version, create, mod or lease of a key by =, !=, < or >.`,
  flags: {
    interactive: {
      kind: "boolean",
      preset: "false",
      short: "i",
      help: "say what comes next",
    },
  },
  run: txn,
};

async function txn({ args, flags, terminal, ...call }: Call): Promise<void> {
  if (args.length > 0) throw badArguments("txn command does not accept argument");
  const session = await call.session();
  const connection = await session.connect();
  const lines = linesOf(terminal.input);
  const ask = (prompt: string): void => {
    if (flags.boolean("interactive")) terminal.write(`${prompt}\n`);
  };
  ask("compares:");
  const conditions = await readUntilEmpty(lines, parseCondition);
  ask("success requests (get, put, del):");
  const success = await readUntilEmpty(lines, (line) => parseOperation(line, terminal));
  ask("failure requests (get, put, del):");
  const failure = await readUntilEmpty(lines, (line) => parseOperation(line, terminal));
  const request = { compare: conditions, success, failure };
  const response = await connection.call("txn", request, { isPatient: true });
  session.printer.print({ kind: "txn", response });
}

async function readUntilEmpty<Part>(
  lines: AsyncGenerator<string, void>,
  parse: (line: string) => Part | Promise<Part>,
): Promise<Part[]> {
  const parts: Part[] = [];
  for (;;) {
    const { done, value } = await lines.next();
    if (done === true) throw new CommandError(EXIT.invalidInput, "EOF");
    const line = value.trim();
    if (line === "") return parts;
    parts.push(await parse(line));
  }
}

const QUOTED_TEXT = '"(?:[^"\\\\]|\\\\.)*"|`[^`]*`';

/** What is behind the parenthesis, as far as it is there. */
const CONDITION = new RegExp(
  `^\\s*(${QUOTED_TEXT})(?:\\)\\s*(?:(\\S+)(?:\\s+(${QUOTED_TEXT}))?)?)?`,
  "su",
);

/** Source: etcd etcdctl txn_command.go, ParseCompare. */
function parseCondition(line: string): Comparison {
  const parenthesisAt = line.indexOf("(");
  if (parenthesisAt < 0) throw malformed(line);
  const target = line.slice(0, parenthesisAt);
  const [, ...parts] = CONDITION.exec(line.slice(parenthesisAt + 1)) ?? [];
  const key = unquote(parts[0] ?? "") ?? "";
  const operator = parts[1] ?? "";
  const value = unquote(parts[2] ?? "");
  if (value === undefined) {
    const got = `${target}(${quoteBytes(bytesOf(key))}) ${operator} ""`;
    throw malformed(`${line}; got ${got}`);
  }
  if (!isOperator(operator)) throw malformed(`${line} (unknown operator ${operator})`);
  const subject = compare(bytesOf(key));
  const number = (): number => {
    const parsed = parseDecimal(value);
    if (typeof parsed === "number") return parsed;
    throw new CommandError(EXIT.invalidInput, `invalid txn compare request: ${line}`);
  };
  switch (target) {
    case "ver":
    case "version":
      return subject.version(operator, number());
    case "c":
    case "create":
      return subject.createRevision(operator, number());
    case "m":
    case "mod":
      return subject.modRevision(operator, number());
    case "val":
    case "value":
      return subject.value(operator, bytesOf(value));
    case "lease":
      return subject.lease(operator, parseLease(value, "bad lease ID"));
    default:
      throw malformed(`${line} (unknown target ${target})`);
  }
}

function isOperator(text: string): text is CompareOperator {
  return ["=", "!=", "<", ">"].includes(text);
}

function malformed(what: string): CommandError {
  return new CommandError(EXIT.invalidInput, `malformed comparison: ${what}`);
}

/** Source: etcd etcdctl txn_command.go, parseRequestUnion. */
async function parseOperation(line: string, terminal: Terminal): Promise<Operation> {
  const [name = "", ...given] = wordsOf(line);
  if (given.length === 0) {
    throw new CommandError(EXIT.invalidInput, `invalid txn compare request: ${line}`);
  }
  const definitions = [GET, PUT, DEL].filter((one) => commandName(one).startsWith(name));
  const [definition] = definitions;
  try {
    if (definition === undefined || definitions.length > 1) throw new FlagError("no such command");
    const parsed = parseFlags(definition.flags ?? {}, given);
    // What is left of standard input is the rest of the transaction.
    const call = { ...parsed, terminal: { ...terminal, input: nothing() } };
    if (definition === PUT) return { requestPut: await putRequest(call) };
    if (definition === DEL) return { requestDeleteRange: await deleteRequest(call) };
    return { requestRange: rangeRequest(call) };
  } catch (error) {
    if (!(error instanceof FlagError)) throw error;
    throw new CommandError(EXIT.invalidInput, `invalid txn request: ${line}`);
  }
}

async function* nothing(): AsyncGenerator<Uint8Array, void> {
  // A value cannot come from it.
}
