/** alarm, move-leader, downgrade and snapshot. */
import { open, rename, rm } from "node:fs/promises";
import type { Client } from "../../client/index.ts";
import { messages } from "../../wire/index.ts";
import { badArguments, CommandError, EXIT } from "./definition.ts";
import type { Call, CommandDefinition } from "./definition.ts";
import { parseMember } from "./members.ts";
import { errorText } from "./session.ts";

async function alarm(call: Call, action: "list" | "disarm"): Promise<void> {
  if (call.args.length > 0) throw badArguments(`alarm ${action} command accepts no arguments`);
  const session = await call.session();
  const connection = await session.connect();
  const { AlarmAction } = messages;
  const listed = await connection.call("alarm", { action: AlarmAction.get });
  if (action === "list") {
    session.printer.print({ kind: "alarm", response: listed });
    return;
  }
  // Source: etcd client/v3/maintenance.go, AlarmDisarm without a member: each by itself.
  const response: messages.AlarmResponse = { header: undefined, alarms: [] };
  for (const { memberId, alarm: kind } of listed.alarms) {
    const request = { action: AlarmAction.deactivate, memberId, alarm: kind };
    const { alarms } = await connection.call("alarm", request);
    response.alarms.push(...alarms);
  }
  session.printer.print({ kind: "alarm", response });
}

export const ALARM: CommandDefinition = {
  usage: "alarm <subcommand>",
  short: "Lists alarms and takes them back",
  subcommands: [
    { usage: "disarm", short: "Takes all alarms back", run: (call) => alarm(call, "disarm") },
    { usage: "list", short: "Lists all alarms", run: (call) => alarm(call, "list") },
  ],
};

export const MOVE_LEADER: CommandDefinition = {
  usage: "move-leader <transferee-member-id>",
  short: "Makes another member the leader",
  run: moveLeader,
};

async function moveLeader({ args, ...call }: Call): Promise<void> {
  const [given] = args;
  if (given === undefined || args.length > 1) {
    throw badArguments("move-leader command needs 1 argument");
  }
  const targetId = parseMember(given);
  if (typeof targetId === "string") throw badArguments(targetId);
  const session = await call.session();
  for (const endpoint of session.endpoints) {
    const connection = await session.connect([endpoint]);
    const { leader, header } = await connection.call("status", {});
    if (leader !== header?.memberId) {
      connection.close();
      continue;
    }
    const response = await connection.call("moveLeader", { targetId });
    const [from, to] = [leader, targetId].map((id) => id.toString(16));
    const text = `Leadership transferred from ${from ?? ""} to ${to ?? ""}`;
    session.printer.print({ kind: "done", text, hasFields: false, response });
    return;
  }
  throw badArguments(`no leader endpoint given at [${session.endpoints.join(" ")}]`);
}

async function downgrade(call: Call, action: keyof typeof messages.DowngradeAction): Promise<void> {
  const [version = "", ...more] = call.args;
  if (action !== "cancel") {
    if (call.args.length === 0) throw badArguments("TARGET_VERSION not provided");
    if (more.length > 0) throw badArguments("too many arguments");
    if (version === "") throw badArguments("target version not provided");
  }
  const session = await call.session();
  const connection = await session.connect();
  const response = await connection.call("downgrade", {
    action: messages.DowngradeAction[action],
    version: action === "cancel" ? "" : version,
  });
  const text = `Downgrade ${action} success, cluster version ${response.version}`;
  session.printer.print({ kind: "done", text, hasFields: false, response });
}

export const DOWNGRADE: CommandDefinition = {
  usage: "downgrade <TARGET_VERSION>",
  short: "Prepares the cluster for an older version",
  subcommands: [
    {
      usage: "validate <TARGET_VERSION>",
      short: "Whether it can be prepared",
      run: (call) => downgrade(call, "validate"),
    },
    {
      usage: "enable <TARGET_VERSION>",
      short: "Begins to prepare it",
      run: (call) => downgrade(call, "enable"),
    },
    { usage: "cancel", short: "Takes that back", run: (call) => downgrade(call, "cancel") },
  ],
};

export const SNAPSHOT: CommandDefinition = {
  usage: "snapshot <subcommand>",
  short: "Writes the store to a file",
  subcommands: [
    { usage: "save <filename>", short: "Writes the store of an endpoint to a file", run: save },
  ],
};

/** Beside the file until all of it is there. Source: etcd client/v3/snapshot/v3_snapshot.go. */
async function save({ args, ...call }: Call): Promise<void> {
  const [path] = args;
  if (path === undefined || args.length > 1) {
    throw badArguments("snapshot save expects one argument <filename>");
  }
  const session = await call.session();
  if (session.endpoints.length !== 1) {
    const list = session.endpoints.map((endpoint) => `"${endpoint}"`).join(" ");
    throw new CommandError(
      EXIT.interrupted,
      `snapshot must be requested to one selected node, not multiple [${list}]`,
    );
  }
  const { client } = await session.connect();
  const partPath = `${path}.part`;
  let version = "";
  try {
    version = await writeSnapshot(client, partPath);
    await rename(partPath, path);
  } catch (error) {
    await rm(partPath, { force: true });
    throw new CommandError(EXIT.interrupted, errorText(error));
  }
  call.terminal.write(`Snapshot saved at ${path}\n`);
  if (version !== "") call.terminal.write(`Server version ${version}\n`);
}

/** Resolves with the version of the server, when all is on the disk. */
async function writeSnapshot(client: Client, path: string): Promise<string> {
  const file = await open(path, "w", 0o600);
  try {
    let version = "";
    for await (const piece of client.maintenance.snapshot()) {
      await file.writeFile(piece.blob);
      version = piece.version || version;
    }
    await file.sync();
    return version;
  } finally {
    await file.close();
  }
}
