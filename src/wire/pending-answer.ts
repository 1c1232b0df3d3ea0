/**
 * An answer that is not there yet. It can be awaited like a promise; whoever listens to it directly
 * costs no promise, no closure and no turn of the microtask queue, which at a hundred thousand writes
 * a second is worth having.
 */

/** Hears of one answer, once. Its methods must not throw. */
export interface AnswerListener {
  answered(response: Uint8Array): void;
  refused(error: unknown): void;
}

/** Settled once, by {@link PendingAnswer.resolve} or {@link PendingAnswer.reject}. */
export class PendingAnswer implements PromiseLike<Uint8Array> {
  #response: Uint8Array | undefined = undefined;
  #error: unknown = undefined;
  #isSettled = false;
  #listener: AnswerListener | undefined = undefined;
  #observer: AnswerListener | undefined = undefined;
  /** Of those who await it. */
  #promise: Promise<Uint8Array> | undefined = undefined;

  /** The answer has come: both that listen hear of it before this returns. */
  resolve(response: Uint8Array): void {
    this.#isSettled = true;
    this.#response = response;
    this.#tell(this.#observer);
    this.#tell(this.#listener);
  }

  /** There will be none. */
  reject(error: unknown): void {
    this.#isSettled = true;
    this.#error = error;
    this.#tell(this.#observer);
    this.#tell(this.#listener);
  }

  /** Tells `listener` when it is settled, at once if it is; at most one. */
  listen(listener: AnswerListener): void {
    this.#listener = listener;
    if (this.#isSettled) this.#tell(listener);
  }

  /** As {@link listen}, for one on the way who hears of it first; at most one. */
  observe(observer: AnswerListener): void {
    this.#observer = observer;
    if (this.#isSettled) this.#tell(observer);
  }

  // oxlint-disable-next-line unicorn/no-thenable -- made to be awaited
  then<Answered = Uint8Array, Refused = never>(
    onAnswered?: ((response: Uint8Array) => Answered | PromiseLike<Answered>) | null,
    onRefused?: ((error: unknown) => Refused | PromiseLike<Refused>) | null,
  ): Promise<Answered | Refused> {
    this.#promise ??= new Promise<Uint8Array>((resolve, reject) => {
      this.listen({ answered: resolve, refused: reject });
    });
    return this.#promise.then(onAnswered, onRefused);
  }

  #tell(listener: AnswerListener | undefined): void {
    if (listener === undefined) return;
    if (this.#response !== undefined) listener.answered(this.#response);
    else listener.refused(this.#error);
  }
}
