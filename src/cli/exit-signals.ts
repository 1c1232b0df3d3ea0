/** The signals that ask a server to end. Source: etcd pkg/osutil/interrupt_unix.go. */

/**
 * Signals that come so soon after the first one are that same one, ms: a terminal sends it to every
 * process in front, and npm passes on the one that it gets.
 */
const SAME_REQUEST_MS = 500;

/** A signal that ends a server. */
export type ExitSignal = "SIGINT" | "SIGTERM";

const EXIT_SIGNALS: readonly ExitSignal[] = ["SIGINT", "SIGTERM"];

/** The process whose signals are meant; a test has its own. */
export interface SignalSource {
  readonly pid: number;
  on(signal: ExitSignal, listener: () => void): unknown;
  off(signal: ExitSignal, listener: () => void): unknown;
  kill(pid: number, signal: ExitSignal): unknown;
  exit(code: number): unknown;
}

/** Waits for the first signal, which the server may take its time over; a second one is final. */
export class ExitSignals {
  readonly #source: SignalSource;
  readonly #onRepeated: () => void;
  readonly #nowMs: () => number;
  readonly #listeners = new Map<ExitSignal, () => void>();
  #firstMs: number | undefined;

  /** Settles with the first signal. */
  readonly first: Promise<ExitSignal>;

  /** `onRepeated` is called just before a second signal ends the process. */
  constructor(
    source: SignalSource,
    onRepeated: () => void,
    nowMs: () => number = () => performance.now(),
  ) {
    this.#source = source;
    this.#onRepeated = onRepeated;
    this.#nowMs = nowMs;
    this.first = new Promise((resolve) => {
      for (const signal of EXIT_SIGNALS) {
        const listener = (): void => {
          const nowMs = this.#nowMs();
          this.#firstMs ??= nowMs;
          resolve(signal);
          if (nowMs - this.#firstMs > SAME_REQUEST_MS) {
            this.#onRepeated();
            this.raise(signal);
          }
        };
        this.#listeners.set(signal, listener);
        source.on(signal, listener);
      }
    });
  }

  /**
   * Ends the process by the signal, so that its parent sees what ended it.
   *
   * The kernel does not let the first process of a container die that way; it exits with 0.
   */
  raise(signal: ExitSignal): void {
    this.stop();
    if (this.#source.pid === 1) {
      this.#source.exit(0);
    } else {
      this.#source.kill(this.#source.pid, signal);
    }
  }

  /** Gives the signals back their usual effect. */
  stop(): void {
    for (const [signal, listener] of this.#listeners) {
      this.#source.off(signal, listener);
    }
    this.#listeners.clear();
  }
}
