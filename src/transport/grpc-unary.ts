/**
 * A call with one request and one answer: the hot path.
 *
 * Mostly the request comes as one DATA frame with nothing else in it; then its message is handed on
 * where it lies, and the answer, when it comes at once, is on its way before the next frame is looked
 * at. Everything else takes the long way.
 */
import { EtcdError, PendingAnswer, STATUS } from "../wire/index.ts";
import type { AnswerListener, CallContext, UnaryMethod } from "../wire/index.ts";
import { NO_SLOT } from "./grpc-deadlines.ts";
import type { Expiring } from "./grpc-deadlines.ts";
import { PREFIX_BYTES, MessageReader, checkedLength } from "./grpc-messages.ts";
import { packed, prefixOf, unpacked } from "./grpc-messages.ts";
import type { MessageSink } from "./grpc-messages.ts";
import { metadataOf } from "./grpc-metadata.ts";
import type { Route } from "./grpc-routes.ts";
import type { GrpcConnection } from "./grpc-server.ts";
import { deadlineExceeded, refusalOf } from "./grpc-status.ts";
import type { Http2Stream, RequestHead, StreamReceiver } from "./http2/index.ts";

export class UnaryCall
  implements StreamReceiver, CallContext, MessageSink, Expiring, AnswerListener
{
  slot: number = NO_SLOT;
  readonly #connection: GrpcConnection;
  readonly #stream: Http2Stream;
  readonly #method: UnaryMethod;
  readonly #head: RequestHead;
  readonly #route: Route;
  #reader: MessageReader | undefined = undefined;
  #isCalled = false;
  #isOver = false;
  #controller: AbortController | undefined = undefined;

  constructor(
    connection: GrpcConnection,
    stream: Http2Stream,
    method: UnaryMethod,
    head: RequestHead,
    route: Route,
  ) {
    this.#connection = connection;
    this.#stream = stream;
    this.#method = method;
    this.#head = head;
    this.#route = route;
    if (route.timeoutMs !== Infinity) connection.deadlines.add(this, route.timeoutMs);
  }

  metadata(name: string): string | undefined {
    return metadataOf(this.#head, name);
  }

  certificateName(): string | undefined {
    return this.#connection.certificateName();
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#isOver) this.#controller.abort();
    }
    return this.#controller.signal;
  }

  data(source: Buffer, start: number, end: number): boolean {
    // Of several requests the first counts, as in gRPC-Go.
    if (this.#isCalled || this.#isOver) return true;
    const { messageBytesMax } = this.#connection;
    try {
      if (this.#reader === undefined && end - start >= PREFIX_BYTES) {
        const length = checkedLength(source, start, messageBytesMax);
        if (length === end - start - PREFIX_BYTES) {
          this.message(source.subarray(start + PREFIX_BYTES, end), source[start] === 1);
          return true;
        }
      }
      this.#reader ??= new MessageReader(this.#stream, messageBytesMax, this);
      this.#reader.read(source, start, end);
    } catch (error) {
      this.refused(error);
    }
    return true;
  }

  message(message: Buffer, isPacked: boolean): boolean {
    if (this.#isCalled || this.#isOver) return true;
    this.#isCalled = true;
    try {
      const { channel, messageBytesMax } = this.#connection;
      const request = isPacked ? unpacked(message, this.#head.encoding, messageBytesMax) : message;
      const answer = channel.unary(this.#method, request, this);
      if (answer instanceof Uint8Array) this.answered(answer);
      else if (answer instanceof PendingAnswer) answer.listen(this);
      else {
        answer.then(
          (bytes) => this.answered(bytes),
          (error: unknown) => this.refused(error),
        );
      }
    } catch (error) {
      this.refused(error);
    }
    return true;
  }

  ended(): void {
    if (this.#isCalled || this.#isOver) return;
    // Source: gRPC-Go, server.go, processUnaryRPC: what Go calls the end of a file.
    const text = this.#reader?.isWithinMessage === true ? "unexpected EOF" : "EOF";
    this.refused(new EtcdError(STATUS.unknown, text));
  }

  canceled(): void {
    this.#end();
    this.#controller?.abort();
  }

  drained(): void {}

  expire(): void {
    const refusal = deadlineExceeded();
    this.refused(refusal);
    this.#controller?.abort(refusal);
  }

  answered(answer: Uint8Array): void {
    if (this.#isOver) return;
    this.#end();
    const { blocks } = this.#connection;
    if (this.#route.isGzip) {
      const small = packed(answer);
      const message = small ?? answer;
      const prefix = prefixOf(message, small !== undefined);
      this.#stream.sendWhole(blocks.gzipHead, prefix, message, blocks.ok);
    } else {
      this.#stream.sendWhole(blocks.head, prefixOf(answer, false), answer, blocks.ok);
    }
  }

  refused(error: unknown): void {
    const { blocks, logger } = this.#connection;
    const refusal = refusalOf(error, logger, this.#method);
    if (this.#isOver) return;
    this.#end();
    this.#stream.sendHeadOnly(blocks.statusOnly(200, refusal.code, refusal.message));
  }

  /** Nothing is sent or called after this, but for the answer itself. */
  #end(): void {
    this.#isOver = true;
    if (this.slot !== NO_SLOT) this.#connection.deadlines.remove(this);
    this.#reader?.close();
  }
}
