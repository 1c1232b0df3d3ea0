/** get, put, del and compaction. */
import { prefixEnd } from "../../client/index.ts";
import { messages } from "../../wire/index.ts";
import { parseInteger, quote } from "../go-values.ts";
import { bytesOf } from "../go-text.ts";
import { badArguments, CommandError, EXIT } from "./definition.ts";
import type { Call, CommandDefinition, FlagTable } from "./definition.ts";
import { integerProblem } from "./flags.ts";
import { readAll } from "./input.ts";
import { collectRange } from "./range-stream.ts";

/** A part of a call: what a line of a transaction has, too. */
export type OperationCall = Pick<Call, "args" | "flags" | "terminal">;

/** The key before all others; with {@link TO_THE_END} it means every key. */
const FIRST_KEY = Uint8Array.of(0);
const TO_THE_END = Uint8Array.of(0);
const NO_END: Uint8Array = new Uint8Array();

/** How long `del` waits before it deletes a range, ms. Source: etcd del_command.go. */
const REGRET_MS = 2_000;

const BOTH_WIDER = "`--prefix` and `--from-key` cannot be set at the same time, choose one";
const TOO_MANY =
  "too many arguments, only accept one argument when `--prefix` or `--from-key` is set";

/** Flags of `get` and `member list`. */
export const CONSISTENCY: FlagTable = {
  consistency: {
    kind: "text",
    preset: "l",
    help: "linearizable (l) reads what is newest, serializable (s) what the member has",
    choices: ["l", "s"],
  },
};

/** Whether a reading may be old. Throws CommandError for what is neither. */
export function isSerializable(consistency: string): boolean {
  if (consistency === "s") return true;
  if (consistency === "l") return false;
  throw new CommandError(EXIT.badFeature, `unknown consistency flag ${quote(consistency)}`);
}

const REVISION = { kind: "integer", preset: "0" } as const;
const YES_OR_NO = { kind: "boolean", preset: "false" } as const;

export const GET: CommandDefinition = {
  usage: "get [options] <key> [range_end]",
  short: "Reads a key or a range of keys",
  flags: {
    ...CONSISTENCY,
    order: {
      kind: "text",
      preset: "",
      help: "sort upwards or downwards",
      choices: ["ASCEND", "DESCEND"],
    },
    "sort-by": {
      kind: "text",
      preset: "",
      help: "what to sort by",
      choices: ["CREATE", "KEY", "MODIFY", "VALUE", "VERSION"],
    },
    limit: { ...REVISION, help: "most keys to print; 0 is no limit" },
    prefix: { ...YES_OR_NO, help: "every key that begins with the given one" },
    "from-key": { ...YES_OR_NO, help: "the given key and every key after it" },
    rev: { ...REVISION, help: "read as of this revision; 0 is the newest" },
    "keys-only": { ...YES_OR_NO, help: "leave the values out" },
    "count-only": { ...YES_OR_NO, help: "only how many keys; for --write-out=fields" },
    "print-value-only": { ...YES_OR_NO, help: "leave the keys out; for --write-out=simple" },
    "min-create-rev": { ...REVISION, help: "leave out keys made before this revision" },
    "max-create-rev": { ...REVISION, help: "leave out keys made after this revision" },
    "min-mod-rev": { ...REVISION, help: "leave out keys changed last before this revision" },
    "max-mod-rev": { ...REVISION, help: "leave out keys changed last after this revision" },
    stream: { ...YES_OR_NO, help: "read piece by piece, by the method RangeStream" },
  },
  run: get,
};

async function get(call: Call): Promise<void> {
  const request = rangeRequest(call);
  const session = await call.session();
  const connection = await session.connect();
  const response = call.flags.boolean("stream")
    ? await collectRange(connection, request)
    : await connection.call("range", request);
  if (call.flags.boolean("count-only") && session.printer.format !== "fields") {
    throw badArguments("--count-only is only for `--write-out=fields`");
  }
  const isValueOnly = call.flags.boolean("print-value-only");
  if (isValueOnly && session.printer.format !== "simple") {
    throw badArguments("print-value-only is only for `--write-out=simple`");
  }
  const printer = isValueOnly ? session.printer.withoutKeys() : session.printer;
  printer.print({ kind: "range", response });
}

/** What `get` asks for. Source: etcd etcdctl get_command.go, getGetOp. */
export function rangeRequest({ args, flags }: OperationCall): messages.RangeRequestInit {
  if (args.length === 0) {
    throw badArguments(
      "get command needs one argument as key and an optional argument as range_end",
    );
  }
  const isPrefix = flags.boolean("prefix");
  const isFromKey = flags.boolean("from-key");
  if (isPrefix && isFromKey) throw badArguments(BOTH_WIDER);
  if (flags.boolean("keys-only") && flags.boolean("count-only")) {
    throw badArguments(
      "`--keys-only` and `--count-only` cannot be set at the same time, choose one",
    );
  }
  const serializable = isSerializable(flags.text("consistency"));
  if (args.length > 1 && (isPrefix || isFromKey)) throw badArguments(TOO_MANY);
  const positive = (name: string): number => Math.max(flags.integer(name), 0);
  const request = {
    ...keyRange({ args, isPrefix, isFromKey }),
    ...sorting(flags.text("order"), flags.text("sort-by")),
    serializable,
    limit: flags.integer("limit"),
    revision: positive("rev"),
    keysOnly: flags.boolean("keys-only"),
    countOnly: flags.boolean("count-only"),
    minCreateRevision: positive("min-create-rev"),
    maxCreateRevision: positive("max-create-rev"),
    minModRevision: positive("min-mod-rev"),
    maxModRevision: positive("max-mod-rev"),
  };
  refuseEmpty("Create", request.minCreateRevision, request.maxCreateRevision);
  refuseEmpty("Mod", request.minModRevision, request.maxModRevision);
  return request;
}

function refuseEmpty(what: string, least: number, most: number): void {
  if (most > 0 && least > most) {
    const text = `getMin${what}Rev(=${least}) > getMax${what}Rev(=${most})`;
    throw new CommandError(EXIT.badFeature, text);
  }
}

/** The two fields of a range. Source: etcd client/v3/op.go, WithPrefix and WithFromKey. */
export function keyRange(options: {
  readonly args: readonly string[];
  readonly isPrefix: boolean;
  readonly isFromKey: boolean;
}): { readonly key: Uint8Array; readonly rangeEnd: Uint8Array } {
  const [given = "", end] = options.args;
  const key = bytesOf(given);
  if (options.isFromKey || (options.isPrefix && key.length === 0)) {
    return { key: key.length === 0 ? FIRST_KEY : key, rangeEnd: TO_THE_END };
  }
  if (options.isPrefix) return { key, rangeEnd: prefixEnd(key) };
  return { key, rangeEnd: end === undefined ? NO_END : bytesOf(end) };
}

const ORDERS: ReadonlyMap<string, messages.SortOrder> = new Map([
  ["", messages.SortOrder.none],
  ["ASCEND", messages.SortOrder.ascend],
  ["DESCEND", messages.SortOrder.descend],
]);

const TARGETS: ReadonlyMap<string, messages.SortTarget> = new Map([
  ["", messages.SortTarget.key],
  ["CREATE", messages.SortTarget.create],
  ["KEY", messages.SortTarget.key],
  ["MODIFY", messages.SortTarget.mod],
  ["VALUE", messages.SortTarget.value],
  ["VERSION", messages.SortTarget.version],
]);

/** Source: etcd client/v3/op.go, WithSort, for keys upwards: that is how they come anyway. */
function sorting(
  order: string,
  target: string,
): Pick<messages.RangeRequestInit, "sortOrder" | "sortTarget"> {
  const sortOrder = ORDERS.get(order.toUpperCase());
  if (sortOrder === undefined) {
    throw new CommandError(EXIT.badFeature, `bad sort order ${order}`);
  }
  const sortTarget = TARGETS.get(target.toUpperCase());
  if (sortTarget === undefined) {
    throw new CommandError(EXIT.badFeature, `bad sort target ${target}`);
  }
  const isPlain = sortTarget === messages.SortTarget.key && sortOrder === messages.SortOrder.ascend;
  return { sortOrder: isPlain ? messages.SortOrder.none : sortOrder, sortTarget };
}

export const PUT: CommandDefinition = {
  usage: "put [options] <key> <value> (<value> can also be given from stdin)",
  short: "Writes a value to a key",
  long: `Writes a value to a key. Without <value>, the value is what standard input has.

A key or a value that begins with a dash is taken for a flag, unless -- is before it:

  etcdlet put <key> -- <value>
  etcdlet put -- <key> <value>
  etcdlet put <key> < file`,
  flags: {
    lease: { kind: "text", preset: "0", help: "lease to hang the key on, in hexadecimal" },
    "prev-kv": { ...YES_OR_NO, help: "print what was there before" },
    "ignore-value": { ...YES_OR_NO, help: "keep the value there is" },
    "ignore-lease": { ...YES_OR_NO, help: "keep the lease there is" },
  },
  run: put,
};

async function put(call: Call): Promise<void> {
  const request = await putRequest(call);
  const session = await call.session();
  const response = await (await session.connect()).call("put", request);
  session.printer.print({ kind: "put", response });
}

/** What `put` asks for. Source: etcd etcdctl put_command.go, getPutOp. */
export async function putRequest(call: OperationCall): Promise<messages.PutRequestInit> {
  const { args, flags, terminal } = call;
  const [key, given] = args;
  const isValueIgnored = flags.boolean("ignore-value");
  const wrong = badArguments("put command needs 1 argument and input from stdin or 2 arguments");
  if (key === undefined) throw wrong;
  if (isValueIgnored && given !== undefined) {
    throw badArguments("put command needs only 1 argument when 'ignore-value' is set");
  }
  let value = NO_END;
  if (given !== undefined) {
    value = bytesOf(given);
  } else if (!isValueIgnored) {
    value = await readAll(terminal.input);
    if (value.length === 0) throw wrong;
  }
  return {
    key: bytesOf(key),
    value,
    lease: parseLease(flags.text("lease"), "bad lease ID"),
    prevKv: flags.boolean("prev-kv"),
    ignoreValue: isValueIgnored,
    ignoreLease: flags.boolean("ignore-lease"),
  };
}

/** The id of a lease, in hexadecimal. Throws CommandError for what is none. */
export function parseLease(text: string, problem: string): bigint {
  const [, sign = "", digits = ""] = /^([+-]?)(.*)$/su.exec(text) ?? [];
  const id = parseInteger(`${sign}0x${digits}`, { signed: true, bits: 64 });
  if (typeof id === "bigint" && !digits.includes("_")) return id;
  const what = integerProblem(text, typeof id === "bigint" ? "syntax" : id);
  throw badArguments(`${problem} (${what}), expecting ID in Hex`);
}

export const DEL: CommandDefinition = {
  usage: "del [options] <key> [range_end]",
  short: "Deletes a key, or a range of keys [key, range_end)",
  flags: {
    prefix: { ...YES_OR_NO, help: "every key that begins with the given one" },
    "prev-kv": { ...YES_OR_NO, help: "print what was deleted" },
    "from-key": { ...YES_OR_NO, help: "the given key and every key after it" },
    range: { ...YES_OR_NO, help: "delete a range without a pause before" },
  },
  run: del,
};

async function del(call: Call): Promise<void> {
  const request = await deleteRequest(call);
  const session = await call.session();
  const response = await (await session.connect()).call("deleteRange", request);
  session.printer.print({ kind: "delete", response });
}

/** What `del` asks for. Source: etcd etcdctl del_command.go, getDelOp. */
export async function deleteRequest(call: OperationCall): Promise<messages.DeleteRangeRequestInit> {
  const { args, flags, terminal } = call;
  if (args.length === 0 || args.length > 2) {
    throw badArguments(
      "del command needs one argument as key and an optional argument as range_end",
    );
  }
  const isPrefix = flags.boolean("prefix");
  const isFromKey = flags.boolean("from-key");
  if (isPrefix && isFromKey) throw badArguments(BOTH_WIDER);
  const [first = "", end] = args;
  if (end !== undefined) {
    if (isPrefix || isFromKey) throw badArguments(TOO_MANY);
    if (!flags.boolean("range")) {
      terminal.complain(
        `Warning: Keys between ${quote(first)} and ${quote(end)} will be deleted. Please interrupt ` +
          "the command within next 2 seconds to cancel. You can provide `--range` flag to avoid " +
          "the delay.\n",
      );
      await terminal.sleep(REGRET_MS);
    }
  }
  return { ...keyRange({ args, isPrefix, isFromKey }), prevKv: flags.boolean("prev-kv") };
}

export const COMPACTION: CommandDefinition = {
  usage: "compaction [options] <revision>",
  short: "Forgets the history before a revision",
  flags: { physical: { ...YES_OR_NO, help: "wait until it is gone from the disk" } },
  run: async ({ args, flags, session, terminal }) => {
    const [given] = args;
    if (given === undefined || args.length > 1) {
      throw badArguments("compaction command needs 1 argument");
    }
    const revision = parseDecimal(given);
    if (typeof revision === "string") throw new CommandError(EXIT.error, revision);
    const connection = await (await session()).connect();
    const physical = flags.boolean("physical");
    await connection.call("compact", { revision, physical });
    terminal.write(`compacted revision ${revision}\n`);
  },
};

/** A number in base 10, or what Go says of a text that is none. Source: Go strconv.ParseInt. */
export function parseDecimal(text: string): number | string {
  const [, sign = "", digits] = /^([+-]?)0*([0-9]+)$/u.exec(text) ?? [];
  if (digits === undefined) return integerProblem(text, "syntax");
  const value = parseInteger(`${sign}${digits}`, { signed: true, bits: 64 });
  return typeof value === "bigint" ? Number(value) : integerProblem(text, value);
}
