/** Calls that wait for an index to be applied. */
import { EtcdError } from "../wire/index.ts";

/** At a time; with one more the oldest is refused. */
export const INDEX_WAITERS_MAX = 1000;

interface IndexWaiter {
  readonly index: number;
  readonly resolve: () => void;
  readonly reject: (error: EtcdError) => void;
}

export class IndexWaits {
  /** The oldest first. */
  #waiters: IndexWaiter[] = [];
  #isClosed = false;

  /** Resolves when the index is reached. Rejects with EtcdError: `invalidAuthToken` of very many. */
  wait(index: number): Promise<void> {
    if (this.#isClosed) return Promise.reject(new EtcdError("stopped"));
    if (this.#waiters.length >= INDEX_WAITERS_MAX) {
      this.#waiters.shift()?.reject(new EtcdError("invalidAuthToken"));
    }
    return new Promise((resolve, reject) => this.#waiters.push({ index, resolve, reject }));
  }

  /** This index, and all before it, are applied. */
  reached(appliedIndex: number): void {
    if (this.#waiters.length === 0) return;
    for (const { index, resolve } of this.#waiters) if (index <= appliedIndex) resolve();
    this.#waiters = this.#waiters.filter(({ index }) => index > appliedIndex);
  }

  /** Refuses all with `stopped`. */
  close(): void {
    this.#isClosed = true;
    for (const { reject } of this.#waiters.splice(0)) reject(new EtcdError("stopped"));
  }
}
