/** alarm, move-leader and downgrade. */
import { messages } from "../../wire/index.ts";
import { badArguments } from "./definition.ts";
import type { Call, CommandDefinition } from "./definition.ts";
import { parseMember } from "./members.ts";

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
