/** Serves {@link HttpPages} over HTTP/2, to whoever asks a port of gRPC for something else. */
import type { HttpPages, HttpReply, HttpRequest, Logger } from "../wire/index.ts";
import { ERROR_CODE, NO_TRAILERS } from "./http2/index.ts";
import type {
  HpackEncoder,
  Http2Stream,
  OutgoingField,
  RequestHead,
  StreamReceiver,
} from "./http2/index.ts";

/**
 * Bytes of a request's body, which no page reads; with more the stream is reset.
 * Source: Go, net/http, maxPostHandlerReadBytes.
 */
const BODY_BYTES_MAX = 256 * 1024;

/** Source: etcd server/embed/serve.go, addCORSHeader. */
const CORS_HEADERS = [
  { name: "access-control-allow-methods", value: "POST, GET, OPTIONS, PUT, DELETE" },
  { name: "access-control-allow-headers", value: "accept, content-type, authorization" },
] as const;

export interface Http2PagesOptions {
  readonly pages: HttpPages;
  /** Origins whose scripts may read the answers; `*` is all. */
  readonly corsOrigins: ReadonlySet<string> | undefined;
  readonly logger: Logger;
}

/** One request for a page; it is answered when its body has ended. */
export class PageRequest implements StreamReceiver {
  readonly #options: Http2PagesOptions;
  readonly #encoder: HpackEncoder;
  readonly #stream: Http2Stream;
  readonly #head: RequestHead;
  #bodyBytes = 0;

  constructor(
    options: Http2PagesOptions,
    encoder: HpackEncoder,
    stream: Http2Stream,
    head: RequestHead,
  ) {
    this.#options = options;
    this.#encoder = encoder;
    this.#stream = stream;
    this.#head = head;
  }

  data(_source: Buffer, start: number, end: number): boolean {
    this.#bodyBytes += end - start;
    if (this.#bodyBytes > BODY_BYTES_MAX) this.#stream.reset(ERROR_CODE.cancel);
    return true;
  }

  ended(): void {
    // Its own failures become a reply.
    void this.#respond();
  }

  canceled(): void {}

  drained(): void {}

  async #respond(): Promise<void> {
    try {
      this.#send(await this.#answer(requestOf(this.#head)));
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const { path } = this.#head;
      this.#options.logger.error("failed to answer a page", { path, error: message });
      this.#send(FAILED_REPLY);
    }
  }

  #answer(request: HttpRequest): HttpReply | Promise<HttpReply> {
    const { corsOrigins, pages } = this.#options;
    if (corsOrigins !== undefined && request.method === "OPTIONS") return EMPTY_REPLY;
    return pages.page(request);
  }

  #send(reply: HttpReply): void {
    const body = Buffer.from(reply.body);
    const fields: OutgoingField[] = [
      { name: ":status", value: String(reply.status) },
      ...Object.entries(reply.headers).map(([name, value]) => ({
        name: name.toLowerCase(),
        value,
      })),
      ...this.#corsFields(),
      { name: "content-length", value: String(body.length) },
    ];
    const head = { encode: () => this.#encoder.encode(fields) };
    if (body.length === 0 || this.#head.method === "HEAD") {
      this.#stream.sendHeadOnly(head);
      return;
    }
    this.#stream.sendHead(head);
    this.#stream.sendData(NOTHING, body);
    this.#stream.sendEnd(NO_TRAILERS);
  }

  #corsFields(): readonly OutgoingField[] {
    const { corsOrigins } = this.#options;
    const origin = this.#head.fields.find(({ name }) => name === "origin")?.value;
    const allowed = corsOrigins?.has("*") === true ? "*" : origin;
    if (allowed === undefined || corsOrigins?.has(allowed) !== true) return [];
    return [{ name: "access-control-allow-origin", value: allowed }, ...CORS_HEADERS];
  }
}

const NOTHING = new Uint8Array(0);

const EMPTY_REPLY: HttpReply = { status: 200, headers: {}, body: "" };

/** What a client sees of a bug in a page. */
const FAILED_REPLY: HttpReply = {
  status: 500,
  headers: { "content-type": "text/plain; charset=utf-8" },
  body: "Internal Server Error\n",
};

function requestOf({ method, path: target }: RequestHead): HttpRequest {
  const queryAt = target.indexOf("?");
  const path = queryAt === -1 ? target : target.slice(0, queryAt);
  const query = queryAt === -1 ? "" : target.slice(queryAt + 1);
  return { method, path, query: new URLSearchParams(query) };
}
