/** Locks that one client holds at a time, by etcd's service Lock. */
import type { Calls, CallOptions } from "./calls.ts";
import { toBuffer, toBytes } from "./key-range.ts";
import type { Bytes } from "./key-range.ts";
import type { Header } from "./kv-messages.ts";
import type { Lease } from "./lease.ts";

/** Seconds that a lock stays when its holder is gone. Source: etcd client/v3/concurrency/session.go. */
const SESSION_TTL = 60;

/** How to lock. */
export interface LockOptions extends CallOptions {
  /** Lease whose end ends the lock too. Default: one of a minute, which nobody keeps. */
  readonly lease?: bigint | undefined;
}

export interface LockResponse {
  readonly header: Header;
  /** The key that is there as long as the lock is held: what {@link Lock.unlock} takes. */
  readonly key: Buffer;
}

/** How to hold a lock. */
export interface WithLockOptions extends CallOptions {
  /** Seconds until others have the lock when this client is gone. Default a minute. */
  readonly ttl?: number | undefined;
}

/** A lock that is held. */
export interface HeldLock {
  /** There as long as the lock is held: a transaction that compares its version with 0 is safe. */
  readonly key: Buffer;
  /** Lease on which the lock hangs, for keys that are to end with it. */
  readonly lease: bigint;
  /** Aborted when the lock is lost, or when the caller gives up. */
  readonly signal: AbortSignal;
}

/** What `client.lock` offers. Every call rejects with EtcdError when the server refuses it. */
export class Lock {
  readonly #calls: Calls;
  readonly #lease: Lease;

  constructor(calls: Calls, lease: Lease) {
    this.#calls = calls;
    this.#lease = lease;
  }

  /** Waits until the lock is the lease's; at once, when it is already. Given up by `signal`. */
  async lock(name: Bytes, options: LockOptions = {}): Promise<LockResponse> {
    const request = { name: toBytes(name), lease: options.lease ?? 0n };
    const { header, key } = await this.#calls.unary("lock", request, options.signal);
    return { header, key: toBuffer(key) };
  }

  /** Gives a lock back, by the key that {@link lock} answered. */
  async unlock(key: Bytes): Promise<Header> {
    return (await this.#calls.unary("unlock", { key: toBytes(key) })).header;
  }

  /**
   * Runs `body` while the lock is held, by a lease that is kept alive meanwhile and revoked after it,
   * which unlocks. Resolves and rejects as `body` does; when the lock is lost before its end, or
   * `signal` is aborted before its beginning, it rejects with the reason. The loss of a lock does not
   * end the body: its signal tells it.
   */
  async withLock<Result>(
    name: Bytes,
    body: (held: HeldLock) => Promise<Result> | Result,
    options: WithLockOptions = {},
  ): Promise<Result> {
    await using session = await this.#lease.session(options.ttl ?? SESSION_TTL);
    const signals = [session.signal, options.signal].filter((signal) => signal !== undefined);
    const signal = AbortSignal.any(signals);
    const lease = session.id;
    const { key } = await this.lock(name, { lease, signal }).catch((error: unknown) => {
      throw signal.aborted ? signal.reason : error;
    });
    const result = await body({ key, lease, signal });
    session.signal.throwIfAborted();
    return result;
  }
}
