/** A watch of the server's own: what happens to keys, one response after another. */
import { EtcdError, STATUS, messages } from "../../wire/index.ts";
import type { StreamInput, StreamOutput } from "../../wire/index.ts";
import { asInnerRefusal } from "./refusal.ts";

/**
 * Responses that wait to be taken; at that number the watch stream is held up, and reads history when
 * it goes on.
 */
export const RESPONSES_MAX = 16;

interface Waiting {
  readonly resolve: (response: messages.WatchResponse) => void;
  readonly reject: (error: unknown) => void;
}

/** One watch. */
export class KeyEvents implements Required<StreamOutput>, Disposable {
  readonly #signal: AbortSignal | undefined;
  readonly #onOver: () => void;
  readonly #responses: messages.WatchResponse[] = [];
  #input: StreamInput | undefined = undefined;
  #isHeldUp = false;
  #waiting: Waiting | undefined = undefined;
  #end: { readonly error: unknown } | undefined = undefined;

  /** Ends when `signal` is aborted, or has been; calls `onOver` when it has ended, for any reason. */
  constructor(signal: AbortSignal | undefined, onOver: () => void) {
    this.#signal = signal;
    this.#onOver = onOver;
  }

  /** Begins, on a watch stream whose output this is. */
  start(input: StreamInput, createRequest: messages.WatchCreateRequestInit): void {
    this.#input = input;
    input.write(messages.encodeWatchRequest({ createRequest }));
    if (this.#signal?.aborted === true) this.#abort();
    else if (this.#end === undefined) this.#signal?.addEventListener("abort", this.#abort);
  }

  /** The next response with events. One call at a time. Rejects with EtcdError when there is none. */
  next(): Promise<messages.WatchResponse> {
    return new Promise((resolve, reject) => {
      const response = this.#responses.shift();
      if (response !== undefined) resolve(response);
      else if (this.#end !== undefined) reject(this.#end.error);
      else this.#waiting = { resolve, reject };
      if (!this.#isHeldUp || this.#responses.length > 0 || this.#end !== undefined) return;
      this.#isHeldUp = false;
      this.#input?.drained();
    });
  }

  write(message: Uint8Array): boolean {
    if (this.#end !== undefined) return true;
    const response = messages.decodeWatchResponse(message);
    if (response.canceled) this.stop(refusalOf(response));
    else if (response.events.length > 0) this.#take(response);
    return !this.#isHeldUp;
  }

  writeParts(head: Uint8Array, blocks: readonly Uint8Array[]): boolean {
    return this.write(Buffer.concat([head, ...blocks]));
  }

  /** The stream has ended, with a refusal where there is one. Source: key.go, waitDelete. */
  end(error: EtcdError = new EtcdError(STATUS.unknown, "lost watcher waiting for delete")): void {
    this.stop(asInnerRefusal(error));
  }

  /** Ends the watch; what has come is still there to be taken. */
  stop(error: unknown): void {
    if (this.#end !== undefined) return;
    this.#end = { error };
    this.#signal?.removeEventListener("abort", this.#abort);
    this.#input?.cancel();
    this.#waiting?.reject(error);
    this.#onOver();
  }

  [Symbol.dispose](): void {
    this.stop(new EtcdError("watchCanceled"));
  }

  readonly #abort = (): void => this.stop(endOf(this.#signal));

  #take(response: messages.WatchResponse): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting !== undefined) waiting.resolve(response);
    else this.#isHeldUp = this.#responses.push(response) >= RESPONSES_MAX;
  }
}

/** What a call ends with that nobody waits for any more. Source: Go's context package. */
export function endOf(signal: AbortSignal | undefined): EtcdError {
  const reason: unknown = signal?.reason;
  return reason instanceof EtcdError ? reason : new EtcdError(STATUS.canceled, "context canceled");
}

/** Source: etcd client/v3/watch.go, WatchResponse.Err. */
function refusalOf({ compactRevision, cancelReason }: messages.WatchResponse): EtcdError {
  if (compactRevision !== 0) return asInnerRefusal(new EtcdError("compacted"));
  return new EtcdError(STATUS.failedPrecondition, cancelReason);
}
