/** All the addresses of one server, opened together and closed together. */
import { SILENT_LOGGER } from "../wire/index.ts";
import type { Channel, HttpPages, Logger } from "../wire/index.ts";
import type { ConnectionHandler } from "./connection-handler.ts";
import { messageBytesMax } from "./grpc-options.ts";
import type { GrpcOptions } from "./grpc-options.ts";
import { GatewayPages } from "./gateway-pages.ts";
import { HttpAccess } from "./http-access.ts";
import type { ExchangePages } from "./http-exchange.ts";
import { HttpServer } from "./http-server.ts";
import { openListeners } from "./listener.ts";
import type { Handlers, Listener } from "./listener.ts";
import type { TlsOptions } from "./tls.ts";

/** Where to listen; see {@link parseListenUrl} for the forms of a URL. */
export interface ServingUrls {
  /** Where gRPC and pages are served. */
  readonly clientUrls: readonly string[];
  /**
   * Where pages and calls as JSON are served, and no gRPC; the client URLs serve nothing but gRPC
   * then. Default none. Source: etcd --listen-client-http-urls.
   */
  readonly httpUrls?: readonly string[] | undefined;
  /** Where only {@link ServingHandlers.metricsPages} are served. Default none. */
  readonly metricsUrls?: readonly string[] | undefined;
  /** Needed for URLs with `https` and `unixs`. */
  readonly tls?: TlsOptions | undefined;
  readonly logger?: Logger | undefined;
}

/** The two servers of gRPC; clients cannot tell them apart but by speed. */
export type GrpcTransport = "http2" | "grpc-js";

/** What is served. */
export interface ServingHandlers extends GrpcOptions {
  readonly channel: Channel;
  /** The pages of the client URLs. */
  readonly pages: HttpPages;
  /** The pages of the metrics URLs. Default {@link ServingHandlers.pages}. */
  readonly metricsPages?: HttpPages | undefined;
  /** Who speaks gRPC: our own HTTP/2, or the reference. Default "http2". */
  readonly grpcTransport?: GrpcTransport | undefined;
  /** Default `*`. Source: etcd --cors. */
  readonly corsOrigins?: readonly string[] | undefined;
  /** Host names that are served without TLS. Default `*`. Source: etcd --host-whitelist. */
  readonly hostWhitelist?: readonly string[] | undefined;
  /** Serves calls as JSON below /v3/. Default true. Source: etcd --enable-grpc-gateway. */
  readonly hasGateway?: boolean | undefined;
  /** As {@link HttpAccessOptions.areNamesUsers}. */
  readonly areNamesUsers?: (() => boolean) | undefined;
}

/** How long closing may take. */
export interface CloseOptions {
  /** Milliseconds that calls under way have to finish. */
  readonly graceMs: number;
}

/**
 * A server's end of the network. {@link Serving.open} takes the addresses, so that one in use is
 * known before anything else is done and the real ports are; {@link Serving.start} answers.
 */
export class Serving {
  /** With their real ports, in the order given. */
  readonly clientUrls: readonly string[];
  readonly httpUrls: readonly string[];
  readonly metricsUrls: readonly string[];
  readonly #clientListeners: readonly Listener[];
  readonly #httpListeners: readonly Listener[];
  readonly #metricsListeners: readonly Listener[];
  readonly #logger: Logger;
  #handlers: readonly ConnectionHandler[] = [];
  #closed: Promise<void> | undefined;

  private constructor(listeners: readonly (readonly Listener[])[], logger: Logger) {
    const [client = [], http = [], metrics = []] = listeners;
    this.clientUrls = client.flatMap(({ urls }) => urls);
    this.httpUrls = http.flatMap(({ urls }) => urls);
    this.metricsUrls = metrics.flatMap(({ urls }) => urls);
    this.#clientListeners = client;
    this.#httpListeners = http;
    this.#metricsListeners = metrics;
    this.#logger = logger;
  }

  /** Takes all addresses or none. Throws what {@link Listener.open} throws. */
  static async open(urls: ServingUrls): Promise<Serving> {
    const logger = urls.logger ?? SILENT_LOGGER;
    const { clientUrls, httpUrls = [], metricsUrls = [] } = urls;
    checkApart(clientUrls, httpUrls);
    const tls = await certified(urls, logger);
    const opened: Listener[][] = [];
    try {
      for (const group of [clientUrls, httpUrls, metricsUrls]) {
        opened.push(await openListeners(group, { tls, logger }));
      }
      return new Serving(opened, logger);
    } catch (error) {
      await Promise.all(opened.flat().map((listener) => listener.close()));
      throw error;
    }
  }

  /** Answers who is waiting and who comes. Called once. */
  async start(handlers: ServingHandlers): Promise<void> {
    const pages = this.#pages(handlers);
    const isSplit = this.#httpListeners.length > 0;
    const client = await this.#clientHandlers(handlers, isSplit ? undefined : pages);
    const http = isSplit ? { http1: new HttpServer({ pages, logger: this.#logger }) } : {};
    const metrics = this.#metricsHandlers(handlers);
    this.#handlers = [client, http, metrics]
      .flatMap(({ http2, http1 }: Handlers) => [http2, http1])
      .filter((handler) => handler !== undefined);
    this.#serve(this.#clientListeners, client, isSplit ? "grpc" : "grpc+http");
    this.#serve(this.#httpListeners, http, "http");
    for (const listener of this.#metricsListeners) {
      listener.serve(metrics);
      for (const address of listener.urls) this.#logger.info("serving metrics", { address });
    }
  }

  #serve(listeners: readonly Listener[], handlers: Handlers, traffic: string): void {
    for (const listener of listeners) {
      this.#logger.info("ready to serve client requests");
      listener.serve(handlers);
    }
    for (const { address, traffic: way } of listeners) {
      const fields = { traffic, address };
      if (way.isPlain) this.#logger.info(SERVING_PLAIN, fields);
      if (way.isSecure) this.#logger.info(SERVING_SECURE, fields);
    }
  }

  /**
   * Frees the addresses at once, lets calls under way finish for the grace, and drops the rest.
   * Calling it again waits for the first call.
   */
  close(options: CloseOptions): Promise<void> {
    this.#closed ??= this.#close(options);
    return this.#closed;
  }

  async #close(options: CloseOptions): Promise<void> {
    const listeners = [...this.#clientListeners, ...this.#httpListeners, ...this.#metricsListeners];
    await Promise.all([
      ...listeners.map((listener) => listener.close()),
      ...this.#handlers.map((handler) => handler.close(options)),
    ]);
  }

  /** All that is served beside gRPC. */
  #pages(handlers: ServingHandlers): ExchangePages {
    const { channel, pages, corsOrigins = ["*"], hostWhitelist, hasGateway = true } = handlers;
    const logger = this.#logger;
    const bytesMax = messageBytesMax(handlers);
    const behind = hasGateway
      ? new GatewayPages({ channel, pages, messageBytesMax: bytesMax, logger })
      : pages;
    const areNamesUsers = hasGateway ? handlers.areNamesUsers : undefined;
    return new HttpAccess({ pages: behind, corsOrigins, hostWhitelist, areNamesUsers, logger });
  }

  /** Without pages there is only gRPC. */
  async #clientHandlers(
    handlers: ServingHandlers,
    pages: ExchangePages | undefined,
  ): Promise<Handlers> {
    if (this.#clientListeners.length === 0) return {};
    const logger = this.#logger;
    return {
      http2: await this.#grpcHandler(handlers, pages),
      http1: pages === undefined ? undefined : new HttpServer({ pages, logger }),
      // grpc-js has no pages over HTTP/2, and clients of gRPC do not offer HTTP/1.1.
      prefersHttp1: handlers.grpcTransport === "grpc-js",
    };
  }

  /** Loaded only here: who has no port for gRPC waits for neither. */
  async #grpcHandler(
    handlers: ServingHandlers,
    pages: ExchangePages | undefined,
  ): Promise<ConnectionHandler> {
    const options = { ...handlers, pages, logger: this.#logger };
    if (handlers.grpcTransport === "grpc-js") {
      const { GrpcJsServer } = await import("./grpc-js-server.ts");
      return new GrpcJsServer(options);
    }
    const { GrpcServer } = await import("./grpc-server.ts");
    return new GrpcServer(options);
  }

  /** An HTTP/2 preface has no handler there, so such a connection is dropped. */
  #metricsHandlers(handlers: ServingHandlers): Handlers {
    if (this.#metricsListeners.length === 0) return {};
    const logger = this.#logger;
    const pages = new HttpAccess({ pages: handlers.metricsPages ?? handlers.pages, logger });
    return { http1: new HttpServer({ pages, logger }) };
  }
}

/** By these lines others know that clients are served, and by what. */
const SERVING_PLAIN = "serving client traffic insecurely; this is strongly discouraged!";
const SERVING_SECURE = "serving client traffic securely";

/** Source: etcd server/embed/etcd.go, configureClientListeners. */
function checkApart(clientUrls: readonly string[], httpUrls: readonly string[]): void {
  const place = (url: string): string => url.trim().replace(/^(http|unix)s:/u, "$1:");
  const taken = new Set(clientUrls.map(place));
  const both = httpUrls.find((url) => taken.has(place(url)) && !place(url).endsWith(":0"));
  if (both === undefined) return;
  throw new Error(
    "cannot bind both --listen-client-urls and --listen-client-http-urls on the same url " + both,
  );
}

/** What is said of TLS, with files in any case. */
async function certified(urls: ServingUrls, logger: Logger): Promise<TlsOptions | undefined> {
  const { tls, clientUrls, httpUrls = [] } = urls;
  if (tls?.selfSigned === undefined) return tls;
  const { selfCertificate } = await import("./self-certificate.ts");
  return {
    ...tls,
    ...selfCertificate({ ...tls.selfSigned, urls: [...clientUrls, ...httpUrls], logger }),
  };
}

/** {@link Serving.open} and {@link Serving.start} in one, or neither. */
export async function serve(options: ServingUrls & ServingHandlers): Promise<Serving> {
  const serving = await Serving.open(options);
  try {
    await serving.start(options);
  } catch (error) {
    await serving.close({ graceMs: 0 });
    throw error;
  }
  return serving;
}
