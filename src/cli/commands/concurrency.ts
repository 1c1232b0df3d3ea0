/** lock and elect, which wait for each other and for etcdctl's. */
import { once } from "node:events";
import type { Client, KeptLease } from "../../client/index.ts";
import { messages } from "../../wire/index.ts";
import { badArguments, CommandError, EXIT } from "./definition.ts";
import type { Call, CommandDefinition, Terminal } from "./definition.ts";
import { QueueKey } from "./queue-key.ts";
import { errorText } from "./session.ts";

/** Seconds that a campaign's lease lives on its own. Source: etcd client/v3/concurrency/session.go. */
const CAMPAIGN_TTL = 60;

export const LOCK: CommandDefinition = {
  usage: "lock <lockname> [exec-command arg1 arg2 ...]",
  short: "Holds a lock until it is interrupted, or while a command runs",
  flags: {
    ttl: { kind: "integer", preset: "10", help: "seconds that it is held without a word of ours" },
  },
  run: lock,
};

async function lock(call: Call): Promise<void> {
  const [name, ...command] = call.args;
  if (name === undefined) {
    throw badArguments("lock takes a lock name argument and an optional command to execute");
  }
  const { terminal } = call;
  const session = await call.session();
  const { client } = await session.connect();
  await using lease = await refusable(keptLease(client, call.flags.integer("ttl")));
  const queue = new QueueKey(client, { name, lease: lease.id });
  const interrupted = terminal.interrupted();
  await refusable(queue.enter("", lease.id));
  await untilFirst(queue, interrupted);
  const held = await refusable(queue.read());
  if (command.length > 0) {
    const variables = { ETCD_LOCK_KEY: queue.key, ETCD_LOCK_REV: String(queue.revision) };
    const code = await runLocked(terminal, command, variables);
    await refusable(queue.leave());
    if (code !== 0) throw new CommandError(code, `exit status ${code}`);
    return;
  }
  if (held.kvs.length === 0) throw new CommandError(EXIT.error, "lock lost on init");
  session.printer.print({ kind: "range", response: held });
  await Promise.race([interrupted, lost(lease, "session expired")]);
  await refusable(queue.leave());
}

/** A lease of so many seconds, renewed until it is disposed of; then it lives on for its time. */
async function keptLease(client: Client, ttl: number): Promise<KeptLease> {
  const { id } = await client.lease.grant(ttl);
  return await client.lease.keep(id);
}

/** Rejects when the lease has ended. */
async function lost({ signal }: KeptLease, message: string): Promise<never> {
  if (!signal.aborted) await once(signal, "abort");
  throw new CommandError(EXIT.error, message);
}

async function runLocked(
  terminal: Terminal,
  command: readonly string[],
  variables: Readonly<Record<string, string>>,
): Promise<number> {
  try {
    return await terminal.execute(command, variables);
  } catch (error) {
    terminal.complain(`Error: ${errorText(error)}\n`);
    return EXIT.error;
  }
}

async function refusable<Result>(answer: Promise<Result>): Promise<Result> {
  try {
    return await answer;
  } catch (error) {
    throw new CommandError(EXIT.error, errorText(error));
  }
}

/** Waits for all that came before; leaves the queue when it is interrupted. */
async function untilFirst(queue: QueueKey, interrupted: Promise<void>): Promise<void> {
  const canceled = new CommandError(EXIT.error, "context canceled");
  const abort = interrupted.then((): never => {
    throw canceled;
  });
  abort.catch(() => undefined);
  try {
    await queue.first(abort);
  } catch (error) {
    await refusable(queue.leave());
    throw error instanceof CommandError ? error : new CommandError(EXIT.error, errorText(error));
  }
}

export const ELECT: CommandDefinition = {
  usage: "elect <election-name> [proposal]",
  short: "Takes part in an election, or watches it",
  flags: {
    listen: { kind: "boolean", preset: "false", short: "l", help: "only say who leads" },
  },
  run: elect,
};

async function elect(call: Call): Promise<void> {
  const [name, proposal, ...more] = call.args;
  if (name === undefined || more.length > 0) {
    throw badArguments("elect takes one election name argument and an optional proposal argument");
  }
  const isListening = call.flags.boolean("listen");
  if (proposal === undefined && !isListening) {
    throw badArguments("no proposal argument but -l not set");
  }
  if (proposal !== undefined && isListening) {
    throw badArguments("proposal given but -l is set");
  }
  if (proposal === undefined) await observe(call, name);
  else await campaign(call, { name, proposal });
}

async function campaign(
  call: Call,
  { name, proposal }: { readonly name: string; readonly proposal: string },
): Promise<void> {
  const { terminal } = call;
  const session = await call.session();
  const { client } = await session.connect();
  await using lease = await refusable(keptLease(client, CAMPAIGN_TTL));
  const queue = new QueueKey(client, { name, lease: lease.id });
  const interrupted = terminal.interrupted();
  await refusable(queue.enter(proposal, lease.id));
  await untilFirst(queue, interrupted);
  session.printer.print({ kind: "range", response: await refusable(queue.read()) });
  await Promise.race([interrupted, lost(lease, "elect: session expired")]);
  await refusable(queue.leave());
}

async function observe(call: Call, name: string): Promise<void> {
  const session = await call.session();
  const { client } = await session.connect();
  const print = (response: messages.RangeResponse): void =>
    session.printer.print({ kind: "range", response });
  const lost = observed(client, `${name}/`, print);
  const how = await Promise.race([call.terminal.interrupted().then(() => "interrupted"), lost]);
  if (how === undefined) throw new CommandError(EXIT.error, "elect: observer lost");
}

/** Tells of each leader, and of each proposal of it, until the server ends it. */
async function observed(
  client: Client,
  prefix: string,
  tell: (response: messages.RangeResponse) => void,
): Promise<void> {
  let startRevision = 0;
  try {
    for (;;) {
      const { kvs, header } = await client.kv.get(prefix, {
        prefix: true,
        sortTarget: "create",
        sortOrder: "ascend",
        limit: 1,
      });
      const [leader] = kvs;
      if (leader !== undefined) tell({ header, kvs: [leader], more: false, count: 0 });
      startRevision = (header?.revision ?? startRevision) + 1;
      const options = { startRevision, prefix: leader === undefined };
      await using watch = client.watch(leader?.key ?? prefix, options);
      for await (const { events, header: at } of watch) {
        if (leader === undefined && events.some(({ type }) => type === "put")) break;
        if (leader === undefined) continue;
        for (const { kv } of events.filter(({ type }) => type === "put")) {
          tell({ header: at, kvs: [kv], more: false, count: 0 });
        }
        if (events.some(({ type }) => type === "delete")) break;
      }
    }
  } catch {
    // Whoever waits says that it is lost.
  }
}
