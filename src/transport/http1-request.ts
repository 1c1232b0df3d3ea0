/** A request of HTTP/1.1, as the pages see it, and the sending of its answer. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { HttpField } from "../wire/index.ts";
import { clientNameOf } from "./client-certificate.ts";
import { targetParts } from "./http-exchange.ts";
import type { ExchangeReply, HttpExchange } from "./http-exchange.ts";

/**
 * Bytes of a request's body that are read after nobody wants them; with more the connection is
 * closed after the answer. Source: Go, net/http, maxPostHandlerReadBytes.
 */
const UNREAD_BYTES_MAX = 256 * 1024;

/**
 * Milliseconds between the end of an answer and the end of its connection, when there is something
 * left to read: a client that is sent a reset would lose the answer. Source: Go, net/http,
 * rstAvoidanceDelay.
 */
const RESET_DELAY_MS = 500;

export class Http1Request implements HttpExchange {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  #abort: AbortController | undefined;
  #isBodyRead = false;
  #isAnswered = false;
  #isStreaming = false;

  constructor(request: IncomingMessage, response: ServerResponse) {
    // The target may be a path, a whole URL, or a star.
    const target = (request.url ?? "/").replace(/^https?:\/\/[^/?]*/iu, "");
    const { path, query } = targetParts(target);
    this.method = request.method ?? "GET";
    this.path = path === "" ? "/" : path;
    this.query = query;
    this.#request = request;
    this.#response = response;
    response.once("close", () => {
      if (!response.writableFinished) this.#abort?.abort();
    });
  }

  get fields(): readonly HttpField[] {
    const { rawHeaders } = this.#request;
    const fields: HttpField[] = [];
    for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
      const [name = "", value = ""] = rawHeaders.slice(index, index + 2);
      fields.push({ name: name.toLowerCase(), value });
    }
    return fields;
  }

  get isSecure(): boolean {
    return "encrypted" in this.#request.socket;
  }

  get body(): AsyncIterable<Buffer> {
    this.#isBodyRead = true;
    // Whoever stops reading does not end the connection: the answer is still to be sent.
    return { [Symbol.asyncIterator]: () => this.#request.iterator({ destroyOnReturn: false }) };
  }

  get signal(): AbortSignal {
    if (this.#abort !== undefined) return this.#abort.signal;
    const abort = new AbortController();
    this.#abort = abort;
    const { socket } = this.#request;
    if (socket.destroyed || socket.readableEnded) abort.abort();
    // A client that closes its side has mostly gone. Source: Go, net/http, connReader.backgroundRead.
    const onEnd = (): void => abort.abort();
    socket.once("end", onEnd);
    // An answer that waits behind another one is not told that the connection is gone.
    socket.once("close", onEnd);
    this.#response.once("close", () => socket.off("end", onEnd).off("close", onEnd));
    return abort.signal;
  }

  certificateName(): string | undefined {
    return clientNameOf(this.#request.socket);
  }

  /** What happens next is up to the server and not to the client. */
  get waitsForServer(): boolean {
    return this.#isStreaming || (!this.#isAnswered && this.#request.readableEnded);
  }

  /** Sends the answer; resolves when it has been handed over, or the client has gone. */
  async send({ status, headers, body }: ExchangeReply): Promise<void> {
    const response = this.#response;
    this.#isAnswered = true;
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    if (typeof body === "string" || body instanceof Uint8Array) {
      const bytes = typeof body === "string" ? Buffer.from(body) : body;
      response.setHeader("Content-Length", bytes.length);
      response.writeHead(status);
      response.end(bytes);
    } else {
      this.#isStreaming = true;
      response.writeHead(status);
      response.flushHeaders();
      await this.#stream(body);
      this.#isStreaming = false;
      response.end();
    }
    this.#discardRest();
  }

  /** Says that the server has failed; false when it is too late for that. */
  fail(): boolean {
    const response = this.#response;
    if (response.headersSent) return false;
    for (const name of response.getHeaderNames()) response.removeHeader(name);
    response.writeHead(500, { "Content-Type": "text/plain; charset=utf-8" });
    response.end("Internal Server Error\n");
    return true;
  }

  async #stream(body: AsyncIterable<Uint8Array>): Promise<void> {
    const response = this.#response;
    for await (const piece of body) {
      if (response.destroyed) return;
      if (!response.write(piece)) await hasRoom(response);
    }
  }

  /** Reads what is left of the body, or there would be no next request; but not for ever. */
  #discardRest(): void {
    const request = this.#request;
    if (request.readableEnded) return;
    let bytes = 0;
    request.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= UNREAD_BYTES_MAX) return;
      request.pause();
      const { socket } = request;
      if (this.#response.writableFinished) endSoon(socket);
      else this.#response.once("finish", () => endSoon(socket));
    });
    // Its end is not waited for by anybody.
    if (this.#isBodyRead) request.resume();
  }
}

function endSoon(socket: Socket): void {
  socket.end();
  setTimeout(() => socket.destroy(), RESET_DELAY_MS).unref();
}

/** Resolves also when there will never be room again. */
function hasRoom(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off("drain", done);
      response.off("close", done);
      resolve();
    };
    response.once("drain", done);
    response.once("close", done);
  });
}
