/** Calls that do not go on yet: each until its time, until it is told, or until its caller gives up. */
import { EtcdError, STATUS } from "../wire/index.ts";
import type { Clock } from "../wire/index.ts";

/** Calls held at a time, with all streams; the next is refused with `etcdserver: too many requests`. */
const HELD_CALLS_MAX = 10_000;

/** A group of calls that are let go together. */
export type HeldGroup = Set<() => void>;

export interface HoldOptions {
  readonly delayMs: number;
  /** Let go before its time with all of the group. */
  readonly group?: HeldGroup | undefined;
  /** Of a caller that may give up. */
  readonly signal?: AbortSignal | undefined;
}

export class HeldCalls {
  readonly #clock: Clock;
  readonly #refusals = new Set<(error: EtcdError) => void>();
  #isClosed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get count(): number {
    return this.#refusals.size;
  }

  /**
   * Resolves when the call may go on: whether by its group, before its time. Rejects with EtcdError at
   * {@link HELD_CALLS_MAX}, when the caller gives up, and when the server stops.
   */
  hold({ delayMs, group, signal }: HoldOptions): Promise<"told" | "late"> {
    return new Promise((resolve, reject) => {
      if (this.#isClosed) return reject(new EtcdError("stopped"));
      if (this.#refusals.size >= HELD_CALLS_MAX) return reject(new EtcdError("tooManyRequests"));
      const over = (): void => {
        stop();
        this.#refusals.delete(refuse);
        group?.delete(tell);
        signal?.removeEventListener("abort", giveUp);
      };
      const tell = (): void => {
        over();
        resolve("told");
      };
      const refuse = (error: EtcdError): void => {
        over();
        reject(error);
      };
      const giveUp = (): void => refuse(new EtcdError(STATUS.canceled, "context canceled"));
      const stop = this.#clock.after(delayMs, () => {
        over();
        resolve("late");
      });
      this.#refusals.add(refuse);
      group?.add(tell);
      signal?.addEventListener("abort", giveUp);
      if (signal?.aborted === true) giveUp();
    });
  }

  /** Refuses what is held and what will be. */
  close(): void {
    this.#isClosed = true;
    for (const refuse of this.#refusals) refuse(new EtcdError("stopped"));
  }
}
