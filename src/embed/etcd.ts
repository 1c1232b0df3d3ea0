/**
 * A whole etcd server in this process: storage, server, ports, and a client without a wire.
 *
 * Nothing is global: two of them in one process do not know each other.
 */
import { Client } from "../client/index.ts";
import { Store, VALUE_BYTES_MAX } from "../mvcc/index.ts";
import type { Mark as StoreMark, StoreOptions } from "../mvcc/index.ts";
import { Server } from "../server/index.ts";
import { MemoryEngine } from "../storage/index.ts";
import type { Engine } from "../storage/index.ts";
import type { Faults } from "../testing/index.ts";
import type { Serving } from "../transport/index.ts";
import { SILENT_LOGGER } from "../wire/index.ts";
import type { Channel, HttpPages } from "../wire/index.ts";
import { electionTimeoutMs, requestTimeoutOf, serverOptions } from "./defaults.ts";
import { Marks } from "./marks.ts";
import type { ContentChange, Mark } from "./marks.ts";
import type { EtcdOptions } from "./options.ts";
import { clientPages, metricsPages } from "./pages.ts";
import { SYSTEM_CLOCK } from "./system.ts";

/** Milliseconds that calls under way have to finish at a stop. Source: etcd embed/etcd.go, Close. */
const STOP_GRACE_MS = 7000;

/** Bytes of values beside a store that is in memory itself: enough for what is asked for often. */
const VALUE_BYTES_MAX_IN_MEMORY = 32 * 1024 * 1024;

/** Forks of forks that a read may have to go through: each costs it a look. */
const FORK_DEPTH_MAX = 64;

/** A fork does not inherit what only one server can have. */
const NOT_INHERITED = {
  faults: undefined,
  listenClientUrls: undefined,
  listenMetricsUrls: undefined,
  advertiseClientUrls: undefined,
} as const;

/** What {@link Etcd.fork} takes: a fork is always in memory. */
export interface ForkOptions extends Omit<EtcdOptions, "dataDir" | "unsafeNoFsync"> {
  /** What it begins with. Default: what is in the store now. */
  readonly mark?: Mark | undefined;
}

export class Etcd {
  readonly #engine: Engine;
  readonly #server: Server;
  readonly #channel: Channel;
  readonly #serving: Serving | undefined;
  readonly #client: Client;
  readonly #options: EtcdOptions;
  readonly #marks: Marks;
  /** Forks that read this one's disk, and stop with it. */
  readonly #forks = new Set<Etcd>();
  readonly #onStop: () => Promise<void>;
  #stopped: Promise<void> | undefined = undefined;

  /**
   * Opens the store and, where asked, ports; resolves when calls are answered. Rejects with
   * StorageError for a data directory that is locked or damaged, and with the cause for a port that
   * cannot be had; nothing stays open then.
   */
  static async start(options: EtcdOptions = {}): Promise<Etcd> {
    return launch({ options, onStop: nothingMore });
  }

  /** Use {@link Etcd.start}. */
  constructor(parts: EtcdParts) {
    this.#engine = parts.engine;
    this.#server = parts.server;
    this.#serving = parts.serving;
    this.#channel = parts.options.faults?.channel(parts.server) ?? parts.server;
    this.#client = new Client(this.#channel, {
      clock: parts.options.clock ?? SYSTEM_CLOCK,
      resumes: () => this.#stopped === undefined,
    });
    this.#options = parts.options;
    this.#marks = parts.marks;
    this.#onStop = parts.onStop;
  }

  /** A client in this process: no network in between. */
  get client(): Client {
    return this.#client;
  }

  /** Calls as bytes, for whoever brings a client of their own. */
  get channel(): Channel {
    return this.#channel;
  }

  /** Pages over HTTP, for whoever serves them by ports of their own. */
  get pages(): HttpPages {
    return this.faults?.pages(this.#server) ?? this.#server;
  }

  /** What goes wrong when a test says so; undefined for a server that was started without. */
  get faults(): Faults | undefined {
    return this.#options.faults;
  }

  /** Where clients are served, with the real ports; empty without one. */
  get clientUrls(): readonly string[] {
    return this.#serving?.clientUrls ?? [];
  }

  /** Where clients are served without gRPC. */
  get httpUrls(): readonly string[] {
    return this.#serving?.httpUrls ?? [];
  }

  /** Where only metrics and health are served. */
  get metricsUrls(): readonly string[] {
    return this.#serving?.metricsUrls ?? [];
  }

  /** The ids of the one member, as etcd prints them: lower-case hexadecimal. */
  get ids(): { readonly member: string; readonly cluster: string } {
    const { memberId, clusterId } = this.#server.member;
    return { member: memberId.toString(16), cluster: clusterId.toString(16) };
  }

  /**
   * Remembers what is in the store: keys, values, leases, but not users and roles. Takes as long as
   * there are leases with keys, however large the store is; writes under way come before it. Rejects
   * with Error when MARKS_MAX are held, with EtcdError when the server cannot write any more.
   */
  async mark(): Promise<Mark> {
    return this.#marks.take();
  }

  /**
   * Brings the store back to what a mark of this server has, by writing the difference as puts and
   * deletes, each at a revision of its own, all of them at once: watches hear of them, and nobody sees
   * a part. Leases of the mark have their whole time again, others end. Answers the revision after it.
   */
  async reset(mark: Mark): Promise<number> {
    return this.#marks.reset(mark);
  }

  /** What was changed between two marks of this server, in order of the keys; or since one of them. */
  async diff(from: Mark, to?: Mark): Promise<ContentChange[]> {
    if (to !== undefined) return this.#marks.difference(from, to);
    await using now = await this.mark();
    return this.#marks.difference(from, now);
  }

  /**
   * Another server, in memory, with what is in this one's store now or at a mark, history included.
   * The two do not know each other; what neither changes they share. Options are this server's where
   * not given, but for ports, of which it has those given only. A fork of a server on disk reads that
   * disk and stops with its server; one of a server in memory outlives it.
   */
  async fork(options: ForkOptions = {}): Promise<Etcd> {
    const { mark, ...given } = options;
    const storeMark =
      mark === undefined ? await this.#server.mark() : this.#marks.of(mark).retain();
    if (storeMark.rows.depth >= FORK_DEPTH_MAX) {
      await storeMark.release();
      throw new Error(
        `Cannot fork: it would be one of ${String(FORK_DEPTH_MAX)} forks of each other`,
      );
    }
    const nowhere = { dataDir: undefined, snapshot: undefined };
    const own = { ...this.#options, ...NOT_INHERITED, ...given, ...nowhere };
    const onStop = async (): Promise<void> => {
      this.#forks.delete(fork);
      await storeMark.release();
    };
    const fork = await launch({ options: own, mark: storeMark, onStop });
    const { dataDir, snapshot } = this.#options;
    if (dataDir !== undefined || snapshot !== undefined) this.#forks.add(fork);
    return fork;
  }

  /**
   * Ends streams, finishes the writes in line, closes ports and store. Calls that come later are
   * refused with `etcdserver: server stopped`. May be called more than once.
   */
  stop(): Promise<void> {
    return (this.#stopped ??= this.#stop());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #stop(): Promise<void> {
    await Promise.all([...this.#forks].map((fork) => fork.stop()));
    this.faults?.close();
    await Promise.all([this.#serving?.close({ graceMs: STOP_GRACE_MS }), this.#server.close()]);
    await this.#marks.releaseAll();
    await this.#engine.close();
    await this.#onStop();
  }
}

interface EtcdParts {
  readonly engine: Engine;
  readonly server: Server;
  readonly marks: Marks;
  readonly serving: Serving | undefined;
  readonly options: EtcdOptions;
  /** Runs when all is closed. */
  readonly onStop: () => Promise<void>;
}

/** How to begin: with what a mark has, or with what is in the data directory. */
interface Launch extends Pick<EtcdParts, "options" | "onStop"> {
  readonly mark?: StoreMark;
}

async function nothingMore(): Promise<void> {}

async function launch(how: Launch): Promise<Etcd> {
  const options = await withFaults(how.options);
  const serving = await openPorts(options);
  try {
    const { engine: disk, close } = await openEngine(options, how.mark);
    const engine = options.faults?.engine(disk) ?? disk;
    const onStop = async (): Promise<void> => {
      await close();
      await how.onStop();
    };
    try {
      return await startOn(engine, serving, { ...how, options, onStop });
    } catch (error) {
      await engine.close();
      await close();
      throw error;
    }
  } catch (error) {
    await serving?.close({ graceMs: 0 });
    await how.onStop();
    throw error;
  }
}

/** Those that HTTP is to have are there from the start. */
async function withFaults(options: EtcdOptions): Promise<EtcdOptions> {
  if (options.enableFaultInjection !== true || options.faults !== undefined) return options;
  const { Faults: New } = await import("../testing/index.ts");
  return { ...options, faults: new New() };
}

async function openPorts(options: EtcdOptions): Promise<Serving | undefined> {
  const clientUrls = options.listenClientUrls ?? [];
  const httpUrls = options.listenClientHttpUrls ?? [];
  const metricsUrls = options.listenMetricsUrls ?? [];
  if (clientUrls.length + httpUrls.length + metricsUrls.length === 0) return undefined;
  // Loaded only for a server with a port.
  const { Serving: Ports } = await import("../transport/index.ts");
  const { tls, logger } = options;
  return Ports.open({ clientUrls, httpUrls, metricsUrls, tls, logger });
}

/** An engine, and what is to be closed after it. */
interface OpenedEngine {
  readonly engine: Engine;
  readonly close: () => Promise<void>;
}

async function openEngine(
  { dataDir, snapshot, unsafeNoFsync }: EtcdOptions,
  mark: StoreMark | undefined,
): Promise<OpenedEngine> {
  const close = nothingMore;
  if (mark !== undefined) return { engine: new MemoryEngine(mark.rows), close };
  if (snapshot !== undefined) {
    if (dataDir !== undefined) throw new Error("Cannot serve a snapshot from a data directory");
    // Loaded only for a server on a backup.
    const { openBackup } = await import("../snapshot/index.ts");
    return openBackup(snapshot);
  }
  if (dataDir === undefined) return { engine: new MemoryEngine(), close };
  // Loads native code: only for a server with a disk.
  const { LevelEngine } = await import("../storage/index.ts");
  const sync = unsafeNoFsync !== true;
  return { engine: await LevelEngine.open({ directory: dataDir, sync }), close };
}

async function startOn(
  engine: Engine,
  serving: Serving | undefined,
  { options, mark, onStop }: Launch,
): Promise<Etcd> {
  const logger = options.logger ?? SILENT_LOGGER;
  const storeOptions = {
    valueBytesMax: options.valueBytesMax ?? defaultValueBytes(options),
    nowMs: (options.clock ?? SYSTEM_CLOCK).nowMs(),
    leaseExtensionMs: electionTimeoutMs(options),
    onReadFailure: (error: unknown): void => {
      logger.error("history cannot be read", { error: String(error) });
    },
  } satisfies StoreOptions;
  const store = mark
    ? Store.onMark(mark, engine, storeOptions)
    : await Store.open(engine, storeOptions);
  const server = await Server.start(store, serverOptions(options, serving?.clientUrls ?? []));
  const { faults, clock = SYSTEM_CLOCK } = options;
  faults?.attach({ clock, channel: server, requestTimeoutMs: requestTimeoutOf(options) });
  const pages = faults?.pages(server) ?? server;
  const marks = new Marks(server);
  await serving?.start({
    channel: faults?.channel(server.channel) ?? server.channel,
    pages: await clientPages(pages, marks, options),
    metricsPages: metricsPages(pages),
    maxRequestBytes: options.maxRequestBytes,
    maxConcurrentStreams: options.maxConcurrentStreams,
    keepaliveMinTimeMs: options.grpcKeepaliveMinTimeMs,
    keepaliveIntervalMs: options.grpcKeepaliveIntervalMs,
    keepaliveTimeoutMs: options.grpcKeepaliveTimeoutMs,
    grpcTransport: options.grpcTransport,
    corsOrigins: options.cors,
    hostWhitelist: options.hostWhitelist,
    hasGateway: options.enableGrpcGateway,
    areNamesUsers: () => server.gate.areNamesUsers,
  });
  return new Etcd({ engine, server, marks, serving, options, onStop });
}

function defaultValueBytes({ dataDir }: EtcdOptions): number {
  return dataDir === undefined ? VALUE_BYTES_MAX_IN_MEMORY : VALUE_BYTES_MAX;
}
