/**
 * One stream of grpc-js as a {@link StreamOutput}, and what both kinds of calls need.
 *
 * The rules that hold:
 * - A stream ends once: by the channel's `end`, by the caller's going away, or by a failure here.
 *   After that nothing reaches the channel and nothing the channel writes is taken.
 * - While the output is blocked, requests are not read: a client that does not read is not read
 *   from, and its window fills up. grpc-js itself holds at most 16 requests of it.
 */
import type { EventEmitter } from "node:events";
import type { ServerDuplexStream, ServerUnaryCall, ServerWritableStream } from "@grpc/grpc-js";
import { EtcdError, STATUS } from "../wire/index.ts";
import { commonNameOf } from "./client-certificate.ts";
import type {
  CallContext,
  Channel,
  Logger,
  Method,
  StatusCode,
  StreamInput,
  StreamMethod,
  StreamOutput,
} from "../wire/index.ts";

/**
 * Answers that a stream holds for a client that does not read, bytes. With more, the channel is
 * told to wait; it may have given one message more than fits. In bytes and not, as grpc-js counts,
 * in messages: sixteen of them may be nothing or a hundred megabytes.
 */
const STREAM_BUFFER_BYTES_MAX = 256 * 1024;

/** What a held message costs beside its bytes, so that empty ones are bounded too. */
const MESSAGE_COST_BYTES = 64;

/** What a {@link ServerStream} is made of. */
export interface ServerStreamOptions {
  readonly call: ServerWritableStream<Buffer, Uint8Array> | ServerDuplexStream<Buffer, Uint8Array>;
  readonly method: StreamMethod;
  readonly messageBytesMax: number;
  readonly logger: Logger;
}

/** A stream of a client, on the server's side. */
export class ServerStream implements StreamOutput {
  readonly #call: ServerStreamOptions["call"];
  readonly #method: StreamMethod;
  readonly #messageBytesMax: number;
  readonly #logger: Logger;
  #input: StreamInput | undefined;
  /** Where requests are read from; undefined where there is one request, which grpc-js has read. */
  #requests: ServerDuplexStream<Buffer, Uint8Array> | undefined;
  /** What the messages that grpc-js still holds cost, the oldest first. */
  readonly #heldCosts: number[] = [];
  #heldBytes = 0;
  #blocked = false;
  #ended = false;

  constructor(options: ServerStreamOptions) {
    this.#call = options.call;
    this.#method = options.method;
    this.#messageBytesMax = options.messageBytesMax;
    this.#logger = options.logger;
  }

  open(channel: Channel): void {
    // grpc-js says so after every end, also a good one.
    this.#call.once("cancelled", () => this.#cancel());
    this.#guard(() => {
      const context = new GrpcJsContext(this.#call);
      this.#input = channel.stream(this.#method, context, this);
    });
  }

  /** Passes on the requests of a stream that has many, as they come. */
  readFrom(call: ServerDuplexStream<Buffer, Uint8Array>): void {
    this.#requests = call;
    call.on("data", (message: Buffer) => this.request(message));
    // Node ends the requests of a stream that was reset as well, and only then says that it was.
    call.once("end", () => setImmediate(() => this.requestsEnded()));
    if (this.#blocked) call.pause();
  }

  request(message: Buffer): void {
    if (this.#ended) return;
    if (message.length > this.#messageBytesMax) {
      this.#fail(tooLarge(message.length, this.#messageBytesMax));
      return;
    }
    this.#guard(() => this.#input?.write(message));
  }

  requestsEnded(): void {
    if (!this.#ended) this.#guard(() => this.#input?.end());
  }

  write(message: Uint8Array): boolean {
    // The channel has been told, or will be before it is next asked for anything.
    if (this.#ended) return true;
    const cost = message.length + MESSAGE_COST_BYTES;
    this.#heldCosts.push(cost);
    this.#heldBytes += cost;
    if (this.#heldBytes > STREAM_BUFFER_BYTES_MAX && !this.#blocked) {
      this.#blocked = true;
      this.#requests?.pause();
    }
    this.#call.write(message, this.#onWritten);
    return !this.#blocked;
  }

  end(error?: EtcdError): void {
    if (this.#ended) return;
    this.#ended = true;
    if (error === undefined) this.#call.end();
    // What was written before still goes out first.
    else this.#call.emit("error", statusOf(error));
  }

  /** One function for all messages of the stream; they are written in order. */
  readonly #onWritten = (): void => {
    this.#heldBytes -= this.#heldCosts.shift() ?? 0;
    if (!this.#blocked || this.#ended || this.#heldBytes > STREAM_BUFFER_BYTES_MAX / 2) return;
    this.#blocked = false;
    this.#guard(() => this.#input?.drained());
    // Unless that filled it again.
    if (!this.#blocked) this.#requests?.resume();
  };

  #cancel(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#guard(() => this.#input?.cancel());
  }

  /** The channel throws: it refused to open the stream, or it has a bug. */
  #guard(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    if (this.#ended) {
      statusOf(error, this.#logger, this.#method);
      return;
    }
    const { code, details } = statusOf(error, this.#logger, this.#method);
    this.end(new EtcdError(code, details));
    try {
      this.#input?.cancel();
    } catch (later) {
      statusOf(later, this.#logger, this.#method);
    }
  }
}

type AnyCall = ServerUnaryCall<Buffer, Uint8Array> | ServerStreamOptions["call"];

/** What a call carries; looked up only when asked for. */
export class GrpcJsContext implements CallContext {
  readonly #call: AnyCall;
  #controller: AbortController | undefined = undefined;

  constructor(call: AnyCall) {
    this.#call = call;
  }

  metadata(name: string): string | undefined {
    if (name === ":authority") return this.#call.getHost();
    const [value] = this.#call.metadata.get(name);
    // Of a name that ends in "-bin" it is bytes, one character each.
    return typeof value === "string" ? value : value?.toString("latin1");
  }

  certificateName(): string | undefined {
    const { sslPeerCertificate } = this.#call.getAuthContext();
    return sslPeerCertificate === undefined ? undefined : commonNameOf(sslPeerCertificate);
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      const controller = new AbortController();
      const events: EventEmitter = this.#call;
      // grpc-js says so after every end, also a good one.
      if (this.#call.cancelled) controller.abort();
      else events.once("cancelled", () => controller.abort());
      this.#controller = controller;
    }
    return this.#controller.signal;
  }
}

/** Source: grpc-go, rpc_util.go, recvAndDecompress. */
export function tooLarge(messageBytes: number, messageBytesMax: number): EtcdError {
  return new EtcdError(
    STATUS.resourceExhausted,
    `grpc: received message larger than max (${messageBytes} vs. ${messageBytesMax})`,
  );
}

/**
 * What the client is told. What is no refusal is a bug of ours: the call gets its message and the
 * log all of it, and the server goes on.
 */
export function statusOf(
  error: unknown,
  logger?: Logger,
  method?: Method,
): { code: StatusCode; details: string } {
  if (error instanceof EtcdError) return { code: error.code, details: wellFormed(error.message) };
  const failure = error instanceof Error ? error : new Error(String(error));
  logger?.error("failed to answer a call", {
    method,
    error: failure.message,
    stack: failure.stack,
  });
  return { code: STATUS.internal, details: wellFormed(failure.message) };
}

/** Without lone surrogates, on which grpc-js's percent-encoding throws. */
function wellFormed(text: string): string {
  return Buffer.from(text).toString();
}
