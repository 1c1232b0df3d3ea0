/**
 * Serves a {@link Channel} through @grpc/grpc-js, which sees bytes only: its serialisers change
 * nothing.
 *
 * This file loads grpc-js; whoever may not need it imports this file when it does.
 */
import { Server, ServerCredentials } from "@grpc/grpc-js";
import type {
  ChannelOptions,
  handleBidiStreamingCall,
  handleServerStreamingCall,
  handleUnaryCall,
} from "@grpc/grpc-js";
import type { Duplex } from "node:stream";
import { TLSSocket } from "node:tls";
import { SINGLE_REQUEST_METHODS, STREAM_METHODS, UNARY_METHODS } from "../wire/index.ts";
import type { Channel, Logger, StreamMethod, UnaryMethod } from "../wire/index.ts";
import { putBack } from "./connection-handler.ts";
import type { ConnectionHandler } from "./connection-handler.ts";
import { correctCalls } from "./grpc-js-corrections.ts";
import { GrpcJsContext, ServerStream, statusOf, tooLarge } from "./grpc-js-stream.ts";
import { messageBytesMax } from "./grpc-options.ts";
import type { GrpcOptions } from "./grpc-options.ts";
import { KEEPALIVE_INTERVAL_MS, KEEPALIVE_TIMEOUT_MS } from "./http2/index.ts";
import { OpenSockets } from "./open-sockets.ts";

/**
 * grpc-js refuses what is too large with a text of its own, so it is given a higher limit and the
 * real one is checked here. It bounds what is buffered for a message that will be refused.
 */
const REFUSED_MESSAGE_FACTOR = 4;

/** What a {@link GrpcJsServer} is made of. */
export interface GrpcJsServerOptions extends GrpcOptions {
  readonly channel: Channel;
  readonly logger: Logger;
}

/**
 * gRPC over connections that are handed in.
 *
 * Two limits of what is below. grpc-js does not count pings: a client that pings more often than
 * it may is not sent away, as etcd would. Node tells a client that broke the rules of
 * HTTP/2 so, and then no longer reads from it, so that such a client's leaving is found out only
 * by the server's own ping.
 */
export class GrpcJsServer implements ConnectionHandler {
  readonly #channel: Channel;
  readonly #logger: Logger;
  readonly #messageBytesMax: number;
  readonly #server: Server;
  readonly #injector: ReturnType<Server["createConnectionInjector"]>;
  readonly #sockets = new OpenSockets();

  constructor(options: GrpcJsServerOptions) {
    this.#channel = options.channel;
    this.#logger = options.logger;
    this.#messageBytesMax = messageBytesMax(options);
    this.#server = new Server(this.#channelOptions(options));
    for (const [method, path] of Object.entries(UNARY_METHODS)) {
      // Object.entries() widens the keys, here and below.
      this.#register(path, this.#unary(method as UnaryMethod), "unary");
    }
    for (const [name, path] of Object.entries(STREAM_METHODS)) {
      const method = name as StreamMethod;
      if (SINGLE_REQUEST_METHODS.has(method)) {
        this.#register(path, this.#serverStream(method), "serverStream");
      } else {
        this.#register(path, this.#bidiStream(method), "bidi");
      }
    }
    correctCalls(this.#server);
    this.#injector = this.#server.createConnectionInjector(ServerCredentials.createInsecure());
  }

  handle(socket: Duplex, head: Buffer): void {
    putBack(socket, head);
    this.#sockets.add(socket);
    // HTTP/2 has its own half-close; a client that closes its side of the socket is gone.
    socket.allowHalfOpen = false;
    // Without ALPN its first bytes said that it is HTTP/2, but Node's goes by this alone.
    if (socket instanceof TLSSocket) socket.alpnProtocol = "h2";
    this.#injector.injectConnection(socket);
  }

  async close(options: { readonly graceMs: number }): Promise<void> {
    // Tells the clients to open nothing more, and closes each connection with its last call. Not
    // its promise is awaited but the sockets, which are what has to be gone.
    this.#server.tryShutdown(() => undefined);
    await this.#sockets.drain(options);
    this.#server.forceShutdown();
  }

  #channelOptions(options: GrpcOptions): ChannelOptions {
    const { maxConcurrentStreams } = options;
    return {
      "grpc.max_receive_message_length": this.#messageBytesMax * REFUSED_MESSAGE_FACTOR,
      "grpc.max_send_message_length": -1,
      ...(maxConcurrentStreams === undefined
        ? {}
        : { "grpc.max_concurrent_streams": maxConcurrentStreams }),
      "grpc.keepalive_time_ms": options.keepaliveIntervalMs ?? KEEPALIVE_INTERVAL_MS,
      "grpc.keepalive_timeout_ms": options.keepaliveTimeoutMs ?? KEEPALIVE_TIMEOUT_MS,
      "grpc.enable_channelz": 0,
    };
  }

  #register(path: string, handler: AnyHandler, kind: "unary" | "serverStream" | "bidi"): void {
    this.#server.register<Buffer, Uint8Array>(path, handler, asBuffer, asIs, kind);
  }

  #unary(method: UnaryMethod): handleUnaryCall<Buffer, Uint8Array> {
    return (call, callback) => {
      const { request } = call;
      if (request.length > this.#messageBytesMax) {
        callback(statusOf(tooLarge(request.length, this.#messageBytesMax)));
        return;
      }
      const fail = (error: unknown): void => callback(statusOf(error, this.#logger, method));
      try {
        const answer = this.#channel.unary(method, request, new GrpcJsContext(call));
        if (answer instanceof Uint8Array) callback(null, answer);
        else answer.then((bytes) => callback(null, bytes), fail);
      } catch (error) {
        fail(error);
      }
    };
  }

  #serverStream(method: StreamMethod): handleServerStreamingCall<Buffer, Uint8Array> {
    return (call) => {
      const stream = this.#stream(method, call);
      stream.request(call.request);
      stream.requestsEnded();
    };
  }

  #bidiStream(method: StreamMethod): handleBidiStreamingCall<Buffer, Uint8Array> {
    return (call) => {
      const stream = this.#stream(method, call);
      stream.readFrom(call);
    };
  }

  #stream(
    method: StreamMethod,
    call: ConstructorParameters<typeof ServerStream>[0]["call"],
  ): ServerStream {
    const stream = new ServerStream({
      call,
      method,
      messageBytesMax: this.#messageBytesMax,
      logger: this.#logger,
    });
    stream.open(this.#channel);
    return stream;
  }
}

type AnyHandler =
  | handleUnaryCall<Buffer, Uint8Array>
  | handleServerStreamingCall<Buffer, Uint8Array>
  | handleBidiStreamingCall<Buffer, Uint8Array>;

/** grpc-js copies messages with a method that only a Buffer has. */
function asBuffer(message: Uint8Array): Buffer {
  if (Buffer.isBuffer(message)) return message;
  return Buffer.from(message.buffer, message.byteOffset, message.byteLength);
}

function asIs(message: Buffer): Buffer {
  return message;
}
