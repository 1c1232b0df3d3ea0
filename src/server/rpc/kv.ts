/** Service KV. Source: etcd server/etcdserver/api/v3rpc/key.go and v3_server.go. */
import type { RangeQuery, Store } from "../../mvcc/index.ts";
import { EtcdError, RangeParts, encodeRangeResponse, joined, messages } from "../../wire/index.ts";
import type { CallContext } from "../../wire/index.ts";
import type { AuthGate } from "../auth/auth-gate.ts";
import { mustAccess, mustTxn } from "../auth/permissions.ts";
import type { Caller } from "../auth/permissions.ts";
import type { CommitQueue } from "../commit-queue.ts";
import type { Compactor } from "../compactor.ts";
import type { Figures } from "../figures.ts";
import type { RequestLimits } from "../limits.ts";
import { checkProposalSize, putCost, txnCost } from "../limits.ts";
import type { Member } from "../member.ts";
import type { Quota } from "../quota.ts";
import { checkDeleteRange, checkPut, checkRange, checkTxn } from "../txn/check.ts";
import { queryOf } from "../txn/operations.ts";
import { isReadOnly, readTxn } from "../txn/txn.ts";

type Answer = Uint8Array | PromiseLike<Uint8Array>;

export class KvService {
  readonly #store: Store;
  readonly #queue: CommitQueue;
  readonly #gate: AuthGate;
  readonly #member: Member;
  readonly #limits: RequestLimits;
  readonly #quota: Quota;
  readonly #compactor: Compactor;
  readonly #figures: Figures;

  constructor(parts: {
    store: Store;
    queue: CommitQueue;
    gate: AuthGate;
    member: Member;
    limits: RequestLimits;
    quota: Quota;
    compactor: Compactor;
    figures: Figures;
  }) {
    this.#store = parts.store;
    this.#queue = parts.queue;
    this.#gate = parts.gate;
    this.#member = parts.member;
    this.#limits = parts.limits;
    this.#quota = parts.quota;
    this.#compactor = parts.compactor;
    this.#figures = parts.figures;
  }

  range(bytes: Uint8Array, context: CallContext): Answer {
    const request = messages.decodeRangeRequest(bytes);
    checkRange(request);
    if (this.#gate.state.enabled) return this.#guardedRange(request, context);
    return this.#timedRange(request, context);
  }

  /** Apart: a function that keeps its request for later costs something even when it does not. */
  #guardedRange(request: messages.RangeRequest, context: CallContext): Answer {
    const caller = this.#gate.callerOf(context);
    mustAccess(this.#gate.state, caller, "read", request);
    return this.#stillAllowed(caller, () => this.#timedRange(request, context));
  }

  #timedRange(request: messages.RangeRequest, context: CallContext): Answer {
    const figures = this.#figures;
    const startMs = figures.rangeStartMs(request.rangeEnd.length === 0);
    try {
      const answer = this.#range(request, context);
      if (!(answer instanceof Uint8Array)) return figures.rangeAnswer(startMs, answer);
      figures.rangeDone(startMs, true);
      return answer;
    } catch (error) {
      figures.rangeDone(startMs, false);
      throw error;
    }
  }

  #range(request: messages.RangeRequest, context: CallContext): Uint8Array | Promise<Uint8Array> {
    const revision = readableRevision(this.#store, request.revision);
    const header = this.#member.headers.at(this.#store.visibleRevision);
    const query = queryOf(request, revision);
    const result = this.#store.range(query);
    if (result === undefined) return longRange(this.#store, query, { header, context });
    if (!(result instanceof Promise)) return encodeRangeResponse(header, result);
    return result.then((loaded) => encodeRangeResponse(header, loaded));
  }

  put(bytes: Uint8Array, context: CallContext): Answer {
    const request = messages.decodePutRequest(bytes);
    const cost = putCost(request);
    if (this.#quota.allows(cost)) return this.#putChecked(request, bytes, context);
    return this.#quota.refuse();
  }

  #putChecked(request: messages.PutRequest, bytes: Uint8Array, context: CallContext): Answer {
    checkPut(request);
    const caller = this.#gate.callerOf(context);
    checkProposalSize(bytes, this.#limits, caller);
    return this.#queue.submit({ type: "put", request, caller }, bytes.length);
  }

  deleteRange(bytes: Uint8Array, context: CallContext): Answer {
    const request = messages.decodeDeleteRangeRequest(bytes);
    checkDeleteRange(request);
    const caller = this.#gate.callerOf(context);
    checkProposalSize(bytes, this.#limits, caller);
    return this.#queue.submit({ type: "deleteRange", request, caller }, bytes.length);
  }

  txn(bytes: Uint8Array, context: CallContext): Answer {
    const request = messages.decodeTxnRequest(bytes);
    if (!this.#quota.allows(txnCost(request))) return this.#quota.refuse();
    checkTxn(request, this.#limits.maxTxnOps);
    const caller = this.#gate.callerOf(context);
    if (isReadOnly(request)) return this.#guardedReadTxn(request, caller, context);
    checkProposalSize(bytes, this.#limits, caller);
    return this.#queue.submit({ type: "txn", request, caller }, bytes.length);
  }

  #guardedReadTxn(
    request: messages.TxnRequest,
    caller: Caller | undefined,
    context: CallContext,
  ): Answer {
    const { state } = this.#gate;
    if (!state.enabled) return this.#readTxn(request, context);
    mustTxn(state, caller, request, noLease);
    return this.#stillAllowed(caller, () => this.#readTxn(request, context));
  }

  #readTxn(request: messages.TxnRequest, context: CallContext): Uint8Array | Promise<Uint8Array> {
    const times = this.#figures.requests.of("ReadonlyTxn");
    return this.#figures.answer(times, () =>
      readTxn(request, this.#store, (revision) => this.#member.headers.at(revision), context),
    );
  }

  /** Reads, and refuses if users or roles are other ones by then, whatever came of it. */
  #stillAllowed(caller: Caller | undefined, read: () => Answer): Answer {
    this.#gate.checkUnchanged(caller);
    const answer = read();
    if (answer instanceof Uint8Array) return answer;
    return this.#stillAllowedLater(caller, answer);
  }

  async #stillAllowedLater(
    caller: Caller | undefined,
    answer: PromiseLike<Uint8Array>,
  ): Promise<Uint8Array> {
    try {
      return await answer;
    } finally {
      this.#gate.checkUnchanged(caller);
    }
  }

  compact(bytes: Uint8Array, context: CallContext): Promise<Uint8Array> {
    const request = messages.decodeCompactionRequest(bytes);
    this.#gate.requireAdmin(context);
    return this.#compact(request);
  }

  async #compact(request: messages.CompactionRequest): Promise<Uint8Array> {
    const response = await this.#queue.submit({ type: "compact", request });
    const removed = this.#compactor.start();
    if (request.physical) await removed;
    return response;
  }
}

/** What is only read puts no key on a lease. */
function noLease(): undefined {
  return undefined;
}

/** Answers a range that takes more than one turn. */
async function longRange(
  store: Store,
  query: RangeQuery,
  { header, context }: { readonly header: Uint8Array; readonly context: CallContext },
): Promise<Uint8Array> {
  const read = store.longRead(query.revision, context.signal);
  try {
    return await store.gather(async () => {
      const parts = new RangeParts();
      const result = await read.range(query, parts);
      return joined(parts.finish(header, result), read.turn);
    });
  } finally {
    read.close();
  }
}

/** The revision to read at: the visible one unless an older one is asked for. Throws EtcdError. */
export function readableRevision(store: Store, asked: number): number {
  const visible = store.visibleRevision;
  if (asked > visible) throw new EtcdError("futureRevision");
  if (asked <= 0) return visible;
  if (asked < store.compactedRevision) throw new EtcdError("compacted");
  return asked;
}
