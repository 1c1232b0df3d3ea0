/**
 * A whole etcd server in this process: storage, server, ports, and a client without a wire.
 *
 * Nothing is global: two of them in one process do not know each other.
 */
import { Client } from "../client/index.ts";
import { Store, VALUE_BYTES_MAX } from "../mvcc/index.ts";
import { Server } from "../server/index.ts";
import { MemoryEngine } from "../storage/index.ts";
import type { Engine } from "../storage/index.ts";
import type { Serving } from "../transport/index.ts";
import { SILENT_LOGGER } from "../wire/index.ts";
import type { Channel, HttpPages } from "../wire/index.ts";
import { electionTimeoutMs, serverOptions } from "./defaults.ts";
import type { EtcdOptions } from "./options.ts";
import { SYSTEM_CLOCK } from "./system.ts";

/** Milliseconds that calls under way have to finish at a stop. Source: etcd embed/etcd.go, Close. */
const STOP_GRACE_MS = 7000;

/** Bytes of values beside a store that is in memory itself: enough for what is asked for often. */
const VALUE_BYTES_MAX_IN_MEMORY = 32 * 1024 * 1024;

export class Etcd {
  readonly #engine: Engine;
  readonly #server: Server;
  readonly #serving: Serving | undefined;
  readonly #client: Client;
  #stopped: Promise<void> | undefined = undefined;

  /**
   * Opens the store and, where asked, ports; resolves when calls are answered. Rejects with
   * StorageError for a data directory that is locked or damaged, and with the cause for a port that
   * cannot be had; nothing stays open then.
   */
  static async start(options: EtcdOptions = {}): Promise<Etcd> {
    const serving = await openPorts(options);
    try {
      const engine = await openEngine(options);
      try {
        return await startOn(engine, serving, options);
      } catch (error) {
        await engine.close();
        throw error;
      }
    } catch (error) {
      await serving?.close({ graceMs: 0 });
      throw error;
    }
  }

  /** Use {@link Etcd.start}. */
  constructor(parts: { engine: Engine; server: Server; serving: Serving | undefined }) {
    this.#engine = parts.engine;
    this.#server = parts.server;
    this.#serving = parts.serving;
    this.#client = new Client(parts.server);
  }

  /** A client in this process: no network in between. */
  get client(): Client {
    return this.#client;
  }

  /** Calls as bytes, for whoever brings a client of their own. */
  get channel(): Channel {
    return this.#server;
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
    await Promise.all([this.#serving?.close({ graceMs: STOP_GRACE_MS }), this.#server.close()]);
    await this.#engine.close();
  }
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

async function openEngine(options: EtcdOptions): Promise<Engine> {
  if (options.dataDir === undefined) return new MemoryEngine();
  // Loads native code: only for a server with a disk.
  const { LevelEngine } = await import("../storage/index.ts");
  return LevelEngine.open({ directory: options.dataDir, sync: options.unsafeNoFsync !== true });
}

async function startOn(
  engine: Engine,
  serving: Serving | undefined,
  options: EtcdOptions,
): Promise<Etcd> {
  const logger = options.logger ?? SILENT_LOGGER;
  const store = await Store.open(engine, {
    valueBytesMax: options.valueBytesMax ?? defaultValueBytes(options),
    nowMs: (options.clock ?? SYSTEM_CLOCK).nowMs(),
    leaseExtensionMs: electionTimeoutMs(options),
    onReadFailure: (error) => {
      logger.error("history cannot be read", { error: String(error) });
    },
  });
  const server = await Server.start(store, serverOptions(options, serving?.clientUrls ?? []));
  await serving?.start({
    channel: server,
    pages: await clientPages(server, options),
    metricsPages: metricsOnly(server),
    maxRequestBytes: options.maxRequestBytes,
    maxConcurrentStreams: options.maxConcurrentStreams,
    keepaliveMinTimeMs: options.grpcKeepaliveMinTimeMs,
    keepaliveIntervalMs: options.grpcKeepaliveIntervalMs,
    keepaliveTimeoutMs: options.grpcKeepaliveTimeoutMs,
    grpcTransport: options.grpcTransport,
    corsOrigins: options.cors,
    hostWhitelist: options.hostWhitelist,
    hasGateway: options.enableGrpcGateway,
  });
  return new Etcd({ engine, server, serving });
}

function defaultValueBytes({ dataDir }: EtcdOptions): number {
  return dataDir === undefined ? VALUE_BYTES_MAX_IN_MEMORY : VALUE_BYTES_MAX;
}

/** Client URLs have the pages of profiles too, where they are asked for. */
async function clientPages(pages: HttpPages, options: EtcdOptions): Promise<HttpPages> {
  if (options.enablePprof !== true) return pages;
  const { withProfiles } = await import("./profiles.ts");
  options.logger?.info("pprof is enabled", { path: "/debug/pprof" });
  return withProfiles(pages, options.clock ?? SYSTEM_CLOCK);
}

/** A metrics URL has every page but the version. */
function metricsOnly(pages: HttpPages): HttpPages {
  return {
    page: (request) => {
      const hidden = request.path === "/version";
      return pages.page(hidden ? { ...request, path: "/hidden" } : request);
    },
  };
}
