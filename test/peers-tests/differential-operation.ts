/** What the differential test does to a server, one thing at a time. */
import type { Client, UnaryRequest } from "../../src/client/index.ts";
import { messages } from "../../src/wire/index.ts";
import type { UnaryMethod } from "../../src/wire/index.ts";
import { RandomRequests } from "../harness/random-operations.ts";
import type { KeySet, Random, StoreState } from "../harness/random-operations.ts";

/** Watch streams open at once. */
export const STREAM_COUNT = 3;

/** A call with one answer. */
interface UnaryOperation {
  readonly kind: "unary";
  readonly method: UnaryMethod;
  readonly request: object;
  send(client: Client): Promise<object>;
  /** The same, with its revisions moved. */
  rebased(revisions: number): Operation;
}

/** Something done on one of the watch streams. */
interface WatchOperation {
  readonly kind: "watchCreate" | "watchCancel" | "watchProgress" | "watchReopen";
  readonly stream: number;
  readonly request: messages.WatchCreateRequestInit;
}

/** One step; it holds all that is needed to do it again. */
export type Operation =
  | UnaryOperation
  | WatchOperation
  | { readonly kind: "rangeStream"; readonly request: messages.RangeRequestInit }
  | { readonly kind: "keepAlive"; readonly request: messages.LeaseKeepAliveRequestInit }
  /** Grants a lease whose id the server picks, and revokes it. */
  | { readonly kind: "anyLease"; readonly request: messages.LeaseGrantRequestInit }
  | { readonly kind: "compact"; readonly request: messages.CompactionRequestInit }
  /** Waits until all watchers have heard of everything, and compares what they heard. */
  | { readonly kind: "sync"; readonly request: object }
  /** Stops the servers in an orderly way and starts them on the same data. */
  | { readonly kind: "restart"; readonly request: object };

/** How often each kind of step is taken. */
const WEIGHTS = {
  range: 22,
  put: 24,
  deleteRange: 7,
  txn: 25,
  leaseGrant: 3,
  leaseRevoke: 2,
  leaseTimeToLive: 2,
  leaseLeases: 0.7,
  anyLease: 0.5,
  keepAlive: 1,
  hashKV: 2.5,
  rangeStream: 3,
  compact: 0.8,
  watchCreate: 3.5,
  watchCancel: 2,
  watchProgress: 0.5,
  watchReopen: 0.4,
  sync: 0.6,
  restart: 0.05,
} as const;

/** Makes steps one after another; `state` is read each time. */
export class RandomOperations {
  readonly #random: Random;
  readonly #requests: RandomRequests;

  constructor(random: Random, keySet: KeySet, state: Readonly<StoreState>) {
    this.#random = random;
    this.#requests = new RandomRequests(random, keySet, state);
  }

  next(): Operation {
    const requests = this.#requests;
    const kind = this.#random.weighted(WEIGHTS);
    switch (kind) {
      case "range":
        return unary(kind, requests.range());
      case "put":
        return unary(kind, requests.put());
      case "deleteRange":
        return unary(kind, requests.deleteRange());
      case "txn":
        return unary(kind, requests.txn());
      case "hashKV":
        return unary(kind, requests.hashKV());
      case "rangeStream":
        return { kind, request: this.#streamed(requests.range()) };
      case "compact":
        return { kind, request: requests.compaction() };
      case "sync":
      case "restart":
        return { kind, request: {} };
      case "leaseGrant":
      case "leaseRevoke":
      case "leaseTimeToLive":
      case "leaseLeases":
      case "anyLease":
      case "keepAlive":
        return this.#leaseOperation(kind);
      case "watchCreate":
      case "watchCancel":
      case "watchProgress":
      case "watchReopen":
        return this.#watchOperation(kind);
    }
  }

  #leaseOperation(
    kind:
      "leaseGrant" | "leaseRevoke" | "leaseTimeToLive" | "leaseLeases" | "anyLease" | "keepAlive",
  ): Operation {
    const random = this.#random;
    const id = this.#requests.leaseId();
    const ttl = this.#requests.leaseTtl();
    switch (kind) {
      case "leaseGrant":
        return unary(kind, { id, ttl });
      case "leaseRevoke":
        return unary(kind, { id });
      case "leaseTimeToLive":
        return unary(kind, { id, keys: random.percent(70) });
      case "leaseLeases":
        return unary(kind, {});
      case "anyLease":
        // Below the least that etcd gives, too: such a lease must be gone before it ends by itself.
        return { kind, request: { ttl: random.pick([-3, 0, 1, 2, ttl]) } };
      case "keepAlive":
        return { kind, request: { id } };
    }
  }

  #watchOperation(kind: WatchOperation["kind"]): Operation {
    const stream = this.#random.below(STREAM_COUNT);
    switch (kind) {
      case "watchCreate":
        return { kind, stream, request: this.#requests.watchCreate() };
      case "watchCancel": {
        const watchId = this.#random.percent(50)
          ? this.#random.below(10)
          : this.#requests.watchId();
        return { kind, stream, request: { watchId } };
      }
      case "watchProgress":
      case "watchReopen":
        return { kind, stream, request: {} };
    }
  }

  /** Mostly without the options that a streamed range refuses. */
  #streamed(request: messages.RangeRequestInit): messages.RangeRequestInit {
    if (this.#random.percent(15)) {
      return request;
    }
    const { key, rangeEnd, limit, revision, keysOnly, countOnly, serializable } = request;
    return { key, rangeEnd, limit, revision, keysOnly, countOnly, serializable };
  }
}

/** A call with one answer, as a step. */
export function unary<Method extends UnaryMethod>(
  method: Method,
  request: UnaryRequest<Method> & object,
): Operation {
  return {
    kind: "unary",
    method,
    request,
    send: (client) => client.unary(method, request),
    rebased: (revisions) => unary(method, shift(request, revisions)),
  };
}

/** The same step, for a store that is so many revisions further. */
export function rebase(operation: Operation, revisions: number): Operation {
  if (revisions === 0) return operation;
  if (operation.kind === "unary") return operation.rebased(revisions);
  return { ...operation, request: shift(operation.request, revisions) } as Operation;
}

/** Revisions beyond are not any that a store reaches. */
const REVISION_MAX = 2 ** 50;

/** A copy of a request with its revisions moved; those that are no revisions of a store stay. */
function shift<Request>(request: Request, revisions: number): Request {
  const shiftAny = (value: unknown, name: string): unknown => {
    if (Array.isArray(value)) return value.map((item) => shiftAny(item, name));
    if (value instanceof Uint8Array) return value;
    if (typeof value === "object" && value !== null) {
      const entries = Object.entries(value);
      return Object.fromEntries(entries.map(([key, inner]) => [key, shiftAny(inner, key)]));
    }
    const isRevision = /revision$/iu.test(name) && typeof value === "number" && value > 0;
    return isRevision && value < REVISION_MAX ? Math.max(1, value + revisions) : value;
  };
  // The copy has the shape of the original.
  return shiftAny(request, "") as Request;
}
