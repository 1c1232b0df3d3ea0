/** Serves {@link ExchangePages} over HTTP/1.1, within limits that their clients do not notice. */
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { Logger } from "../wire/index.ts";
import { putBack } from "./connection-handler.ts";
import type { ConnectionHandler } from "./connection-handler.ts";
import type { ExchangePages } from "./http-exchange.ts";
import { Http1Request } from "./http1-request.ts";
import { OpenSockets } from "./open-sockets.ts";

/**
 * Milliseconds that a connection may leave the server waiting in each of two phases: without a whole
 * request (idle connections included), and with an answer that it does not read. Then it is dropped.
 * Twice the minute that a Prometheus server leaves between two requests on one connection. What
 * takes the server long (a lock, a watch) takes as long as it does.
 */
const HTTP_PHASE_TIMEOUT_MS = 120_000;

/** Bytes of a request's head; more is answered with 431. */
const HTTP_HEAD_BYTES_MAX = 16 * 1024;

/** Open connections. One more, and the one that has been idle longest is dropped. */
const HTTP_CONNECTIONS_MAX = 1024;

/**
 * Requests of one connection that wait for their answers; one more, and it is dropped. Few clients
 * send the next one before they have the answer.
 */
const HTTP_PIPELINED_MAX = 100;

/** What an {@link HttpServer} is made of. */
export interface HttpServerOptions {
  readonly pages: ExchangePages;
  readonly logger: Logger;
  /** Default {@link HTTP_PHASE_TIMEOUT_MS}. */
  readonly phaseTimeoutMs?: number | undefined;
  /** Default {@link HTTP_CONNECTIONS_MAX}. */
  readonly connectionsMax?: number | undefined;
}

/** One connection: the requests that it waits for the answers of, and its phase's time-out. */
interface Connection {
  readonly requests: Set<Http1Request>;
  readonly timer: NodeJS.Timeout;
}

/** Pages over connections that are handed in. */
export class HttpServer implements ConnectionHandler {
  readonly #pages: ExchangePages;
  readonly #logger: Logger;
  readonly #phaseTimeoutMs: number;
  readonly #connectionsMax: number;
  readonly #server: Server;
  readonly #sockets = new OpenSockets();
  /** Whoever was answered last comes last. */
  readonly #connections = new Map<Duplex, Connection>();
  #closing = false;

  constructor(options: HttpServerOptions) {
    this.#pages = options.pages;
    this.#logger = options.logger;
    this.#phaseTimeoutMs = options.phaseTimeoutMs ?? HTTP_PHASE_TIMEOUT_MS;
    this.#connectionsMax = options.connectionsMax ?? HTTP_CONNECTIONS_MAX;
    // Never listens: connections are handed in. Node's own request time-outs need a listening
    // server, so the timers here are all there is.
    this.#server = createServer({
      maxHeaderSize: HTTP_HEAD_BYTES_MAX,
      keepAliveTimeout: this.#phaseTimeoutMs,
    });
    // A client may close its sending side and still wait for its answer. Not in Node's types.
    Reflect.set(this.#server, "httpAllowHalfOpen", true);
    this.#server.on("request", (request, response) => this.#onRequest(request, response));
    this.#server.on("clientError", refuseMalformed);
  }

  handle(socket: Duplex, head: Buffer): void {
    if (this.#connections.size >= this.#connectionsMax && !this.#dropIdle()) {
      socket.destroy();
      return;
    }
    const requests = new Set<Http1Request>();
    const timer = setTimeout(() => {
      if ([...requests].some(({ waitsForServer }) => waitsForServer)) timer.refresh();
      else socket.destroy();
    }, this.#phaseTimeoutMs).unref();
    // Each request may listen, beside Node itself.
    socket.setMaxListeners(HTTP_PIPELINED_MAX + 20);
    this.#connections.set(socket, { requests, timer });
    this.#sockets.add(socket);
    socket.once("close", () => {
      clearTimeout(timer);
      this.#connections.delete(socket);
    });
    putBack(socket, head);
    this.#server.emit("connection", socket);
    // What was put back is read only when the socket is resumed after the server has taken it.
    process.nextTick(() => socket.resume());
  }

  async close(options: { readonly graceMs: number }): Promise<void> {
    this.#closing = true;
    for (const [socket, { requests }] of this.#connections) {
      if (requests.size === 0) socket.destroy();
    }
    await this.#sockets.drain(options);
  }

  /** False when all connections are waiting for an answer. */
  #dropIdle(): boolean {
    for (const [socket, { requests }] of this.#connections) {
      if (requests.size > 0) continue;
      this.#connections.delete(socket);
      socket.destroy();
      return true;
    }
    return false;
  }

  #onRequest(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request;
    const connection = this.#connections.get(socket);
    if (connection === undefined || connection.requests.size >= HTTP_PIPELINED_MAX) {
      socket.destroy();
      return;
    }
    if (this.#closing) response.shouldKeepAlive = false;
    const page = new Http1Request(request, response);
    connection.requests.add(page);
    request.once("end", () => connection.timer.refresh());
    response.once("close", () => {
      connection.requests.delete(page);
      connection.timer.refresh();
      if (!this.#connections.delete(socket)) return;
      this.#connections.set(socket, connection);
      if (this.#closing && connection.requests.size === 0) socket.end(() => socket.destroy());
    });
    // Its own failures end the connection.
    void this.#respond(page, socket);
  }

  async #respond(page: Http1Request, socket: Duplex): Promise<void> {
    try {
      await page.send(await this.#pages.page(page));
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#logger.error("failed to send a page", { path: page.path, error: message });
      if (!page.fail()) socket.destroy();
    }
  }
}

/** Source: Go, net/http, server.go: the answers to what is no request. */
function refuseMalformed(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const status =
    error.code === "HPE_HEADER_OVERFLOW"
      ? "431 Request Header Fields Too Large"
      : "400 Bad Request";
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n${status}`,
    () => socket.destroy(),
  );
}
