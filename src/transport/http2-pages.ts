/** Serves {@link ExchangePages} over HTTP/2, to whoever asks a port of gRPC for something else. */
import type { HttpField, Logger } from "../wire/index.ts";
import { targetParts } from "./http-exchange.ts";
import type { ExchangePages, ExchangeReply, HttpExchange } from "./http-exchange.ts";
import { ERROR_CODE, NO_TRAILERS } from "./http2/index.ts";
import type {
  HpackEncoder,
  Http2Stream,
  OutgoingField,
  RequestHead,
  StreamReceiver,
} from "./http2/index.ts";

/**
 * Bytes of a request's body that are taken while nobody reads it, and after its answer; with more
 * then the stream is reset. Source: Go, net/http, maxPostHandlerReadBytes.
 */
const UNREAD_BYTES_MAX = 256 * 1024;

/** What is known of the connection that a request came by. */
export interface PageConnection {
  readonly logger: Logger;
  readonly encoder: HpackEncoder;
  readonly isSecure: boolean;
  certificateName(): string | undefined;
}

/** One request for a page, and the sending of its answer. */
export class PageRequest implements StreamReceiver, HttpExchange {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly #pages: ExchangePages;
  readonly #connection: PageConnection;
  readonly #stream: Http2Stream;
  readonly #head: RequestHead;
  readonly #abort = new AbortController();
  /** Of the body, and not yet read. */
  #chunks: Buffer[] = [];
  #unreadBytes = 0;
  #hasEnded = false;
  #isAnswered = false;
  /** Somebody waits for more of the body, or for room. */
  #wake: (() => void) | undefined;
  #wakeWriter: (() => void) | undefined;

  constructor(
    pages: ExchangePages,
    connection: PageConnection,
    stream: Http2Stream,
    head: RequestHead,
  ) {
    const { path, query } = targetParts(head.path);
    this.method = head.method;
    this.path = path;
    this.query = query;
    this.#pages = pages;
    this.#connection = connection;
    this.#stream = stream;
    this.#head = head;
  }

  /** Has it answered. */
  start(): void {
    // Its own failures end the stream.
    void this.#respond();
  }

  get fields(): readonly HttpField[] {
    return this.#head.fields;
  }

  get isSecure(): boolean {
    return this.#connection.isSecure;
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  get body(): AsyncIterable<Buffer> {
    return this.#body();
  }

  certificateName(): string | undefined {
    return this.#connection.certificateName();
  }

  data(source: Buffer, start: number, end: number): boolean {
    this.#unreadBytes += end - start;
    if (this.#isAnswered) {
      this.#forgetBody();
      return true;
    }
    this.#chunks.push(source.subarray(start, end));
    this.#wake?.();
    return this.#unreadBytes <= UNREAD_BYTES_MAX;
  }

  ended(): void {
    this.#hasEnded = true;
    this.#wake?.();
  }

  canceled(): void {
    this.#abort.abort();
    this.#wake?.();
    this.#wakeWriter?.();
  }

  drained(): void {
    this.#wakeWriter?.();
  }

  async *#body(): AsyncGenerator<Buffer> {
    for (;;) {
      if (this.signal.aborted) throw new Error("Cannot read a body: its client has gone");
      const chunks = this.#chunks;
      this.#chunks = [];
      this.#unreadBytes = 0;
      this.#stream.consumed();
      yield* chunks;
      if (this.#chunks.length > 0) continue;
      if (this.#hasEnded) return;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async #respond(): Promise<void> {
    try {
      await this.#send(await this.#pages.page(this));
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#connection.logger.error("failed to send a page", { path: this.path, error: message });
      this.#stream.reset(ERROR_CODE.internalError);
    }
  }

  async #send({ status, headers, body }: ExchangeReply): Promise<void> {
    const bytes = typeof body === "string" ? Buffer.from(body) : body;
    const length = bytes instanceof Uint8Array ? bytes.length : undefined;
    const fields: OutgoingField[] = [
      { name: ":status", value: String(status) },
      ...Object.entries(headers).map(([name, value]) => ({ name: name.toLowerCase(), value })),
      ...(length === undefined ? [] : [{ name: "content-length", value: String(length) }]),
    ];
    const head = { encode: () => this.#connection.encoder.encode(fields) };
    if (length === 0 || this.method === "HEAD") {
      this.#stream.sendHeadOnly(head);
    } else {
      this.#stream.sendHead(head);
      if (bytes instanceof Uint8Array) this.#stream.sendData(NOTHING, bytes);
      else await this.#sendPieces(bytes);
      this.#stream.sendEnd(NO_TRAILERS);
    }
    this.#forgetBody();
  }

  async #sendPieces(body: AsyncIterable<Uint8Array>): Promise<void> {
    for await (const piece of body) {
      if (this.signal.aborted) return;
      if (this.#stream.sendData(NOTHING, piece)) continue;
      await new Promise<void>((resolve) => {
        this.#wakeWriter = resolve;
      });
    }
  }

  /** Nobody reads it any more. Source for the code: RFC 9113, 8.1. */
  #forgetBody(): void {
    this.#isAnswered = true;
    this.#chunks = [];
    if (this.#unreadBytes > UNREAD_BYTES_MAX) this.#stream.reset(ERROR_CODE.noError);
    else this.#stream.consumed();
  }
}

const NOTHING = new Uint8Array(0);
