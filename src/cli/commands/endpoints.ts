/** What is asked of each endpoint by itself: endpoint health, status and hashkv, and defrag. */
import type { UnaryRequest, UnaryResponse } from "../../client/index.ts";
import { EtcdError, formatDuration, messages } from "../../wire/index.ts";
import type { UnaryMethod } from "../../wire/index.ts";
import { alarmName } from "../print/simple.ts";
import type { EndpointHealth, OfEndpoint } from "../print/printer.ts";
import { CommandError, EXIT } from "./definition.ts";
import type { Call, CommandDefinition, FlagTable, Terminal } from "./definition.ts";
import { errorText } from "./session.ts";
import type { Connection, Session } from "./session.ts";
import { SilentExit } from "./variables.ts";

/** The endpoints that were given, or with --cluster those that all members advertise. */
async function endpointsOf(call: Call, session: Session): Promise<readonly string[]> {
  if (!call.flags.boolean("cluster")) return session.endpoints;
  const connection = await session.connect();
  const prefix = "failed to fetch endpoints from etcd cluster member list";
  try {
    const { members } = await connection.refusable("memberList", { linearizable: true });
    return members.flatMap(({ clientUrls }) => clientUrls);
  } catch (error) {
    throw new CommandError(EXIT.error, `${prefix}: ${errorText(error)}`);
  } finally {
    connection.close();
  }
}

/** Asks one endpoint. */
async function ask<Result>(
  session: Session,
  endpoint: string,
  question: (connection: Connection) => Promise<Result>,
): Promise<Result> {
  const connection = await session.connect([endpoint]);
  try {
    return await question(connection);
  } finally {
    connection.close();
  }
}

/** How long something took, as Go writes it. */
function tookSince(terminal: Terminal, beganMs: number): string {
  return formatDuration(BigInt(Math.round((terminal.nowMs() - beganMs) * 1e6)));
}

async function health(call: Call): Promise<void> {
  const session = await call.session();
  const endpoints = await endpointsOf(call, session);
  const list: EndpointHealth[] = [];
  // In the order in which they answer.
  await Promise.all(
    endpoints.map(async (endpoint) => {
      list.push(await ask(session, endpoint, (connection) => healthOf(endpoint, connection)));
    }),
  );
  session.printer.print({ kind: "health", list });
  if (list.some(({ error }) => error !== "")) {
    throw new CommandError(EXIT.error, "unhealthy cluster");
  }
}

/** Source: etcd etcdctl ep_command.go, epHealthCommandFunc: reads a key, then the alarms. */
async function healthOf(endpoint: string, connection: Connection): Promise<EndpointHealth> {
  const { terminal } = connection.session;
  const beganMs = terminal.nowMs();
  let problem: unknown;
  try {
    await connection.refusable("range", { key: Buffer.from("health") });
  } catch (error) {
    // To be refused takes as much agreement as to be answered.
    const isRefused = error instanceof EtcdError && error.reason === "permissionDenied";
    if (!isRefused) problem = error;
  }
  const took = tookSince(terminal, beganMs);
  const error = problem === undefined ? await alarmsOf(connection) : errorText(problem);
  return { endpoint, health: error === "", took, error };
}

async function alarmsOf(connection: Connection): Promise<string> {
  try {
    const { alarms } = await connection.refusable("alarm", { action: messages.AlarmAction.get });
    const names = alarms.map(({ alarm }) => `${alarmName(alarm) || "UNKNOWN"} `);
    return names.length === 0 ? "" : `Active Alarm(s): ${names.join("")}`;
  } catch (error) {
    if (!(error instanceof EtcdError)) throw error;
    return "Unable to fetch the alarm list";
  }
}

/** One answer of each endpoint that gives one, and the last refusal. */
async function askAll<Method extends UnaryMethod>(
  call: Call,
  session: Session,
  question: {
    readonly method: Method;
    readonly request: UnaryRequest<Method>;
    /** What could not be learned. */
    readonly what: string;
  },
): Promise<{ list: OfEndpoint<UnaryResponse<Method>>[]; problem: string | undefined }> {
  const list: OfEndpoint<UnaryResponse<Method>>[] = [];
  let problem: string | undefined;
  for (const endpoint of await endpointsOf(call, session)) {
    try {
      const response = await ask(session, endpoint, (connection) =>
        connection.refusable(question.method, question.request),
      );
      list.push({ endpoint, response });
    } catch (error) {
      problem = errorText(error);
      call.terminal.complain(
        `Failed to get the ${question.what} of endpoint ${endpoint} (${problem})\n`,
      );
    }
  }
  return { list, problem };
}

async function status(call: Call): Promise<void> {
  const session = await call.session();
  const question = { method: "status", request: {}, what: "status" } as const;
  const { list, problem } = await askAll(call, session, question);
  session.printer.print({ kind: "status", list });
  if (problem !== undefined) throw new SilentExit(EXIT.error);
}

async function hashKv(call: Call): Promise<void> {
  const session = await call.session();
  const request = { revision: call.flags.integer("rev") };
  const question = { method: "hashKV", request, what: "hash" } as const;
  const { list, problem } = await askAll(call, session, question);
  session.printer.print({ kind: "hashKv", list });
  if (problem !== undefined) throw new CommandError(EXIT.error, problem);
}

async function defrag(call: Call): Promise<void> {
  const { terminal } = call;
  const session = await call.session();
  let failureCount = 0;
  for (const endpoint of await endpointsOf(call, session)) {
    const beganMs = terminal.nowMs();
    try {
      await ask(session, endpoint, (connection) => connection.refusable("defragment", {}));
      const took = tookSince(terminal, beganMs);
      terminal.write(`Finished defragmenting etcd member[${endpoint}]. took ${took}\n`);
    } catch (error) {
      failureCount += 1;
      const took = tookSince(terminal, beganMs);
      terminal.complain(
        `Failed to defragment etcd member[${endpoint}]. took ${took}. (${errorText(error)})\n`,
      );
    }
  }
  if (failureCount > 0) throw new SilentExit(EXIT.error);
}

const CLUSTER: FlagTable = {
  cluster: {
    kind: "boolean",
    preset: "false",
    help: "ask all members, by the URLs they advertise",
  },
};

export const ENDPOINT: CommandDefinition = {
  usage: "endpoint <subcommand>",
  short: "Asks each endpoint how it does",
  sharedFlags: CLUSTER,
  subcommands: [
    { usage: "health", short: "Whether each endpoint answers", run: health },
    {
      usage: "status",
      short: "Version, size and place in the cluster of each endpoint",
      long: `Version, size and place in the cluster of each endpoint. In the simple form: endpoint, id, version,
version of the storage, bytes of the database, of them in use, per cent not in use, quota, whether
it is leader, whether learner, term, index, index applied, errors, and what of a downgrade.`,
      run: status,
    },
    {
      usage: "hashkv",
      short: "Hash of all keys and their history, of each endpoint",
      flags: {
        rev: { kind: "integer", preset: "0", help: "up to this revision; 0 is the newest" },
      },
      run: hashKv,
    },
  ],
};

export const DEFRAG: CommandDefinition = {
  usage: "defrag",
  short: "Gives unused space of the disk back",
  sharedFlags: CLUSTER,
  run: defrag,
};
