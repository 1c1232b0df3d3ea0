/**
 * A stream of typed messages, both ways, as an async iterable.
 *
 * The server pushes, the program pulls; between them is a queue with a bound. At the bound the
 * server is told to stop (StreamOutput.write answers false) and when the program has read half of
 * it the server is told to go on. A program that does not read costs at most the queue, however
 * much there is to say.
 */
import type { CallContext, Channel, EtcdError, StreamInput, StreamMethod } from "../wire/index.ts";

/** Unread messages at which the server is told to wait; enough to hide one round of scheduling. */
export const STREAM_MESSAGES_UNREAD_MAX = 64;

/** Unread messages at which a waiting server is told to go on. */
const STREAM_MESSAGES_UNREAD_RESUME = STREAM_MESSAGES_UNREAD_MAX / 2;

/** How the messages of one method become bytes and come back from them. */
export interface Codec<Request, Response> {
  encode(request: Request): Uint8Array;
  decode(bytes: Uint8Array): Response;
}

export interface MessageStreamOptions<Request, Response> {
  readonly channel: Channel;
  readonly context: CallContext;
  readonly method: StreamMethod;
  readonly codec: Codec<Request, Response>;
}

interface Reader<Response> {
  resolve(result: IteratorResult<Response, undefined>): void;
  reject(error: unknown): void;
}

/**
 * One open stream. Reading it rejects once with the EtcdError it ended with, and is done after.
 *
 * Leaving a `for await` loop over it, return(), and `await using` all cancel it.
 */
export class MessageStream<Request, Response> implements AsyncDisposable {
  readonly #codec: Codec<Request, Response>;
  readonly #input: StreamInput;
  readonly #unread: Uint8Array[] = [];
  readonly #readers: Reader<Response>[] = [];
  /** The far end waits for drained(). */
  #paused = false;
  #ended = false;
  #error: EtcdError | undefined;

  constructor(options: MessageStreamOptions<Request, Response>) {
    this.#codec = options.codec;
    this.#input = options.channel.stream(options.method, options.context, {
      write: (message) => this.#take(message),
      end: (error) => {
        this.#finish(error);
      },
    });
  }

  /** Sends one message. Dropped when the stream has ended: the reading side learns why. */
  send(request: Request): void {
    if (!this.#ended) {
      this.#input.write(this.#codec.encode(request));
    }
  }

  /** Says that no more will be sent; answers may go on. */
  end(): void {
    if (!this.#ended) {
      this.#input.end();
    }
  }

  /** Gives the stream up at once, with all that was not read. Idempotent. */
  cancel(): void {
    this.#unread.length = 0;
    this.#error = undefined;
    if (!this.#ended) {
      this.#input.cancel();
      this.#finish(undefined);
    }
  }

  /** The next message. May be called again before it has resolved; answers keep the order. */
  next(): Promise<IteratorResult<Response, undefined>> {
    return new Promise((resolve, reject) => {
      const message = this.#unread.shift();
      if (message !== undefined) {
        this.#resume();
        resolve(this.#decode(message));
      } else if (this.#ended) {
        this.#report({ resolve, reject });
      } else {
        this.#readers.push({ resolve, reject });
      }
    });
  }

  /** Cancels; what a `for await` loop calls when it is left early. */
  return(): Promise<IteratorResult<Response, undefined>> {
    this.cancel();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.cancel();
    return Promise.resolve();
  }

  #take(message: Uint8Array): boolean {
    if (this.#ended) {
      // Given up by this side; the far end has not heard of it yet.
      return true;
    }
    const reader = this.#readers.shift();
    if (reader === undefined) {
      this.#unread.push(message);
    } else {
      this.#give(reader, message);
    }
    this.#paused = this.#unread.length >= STREAM_MESSAGES_UNREAD_MAX;
    return !this.#paused;
  }

  #give(reader: Reader<Response>, message: Uint8Array): void {
    try {
      reader.resolve(this.#decode(message));
    } catch (error) {
      reader.reject(error);
    }
  }

  #decode(message: Uint8Array): IteratorResult<Response, undefined> {
    return { done: false, value: this.#codec.decode(message) };
  }

  #resume(): void {
    if (this.#paused && !this.#ended && this.#unread.length <= STREAM_MESSAGES_UNREAD_RESUME) {
      this.#paused = false;
      this.#input.drained();
    }
  }

  #finish(error: EtcdError | undefined): void {
    if (this.#ended) {
      return;
    }
    this.#ended = true;
    this.#error = error;
    for (const reader of this.#readers.splice(0)) {
      this.#report(reader);
    }
  }

  /** Tells one reader how the stream ended; only the first of them hears of the error. */
  #report(reader: Reader<Response>): void {
    const error = this.#error;
    this.#error = undefined;
    if (error === undefined) {
      reader.resolve({ done: true, value: undefined });
    } else {
      reader.reject(error);
    }
  }
}
