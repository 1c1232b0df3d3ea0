/**
 * A call with many answers, as lines of JSON.
 *
 * The rules that hold:
 * - The head goes out with the first answer, so that a stream which ends before it has a status.
 * - An answer is made into JSON when it is asked for: what waits is what the channel wrote, and while
 *   that is much the channel is told so, and no more requests are passed on.
 * - What is no JSON ends the requests and not the answers, and is told to nobody, as in etcd.
 */
import { EtcdError, STATUS } from "../wire/index.ts";
import type { Channel, Logger, StreamInput, StreamMethod, StreamOutput } from "../wire/index.ts";
import type { GatewayCall } from "./gateway-call.ts";
import {
  ANSWER_HEADERS,
  errorReply,
  streamErrorLine,
  streamErrorReply,
} from "./gateway-replies.ts";
import type { ExchangeReply } from "./http-exchange.ts";
import { deadlineExceeded, refusalOf } from "./grpc-status.ts";

/** Bytes of answers that wait before the channel is told to. */
const HELD_BYTES_MAX = 64 * 1024;

export interface GatewayStreamOptions {
  readonly method: StreamMethod;
  readonly call: GatewayCall;
  /** An answer as JSON. */
  readonly write: (message: Uint8Array) => Buffer;
  readonly logger: Logger;
}

export class GatewayStream implements StreamOutput {
  readonly #options: GatewayStreamOptions;
  readonly #held: Uint8Array[] = [];
  #heldBytes = 0;
  #isBlocked = false;
  #input: StreamInput | undefined;
  #isOver = false;
  #error: EtcdError | undefined;
  #wake: () => void = () => undefined;
  #wakePump: () => void = () => undefined;

  constructor(options: GatewayStreamOptions) {
    this.#options = options;
  }

  open(channel: Channel): void {
    const { call, method } = this.#options;
    call.signal.addEventListener("abort", this.#onAbort, { once: true });
    this.#guard(() => {
      this.#input = channel.stream(method, call, this);
    });
    if (call.signal.aborted) this.#onAbort();
  }

  /** The one request of a stream that takes one. */
  only(message: Uint8Array): void {
    this.#guard(() => {
      if (!this.#isOver) this.#input?.write(message);
      if (!this.#isOver) this.#input?.end();
    });
  }

  /** Passes on what comes, as it comes. */
  pump(messages: AsyncIterable<Uint8Array>): void {
    // Its own failures end the stream.
    void this.#pump(messages);
  }

  /** The answer, as soon as it is known how it begins. */
  async reply(): Promise<ExchangeReply> {
    if (this.#held.length === 0 && !this.#isOver) await this.#more();
    const [first] = this.#held;
    if (first !== undefined) {
      return { status: 200, headers: ANSWER_HEADERS, body: this.#lines() };
    }
    this.#close();
    const error = this.#error;
    if (error === undefined) return { status: 200, headers: {}, body: this.#lines() };
    return error.code === STATUS.deadlineExceeded ? errorReply(error) : streamErrorReply(error);
  }

  write(message: Uint8Array): boolean {
    if (this.#isOver) return true;
    this.#held.push(message);
    this.#heldBytes += message.length;
    if (this.#heldBytes > HELD_BYTES_MAX) this.#isBlocked = true;
    this.#wake();
    return !this.#isBlocked;
  }

  end(error?: EtcdError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#error = error;
    this.#wake();
    this.#wakePump();
  }

  async *#lines(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        const message = this.#held.shift();
        if (message !== undefined) {
          this.#heldBytes -= message.length;
          yield Buffer.concat([LINE_START, this.#options.write(message), LINE_END]);
          continue;
        }
        this.#unblock();
        if (this.#held.length > 0) continue;
        if (this.#isOver) break;
        await this.#more();
      }
      const error = this.#error;
      if (error !== undefined) yield Buffer.from(streamErrorLine(error.code, error.message));
    } finally {
      this.#cancel();
      this.#close();
    }
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #unblock(): void {
    if (!this.#isBlocked) return;
    this.#isBlocked = false;
    if (!this.#isOver) this.#guard(() => this.#input?.drained());
    if (!this.#isBlocked) this.#wakePump();
  }

  async #pump(messages: AsyncIterable<Uint8Array>): Promise<void> {
    try {
      for await (const message of messages) {
        if (this.#isOver) return;
        this.#guard(() => this.#input?.write(message));
        while (this.#isBlocked && !this.#isOver) {
          await new Promise<void>((resolve) => {
            this.#wakePump = resolve;
          });
        }
      }
    } catch (error) {
      // Of a client that has gone the signal tells; what is no JSON is where its requests end.
      if (error instanceof EtcdError) this.#fail(error);
    }
    if (!this.#isOver) this.#guard(() => this.#input?.end());
  }

  readonly #onAbort = (): void => {
    const { reason } = this.#options.call.signal as { reason: unknown };
    if (reason instanceof EtcdError) this.#fail(deadlineExceeded());
    else this.#cancel();
  };

  #cancel(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#held.length = 0;
    this.#wake();
    this.#wakePump();
    this.#cancelInput();
  }

  #fail(error: unknown): void {
    const { logger, method } = this.#options;
    const refusal = refusalOf(error, logger, method);
    if (this.#isOver) return;
    this.end(refusal);
    this.#cancelInput();
  }

  #cancelInput(): void {
    const { logger, method } = this.#options;
    try {
      this.#input?.cancel();
    } catch (error) {
      refusalOf(error, logger, method);
    }
  }

  /** The channel throws: a refusal, or a bug. */
  #guard(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.#fail(error);
    }
  }

  #close(): void {
    const { call } = this.#options;
    call.signal.removeEventListener("abort", this.#onAbort);
    call.close();
  }
}

const LINE_START = Buffer.from('{"result":');
const LINE_END = Buffer.from("}\n");
