/** Many servers on the same ports: each is who a client dials by the server's name. */
import type { Serving } from "../transport/index.ts";
import { EtcdError, STATUS, authorityOf } from "../wire/index.ts";
import type { CallContext, Channel, HttpPages, HttpReply } from "../wire/index.ts";
import { Etcd } from "./etcd.ts";
import type { EtcdOptions } from "./options.ts";

/** Servers at a time. */
const STORES_MAX = 10_000;

/** What is one for all of them: where they are, and by what. */
export type StoresOptions = Pick<
  EtcdOptions,
  | "listenClientUrls"
  | "tls"
  | "logger"
  | "maxRequestBytes"
  | "maxConcurrentStreams"
  | "grpcTransport"
>;

/** What one of them is given: all but ports of its own. */
export type StoreOptions = Omit<
  EtcdOptions,
  "listenClientUrls" | "listenClientHttpUrls" | "listenMetricsUrls" | "tls"
>;

/**
 * Servers in one process that do not know each other, with own revisions, leases, watches, users and
 * pages: told apart by the host name that a client dials, without its port.
 */
export class EtcdStores {
  readonly #serving: Serving;
  readonly #stores: Map<string, Etcd>;
  #isStopped = false;

  /** Rejects with the cause for a port that cannot be had. */
  static async start(options: StoresOptions): Promise<EtcdStores> {
    const { serve } = await import("../transport/index.ts");
    const { listenClientUrls: clientUrls = [], ...rest } = options;
    const stores = new Map<string, Etcd>();
    const channel = channelOf(stores);
    const pages = pagesOf(stores);
    return new EtcdStores(await serve({ ...rest, clientUrls, channel, pages }), stores);
  }

  private constructor(serving: Serving, stores: Map<string, Etcd>) {
    this.#serving = serving;
    this.#stores = stores;
  }

  /** Where all of them are served, with the real ports. */
  get clientUrls(): readonly string[] {
    return this.#serving.clientUrls;
  }

  /** The names of those that are open. */
  get names(): string[] {
    return [...this.#stores.keys()];
  }

  /** The server of a name; undefined for none. */
  get(name: string): Etcd | undefined {
    return this.#stores.get(name.toLowerCase());
  }

  /** Starts a server under a name. As {@link add}. */
  async open(name: string, options: StoreOptions = {}): Promise<Etcd> {
    this.#refuseTaken(name);
    const etcd = await Etcd.start({ ...options, advertiseClientUrls: this.clientUrls });
    try {
      this.add(name, etcd);
    } catch (error) {
      await etcd.stop();
      throw error;
    }
    return etcd;
  }

  /**
   * Serves a server that runs already, a fork say, under a name too; it is stopped with the others.
   * Throws Error for a name that is taken, at {@link STORES_MAX}, and after {@link stop}.
   */
  add(name: string, etcd: Etcd): void {
    this.#refuseTaken(name);
    this.#stores.set(name.toLowerCase(), etcd);
  }

  /** Stops the server of a name, with its streams, and frees what it has; false for none. */
  async close(name: string): Promise<boolean> {
    const etcd = this.get(name);
    this.#stores.delete(name.toLowerCase());
    await etcd?.stop();
    return etcd !== undefined;
  }

  /** Stops all of them and frees the ports. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all(this.names.map((name) => this.close(name)));
    await this.#serving.close({ graceMs: 0 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #refuseTaken(name: string): void {
    const cannot = `Cannot open store ${JSON.stringify(name)}`;
    if (this.#isStopped) throw new Error(`${cannot}: all of them are stopped`);
    if (this.get(name) !== undefined) throw new Error(`${cannot}: there is one of this name`);
    if (this.#stores.size >= STORES_MAX) {
      throw new Error(`${cannot}: there are ${String(STORES_MAX)} already`);
    }
  }
}

type StoresByName = ReadonlyMap<string, Etcd>;

/** Calls go to the server of the name that was dialed. They throw EtcdError for a name of none. */
function channelOf(stores: StoresByName): Channel {
  const dialed = (context: CallContext): Channel => {
    const host = context.metadata(":authority") ?? context.metadata("host") ?? "";
    const etcd = dialedOf(stores, host);
    if (etcd !== undefined) return etcd.channel;
    throw new EtcdError(STATUS.notFound, unknownText(host));
  };
  return {
    unary: (method, request, context) => dialed(context).unary(method, request, context),
    stream: (method, context, output) => dialed(context).stream(method, context, output),
  };
}

function pagesOf(stores: StoresByName): HttpPages {
  return {
    page: (request) => {
      const host = authorityOf(request) ?? "";
      return dialedOf(stores, host)?.pages.page(request) ?? unknownPage(host);
    },
  };
}

function dialedOf(stores: StoresByName, authority: string): Etcd | undefined {
  return stores.get(hostName(authority).toLowerCase());
}

/** Without a port; of an IPv6 address without its brackets. */
function hostName(authority: string): string {
  return authority.replace(/:\d*$/u, "").replace(/^\[(.*)\]$/u, "$1");
}

function unknownText(host: string): string {
  return `etcdlet: there is no store of the name that was dialed: ${JSON.stringify(hostName(host))}`;
}

function unknownPage(host: string): HttpReply {
  const headers = { "Content-Type": "text/plain; charset=utf-8" };
  return { status: 404, headers, body: `${unknownText(host)}\n` };
}
