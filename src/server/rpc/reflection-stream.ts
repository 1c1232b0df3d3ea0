/** A stream of server reflection. What it tells is loaded with the first request of a process. */
import { EtcdError } from "../../wire/index.ts";
import type { StreamInput, StreamOutput } from "../../wire/index.ts";
import { asStreamError } from "./refusal.ts";

/** Requests that may wait for their answers; one more ends the stream with `too many requests`. */
const PENDING_MAX = 1000;

/** Answers each request in order; the caller's half-close ends it. */
export class ReflectionStream implements StreamInput {
  readonly #output: StreamOutput;
  readonly #loaded = import("./reflection.ts");
  /** The last step; never rejects. */
  #last: Promise<void> = Promise.resolve();
  #pendingCount = 0;
  #isOver = false;
  #onDrained: (() => void) | undefined = undefined;

  constructor(output: StreamOutput) {
    this.#output = output;
    // Each step awaits it, and says so to the caller.
    this.#loaded.catch(() => undefined);
  }

  write(bytes: Uint8Array): void {
    if (this.#pendingCount >= PENDING_MAX) {
      this.#finish(new EtcdError("tooManyRequests"));
      return;
    }
    this.#pendingCount++;
    this.#inOrder(async () => {
      const { answerReflection } = await this.#loaded;
      this.#pendingCount--;
      if (this.#isOver || this.#output.write(answerReflection(bytes))) return;
      // An answer is a thousand times as large as its request.
      await new Promise<void>((resolve) => {
        this.#onDrained = resolve;
      });
    });
  }

  end(): void {
    this.#inOrder(() => this.#finish(undefined));
  }

  cancel(): void {
    this.#isOver = true;
    this.#onDrained?.();
  }

  drained(): void {
    this.#onDrained?.();
  }

  #inOrder(step: () => Promise<void> | void): void {
    this.#last = this.#last
      .then(step)
      .catch((error: unknown) => this.#finish(asStreamError(error)));
  }

  #finish(error: EtcdError | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#onDrained?.();
    this.#output.end(error);
  }
}
