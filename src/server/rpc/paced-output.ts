/** Tells a caller one message after another, as fast as it reads. */
import type { Reader } from "../../mvcc/index.ts";
import type { EtcdError, StreamOutput } from "../../wire/index.ts";

export class PacedOutput implements Reader {
  readonly #output: StreamOutput;
  #isOver = false;
  #onDrained: (() => void) | undefined = undefined;

  constructor(output: StreamOutput) {
    this.#output = output;
  }

  /** The call is over, for whatever reason. */
  get aborted(): boolean {
    return this.#isOver;
  }

  /** Resolves when the caller reads on, or the call is over. One message at a time. */
  async send(message: Uint8Array): Promise<void> {
    if (this.#isOver || this.#output.write(message)) return;
    await new Promise<void>((resolve) => {
      this.#onDrained = resolve;
    });
    this.#onDrained = undefined;
  }

  /** As {@link StreamInput.drained}. */
  drained(): void {
    this.#onDrained?.();
  }

  /** As {@link StreamInput.cancel}: nothing is told any more. */
  cancel(): void {
    this.#isOver = true;
    this.#onDrained?.();
  }

  /** Ends the call, unless it is over. */
  end(error: EtcdError | undefined): void {
    if (this.#isOver) return;
    this.cancel();
    this.#output.end(error);
  }
}
