/**
 * Serves {@link HttpPages} over HTTP/1.1. The pages are small and so are the limits: whoever sends
 * more, or sends slower, is not one of the clients that they are for.
 */
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { HttpPages, HttpReply, HttpRequest, Logger } from "../wire/index.ts";
import { putBack } from "./connection-handler.ts";
import type { ConnectionHandler } from "./connection-handler.ts";
import { OpenSockets } from "./open-sockets.ts";

/**
 * Milliseconds that a connection may spend in each of two phases: without a whole request (idle
 * connections included), and with one until its answer is sent. Then it is dropped. Twice the
 * minute that a Prometheus server leaves between two requests on one connection.
 */
const HTTP_PHASE_TIMEOUT_MS = 120_000;

/** Bytes of a request's head; more is answered with 431. */
const HTTP_HEAD_BYTES_MAX = 16 * 1024;

/**
 * Bytes of a request's body, which no page reads; with more the connection is closed after the
 * answer. Source: Go, net/http, maxPostHandlerReadBytes.
 */
const HTTP_BODY_BYTES_MAX = 256 * 1024;

/** Open connections. One more, and the one that has been idle longest is dropped. */
const HTTP_CONNECTIONS_MAX = 1024;

/** Source: etcd server/embed/serve.go, addCORSHeader. */
const CORS_HEADERS = {
  "Access-Control-Allow-Methods": "POST, GET, OPTIONS, PUT, DELETE",
  "Access-Control-Allow-Headers": "accept, content-type, authorization",
} as const;

/** What an {@link HttpServer} is made of. */
export interface HttpServerOptions {
  readonly pages: HttpPages;
  /**
   * Origins whose scripts may read the answers; `*` is all. Left out, there is no such header, and
   * OPTIONS goes to the pages like any other method.
   */
  readonly corsOrigins?: readonly string[] | undefined;
  readonly logger: Logger;
  /** Default {@link HTTP_PHASE_TIMEOUT_MS}. */
  readonly phaseTimeoutMs?: number | undefined;
  /** Default {@link HTTP_CONNECTIONS_MAX}. */
  readonly connectionsMax?: number | undefined;
}

/** One connection: how many requests it waits for the answers of, and its phase's time-out. */
interface Connection {
  busy: number;
  readonly timer: NodeJS.Timeout;
}

/** Pages over connections that are handed in. */
export class HttpServer implements ConnectionHandler {
  readonly #pages: HttpPages;
  readonly #cors: ReadonlySet<string> | undefined;
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
    this.#cors = options.corsOrigins === undefined ? undefined : new Set(options.corsOrigins);
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
    const timer = setTimeout(() => socket.destroy(), this.#phaseTimeoutMs).unref();
    this.#connections.set(socket, { busy: 0, timer });
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
    for (const [socket, { busy }] of this.#connections) {
      if (busy === 0) socket.destroy();
    }
    await this.#sockets.drain(options);
  }

  /** False when all connections are waiting for an answer. */
  #dropIdle(): boolean {
    for (const [socket, { busy }] of this.#connections) {
      if (busy > 0) continue;
      this.#connections.delete(socket);
      socket.destroy();
      return true;
    }
    return false;
  }

  #onRequest(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request;
    const connection = this.#connections.get(socket);
    if (connection === undefined) {
      socket.destroy();
      return;
    }
    connection.busy += 1;
    if (this.#closing) response.shouldKeepAlive = false;
    request.once("end", () => connection.timer.refresh());
    response.once("close", () => {
      connection.busy -= 1;
      connection.timer.refresh();
      if (!this.#connections.delete(socket)) return;
      this.#connections.set(socket, connection);
      if (this.#closing && connection.busy === 0) socket.end(() => socket.destroy());
    });
    discardBody(request, response);
    // Its own failures become a reply.
    void this.#respond(request, response);
  }

  async #respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { origin } = request.headers;
    try {
      this.#send(response, await this.#answer(requestOf(request)), origin);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#logger.error("failed to answer a page", { path: request.url, error: message });
      for (const name of response.getHeaderNames()) response.removeHeader(name);
      this.#send(response, FAILED_REPLY, origin);
    }
  }

  #answer(request: HttpRequest): HttpReply | Promise<HttpReply> {
    if (this.#cors !== undefined && request.method === "OPTIONS") return EMPTY_REPLY;
    return this.#pages.page(request);
  }

  #send(response: ServerResponse, reply: HttpReply, origin: string | undefined): void {
    const body = Buffer.from(reply.body);
    for (const [name, value] of Object.entries(reply.headers)) response.setHeader(name, value);
    const allowed = this.#cors?.has("*") === true ? "*" : origin;
    if (allowed !== undefined && this.#cors?.has(allowed) === true) {
      response.setHeader("Access-Control-Allow-Origin", allowed);
      for (const [name, value] of Object.entries(CORS_HEADERS)) response.setHeader(name, value);
    }
    response.setHeader("Content-Length", body.length);
    response.writeHead(reply.status);
    response.end(body);
  }
}

const EMPTY_REPLY: HttpReply = { status: 200, headers: {}, body: "" };

/** What a client sees of a bug in a page. */
const FAILED_REPLY: HttpReply = {
  status: 500,
  headers: { "Content-Type": "text/plain; charset=utf-8" },
  body: "Internal Server Error\n",
};

/** The request as the pages see it. The target may be a path, a whole URL, or a star. */
function requestOf(request: IncomingMessage): HttpRequest {
  const target = (request.url ?? "/").replace(/^https?:\/\/[^/?]*/iu, "");
  const queryAt = target.indexOf("?");
  const path = queryAt === -1 ? target : target.slice(0, queryAt);
  const query = queryAt === -1 ? "" : target.slice(queryAt + 1);
  return {
    method: request.method ?? "GET",
    path: path === "" ? "/" : path,
    query: new URLSearchParams(query),
  };
}

/** Reads the body, or there would be no next request; but not for ever. */
function discardBody(request: IncomingMessage, response: ServerResponse): void {
  let bytes = 0;
  request.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= HTTP_BODY_BYTES_MAX) return;
    request.pause();
    const { socket } = request;
    if (response.writableFinished) socket.destroy();
    else response.once("finish", () => socket.destroy());
  });
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
