/**
 * Calls that the server makes of itself in a client's name: Lock and Election are made of keys, leases
 * and watches, as a client could make them.
 *
 * They take the way of every other call, with the context of the call that they are made for, so that
 * the same permissions, limits and alarms hold. They are not counted: the client made one call.
 *
 * Source: etcd server/etcdserver/api/v3client, client/v3/concurrency.
 */
import { EtcdError, messages } from "../../wire/index.ts";
import type { CallContext, StreamInput, StreamOutput, UnaryMethod } from "../../wire/index.ts";
import { KeyEvents, endOf } from "./key-events.ts";
import { asEtcdError, asInnerRefusal } from "./refusal.ts";

/** Time to live of a lease that a call without one gets, seconds. Source: session.go. */
const SESSION_TTL = 60;

/** Who answers a service's calls: the handlers behind the server's own door. */
export interface Handlers {
  unary(
    method: UnaryMethod,
    request: Uint8Array,
    context: CallContext,
  ): Uint8Array | PromiseLike<Uint8Array>;
  watch(context: CallContext, output: Required<StreamOutput>): StreamInput;
}

/** What the {@link OwnCalls} of all clients share. */
export class OwnChannel {
  readonly handlers: Handlers;
  readonly #watching = new Set<KeyEvents>();
  readonly #jobs = new Set<Promise<unknown>>();
  #isClosed = false;

  constructor(handlers: Handlers) {
    this.handlers = handlers;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Does what may wait, and tidies up after itself when it may not go on. */
  async run<Result>(job: Promise<Result>): Promise<Result> {
    this.#jobs.add(job);
    try {
      return await job;
    } finally {
      this.#jobs.delete(job);
    }
  }

  /** Watches what a request says, until `signal` is aborted. */
  watch(
    request: messages.WatchCreateRequestInit,
    context: CallContext,
    signal: AbortSignal | undefined,
  ): KeyEvents {
    if (this.#isClosed) throw new EtcdError("stopped");
    const events = new KeyEvents(signal, () => this.#watching.delete(events));
    this.#watching.add(events);
    events.start(this.handlers.watch(context, events), request);
    return events;
  }

  /** Whoever waits for a change is refused with `stopped`; resolves when all have tidied up. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const events of this.#watching) events.stop(new EtcdError("stopped"));
    await Promise.allSettled(this.#jobs);
  }
}

/** The calls made for one call. Rejects with what that is to be refused with. */
export class OwnCalls {
  readonly #own: OwnChannel;
  readonly #context: CallContext;
  readonly #signal: AbortSignal | undefined;

  constructor(own: OwnChannel, context: CallContext, signal: AbortSignal | undefined) {
    this.#own = own;
    this.#context = context;
    this.#signal = signal;
  }

  /** Nobody waits for the answer any more. */
  get isOver(): boolean {
    return this.#own.isClosed || this.#signal?.aborted === true;
  }

  /** The lease given, or a new one that nobody keeps alive. Source: session.go, NewSession. */
  async session(lease: bigint): Promise<bigint> {
    if (lease !== 0n) return lease;
    const request = messages.encodeLeaseGrantRequest({ ttl: SESSION_TTL });
    return messages.decodeLeaseGrantResponse(await this.#call("leaseGrant", request)).id;
  }

  /** Refused when the call is over: nobody goes on waiting then. */
  async range(request: messages.RangeRequestInit): Promise<messages.RangeResponse> {
    if (this.#signal?.aborted === true) throw endOf(this.#signal);
    const bytes = messages.encodeRangeRequest(request);
    return messages.decodeRangeResponse(await this.#call("range", bytes));
  }

  async delete(key: Uint8Array): Promise<messages.DeleteRangeResponse> {
    const bytes = messages.encodeDeleteRangeRequest({ key });
    return messages.decodeDeleteRangeResponse(await this.#call("deleteRange", bytes));
  }

  async txn(request: messages.TxnRequestInit): Promise<messages.TxnResponse> {
    const bytes = messages.encodeTxnRequest(request);
    return messages.decodeTxnResponse(await this.#call("txn", bytes));
  }

  watch(request: messages.WatchCreateRequestInit): KeyEvents {
    return this.#own.watch(request, this.#context, this.#signal);
  }

  /**
   * Resolves when no key with a prefix is left that was created up to a revision.
   * Source: key.go, waitDeletes.
   */
  async waitForDeletes(prefix: Uint8Array, maxCreateRevision: number): Promise<void> {
    const { descend } = messages.SortOrder;
    const newest = { ...prefixRange(prefix), ...byCreation(descend), maxCreateRevision };
    for (;;) {
      const { kvs, header } = await this.range(newest);
      const [last] = kvs;
      if (last === undefined) return;
      await this.#waitForDelete(last.key, revisionOf(header));
    }
  }

  /** Source: key.go, waitDelete. */
  async #waitForDelete(key: Uint8Array, startRevision: number): Promise<void> {
    const filters = [messages.FilterType.noput];
    using events = this.watch({ key, startRevision, filters });
    await events.next();
  }

  async #call(
    method: "leaseGrant" | "range" | "deleteRange" | "txn",
    request: Uint8Array,
  ): Promise<Uint8Array> {
    try {
      return await this.#own.handlers.unary(method, request, this.#context);
    } catch (error) {
      throw asInnerRefusal(asEtcdError(error));
    }
  }
}

/** All keys that begin with a prefix, which ends with a slash. */
export function prefixRange(prefix: Uint8Array): { key: Uint8Array; rangeEnd: Uint8Array } {
  const rangeEnd = Buffer.from(prefix);
  rangeEnd[rangeEnd.length - 1] = SLASH + 1;
  return { key: prefix, rangeEnd };
}

const SLASH = 0x2f;

/** The oldest of the keys below a name. Source: etcd client/v3/op.go, WithFirstCreate. */
export function firstOf(name: Uint8Array): messages.RangeRequestInit {
  return { ...prefixRange(prefixOf(name)), ...byCreation(messages.SortOrder.ascend) };
}

function byCreation(sortOrder: messages.SortOrder): messages.RangeRequestInit {
  return { sortOrder, sortTarget: messages.SortTarget.create, limit: 1 };
}

/** What the keys below a name begin with, and the one of a lease among them. */
export function keysOf(
  name: Uint8Array,
  lease: bigint,
): { readonly prefix: Uint8Array; readonly key: Uint8Array } {
  const prefix = prefixOf(name);
  return { prefix, key: Buffer.concat([prefix, Buffer.from(lease.toString(16))]) };
}

/** What the keys of a lock or an election begin with. */
export function prefixOf(name: Uint8Array): Uint8Array {
  return Buffer.concat([name, Buffer.of(SLASH)]);
}

/** The condition that a key was created at a revision; 0 is that there is none. */
export function createdAt(key: Uint8Array, createRevision: number): messages.CompareInit {
  const { create } = messages.CompareTarget;
  return { key, target: create, result: messages.CompareResult.equal, createRevision };
}

/** Every answer of ours has a header. */
export function revisionOf(header: messages.ResponseHeader | undefined): number {
  return header!.revision;
}
