/**
 * Leases, the keys attached to them, and when they end.
 *
 * Source: etcd server/lease/lessor.go. Time comes in as `nowMs`; what is on disk is only a lease's
 * id and its TTL, so that after a restart every lease begins anew.
 */
import { DeadlineHeap } from "./deadline-heap.ts";

/** A lease as the server sees it. */
export interface Lease {
  readonly id: bigint;
  /** Granted time to live, seconds, at least 1. */
  readonly ttl: number;
  /** On the clock that `nowMs` comes from. */
  deadlineMs: number;
  /** Seconds that were left when last noted, for the next start; 0 for all of them. */
  remainingTtl: number;
  /** Attached keys, latin1. */
  readonly keys: Set<string>;
}

export class Lessor {
  readonly #leases = new Map<bigint, Lease>();
  readonly #leaseOfKey = new Map<string, bigint>();
  readonly #deadlines = new DeadlineHeap<Lease>();

  get(id: bigint): Lease | undefined {
    return this.#leases.get(id);
  }

  /** Number of leases. */
  get size(): number {
    return this.#leases.size;
  }

  /** All leases, the one that ends first in front. */
  list(): Lease[] {
    return [...this.#leases.values()].sort((a, b) => a.deadlineMs - b.deadlineMs);
  }

  /** Adds a lease; the id must be free. */
  grant(id: bigint, ttl: number, deadlineMs: number): Lease {
    const lease: Lease = { id, ttl, deadlineMs, remainingTtl: 0, keys: new Set() };
    this.#leases.set(id, lease);
    this.#deadlines.push(lease, deadlineMs);
    return lease;
  }

  /**
   * Gives a lease that exists another time to live, with its keys. Answers the lease, which is another
   * object.
   */
  regrant(id: bigint, ttl: number, deadlineMs: number): Lease {
    const keys = this.#leases.get(id)?.keys ?? [];
    this.remove(id);
    const lease = this.grant(id, ttl, deadlineMs);
    for (const key of keys) this.attach(key, id);
    return lease;
  }

  /** Moves the end of a lease. */
  renew(lease: Lease, deadlineMs: number): void {
    lease.deadlineMs = deadlineMs;
    this.#deadlines.move(lease, deadlineMs);
  }

  /** Forgets a lease and its attachments; the keys themselves are the store's business. */
  remove(id: bigint): void {
    const lease = this.#leases.get(id);
    if (lease === undefined) return;
    for (const key of lease.keys) this.#leaseOfKey.delete(key);
    this.#deadlines.remove(lease);
    this.#leases.delete(id);
  }

  /** Attaches a key to a lease, and to that one only; 0 only detaches. Unknown leases attach nothing. */
  attach(key: string, id: bigint): void {
    // A key without a lease costs nothing while there are none.
    if (id === 0n && this.#leaseOfKey.size === 0) return;
    const previous = this.#leaseOfKey.get(key);
    if (previous === id) return;
    if (previous !== undefined) this.detach(key);
    if (id === 0n) return;
    const lease = this.#leases.get(id);
    if (lease === undefined) return;
    lease.keys.add(key);
    this.#leaseOfKey.set(key, id);
  }

  detach(key: string): void {
    if (this.#leaseOfKey.size === 0) return;
    const id = this.#leaseOfKey.get(key);
    if (id === undefined) return;
    this.#leaseOfKey.delete(key);
    this.#leases.get(id)?.keys.delete(key);
  }

  /** The lease of a key; 0 for none. */
  leaseOf(key: string): bigint {
    return this.#leaseOfKey.get(key) ?? 0n;
  }

  /** When the next lease ends; undefined when there are none. */
  nextDeadlineMs(): number | undefined {
    return this.#deadlines.peekDeadlineMs();
  }

  /** Leases whose end has come, at most `max`, the longest overdue first. They stay. */
  expired(nowMs: number, max: number): Lease[] {
    return this.#deadlines.due(nowMs, max);
  }
}
