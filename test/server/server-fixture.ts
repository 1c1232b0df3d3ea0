/** A server for tests: in memory, at a time that stands still, with a client and a log to look at. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { Client } from "../../src/client/index.ts";
import type { Store } from "../../src/mvcc/index.ts";
import { AuthState, FIRST_AUTH_REVISION } from "../../src/server/auth/auth-state.ts";
import { AuthStore } from "../../src/server/auth/auth-store.ts";
import { Server } from "../../src/server/index.ts";
import type { ServerOptions } from "../../src/server/index.ts";
import type {
  ErrorReason,
  HttpPages,
  HttpReply,
  LogFields,
  Logger,
  StreamInput,
} from "../../src/wire/index.ts";
import { EMPTY_CONTEXT, EtcdError, messages } from "../../src/wire/index.ts";
import { FaultyEngine } from "../../src/testing/index.ts";
import { openStore } from "../harness/store-fixture.ts";
import { VirtualClock } from "../../src/testing/virtual-clock.ts";

export interface FixtureOptions {
  readonly engine?: FaultyEngine;
  readonly clock?: VirtualClock;
  readonly valueBytesMax?: number;
  readonly turnWork?: number;
  readonly options?: Partial<ServerOptions>;
  /** Whether memory and engine agree at the end; not so after a failed write. */
  readonly consistent?: boolean;
  readonly onReadFailure?: (error: unknown) => void;
}

/** One line of the log. */
export interface LogEntry {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly message: string;
  readonly fields: LogFields | undefined;
}

export interface Fixture {
  readonly server: Server;
  readonly client: Client;
  readonly store: Store;
  readonly engine: FaultyEngine;
  readonly clock: VirtualClock;
  readonly log: readonly LogEntry[];
}

/** Milliseconds that leases get on top at a start, as with etcd's default election timeout. */
export const LEASE_EXTENSION_MS = 1_000;

function recordingLogger(log: LogEntry[]): Logger {
  const at =
    (level: LogEntry["level"]) =>
    (message: string, fields?: LogFields): void => {
      log.push({ level, message, fields });
    };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

function defaultOptions(clock: VirtualClock, logger: Logger): ServerOptions {
  return {
    name: "default",
    peerUrls: ["http://localhost:2380"],
    clientUrls: ["http://localhost:2379"],
    clusterToken: "etcd-cluster",
    clock,
    wallClockMs: 1_700_000_000_000,
    random: () => 0,
    logger,
    limits: {
      maxRequestBytes: 1.5 * 1024 * 1024,
      maxTxnOps: 128,
      quotaBytes: Number.POSITIVE_INFINITY,
    },
    compaction: { batchLimit: 1000, sleepIntervalMs: 10 },
    leaseTtlMin: 2,
    watchProgressIntervalMs: 600_000,
    leaseCheckpoint: false,
    requestTimeoutMs: 7_000,
    slow: { applyMs: 100, unaryMs: 300 },
    auth: {
      token: "simple",
      simpleTokenTtlMs: 300_000,
      bcryptCost: 4,
      hasCertificateUsers: false,
      randomBytes,
    },
  };
}

/** Starts a server; whoever does closes it. */
export async function startServer(given: FixtureOptions = {}): Promise<Fixture> {
  const engine = given.engine ?? new FaultyEngine();
  const clock = given.clock ?? new VirtualClock();
  const log: LogEntry[] = [];
  const store = await openStore(engine, {
    nowMs: clock.nowMs(),
    leaseExtensionMs: LEASE_EXTENSION_MS,
    ...(given.valueBytesMax === undefined ? {} : { valueBytesMax: given.valueBytesMax }),
    ...(given.turnWork === undefined ? {} : { turnWork: given.turnWork }),
    ...(given.onReadFailure === undefined ? {} : { onReadFailure: given.onReadFailure }),
  });
  const defaults = defaultOptions(clock, recordingLogger(log));
  const server = await Server.start(store, { ...defaults, ...given.options });
  return { server, client: new Client(server), store, engine, clock, log };
}

/** Runs a body on a new server and closes it; at the end memory and engine must agree. */
export async function withServer(
  body: (fixture: Fixture) => Promise<void>,
  given: FixtureOptions = {},
): Promise<void> {
  const fixture = await startServer(given);
  try {
    await body(fixture);
    if (given.consistent !== false) await fixture.store.checkConsistency();
  } finally {
    fixture.engine.releaseWrites();
    await fixture.server.close();
    await fixture.engine.close();
  }
}

/** The call must be refused, for the reason of the table. */
export async function refuses(call: unknown, reason: ErrorReason): Promise<void> {
  await assert.rejects(
    async () => call,
    (error) => {
      assert.ok(error instanceof EtcdError);
      assert.equal(error.reason, reason, error.message);
      return true;
    },
  );
}

/** A watch stream whose far end reads only as long as it is told to. */
export class WatchProbe {
  readonly #input: StreamInput;
  readonly responses: messages.WatchResponse[] = [];
  /** Undefined while the stream is open; null when it ended without an error. */
  ended: EtcdError | null | undefined = undefined;
  #reading = true;

  constructor(server: Server) {
    this.#input = server.stream("watch", EMPTY_CONTEXT, {
      write: (message) => {
        this.responses.push(messages.decodeWatchResponse(message));
        return this.#reading;
      },
      end: (error) => {
        this.ended = error ?? null;
      },
    });
  }

  create(request: messages.WatchCreateRequestInit): void {
    this.#input.write(messages.encodeWatchRequest({ createRequest: request }));
  }

  cancel(watchId: number): void {
    this.#input.write(messages.encodeWatchRequest({ cancelRequest: { watchId } }));
  }

  requestProgress(): void {
    this.#input.write(messages.encodeWatchRequest({ progressRequest: {} }));
  }

  write(bytes: Uint8Array): void {
    this.#input.write(bytes);
  }

  halfClose(): void {
    this.#input.end();
  }

  close(): void {
    this.#input.cancel();
  }

  /** From now on every message fills the far end up. */
  stopReading(): void {
    this.#reading = false;
  }

  readOn(): void {
    this.#reading = true;
    this.#input.drained();
  }

  /** Messages since the last call. */
  take(): messages.WatchResponse[] {
    return this.responses.splice(0);
  }

  /** `key=value@revision` of the events in messages, `-key@revision` of deletions. */
  static events(responses: readonly messages.WatchResponse[]): string[] {
    return responses.flatMap(({ events }) => events.map(eventText));
  }
}

function eventText({ type, kv }: messages.Event): string {
  const key = Buffer.from(kv!.key).toString("latin1");
  const revision = String(kv!.modRevision);
  if (type === messages.EventType.delete) return `-${key}@${revision}`;
  return `${key}=${Buffer.from(kv!.value).toString("latin1")}@${revision}`;
}

/** As {@link withServer}, with a watch stream open. */
export async function withProbe(
  body: (probe: WatchProbe, fixture: Fixture) => Promise<void>,
  given: FixtureOptions = {},
): Promise<void> {
  await withServer(async (fixture) => body(new WatchProbe(fixture.server), fixture), given);
}

/** Nobody, and off. */
export const NO_AUTH: AuthState = new AuthState({
  enabled: false,
  revision: FIRST_AUTH_REVISION,
  users: new Map(),
  roles: new Map(),
});

/** Users and roles without any, whose tokens nobody keeps. */
export function authStore(state = NO_AUTH): AuthStore {
  const nothing = (): void => undefined;
  return new AuthStore(state, { assign: nothing, invalidate: nothing, clear: nothing });
}

/** A page as text, asked for in a given way. */
export async function pageOf(
  server: HttpPages,
  url: string,
  { method = "GET", fields = {} }: { method?: string; fields?: Record<string, string> } = {},
): Promise<HttpReply & { readonly body: string }> {
  const { pathname: path, searchParams: query } = new URL(url, "http://etcd");
  const list = Object.entries(fields).map(([name, value]) => ({ name, value }));
  const reply = await server.page({ method, path, query, fields: list });
  return { ...reply, body: String(reply.body) };
}

/** Text as the bytes of a request. */
export function bytes(text: string): Buffer {
  return Buffer.from(text, "latin1");
}
