/** All the addresses of one server, opened together and closed together. */
import { SILENT_LOGGER } from "../wire/index.ts";
import type { Channel, HttpPages, Logger } from "../wire/index.ts";
import type { ConnectionHandler } from "./connection-handler.ts";
import type { GrpcOptions } from "./grpc-options.ts";
import { HttpServer } from "./http-server.ts";
import { openListeners } from "./listener.ts";
import type { Handlers, Listener } from "./listener.ts";
import type { TlsOptions } from "./tls.ts";

/** Where to listen; see {@link parseListenUrl} for the forms of a URL. */
export interface ServingUrls {
  /** Where gRPC and pages are served. */
  readonly clientUrls: readonly string[];
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
  readonly metricsUrls: readonly string[];
  readonly #clientListeners: readonly Listener[];
  readonly #metricsListeners: readonly Listener[];
  readonly #logger: Logger;
  #handlers: readonly ConnectionHandler[] = [];
  #closed: Promise<void> | undefined;

  private constructor(
    clientListeners: readonly Listener[],
    metricsListeners: readonly Listener[],
    logger: Logger,
  ) {
    this.clientUrls = clientListeners.flatMap(({ urls }) => urls);
    this.metricsUrls = metricsListeners.flatMap(({ urls }) => urls);
    this.#clientListeners = clientListeners;
    this.#metricsListeners = metricsListeners;
    this.#logger = logger;
  }

  /** Takes all addresses or none. Throws what {@link Listener.open} throws. */
  static async open(urls: ServingUrls): Promise<Serving> {
    const logger = urls.logger ?? SILENT_LOGGER;
    const tls = await certified(urls, logger);
    const clientListeners = await openListeners(urls.clientUrls, { tls, logger });
    try {
      const metricsListeners = await openListeners(urls.metricsUrls ?? [], { tls, logger });
      return new Serving(clientListeners, metricsListeners, logger);
    } catch (error) {
      await Promise.all(clientListeners.map((listener) => listener.close()));
      throw error;
    }
  }

  /** Answers who is waiting and who comes. Called once. */
  async start(handlers: ServingHandlers): Promise<void> {
    const client = await this.#clientHandlers(handlers);
    const metrics = this.#metricsHandlers(handlers);
    this.#handlers = [client.http2, client.http1, metrics.http1].filter(
      (handler) => handler !== undefined,
    );
    for (const listener of this.#clientListeners) {
      this.#logger.info("ready to serve client requests");
      listener.serve(client);
    }
    for (const { address, traffic } of this.#clientListeners) {
      const fields = { traffic: "grpc+http", address };
      if (traffic.isPlain) this.#logger.info(SERVING_PLAIN, fields);
      if (traffic.isSecure) this.#logger.info(SERVING_SECURE, fields);
    }
    for (const listener of this.#metricsListeners) {
      listener.serve(metrics);
      for (const address of listener.urls) this.#logger.info("serving metrics", { address });
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
    const listeners = [...this.#clientListeners, ...this.#metricsListeners];
    await Promise.all([
      ...listeners.map((listener) => listener.close()),
      ...this.#handlers.map((handler) => handler.close(options)),
    ]);
  }

  async #clientHandlers(handlers: ServingHandlers): Promise<Handlers> {
    if (this.#clientListeners.length === 0) return {};
    const { pages, corsOrigins = ["*"] } = handlers;
    const logger = this.#logger;
    return {
      http2: await this.#grpcHandler(handlers, corsOrigins),
      http1: new HttpServer({ pages, corsOrigins, logger }),
      // grpc-js has no pages over HTTP/2, and clients of gRPC do not offer HTTP/1.1.
      prefersHttp1: handlers.grpcTransport === "grpc-js",
    };
  }

  /** Loaded only here: who has no port for gRPC waits for neither. */
  async #grpcHandler(
    handlers: ServingHandlers,
    corsOrigins: readonly string[],
  ): Promise<ConnectionHandler> {
    const options = { ...handlers, corsOrigins, logger: this.#logger };
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
    const pages = handlers.metricsPages ?? handlers.pages;
    return { http1: new HttpServer({ pages, logger: this.#logger }) };
  }
}

/** By these lines others know that clients are served, and by what. */
const SERVING_PLAIN = "serving client traffic insecurely; this is strongly discouraged!";
const SERVING_SECURE = "serving client traffic securely";

/** What is said of TLS, with files in any case. */
async function certified(urls: ServingUrls, logger: Logger): Promise<TlsOptions | undefined> {
  const { tls, clientUrls } = urls;
  if (tls?.selfSigned === undefined) return tls;
  const { selfCertificate } = await import("./self-certificate.ts");
  return { ...tls, ...selfCertificate({ ...tls.selfSigned, urls: clientUrls, logger }) };
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
