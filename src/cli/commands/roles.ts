/** role: what users may do. */
import { messages } from "../../wire/index.ts";
import { textOf } from "../go-text.ts";
import { badArguments } from "./definition.ts";
import type { Call, CommandDefinition, FlagTable } from "./definition.ts";
import { keyRange } from "./key-values.ts";
import { PATIENT } from "./users.ts";

async function roleAction(call: Call, action: "add" | "delete"): Promise<void> {
  const [name, ...more] = call.args;
  if (name === undefined || more.length > 0) {
    throw badArguments(`role ${action} command requires role name as its argument`);
  }
  const session = await call.session();
  const connection = await session.connect();
  const response =
    action === "add"
      ? await connection.call("roleAdd", { name }, PATIENT)
      : await connection.call("roleDelete", { role: name }, PATIENT);
  const text = `Role ${name} ${action === "add" ? "created" : "deleted"}`;
  session.printer.print({ kind: "done", text, hasFields: true, response });
}

async function roleGet(call: Call): Promise<void> {
  const [name, ...more] = call.args;
  if (name === undefined || more.length > 0) {
    throw badArguments("role get command requires role name as its argument");
  }
  const session = await call.session();
  const response = await (await session.connect()).call("roleGet", { role: name }, PATIENT);
  session.printer.print({ kind: "role", name, response });
}

async function roleList(call: Call): Promise<void> {
  if (call.args.length > 0) throw badArguments("role list command requires no arguments");
  const session = await call.session();
  const response = await (await session.connect()).call("roleList", {}, PATIENT);
  session.printer.print({ kind: "roleList", response });
}

async function grantPermission(call: Call): Promise<void> {
  const [role, kind, ...range] = call.args;
  if (role === undefined || kind === undefined || range.length === 0) {
    throw badArguments(
      "role grant command requires role name, permission type, and key [endkey] as its argument",
    );
  }
  const permType = Object.entries(messages.PermissionType).find(
    ([name]) => name === kind.toLowerCase(),
  )?.[1];
  if (permType === undefined) throw badArguments(`invalid permission type: ${kind}`);
  const perm = { permType, ...permissionRange(call, range) };
  const session = await call.session();
  const connection = await session.connect();
  const response = await connection.call("roleGrantPermission", { name: role, perm }, PATIENT);
  session.printer.print({ kind: "done", text: `Role ${role} updated`, hasFields: true, response });
}

async function revokePermission(call: Call): Promise<void> {
  const [role, ...range] = call.args;
  if (role === undefined || range.length === 0) {
    throw badArguments(
      "role revoke-permission command requires role name and key [endkey] as its argument",
    );
  }
  const { key, rangeEnd } = permissionRange(call, range);
  const session = await call.session();
  const connection = await session.connect();
  const response = await connection.call("roleRevokePermission", { role, key, rangeEnd }, PATIENT);
  const what = rangeWords(range[0] ?? "", textOf(rangeEnd));
  const text = `Permission of ${what} is revoked from role ${role}`;
  session.printer.print({ kind: "done", text, hasFields: true, response });
}

function rangeWords(key: string, end: string): string {
  if (end === "") return `key ${key}`;
  return end === "\0" ? `range [${key}, <open ended>` : `range [${key}, ${end})`;
}

/** Source: etcd etcdctl role_command.go, permRange. */
function permissionRange(
  { flags }: Call,
  range: readonly string[],
): { readonly key: Uint8Array; readonly rangeEnd: Uint8Array } {
  const [key = "", end] = range;
  const isPrefix = flags.boolean("prefix");
  const isFromKey = flags.boolean("from-key");
  if (isPrefix && isFromKey && (key === "" || end === undefined)) {
    throw badArguments("--from-key and --prefix flags are mutually exclusive");
  }
  if (key === "") {
    const first = Uint8Array.of(0);
    return { key: first, rangeEnd: isPrefix || isFromKey ? first : new Uint8Array() };
  }
  if (end !== undefined && (isPrefix || isFromKey)) {
    const flag = isPrefix ? "--prefix" : "--from-key";
    throw badArguments(`unexpected endkey argument with ${flag} flag`);
  }
  return keyRange({ args: range, isPrefix, isFromKey });
}

const WIDER: FlagTable = {
  prefix: { kind: "boolean", preset: "false", help: "every key that begins with the given one" },
  "from-key": { kind: "boolean", preset: "false", help: "the given key and every key after it" },
};

export const ROLE: CommandDefinition = {
  usage: "role <subcommand>",
  short: "Lists and changes roles",
  subcommands: [
    { usage: "add <role name>", short: "Makes a role", run: (call) => roleAction(call, "add") },
    {
      usage: "delete <role name>",
      short: "Takes a role away",
      run: (call) => roleAction(call, "delete"),
    },
    { usage: "get <role name>", short: "What a role may do", run: roleGet },
    { usage: "list", short: "Lists all roles", run: roleList },
    {
      usage: "grant-permission [options] <role name> <permission type> <key> [endkey]",
      short: "Lets a role read, write or both",
      flags: WIDER,
      run: grantPermission,
    },
    {
      usage: "revoke-permission <role name> <key> [endkey]",
      short: "Takes that back",
      flags: WIDER,
      run: revokePermission,
    },
  ],
};
