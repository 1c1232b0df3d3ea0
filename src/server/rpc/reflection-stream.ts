/** A stream of server reflection. What it tells is loaded with the first request of a process. */
import { EtcdError } from "../../wire/index.ts";
import type { StreamInput, StreamOutput } from "../../wire/index.ts";
import { PacedOutput } from "./paced-output.ts";
import { asStreamError } from "./refusal.ts";

/** Requests that may wait for their answers; one more ends the stream with `too many requests`. */
const PENDING_MAX = 1000;

/** Answers each request in order; the caller's half-close ends it. */
export class ReflectionStream implements StreamInput {
  readonly #output: PacedOutput;
  readonly #loaded = import("./reflection.ts");
  /** The last step; never rejects. */
  #last: Promise<void> = Promise.resolve();
  #pendingCount = 0;

  constructor(output: StreamOutput) {
    this.#output = new PacedOutput(output);
    // Each step awaits it, and says so to the caller.
    this.#loaded.catch(() => undefined);
  }

  write(bytes: Uint8Array): void {
    if (this.#pendingCount >= PENDING_MAX) {
      this.#output.end(new EtcdError("tooManyRequests"));
      return;
    }
    this.#pendingCount++;
    this.#inOrder(async () => {
      const { answerReflection } = await this.#loaded;
      this.#pendingCount--;
      // An answer is a thousand times as large as its request.
      if (!this.#output.aborted) await this.#output.send(answerReflection(bytes));
    });
  }

  end(): void {
    this.#inOrder(() => this.#output.end(undefined));
  }

  cancel(): void {
    this.#output.cancel();
  }

  drained(): void {
    this.#output.drained();
  }

  #inOrder(step: () => Promise<void> | void): void {
    this.#last = this.#last
      .then(step)
      .catch((error: unknown) => this.#output.end(asStreamError(error)));
  }
}
