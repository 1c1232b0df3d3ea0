/**
 * A call with many answers.
 *
 * The rules that hold:
 * - A stream ends once: by the channel's `end`, by the caller's going away, by its deadline, or by a
 *   failure here. After that nothing reaches the channel and nothing the channel writes is taken.
 * - While the output is blocked, requests are not passed on: a client that does not read is not read
 *   from, and its window fills up.
 */
import { EtcdError, STATUS } from "../wire/index.ts";
import type { CallContext, StreamInput, StreamMethod, StreamOutput } from "../wire/index.ts";
import { NO_SLOT } from "./grpc-deadlines.ts";
import type { Expiring } from "./grpc-deadlines.ts";
import { MessageReader, packed, prefixOf, unpacked } from "./grpc-messages.ts";
import type { MessageSink } from "./grpc-messages.ts";
import { metadataOf } from "./grpc-metadata.ts";
import type { Route } from "./grpc-routes.ts";
import type { GrpcConnection } from "./grpc-server.ts";
import { deadlineExceeded, refusalOf } from "./grpc-status.ts";
import type { Http2Stream, RequestHead, StreamReceiver } from "./http2/index.ts";

export interface StreamCallOptions {
  readonly connection: GrpcConnection;
  readonly stream: Http2Stream;
  readonly method: StreamMethod;
  /** Takes one request only. */
  readonly isSingle: boolean;
  readonly head: RequestHead;
  readonly route: Route;
}

export class StreamCall
  implements StreamReceiver, StreamOutput, CallContext, MessageSink, Expiring
{
  slot: number = NO_SLOT;
  readonly #connection: GrpcConnection;
  readonly #stream: Http2Stream;
  readonly #method: StreamMethod;
  readonly #isSingle: boolean;
  readonly #head: RequestHead;
  readonly #isGzip: boolean;
  readonly #reader: MessageReader;
  #input: StreamInput | undefined;
  /** Of a stream that takes one: it is begun when the client says that there is no other. */
  #request: Uint8Array | undefined;
  /** The client will send no more, and the channel does not know yet. */
  #isEndHeld = false;
  #isHeadSent = false;
  #isBlocked = false;
  #isOver = false;

  constructor(options: StreamCallOptions) {
    const { connection, route } = options;
    this.#connection = connection;
    this.#stream = options.stream;
    this.#method = options.method;
    this.#isSingle = options.isSingle;
    this.#head = options.head;
    this.#isGzip = route.isGzip;
    this.#reader = new MessageReader(options.stream, connection.messageBytesMax, this);
    if (route.timeoutMs !== Infinity) connection.deadlines.add(this, route.timeoutMs);
  }

  /** A stream of many requests is open before the first. */
  start(): void {
    if (!this.#isSingle) this.#open();
  }

  metadata(name: string): string | undefined {
    return metadataOf(this.#head, name);
  }

  certificateName(): string | undefined {
    return this.#connection.certificateName();
  }

  data(source: Buffer, start: number, end: number): boolean {
    if (this.#isOver) return true;
    let isConsumed = true;
    this.#guard(() => {
      if (this.#isBlocked) {
        this.#reader.hold(source.subarray(start, end));
        isConsumed = false;
      } else {
        isConsumed = this.#reader.read(source, start, end);
      }
    });
    return isConsumed || this.#isOver;
  }

  message(message: Buffer, isPacked: boolean): boolean {
    if (this.#isOver) return true;
    const { messageBytesMax } = this.#connection;
    const request = isPacked ? unpacked(message, this.#head.encoding, messageBytesMax) : message;
    if (!this.#isSingle) {
      this.#input?.write(request);
      return !this.#isBlocked;
    }
    if (this.#request !== undefined) throw cardinality("multiple request messages for");
    this.#reader.keep(request);
    this.#request = request;
    return true;
  }

  ended(): void {
    if (this.#isOver) return;
    this.#isEndHeld = true;
    // Node's client ends its side of what it cancels, and resets it in the same breath.
    process.nextTick(this.#releaseEnd);
  }

  canceled(): void {
    this.#cancel();
  }

  drained(): void {
    this.#isBlocked = false;
    if (this.#isOver) return;
    this.#guard(() => this.#input?.drained());
    if (this.#isBlocked || this.#isOver) return;
    this.#guard(() => {
      if (!this.#reader.resume()) return;
      this.#stream.consumed();
      this.#releaseEnd();
    });
  }

  expire(): void {
    this.#fail(deadlineExceeded());
  }

  write(message: Uint8Array): boolean {
    // The channel has been told, or will be before it is next asked for anything.
    if (this.#isOver) return true;
    this.#sendHead();
    const small = this.#isGzip ? packed(message) : undefined;
    const payload = small ?? message;
    const hasRoom = this.#stream.sendData(prefixOf(payload, small !== undefined), payload);
    if (!hasRoom) this.#isBlocked = true;
    return !this.#isBlocked;
  }

  writeParts(head: Uint8Array, blocks: readonly Uint8Array[]): boolean {
    if (this.#isOver) return true;
    if (this.#isGzip) return this.write(Buffer.concat([head, ...blocks]));
    this.#sendHead();
    let length = head.length;
    for (const block of blocks) length += block.length;
    const hasRoom = this.#stream.sendParts(prefixOf({ length }, false), head, blocks);
    if (!hasRoom) this.#isBlocked = true;
    return !this.#isBlocked;
  }

  end(error?: EtcdError): void {
    if (this.#isOver) return;
    this.#close();
    const { blocks } = this.#connection;
    const { code, message } = error ?? { code: STATUS.ok, message: "" };
    // What was written before still goes out first.
    if (!this.#isHeadSent) this.#stream.sendHeadOnly(blocks.statusOnly(200, code, message));
    else if (error === undefined) this.#stream.sendEnd(blocks.ok);
    else this.#stream.sendEnd(blocks.status(code, message));
  }

  readonly #releaseEnd = (): void => {
    if (!this.#isEndHeld || this.#isBlocked || this.#isOver) return;
    this.#isEndHeld = false;
    this.#guard(() => this.#endInput());
  };

  #sendHead(): void {
    if (this.#isHeadSent) return;
    this.#isHeadSent = true;
    const { blocks } = this.#connection;
    this.#stream.sendHead(this.#isGzip ? blocks.gzipHead : blocks.head);
  }

  #open(): void {
    this.#guard(() => {
      this.#input = this.#connection.channel.stream(this.#method, this, this);
    });
  }

  /** Source: gRPC-Go, stream.go, serverStream.RecvMsg. */
  #endInput(): void {
    if (this.#reader.isWithinMessage) throw new EtcdError(STATUS.internal, "unexpected EOF");
    if (this.#isSingle) this.#beginSingle();
    else this.#input?.end();
  }

  #beginSingle(): void {
    const request = this.#request;
    if (request === undefined) throw cardinality("no request message from");
    this.#open();
    if (!this.#isOver) this.#input?.write(request);
    if (!this.#isOver) this.#input?.end();
  }

  #cancel(): void {
    if (this.#isOver) return;
    this.#close();
    try {
      this.#input?.cancel();
    } catch (error) {
      refusalOf(error, this.#connection.logger, this.#method);
    }
  }

  /** The client sent what it must not, or the channel throws: a refusal, or a bug. */
  #guard(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    const { logger } = this.#connection;
    const refusal = refusalOf(error, logger, this.#method);
    if (this.#isOver) return;
    this.end(refusal);
    try {
      this.#input?.cancel();
    } catch (later) {
      refusalOf(later, logger, this.#method);
    }
  }

  #close(): void {
    this.#isOver = true;
    if (this.slot !== NO_SLOT) this.#connection.deadlines.remove(this);
    this.#reader.close();
    // Nothing of the client is held any more.
    this.#stream.consumed();
  }
}

/** Source: gRPC-Go, stream.go, serverStream.RecvMsg. */
function cardinality(problem: string): EtcdError {
  const text = `cardinality violation: received ${problem} non-client-streaming RPC`;
  return new EtcdError(STATUS.internal, text);
}
