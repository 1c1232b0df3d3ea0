/** lease grant, revoke, timetolive, list and keep-alive. */
import { EtcdError, STATUS } from "../../wire/index.ts";
import { leaseName } from "../print/simple.ts";
import { badArguments, CommandError, EXIT } from "./definition.ts";
import type { Call, CommandDefinition } from "./definition.ts";
import { parseDecimal, parseLease } from "./key-values.ts";
import { errorText, isNotSent } from "./session.ts";

/** Between attempts to renew over a new stream, ms. Source: etcd client/v3/lease.go. */
const RESUME_MS = 500;

/** The one argument, as the id of a lease. */
function leaseArgument({ args }: Call, problem: string): bigint {
  const [given] = args;
  if (given === undefined || args.length > 1) throw badArguments(problem);
  return parseLease(given, "bad lease ID arg");
}

async function grant(call: Call): Promise<void> {
  const [given] = call.args;
  if (given === undefined || call.args.length > 1) {
    throw badArguments("lease grant command needs TTL argument");
  }
  const ttl = parseDecimal(given);
  if (typeof ttl === "string") throw badArguments(`bad TTL (${ttl})`);
  const session = await call.session();
  const connection = await session.connect();
  const response = await connection.call(
    "leaseGrant",
    { ttl },
    { prefix: "failed to grant lease" },
  );
  session.printer.print({ kind: "lease", action: "granted", response });
}

async function revoke(call: Call): Promise<void> {
  const id = leaseArgument(call, "lease revoke command needs 1 argument");
  const session = await call.session();
  const connection = await session.connect();
  const response = await connection.call(
    "leaseRevoke",
    { id },
    { prefix: "failed to revoke lease" },
  );
  const text = `lease ${leaseName(id)} revoked`;
  session.printer.print({ kind: "done", text, hasFields: true, response });
}

/** etcdctl gives these calls all the time there is, and a code of their own. */
const PATIENT = { exitCode: EXIT.badConnection, isPatient: true } as const;

async function timeToLive(call: Call): Promise<void> {
  const id = leaseArgument(call, "lease timetolive command needs lease ID as argument");
  const session = await call.session();
  const connection = await session.connect();
  const withKeys = call.flags.boolean("keys");
  const response = await connection.call("leaseTimeToLive", { id, keys: withKeys }, PATIENT);
  session.printer.print({ kind: "timeToLive", withKeys, response });
}

async function list(call: Call): Promise<void> {
  const session = await call.session();
  const connection = await session.connect();
  const response = await connection.call("leaseLeases", {}, PATIENT);
  session.printer.print({ kind: "leases", response });
}

async function keepAlive(call: Call): Promise<void> {
  const id = leaseArgument(call, "lease keep-alive command needs lease ID as argument");
  const session = await call.session();
  const { client } = await session.connect();
  const isOnce = call.flags.boolean("once");
  for (;;) {
    const response = await renewed(call, () => client.lease.keepAliveOnce(id));
    if (response.ttl > 0) {
      session.printer.print({ kind: "lease", action: "keepalived", response });
    } else if (isOnce) {
      const { message } = new EtcdError("leaseNotFound");
      throw new CommandError(EXIT.badConnection, message);
    } else break;
    if (isOnce) return;
    // Source: etcd client/v3/lease.go, recvKeepAlive: three times in its life.
    await call.terminal.sleep((response.ttl * 1000) / 3);
  }
  if (session.printer.format === "simple") {
    call.terminal.write(`lease ${leaseName(id)} expired or revoked.\n`);
  }
}

/** Asks again while the server is away. */
async function renewed<Answer>({ terminal }: Call, renew: () => Promise<Answer>): Promise<Answer> {
  for (;;) {
    try {
      return await renew();
    } catch (error) {
      const isAway = error instanceof EtcdError && error.code === STATUS.unavailable;
      if (!isAway && !isNotSent(error)) {
        throw new CommandError(EXIT.badConnection, errorText(error));
      }
      await terminal.sleep(RESUME_MS);
    }
  }
}

export const LEASE: CommandDefinition = {
  usage: "lease <subcommand>",
  short: "Grants, keeps and ends leases",
  subcommands: [
    { usage: "grant <ttl>", short: "Makes a lease of so many seconds", run: grant },
    { usage: "revoke <leaseID>", short: "Ends a lease and deletes its keys", run: revoke },
    {
      usage: "timetolive <leaseID> [options]",
      short: "Says how long a lease has to live",
      flags: {
        keys: { kind: "boolean", preset: "false", help: "and which keys hang on it" },
      },
      run: timeToLive,
    },
    { usage: "list", short: "Lists all leases", run: list },
    {
      usage: "keep-alive [options] <leaseID>",
      short: "Renews a lease again and again",
      flags: { once: { kind: "boolean", preset: "false", help: "renew it once" } },
      run: keepAlive,
    },
  ],
};
