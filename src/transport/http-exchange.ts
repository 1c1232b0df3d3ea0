/**
 * A request and its answer in full: bodies of any size both ways, piece by piece. {@link HttpPages},
 * which need none of that, are {@link ExchangePages} too.
 */
import type { HttpReply, HttpRequest } from "../wire/index.ts";

/** Anything that answers HTTP requests, whichever HTTP they come by. */
export interface ExchangePages {
  /** Answers one request. What a client sent is answered with a status and no rejection. */
  page(exchange: HttpExchange): ExchangeReply | Promise<ExchangeReply>;
}

export interface HttpExchange extends HttpRequest {
  /** Came by TLS. */
  readonly isSecure: boolean;
  /**
   * What comes behind the head; may be read once, and need not be read to its end. Reading it throws
   * when the client goes away before.
   */
  readonly body: AsyncIterable<Buffer>;
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
  /** As {@link clientNameOf}. */
  certificateName(): string | undefined;
}

export interface ExchangeReply extends Omit<HttpReply, "body"> {
  /** A stream is sent piece by piece, as fast as the client reads; it ends with the signal. */
  readonly body: string | Uint8Array | AsyncIterable<Uint8Array>;
}

/** Path and query of what a request asks for. */
export function targetParts(target: string): { path: string; query: URLSearchParams } {
  const queryAt = target.indexOf("?");
  if (queryAt === -1) return { path: target, query: new URLSearchParams() };
  return { path: target.slice(0, queryAt), query: new URLSearchParams(target.slice(queryAt + 1)) };
}
