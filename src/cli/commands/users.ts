/** auth and user. */
import { EtcdError } from "../../wire/index.ts";
import { badArguments, CommandError, EXIT } from "./definition.ts";
import type { Call, CommandDefinition, FlagTable, Terminal } from "./definition.ts";
import { linesOf } from "./input.ts";
import { errorText } from "./session.ts";

/** Without a limit of time, as in etcdctl. */
export const PATIENT = { isPatient: true } as const;

const ROOT = "root";

function refuseArguments({ args }: Call, command: string): void {
  if (args.length > 0) throw badArguments(`${command} command does not accept any arguments`);
}

async function authStatus(call: Call): Promise<void> {
  refuseArguments(call, "auth status");
  const session = await call.session();
  const response = await (await session.connect()).call("authStatus", {});
  session.printer.print({ kind: "authStatus", response });
}

/** Gives the role root to the user root, where that is all that is missing. */
async function authEnable(call: Call): Promise<void> {
  refuseArguments(call, "auth enable");
  const connection = await (await call.session()).connect();
  try {
    await connection.refusable("authEnable", {});
  } catch (error) {
    const isRoleMissing = error instanceof EtcdError && error.reason === "rootRoleNotExist";
    if (!isRoleMissing) throw new CommandError(EXIT.error, errorText(error));
    await connection.call("roleAdd", { name: ROOT });
    await connection.call("userGrantRole", { user: ROOT, role: ROOT });
    await connection.call("authEnable", {});
  }
  call.terminal.write("Authentication Enabled\n");
}

async function authDisable(call: Call): Promise<void> {
  refuseArguments(call, "auth disable");
  await (await (await call.session()).connect()).call("authDisable", {});
  call.terminal.write("Authentication Disabled\n");
}

export const AUTH: CommandDefinition = {
  usage: "auth <enable or disable>",
  short: "Has users asked who they are, or not",
  subcommands: [
    { usage: "enable", short: "Has users asked who they are", run: authEnable },
    { usage: "disable", short: "Lets everybody do everything", run: authDisable },
    { usage: "status", short: "Whether users are asked", run: authStatus },
  ],
};

async function userAdd(call: Call): Promise<void> {
  const [given, ...more] = call.args;
  if (given === undefined || more.length > 0) {
    throw badArguments("user add command requires user name as its argument");
  }
  const noPassword = call.flags.boolean("no-password");
  const { name, password } = noPassword
    ? { name: given, password: "" }
    : await nameAndPassword(call, given);
  const session = await call.session();
  const request = { name, password, options: { noPassword } };
  const response = await (await session.connect()).call("userAdd", request, PATIENT);
  session.printer.print({ kind: "done", text: `User ${name} created`, hasFields: true, response });
}

async function nameAndPassword(
  { flags, terminal }: Call,
  given: string,
): Promise<{ readonly name: string; readonly password: string }> {
  const fromFlag = flags.text("new-user-password");
  if (fromFlag !== "") return { name: given, password: fromFlag };
  const colonAt = given.indexOf(":");
  if (colonAt === 0) throw badArguments("empty user name is not allowed");
  if (colonAt > 0) return { name: given.slice(0, colonAt), password: given.slice(colonAt + 1) };
  const isTyped = flags.boolean("interactive");
  return { name: given, password: await newPassword(terminal, { name: given, isTyped }) };
}

/** Typed twice, or the first word of standard input. */
async function newPassword(
  terminal: Terminal,
  { name, isTyped }: { readonly name: string; readonly isTyped: boolean },
): Promise<string> {
  if (!isTyped) {
    const { value } = await linesOf(withEnd(terminal.input)).next();
    return (value ?? "").trim().split(/\s/u)[0] ?? "";
  }
  const first = await terminal.readSecret(`Password of ${name}: `);
  if (first === undefined) throw badArguments("failed to ask password: EOF");
  if (first === "") throw badArguments("empty password");
  const again = await terminal.readSecret(`Type password of ${name} again for confirmation: `);
  if (again === undefined) throw badArguments("failed to ask password: EOF");
  if (first !== again) throw badArguments("given passwords are different");
  return first;
}

/** What was piped need not end its last line. */
async function* withEnd(input: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  yield* input;
  yield Buffer.from("\n");
}

async function userGet(call: Call): Promise<void> {
  const [name, ...more] = call.args;
  if (name === undefined || more.length > 0) {
    throw badArguments("user get command requires user name as its argument");
  }
  const session = await call.session();
  const connection = await session.connect();
  const response = await connection.call("userGet", { name }, PATIENT);
  if (!call.flags.boolean("detail")) {
    session.printer.print({ kind: "user", name, response });
    return;
  }
  call.terminal.write(`User: ${name}\n`);
  for (const role of response.roles) {
    call.terminal.write("\n");
    const answer = await connection.call("roleGet", { role }, PATIENT);
    session.printer.print({ kind: "role", name: role, response: answer });
  }
}

async function userList(call: Call): Promise<void> {
  if (call.args.length > 0) throw badArguments("user list command requires no arguments");
  const session = await call.session();
  const response = await (await session.connect()).call("userList", {}, PATIENT);
  session.printer.print({ kind: "userList", response });
}

async function userDelete(call: Call): Promise<void> {
  const [name, ...more] = call.args;
  if (name === undefined || more.length > 0) {
    throw badArguments("user delete command requires user name as its argument");
  }
  const session = await call.session();
  const response = await (await session.connect()).call("userDelete", { name }, PATIENT);
  session.printer.print({ kind: "done", text: `User ${name} deleted`, hasFields: true, response });
}

async function userPassword(call: Call): Promise<void> {
  const [name, ...more] = call.args;
  if (name === undefined || more.length > 0) {
    throw badArguments("user passwd command requires user name as its argument");
  }
  const isTyped = call.flags.boolean("interactive");
  const password = await newPassword(call.terminal, { name, isTyped });
  const session = await call.session();
  const connection = await session.connect();
  const response = await connection.call("userChangePassword", { name, password }, PATIENT);
  session.printer.print({ kind: "done", text: "Password updated", hasFields: true, response });
}

async function userRole(call: Call, action: "grant" | "revoke"): Promise<void> {
  const [name, role, ...more] = call.args;
  if (name === undefined || role === undefined || more.length > 0) {
    throw badArguments(
      action === "grant"
        ? "user grant command requires user name and role name as its argument"
        : "user revoke-role requires user name and role name as its argument",
    );
  }
  const session = await call.session();
  const connection = await session.connect();
  const response =
    action === "grant"
      ? await connection.call("userGrantRole", { user: name, role }, PATIENT)
      : await connection.call("userRevokeRole", { name, role }, PATIENT);
  const words = action === "grant" ? "granted to" : "revoked from";
  const text = `Role ${role} is ${words} user ${name}`;
  session.printer.print({ kind: "done", text, hasFields: true, response });
}

const INTERACTIVE: FlagTable = {
  interactive: {
    kind: "boolean",
    preset: "true",
    help: "have the password typed twice; with false, it is a line of standard input",
  },
};

export const USER: CommandDefinition = {
  usage: "user <subcommand>",
  short: "Lists and changes users",
  subcommands: [
    {
      usage: "add <user name or user:password> [options]",
      short: "Makes a user",
      flags: {
        ...INTERACTIVE,
        "new-user-password": { kind: "text", preset: "", help: "the user's password" },
        "no-password": {
          kind: "boolean",
          preset: "false",
          help: "a user who comes by a certificate only",
        },
      },
      run: userAdd,
    },
    { usage: "delete <user name>", short: "Takes a user away", run: userDelete },
    {
      usage: "get <user name> [options]",
      short: "Which roles a user has",
      flags: {
        detail: { kind: "boolean", preset: "false", help: "and what these roles may do" },
      },
      run: userGet,
    },
    { usage: "list", short: "Lists all users", run: userList },
    {
      usage: "passwd <user name> [options]",
      short: "Gives a user another password",
      flags: INTERACTIVE,
      run: userPassword,
    },
    {
      usage: "grant-role <user name> <role name>",
      short: "Gives a user a role",
      run: (call) => userRole(call, "grant"),
    },
    {
      usage: "revoke-role <user name> <role name>",
      short: "Takes a role from a user",
      run: (call) => userRole(call, "revoke"),
    },
  ],
};
