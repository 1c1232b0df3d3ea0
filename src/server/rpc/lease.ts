/** Service Lease. Source: etcd server/etcdserver/api/v3rpc/lease.go and server/lease/lessor.go. */
import type { Lease, Store } from "../../mvcc/index.ts";
import { EtcdError, messages } from "../../wire/index.ts";
import type { CallContext, Clock, StreamInput, StreamOutput } from "../../wire/index.ts";
import type { AuthGate } from "../auth/auth-gate.ts";
import { mustAccessKeys } from "../auth/permissions.ts";
import type { Caller } from "../auth/permissions.ts";
import type { CommitQueue } from "../commit-queue.ts";
import type { IdGenerator } from "../id-generator.ts";
import { LEASE_COST_BYTES, LEASE_TTL_MAX } from "../limits.ts";
import type { Member } from "../member.ts";
import type { Quota } from "../quota.ts";
import { asStreamError } from "./refusal.ts";

/** Requests of a stream that may wait for the disk; one more ends it with `too many requests`. */
const PENDING_MAX = 1000;
/** Time to live in answers about a lease that does not exist. */
const TTL_OF_UNKNOWN = -1;

export interface LeaseParts {
  readonly store: Store;
  readonly queue: CommitQueue;
  readonly gate: AuthGate;
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

  grant(bytes: Uint8Array, context: CallContext): PromiseLike<Uint8Array> {
    const { queue, gate, quota, clock, ids, ttlMin } = this.#parts;
    const request = messages.decodeLeaseGrantRequest(bytes);
    if (!quota.allows(LEASE_COST_BYTES)) return quota.refuse();
    gate.requireCaller(context);
    if (request.ttl > LEASE_TTL_MAX) throw new EtcdError("leaseTtlTooLarge");
    const id = request.id === 0n ? ids.nextPositive() : request.id;
    const ttl = Math.max(request.ttl, ttlMin);
    return queue.submit({ type: "leaseGrant", id, ttl, nowMs: clock.nowMs() });
  }

  revoke(bytes: Uint8Array, context: CallContext): PromiseLike<Uint8Array> {
    const { id } = messages.decodeLeaseRevokeRequest(bytes);
    const caller = this.#parts.gate.requireCaller(context);
    return this.#parts.queue.submit({ type: "leaseRevoke", id, caller });
  }

  timeToLive(bytes: Uint8Array, context: CallContext): Uint8Array | Promise<Uint8Array> {
    const request = messages.decodeLeaseTimeToLiveRequest(bytes);
    const caller = this.#parts.gate.requireCaller(context);
    return this.#parts.queue.read(() => this.#timeToLive(request, caller));
  }

  #timeToLive(request: messages.LeaseTimeToLiveRequest, caller: Caller | undefined): Uint8Array {
    const { store, gate, member, clock } = this.#parts;
    const header = member.header(store.visibleRevision);
    const lease = store.lessor.get(request.id);
    if (request.keys) mustAccessKeys(gate.state, caller, "read", lease?.keys ?? []);
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

  leases(bytes: Uint8Array, context: CallContext): Uint8Array | Promise<Uint8Array> {
    messages.decodeLeaseLeasesRequest(bytes);
    const { store, gate, queue, member } = this.#parts;
    const caller = gate.requireCaller(context);
    return queue.read(() => {
      const header = member.header(store.visibleRevision);
      const list = store.lessor.list();
      for (const { keys } of list) mustAccessKeys(gate.state, caller, "read", keys);
      const leases = list.map(({ id }) => ({ id }));
      return messages.encodeLeaseLeasesResponse({ header, leases });
    });
  }

  keepAlive(context: CallContext, output: StreamOutput): StreamInput {
    return new KeepAliveStream(this.#parts, context, output);
  }
}

/** Answers each request in order; the caller's half-close ends it. */
class KeepAliveStream implements StreamInput {
  readonly #parts: LeaseParts;
  readonly #context: CallContext;
  readonly #output: StreamOutput;
  /** The last answer that waits for the disk; never rejects. Requests behind it wait too. */
  #pending: Promise<void> | undefined = undefined;
  #pendingCount = 0;
  #over = false;

  constructor(parts: LeaseParts, context: CallContext, output: StreamOutput) {
    this.#parts = parts;
    this.#context = context;
    this.#output = output;
  }

  write(bytes: Uint8Array): void {
    if (this.#pendingCount >= PENDING_MAX) this.#finish(new EtcdError("tooManyRequests"));
    else this.#inOrder(() => this.#answer(bytes));
  }

  end(): void {
    this.#inOrder(() => this.#finish(undefined));
  }

  cancel(): void {
    this.#over = true;
  }

  drained(): void {
    // One answer a request: a transport that reads no more requests meanwhile bounds them.
  }

  /** Takes a step after those before it: at once when none of them waits. */
  #inOrder(step: () => void | Promise<void>): void {
    const work = this.#pending === undefined ? step() : this.#pending.then(step);
    if (work === undefined) return;
    this.#pendingCount++;
    const pending = work
      .catch((error: unknown) => this.#finish(asStreamError(error)))
      .finally(() => {
        this.#pendingCount--;
        if (this.#pending === pending) this.#pending = undefined;
      });
    this.#pending = pending;
  }

  #answer(bytes: Uint8Array): void | Promise<void> {
    if (this.#over) return undefined;
    try {
      const { id } = messages.decodeLeaseKeepAliveRequest(bytes);
      return this.#parts.queue.read(() => this.#renew(id));
    } catch (error) {
      this.#finish(asStreamError(error));
      return undefined;
    }
  }

  #renew(id: bigint): void | Promise<void> {
    const { store, gate, queue, member, clock } = this.#parts;
    const header = member.header(store.visibleRevision);
    const lease = store.lessor.get(id);
    const caller = gate.requireCaller(this.#context);
    mustAccessKeys(gate.state, caller, "write", lease?.keys ?? []);
    const nowMs = clock.nowMs();
    if (lease !== undefined && lease.deadlineMs <= nowMs) {
      // Its time is over: the answer waits until it is gone.
      const expired = queue.submit({ type: "leaseExpire", id, nowMs });
      return expired.then(() => this.#send({ header, id, ttl: 0 }));
    }
    const renewed = (): void => {
      if (lease !== undefined) renew(store, lease, nowMs);
      this.#send({ header, id, ttl: lease?.ttl ?? 0 });
    };
    if (lease === undefined || lease.remainingTtl === 0) return renewed();
    // It has its whole time again, after a restart too. Source: etcd server/lease/lessor.go, Renew.
    const checkpoints = [{ id, remainingTtl: 0 }];
    return queue.submit({ type: "leaseCheckpoint", checkpoints }).then(renewed);
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
  store.counts.leasesRenewed++;
  store.lessor.renew(lease, nowMs + lease.ttl * 1000);
}
