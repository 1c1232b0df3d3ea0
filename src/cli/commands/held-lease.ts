/** A lease that is kept as long as a command runs: what locks and elections hang on. */
import type { Client } from "../../client/index.ts";
import type { Terminal } from "./definition.ts";

/** Source: etcd client/v3/concurrency/session.go, Session. */
export class HeldLease {
  readonly id: bigint;
  /** Resolves when it has ended. */
  readonly ended: Promise<void>;
  #isDropped = false;

  private constructor(
    client: Client,
    terminal: Terminal,
    granted: { readonly id: bigint; readonly ttl: number },
  ) {
    this.id = granted.id;
    this.ended = this.#keep(client, terminal, granted.ttl);
  }

  /** Grants a lease of so many seconds, and begins to keep it. */
  static async grant(client: Client, terminal: Terminal, ttl: number): Promise<HeldLease> {
    return new HeldLease(client, terminal, await client.lease.grant(ttl));
  }

  /** No longer keeps it. */
  drop(): void {
    this.#isDropped = true;
  }

  async #keep(client: Client, terminal: Terminal, grantedTtl: number): Promise<void> {
    let deadlineMs = terminal.nowMs() + grantedTtl * 1000;
    while (!this.#isDropped && terminal.nowMs() < deadlineMs) {
      await terminal.sleep((grantedTtl * 1000) / 3);
      if (this.#isDropped) return;
      try {
        const { ttl } = await client.lease.keepAliveOnce(this.id);
        if (ttl <= 0) return;
        deadlineMs = terminal.nowMs() + ttl * 1000;
      } catch {
        // The server may be back before the lease has ended.
      }
    }
  }
}
