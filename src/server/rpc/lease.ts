/** Service Lease. Source: etcd server/etcdserver/api/v3rpc/lease.go and server/lease/lessor.go. */
import type { Lease, Store } from "../../mvcc/index.ts";
import { EtcdError, messages } from "../../wire/index.ts";
import type { Clock, StreamInput, StreamOutput } from "../../wire/index.ts";
import type { CommitQueue } from "../commit-queue.ts";
import type { IdGenerator } from "../id-generator.ts";
import { LEASE_COST_BYTES, LEASE_TTL_MAX } from "../limits.ts";
import type { Member } from "../member.ts";
import type { Quota } from "../quota.ts";
import { asStreamError } from "./refusal.ts";

/** Time to live in answers about a lease that does not exist. */
const TTL_OF_UNKNOWN = -1;

export interface LeaseParts {
  readonly store: Store;
  readonly queue: CommitQueue;
  readonly member: Member;
  readonly clock: Clock;
  readonly quota: Quota;
  readonly ids: IdGenerator;
  /** Seconds; shorter leases are made this long. */
  readonly ttlMin: number;
}

export class LeaseService {
  readonly #parts: LeaseParts;

  constructor(parts: LeaseParts) {
    this.#parts = parts;
  }

  grant(bytes: Uint8Array): Promise<Uint8Array> {
    const { queue, quota, clock, ids, ttlMin } = this.#parts;
    const request = messages.decodeLeaseGrantRequest(bytes);
    if (!quota.allows(LEASE_COST_BYTES)) return quota.refuse();
    if (request.ttl > LEASE_TTL_MAX) throw new EtcdError("leaseTtlTooLarge");
    const id = request.id === 0n ? ids.nextPositive() : request.id;
    const ttl = Math.max(request.ttl, ttlMin);
    return queue.submit({ type: "leaseGrant", id, ttl, nowMs: clock.nowMs() });
  }

  revoke(bytes: Uint8Array): Promise<Uint8Array> {
    const { id } = messages.decodeLeaseRevokeRequest(bytes);
    return this.#parts.queue.submit({ type: "leaseRevoke", id });
  }

  async timeToLive(bytes: Uint8Array): Promise<Uint8Array> {
    const request = messages.decodeLeaseTimeToLiveRequest(bytes);
    const { store, queue, member, clock } = this.#parts;
    // A lease that is not on disk yet may not be seen.
    await queue.settled();
    const header = member.header(store.visibleRevision);
    const lease = store.lessor.get(request.id);
    if (lease === undefined) {
      const { id } = request;
      return messages.encodeLeaseTimeToLiveResponse({ header, id, ttl: TTL_OF_UNKNOWN });
    }
    const remainingMs = Math.max(0, lease.deadlineMs - clock.nowMs());
    return messages.encodeLeaseTimeToLiveResponse({
      header,
      id: lease.id,
      ttl: Math.floor(remainingMs / 1000),
      grantedTtl: lease.ttl,
      keys: request.keys ? [...lease.keys].map((key) => Buffer.from(key, "latin1")) : [],
    });
  }

  async leases(bytes: Uint8Array): Promise<Uint8Array> {
    messages.decodeLeaseLeasesRequest(bytes);
    const { store, queue, member } = this.#parts;
    await queue.settled();
    const header = member.header(store.visibleRevision);
    const leases = store.lessor.list().map(({ id }) => ({ id }));
    return messages.encodeLeaseLeasesResponse({ header, leases });
  }

  keepAlive(output: StreamOutput): StreamInput {
    return new KeepAliveStream(this.#parts, output);
  }
}

/** Answers each request in order; the caller's half-close ends it. */
class KeepAliveStream implements StreamInput {
  readonly #parts: LeaseParts;
  readonly #output: StreamOutput;
  /** Answers that wait for a lease to end; requests behind them wait too. */
  #pending: Promise<void> | undefined = undefined;
  #over = false;

  constructor(parts: LeaseParts, output: StreamOutput) {
    this.#parts = parts;
    this.#output = output;
  }

  write(bytes: Uint8Array): void {
    if (this.#pending === undefined) this.#answer(bytes);
    else this.#afterPending(() => this.#answer(bytes));
  }

  end(): void {
    const finish = (): void => this.#finish(undefined);
    if (this.#pending === undefined) finish();
    else this.#afterPending(finish);
  }

  cancel(): void {
    this.#over = true;
  }

  drained(): void {
    // One answer a request: a transport that reads no more requests meanwhile bounds them.
  }

  #answer(bytes: Uint8Array): void {
    if (this.#over) return;
    const { store, queue, member, clock } = this.#parts;
    try {
      const { id } = messages.decodeLeaseKeepAliveRequest(bytes);
      const header = member.header(store.visibleRevision);
      const lease = store.lessor.get(id);
      const nowMs = clock.nowMs();
      if (lease !== undefined && lease.deadlineMs <= nowMs) {
        // Its time is over: the answer waits until it is gone.
        const expired = queue.submit({ type: "leaseExpire", id, nowMs });
        this.#pend(expired.then(() => this.#send({ header, id, ttl: 0 })));
        return;
      }
      if (lease !== undefined) renew(store, lease, nowMs);
      this.#send({ header, id, ttl: lease?.ttl ?? 0 });
    } catch (error) {
      this.#finish(asStreamError(error));
    }
  }

  #pend(work: Promise<void>): void {
    const pending = work
      .catch((error: unknown) => this.#finish(asStreamError(error)))
      .finally(() => {
        if (this.#pending === pending) this.#pending = undefined;
      });
    this.#pending = pending;
  }

  #afterPending(next: () => void): void {
    this.#pend(this.#pending!.then(next));
  }

  #send(response: messages.LeaseKeepAliveResponseInit): void {
    if (!this.#over) this.#output.write(messages.encodeLeaseKeepAliveResponse(response));
  }

  #finish(error: EtcdError | undefined): void {
    if (this.#over) return;
    this.#over = true;
    this.#output.end(error);
  }
}

function renew(store: Store, lease: Lease, nowMs: number): void {
  store.lessor.renew(lease, nowMs + lease.ttl * 1000);
}
