/** member list, add, remove, update and promote. */
import type { messages } from "../../wire/index.ts";
import { parseInteger, quote } from "../go-values.ts";
import { parseServiceUrls, UrlError } from "../service-url.ts";
import { badArguments, CommandError, EXIT } from "./definition.ts";
import type { Call, CommandDefinition, FlagTable } from "./definition.ts";
import { integerProblem } from "./flags.ts";
import { CONSISTENCY, isSerializable } from "./key-values.ts";

/** The id of a member, or what Go says of a text that is none. Source: Go strconv.ParseUint. */
export function parseMember(text: string): bigint | string {
  const id = parseInteger(`0x${text}`, { signed: false, bits: 64 });
  if (typeof id === "bigint" && !text.includes("_")) return id;
  const problem = integerProblem(text, typeof id === "bigint" ? "syntax" : id);
  return problem.replace("ParseInt", "ParseUint");
}

function memberArgument({ args }: Call): bigint {
  const [given] = args;
  if (given === undefined || args.length > 1) throw badArguments("member ID is not provided");
  const id = parseMember(given);
  if (typeof id === "string") {
    throw badArguments(`bad member ID arg (${id}), expecting ID in Hex`);
  }
  return id;
}

/** As etcdctl writes ids in sentences: filled up with spaces. */
function padded(id: bigint): string {
  return id.toString(16).padStart(16);
}

function clusterOf({ header }: { readonly header: messages.ResponseHeader | undefined }): string {
  return padded(header?.clusterId ?? 0n);
}

async function list(call: Call): Promise<void> {
  const linearizable = !isSerializable(call.flags.text("consistency"));
  const session = await call.session();
  const connection = await session.connect();
  const response = await connection.call("memberList", { linearizable });
  session.printer.print({ kind: "memberList", response });
}

async function add(call: Call): Promise<void> {
  const [name, ...more] = call.args;
  if (name === undefined) throw badArguments("member name not provided");
  if (more.length > 0) {
    const urls = call.args.filter((text) => text.toLowerCase().startsWith("http"));
    const hints = urls.map((url) => `, did you mean --peer-urls=${url}`);
    throw badArguments(`too many arguments${hints.join("")}`);
  }
  const given = peerUrls(call);
  const isLearner = call.flags.boolean("learner");
  const session = await call.session();
  const connection = await session.connect();
  const response = await connection.call("memberAdd", { peerUrls: checkedUrls(given), isLearner });
  const id = response.member?.id ?? 0n;
  const words = response.member?.isLearner === true ? "added as learner to" : "added to";
  const text = `Member ${padded(id)} ${words} cluster ${clusterOf(response)}`;
  session.printer.print({ kind: "memberChange", text, response });
  if (session.printer.format !== "simple") return;
  const cluster = response.members.flatMap((member) =>
    member.peerUrls.map((url) => `${member.id === id ? name : member.name}=${url}`),
  );
  call.terminal.write(
    `\nETCD_NAME=${quote(name)}\nETCD_INITIAL_CLUSTER=${quote(cluster.join(","))}\n` +
      `ETCD_INITIAL_ADVERTISE_PEER_URLS=${quote(given)}\nETCD_INITIAL_CLUSTER_STATE="existing"\n`,
  );
}

function peerUrls({ flags }: Call): string {
  const given = flags.text("peer-urls");
  if (given === "") throw badArguments("member peer urls not provided");
  return given;
}

/** Source: etcd client/v3/cluster.go, which looks at URLs before it sends them. */
function checkedUrls(given: string): string[] {
  try {
    parseServiceUrls(given);
  } catch (error) {
    if (error instanceof UrlError) throw new CommandError(EXIT.error, error.message);
    throw error;
  }
  return given.split(",");
}

async function remove(call: Call): Promise<void> {
  const id = memberArgument(call);
  const session = await call.session();
  const response = await (await session.connect()).call("memberRemove", { id });
  const text = `Member ${padded(id)} removed from cluster ${clusterOf(response)}`;
  session.printer.print({ kind: "memberChange", text, response });
}

async function update(call: Call): Promise<void> {
  const id = memberArgument(call);
  const given = peerUrls(call);
  const session = await call.session();
  const connection = await session.connect();
  const response = await connection.call("memberUpdate", { id, peerUrls: checkedUrls(given) });
  const text = `Member ${padded(id)} updated in cluster ${clusterOf(response)}`;
  session.printer.print({ kind: "memberChange", text, response });
}

async function promote(call: Call): Promise<void> {
  const id = memberArgument(call);
  const session = await call.session();
  const response = await (await session.connect()).call("memberPromote", { id });
  const text = `Member ${padded(id)} promoted in cluster ${clusterOf(response)}`;
  session.printer.print({ kind: "memberChange", text, response });
}

const PEER_URLS: FlagTable = {
  "peer-urls": { kind: "text", preset: "", help: "where its peers find it, with commas between" },
};

export const MEMBER: CommandDefinition = {
  usage: "member <subcommand>",
  short: "Lists and changes the members of the cluster",
  subcommands: [
    {
      usage: "add <memberName> [options]",
      short: "Lets a member in",
      flags: {
        ...PEER_URLS,
        learner: { kind: "boolean", preset: "false", help: "without a vote" },
      },
      run: add,
    },
    { usage: "remove <memberID>", short: "Takes a member out", run: remove },
    {
      usage: "update <memberID> [options]",
      short: "Gives a member other URLs",
      flags: PEER_URLS,
      run: update,
    },
    { usage: "list", short: "Lists the members", flags: CONSISTENCY, run: list },
    { usage: "promote <memberID>", short: "Gives a learner its vote", run: promote },
  ],
};
