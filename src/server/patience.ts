/**
 * How long a call waits for the disk. Time is counted in ticks, by one timer that runs while something
 * waits: a call costs the reading of a number, and waits up to a tick longer than it had to.
 */
import type { Clock } from "../wire/index.ts";

const TICK_MS = 500;
/** For what is read when the disk is level with memory. Source: etcd v3_server.go, applyTimeout. */
const READING_TIMEOUT_MS = 1000;

export class Patience {
  readonly #clock: Clock;
  readonly #ticks: { readonly request: number; readonly reading: number };
  #now = 0;
  #look: () => boolean = () => false;
  #stop: (() => void) | undefined = undefined;
  #closed = false;

  /** `requestTimeoutMs` is what a write has. Source: etcd server/config/config.go, ReqTimeout. */
  constructor(clock: Clock, requestTimeoutMs: number) {
    this.#clock = clock;
    // One more: what came within a tick has waited for less than it.
    this.#ticks = {
      request: Math.ceil(requestTimeoutMs / TICK_MS) + 1,
      reading: Math.ceil(READING_TIMEOUT_MS / TICK_MS) + 1,
    };
  }

  /** Calls `look` after each tick, and counts on while it answers that something waits. */
  onTick(look: () => boolean): void {
    this.#look = look;
  }

  /** Something begins to wait; answers when. */
  begin(): number {
    if (this.#stop === undefined && !this.#closed) this.#wait();
    return this.#now;
  }

  /** Whether what began at that time has waited for long enough. */
  isOver(what: "request" | "reading", begunAt: number): boolean {
    return this.#now - begunAt >= this.#ticks[what];
  }

  close(): void {
    this.#closed = true;
    this.#stop?.();
  }

  #wait(): void {
    const tick = (): void => {
      this.#now++;
      this.#stop = undefined;
      if (this.#look() && !this.#closed) this.#wait();
    };
    // The write under way keeps the process alive, if anything has to.
    this.#stop = this.#clock.after(TICK_MS, tick, "background");
  }
}
