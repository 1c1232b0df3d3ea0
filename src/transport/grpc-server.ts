/**
 * Serves a {@link Channel} as gRPC over our own HTTP/2, and pages beside it.
 * Source: gRPC over HTTP/2 (PROTOCOL-HTTP2.md); where it leaves a choice, gRPC-Go.
 *
 * The way of a call: {@link GrpcConnection.request} finds its route, a call takes its messages
 * (unary or stream), the channel answers, and the answer is assembled in the connection's output.
 */
import type { Duplex } from "node:stream";
import type { Channel, Clock, Logger } from "../wire/index.ts";
import { Arrivals } from "./arrivals.ts";
import { clientNameOf } from "./client-certificate.ts";
import type { ConnectionHandler } from "./connection-handler.ts";
import { AnswerBlocks } from "./grpc-blocks.ts";
import { Deadlines } from "./grpc-deadlines.ts";
import { messageBytesMax } from "./grpc-options.ts";
import type { GrpcOptions } from "./grpc-options.ts";
import { notGrpc, routeOf } from "./grpc-routes.ts";
import { StreamCall } from "./grpc-stream.ts";
import { UnaryCall } from "./grpc-unary.ts";
import { Http2Connection } from "./http2/index.ts";
import type {
  HpackEncoder,
  Http2Stream,
  RequestHandler,
  RequestHead,
  StreamReceiver,
} from "./http2/index.ts";
import type { ExchangePages } from "./http-exchange.ts";
import { PageRequest } from "./http2-pages.ts";
import type { PageConnection } from "./http2-pages.ts";
import { OpenSockets } from "./open-sockets.ts";
import { SOCKET_CLOCK } from "./socket-clock.ts";

export interface GrpcServerOptions extends GrpcOptions {
  readonly channel: Channel;
  /** For requests that are no gRPC. Left out, they are refused. */
  readonly pages?: ExchangePages | undefined;
  readonly logger: Logger;
  readonly clock?: Clock | undefined;
}

/** gRPC over connections that are handed in. */
export class GrpcServer implements ConnectionHandler {
  readonly channel: Channel;
  readonly logger: Logger;
  readonly messageBytesMax: number;
  readonly deadlines: Deadlines;
  readonly pages: ExchangePages | undefined;
  readonly #options: GrpcServerOptions;
  readonly #clock: Clock;
  readonly #sockets = new OpenSockets();
  readonly #connections = new Arrivals<Http2Connection>();

  constructor(options: GrpcServerOptions) {
    const { channel, logger, pages } = options;
    this.channel = channel;
    this.logger = logger;
    this.messageBytesMax = messageBytesMax(options);
    this.#options = options;
    this.#clock = options.clock ?? SOCKET_CLOCK;
    this.deadlines = new Deadlines(this.#clock);
    this.pages = pages;
  }

  handle(socket: Duplex, head: Buffer = NOTHING): void {
    // HTTP/2 has its own half-close; a client that closes its side of the socket is gone.
    socket.allowHalfOpen = false;
    const { maxConcurrentStreams, keepaliveIntervalMs, keepaliveTimeoutMs } = this.#options;
    const connection = new Http2Connection({
      socket,
      clock: this.#clock,
      handler: (encoder) => new GrpcConnection(this, encoder, socket),
      streamsMax: maxConcurrentStreams,
      // By TLS a client of etcd speaks with Go's HTTP server, which neither pings nor counts pings.
      // Source: etcd server/embed/serve.go, serveCtx.serve.
      hasKeepalive: !("encrypted" in socket),
      keepaliveIntervalMs,
      keepaliveTimeoutMs,
      pingIntervalMsMin: this.#options.keepaliveMinTimeMs,
      onBug: (error) => this.#logBug(error),
    });
    const place = this.#connections.add(connection);
    this.#sockets.add(socket, () => this.#connections.remove(place));
    connection.begin(head);
  }

  async close(options: { readonly graceMs: number }): Promise<void> {
    // Tells the clients to open nothing more, and closes each connection with its last call.
    for (const connection of this.#connections.values()) connection.shutDown();
    await this.#sockets.drain(options);
    this.deadlines.close();
  }

  #logBug(error: unknown): void {
    const failure = error instanceof Error ? error : new Error(String(error));
    this.logger.error("failed to serve a connection", {
      error: failure.message,
      stack: failure.stack,
    });
  }
}

/** What the calls of one connection share. */
export class GrpcConnection implements RequestHandler, PageConnection {
  readonly channel: Channel;
  readonly logger: Logger;
  readonly messageBytesMax: number;
  readonly deadlines: Deadlines;
  readonly blocks: AnswerBlocks;
  readonly encoder: HpackEncoder;
  readonly #pages: ExchangePages | undefined;
  readonly #socket: Duplex;
  #clientName: string | undefined = undefined;
  #hasClientName = false;

  constructor(server: GrpcServer, encoder: HpackEncoder, socket: Duplex) {
    this.channel = server.channel;
    this.logger = server.logger;
    this.messageBytesMax = server.messageBytesMax;
    this.deadlines = server.deadlines;
    this.blocks = new AnswerBlocks(encoder);
    this.#pages = server.pages;
    this.encoder = encoder;
    this.#socket = socket;
  }

  get isSecure(): boolean {
    return "encrypted" in this.#socket;
  }

  /** As {@link clientNameOf}; looked up when first asked for. */
  certificateName(): string | undefined {
    if (!this.#hasClientName) {
      this.#clientName = clientNameOf(this.#socket);
      this.#hasClientName = true;
    }
    return this.#clientName;
  }

  request(stream: Http2Stream, head: RequestHead): StreamReceiver {
    const route = routeOf(head);
    const { target } = route;
    switch (target.kind) {
      case "unary":
        return new UnaryCall(this, stream, target.method, head, route);
      case "stream": {
        const { method, isSingle } = target;
        const call = new StreamCall({ connection: this, stream, method, isSingle, head, route });
        call.start();
        return call;
      }
      case "refusal":
        stream.sendHeadOnly(this.blocks.statusOnly(target.httpStatus, target.code, target.text));
        return NOBODY;
      case "page":
        return this.#page(stream, head);
    }
  }

  #page(stream: Http2Stream, head: RequestHead): StreamReceiver {
    if (this.#pages === undefined) {
      const { httpStatus, code, text } = notGrpc(head);
      stream.sendHeadOnly(this.blocks.statusOnly(httpStatus, code, text));
      return NOBODY;
    }
    const page = new PageRequest(this.#pages, this, stream, head);
    page.start();
    return page;
  }
}

const NOTHING = Buffer.alloc(0);

/** Of requests that are answered before their body is read. */
const NOBODY: StreamReceiver = {
  data: () => true,
  ended: () => undefined,
  canceled: () => undefined,
  drained: () => undefined,
};
