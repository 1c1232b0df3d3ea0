import type { Duplex } from "node:stream";
import { Arrivals } from "./arrivals.ts";

/** The connections that a handler has open, so that closing can wait for them and then end them. */
export class OpenSockets {
  readonly #sockets = new Arrivals<Duplex>();
  #onEmpty: (() => void) | undefined;

  /**
   * Keeps the socket until it closes, and keeps its errors from ending the process. `onClose` is
   * called when it has closed.
   */
  add(socket: Duplex, onClose?: () => void): void {
    const place = this.#sockets.add(socket);
    // A connection that breaks is closed right after; what it carried is told by its handler.
    socket.on("error", ignore);
    socket.on("close", () => {
      this.#sockets.remove(place);
      onClose?.();
      if (this.#sockets.size === 0) this.#onEmpty?.();
    });
  }

  /** Resolves when all have closed by themselves, or after `graceMs` when the rest was destroyed. */
  async drain(options: { readonly graceMs: number }): Promise<void> {
    if (this.#sockets.size === 0) return;
    const emptied = new Promise<void>((resolve) => (this.#onEmpty = resolve));
    const timer = setTimeout(() => {
      for (const socket of this.#sockets.values()) socket.destroy();
    }, options.graceMs);
    await emptied;
    clearTimeout(timer);
  }
}

function ignore(): void {}
