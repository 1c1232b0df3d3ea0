/**
 * What one test of the protocol suite gets to see.
 *
 * The suite is one body for many servers: a test says what etcd does and knows nothing of who
 * answers. All tests of a target share one server and run one after another, so that a test may say
 * "the next revision"; every test has keys of its own. A test that disturbs others (compaction,
 * alarms, restarts) asks for a server of its own.
 */
import type { EtcdOptions } from "../../src/embed/index.ts";
import type { Test } from "tap";
import { Client } from "../../src/client/index.ts";
import { SYSTEM_CLOCK } from "../../src/embed/system.ts";
import type { Channel } from "../../src/wire/index.ts";

/** Options of a server that some tests need. Left out: etcd's defaults. */
export interface ServerOptions {
  readonly watchProgressNotifyIntervalMs?: number;
  readonly compactionBatchLimit?: number;
  readonly autoCompaction?: { readonly mode: "periodic"; readonly periodMs: number };
  readonly quotaBackendBytes?: number;
  readonly heartbeatIntervalMs?: number;
  readonly electionTimeoutMs?: number;
  readonly metrics?: "basic" | "extensive";
  /** Of etcdlet, which knows its feature gates by its command line. */
  readonly features?: EtcdOptions["features"];
  /** Kind of the users' tokens. */
  readonly authToken?: string;
  /** Seconds that a simple token is good. */
  readonly authTokenTtl?: number;
  /** Of hashing passwords. */
  readonly bcryptCost?: number;
  /** It is never restarted, so that nothing need be on a disk where a target can do without. */
  readonly inMemory?: boolean;
}

/** A server that runs. */
export interface RunningServer {
  readonly channel: Channel;
  /** Where it listens, `host:port`; undefined when there is no wire. */
  readonly address: string | undefined;
  /** Ends it, the hard way where that is possible, and starts it on the same data. */
  restart(): Promise<RunningServer>;
  stop(): Promise<void>;
}

/** Where a target may do otherwise than etcd does. Each one is in docs/compatibility.md. */
export interface Differences {
  /** Refuses an unknown alarm action, where the real server dies of it. */
  readonly survivesUnknownAlarmAction: boolean;
  /** Takes further members in; ours is the only one of its cluster, so far. */
  readonly addsMembers: boolean;
  /** Prepares for an older version; ours has none. */
  readonly downgrades: boolean;
  /** What it takes on disk can become less without anybody's doing: LevelDB puts files together. */
  readonly shrinksByItself: boolean;
  /** Has server reflection. */
  readonly reflects: boolean;
}

/** Something that the suite can run on. */
export interface Target {
  readonly name: string;
  readonly differences: Differences;
  start(options: ServerOptions): Promise<RunningServer>;
}

/** A server that a test has for itself. */
export interface OwnServer {
  client: Client;
  channel: Channel;
  readonly address: string | undefined;
  /** As {@link RunningServer.restart}; `client` and `channel` are then other ones. */
  restart(): Promise<void>;
}

/** Everything a test may use. */
export interface Scene {
  readonly t: Test;
  readonly target: Target;
  readonly client: Client;
  readonly channel: Channel;
  readonly address: string | undefined;
  /** Begins every key of this test and of no other, and ends with a slash. */
  readonly prefix: string;
  /**
   * A server for this test alone, stopped when the test ends. It elects itself quickly, which makes
   * the least TTL of a lease one second: ceil(⌊3·10/2⌋·10 ms), see etcd server/lease/lessor.go.
   */
  readonly fresh: (options?: ServerOptions) => Promise<OwnServer>;
}

/** A tenth of etcd's defaults: a tenth of the time to elect. */
const QUICK_ELECTION: ServerOptions = { heartbeatIntervalMs: 10, electionTimeoutMs: 100 };

/** The tests of one file of the suite: what each promises, and how it is shown. */
export type SuiteTests = Readonly<Record<string, (scene: Scene) => Promise<void>>>;

/** Runs the tests of an area on a server; `together` runs them all at once. */
export async function runArea(
  t: Test,
  area: {
    readonly tests: SuiteTests;
    readonly target: Target;
    readonly server: RunningServer;
    readonly together: boolean;
  },
): Promise<void> {
  const entries = Object.entries(area.tests);
  t.jobs = area.together ? entries.length : 1;
  const runs = entries.map(([promise, body]) =>
    t.test(promise, { buffered: area.together }, async (test) => {
      await body(makeScene(test, area.target, area.server));
    }),
  );
  await Promise.all(runs);
}

function makeScene(t: Test, target: Target, server: RunningServer): Scene {
  return {
    t,
    target,
    channel: server.channel,
    client: new Client(server.channel, { clock: SYSTEM_CLOCK }),
    address: server.address,
    prefix: `${t.fullname.replaceAll(/[^A-Za-z0-9]+/g, "-")}/`,
    fresh: (options = {}) => startOwn(t, target, options),
  };
}

async function startOwn(t: Test, target: Target, options: ServerOptions): Promise<OwnServer> {
  let server = await target.start({ ...QUICK_ELECTION, ...options });
  t.teardown(() => server.stop());
  const own = {
    channel: server.channel,
    client: new Client(server.channel, { clock: SYSTEM_CLOCK }),
    address: server.address,
    restart: async (): Promise<void> => {
      server = await server.restart();
      own.channel = server.channel;
      own.client = new Client(server.channel, { clock: SYSTEM_CLOCK });
    },
  };
  return own;
}
