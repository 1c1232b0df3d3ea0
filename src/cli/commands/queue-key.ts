/**
 * A key in a queue: whoever has put the oldest under a prefix holds the lock, or leads. What etcd's own
 * client does with keys and leases, so that both wait for each other.
 * Source: etcd client/v3/concurrency/mutex.go, election.go and key.go.
 */
import { compare, op } from "../../client/index.ts";
import type { Client } from "../../client/index.ts";
import type { messages } from "../../wire/index.ts";

export class QueueKey {
  readonly key: string;
  readonly #client: Client;
  readonly #prefix: string;
  #revision = 0;

  constructor(client: Client, options: { readonly name: string; readonly lease: bigint }) {
    this.#client = client;
    this.#prefix = `${options.name}/`;
    this.key = `${this.#prefix}${options.lease.toString(16)}`;
  }

  /** Revision at which the key was made. */
  get revision(): number {
    return this.#revision;
  }

  /** Puts the key where it is not there yet. */
  async enter(value: string, lease: bigint): Promise<void> {
    const { responses, header } = await this.#client.kv
      .txn()
      .if(compare(this.key).createRevision("=", 0))
      .then(op.put(this.key, value, { lease }))
      .else(op.get(this.key))
      .commit();
    const [found] = responses;
    const there = found?.type === "get" ? found.kvs[0]?.createRevision : undefined;
    this.#revision = there ?? header?.revision ?? 0;
  }

  /** Resolves when no older key is left; rejects when `abort` does. */
  async first(abort: Promise<never>): Promise<void> {
    for (;;) {
      const older = await this.#client.kv.get(this.#prefix, {
        prefix: true,
        sortTarget: "create",
        sortOrder: "descend",
        limit: 1,
        maxCreateRevision: this.#revision - 1,
      });
      const [before] = older.kvs;
      if (before === undefined) return;
      await this.#deleted(before.key, (older.header?.revision ?? 0) + 1, abort);
    }
  }

  async #deleted(key: Buffer, startRevision: number, abort: Promise<never>): Promise<void> {
    const watch = this.#client.watch(key, { startRevision });
    try {
      for (;;) {
        const { done, value } = await Promise.race([watch.next(), abort]);
        if (done === true || value.events.some(({ type }) => type === "delete")) return;
      }
    } finally {
      watch.cancel();
    }
  }

  /** The key as it is now. */
  read(): Promise<messages.RangeResponse> {
    return this.#client.unary("range", { key: Buffer.from(this.key) });
  }

  /** Leaves the queue, if the key is still the one that was put. */
  async leave(): Promise<void> {
    await this.#client.kv
      .txn()
      .if(compare(this.key).createRevision("=", this.#revision))
      .then(op.delete(this.key))
      .commit();
  }
}
