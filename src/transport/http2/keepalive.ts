import type { Clock } from "../../wire/index.ts";
import { HANDSHAKE_TIMEOUT_MS, KEEPALIVE_INTERVAL_MS, KEEPALIVE_TIMEOUT_MS } from "./limits.ts";

export interface KeepaliveOptions {
  readonly clock: Clock;
  /** Default {@link KEEPALIVE_INTERVAL_MS}; with Infinity nobody is pinged. */
  readonly intervalMs?: number | undefined;
  /** Default {@link KEEPALIVE_TIMEOUT_MS}. */
  readonly timeoutMs?: number | undefined;
  /** Whether the far end has begun to speak HTTP/2. */
  readonly hasBegun: () => boolean;
  readonly ping: () => void;
  /** The far end did not answer in time. */
  readonly onDead: () => void;
}

/**
 * Pings a far end that has been silent for long, and gives it up when it stays so. One that does not
 * begin is given up without being asked.
 */
export class Keepalive {
  readonly #options: KeepaliveOptions;
  readonly #intervalMs: number;
  readonly #timeoutMs: number;
  readonly #handshakeEndMs: number;
  #heardAtMs: number;
  #stop: () => void;

  constructor(options: KeepaliveOptions) {
    this.#options = options;
    this.#intervalMs = options.intervalMs ?? KEEPALIVE_INTERVAL_MS;
    this.#timeoutMs = options.timeoutMs ?? KEEPALIVE_TIMEOUT_MS;
    this.#heardAtMs = options.clock.nowMs();
    this.#handshakeEndMs = this.#heardAtMs + HANDSHAKE_TIMEOUT_MS;
    const firstMs = Math.min(HANDSHAKE_TIMEOUT_MS, this.#intervalMs);
    this.#stop = options.clock.after(firstMs, this.#onHandshake);
  }

  /** Something came from the far end. */
  heard(nowMs: number): void {
    this.#heardAtMs = nowMs;
  }

  close(): void {
    this.#stop();
  }

  readonly #onHandshake = (): void => {
    const { clock, hasBegun, onDead } = this.#options;
    const leftMs = this.#handshakeEndMs - clock.nowMs();
    if (hasBegun()) this.#onInterval();
    else if (leftMs <= 0) onDead();
    else this.#stop = clock.after(leftMs, this.#onHandshake);
  };

  readonly #onInterval = (): void => {
    const { clock, ping } = this.#options;
    if (this.#intervalMs === Infinity) return;
    const leftMs = this.#heardAtMs + this.#intervalMs - clock.nowMs();
    if (leftMs > 0) {
      this.#stop = clock.after(leftMs, this.#onInterval);
      return;
    }
    const pingedAtMs = clock.nowMs();
    ping();
    this.#stop = clock.after(this.#timeoutMs, () => this.#onTimeout(pingedAtMs));
  };

  #onTimeout(pingedAtMs: number): void {
    if (this.#heardAtMs < pingedAtMs) this.#options.onDead();
    else this.#onInterval();
  }
}
