/**
 * KV.RangeStream: a Range in chunks, all of one revision. Only the last chunk has header, `more`
 * and `count`.
 *
 * Source: etcd server/etcdserver/v3_server.go, RangeStream (3.7).
 */
import type { LongResult, RangeQuery, Store } from "../../mvcc/index.ts";
import {
  EtcdError,
  RangeParts,
  encodeRangeStreamResponse,
  joined,
  keyOf,
  messages,
} from "../../wire/index.ts";
import type { CallContext, Parts, StreamInput, StreamOutput } from "../../wire/index.ts";
import type { AuthGate } from "../auth/auth-gate.ts";
import { mustAccess } from "../auth/permissions.ts";
import type { Member } from "../member.ts";
import { checkRange } from "../txn/check.ts";
import { queryOf } from "../txn/operations.ts";
import { readableRevision } from "./kv.ts";
import { PacedOutput } from "./paced-output.ts";
import { asStreamError } from "./refusal.ts";

/** Keys of the first chunk. Source: as above. */
const FIRST_CHUNK_KEYS = 10;
const NO_HEADER = new Uint8Array(0);
const { SortOrder, SortTarget } = messages;

export class RangeStream implements StreamInput {
  readonly #store: Store;
  readonly #member: Member;
  readonly #gate: AuthGate;
  readonly #context: CallContext;
  readonly #chunkBytes: number;
  readonly #output: PacedOutput;

  /** Chunks grow or shrink towards `chunkBytes`. */
  constructor(
    parts: { store: Store; member: Member; gate: AuthGate; chunkBytes: number },
    context: CallContext,
    output: StreamOutput,
  ) {
    this.#store = parts.store;
    this.#member = parts.member;
    this.#gate = parts.gate;
    this.#context = context;
    this.#chunkBytes = parts.chunkBytes;
    this.#output = new PacedOutput(output);
  }

  write(bytes: Uint8Array): void {
    this.#answer(bytes).then(
      () => this.#output.end(undefined),
      (error: unknown) => this.#output.end(asStreamError(error)),
    );
  }

  end(): void {
    // The one request has come already, or the transport answers for a missing one.
  }

  cancel(): void {
    this.#output.cancel();
  }

  drained(): void {
    this.#output.drained();
  }

  async #answer(bytes: Uint8Array): Promise<void> {
    const request = messages.decodeRangeRequest(bytes);
    checkRange(request);
    checkStreamable(request);
    const caller = this.#gate.callerOf(this.#context);
    mustAccess(this.#gate.state, caller, "read", request);
    try {
      await this.#answerAllowed(request);
    } finally {
      // Whatever has been sent by then, and whatever came of it.
      this.#gate.checkUnchanged(caller);
    }
  }

  async #answerAllowed(request: messages.RangeRequest): Promise<void> {
    const revision = readableRevision(this.#store, request.revision);
    const header = this.#member.headers.at(this.#store.visibleRevision);
    // Counted once, and not again with every chunk.
    const query = { ...queryOf(request, revision), countAll: false };
    const { count } = await this.#read({ ...query, countOnly: true }, new RangeParts());
    let { range } = query;
    let remaining = request.limit > 0 ? Math.min(request.limit, count) : count;
    if (request.countOnly) remaining = 0;
    let chunkKeys = FIRST_CHUNK_KEYS;
    while (!this.#output.aborted) {
      const limit = Math.min(chunkKeys, remaining);
      const parts = new RangeParts();
      // A limit of 0 would be none at all: nothing is left, then.
      if (limit > 0) await this.#read({ ...query, range, limit }, parts);
      remaining -= parts.count;
      if (remaining <= 0) {
        const more = !request.countOnly && request.limit > 0 && count > request.limit;
        await this.#send(parts.finish(header, { more, count }));
        return;
      }
      const chunk = parts.finish(NO_HEADER, { more: false, count: 0 });
      range = { ...range, begin: `${keyOf(parts.last)}\0`, single: false };
      await this.#send(chunk);
      chunkKeys = this.#nextChunkKeys(limit, chunk.bytes);
    }
  }

  readonly #turn = (): Promise<void> => this.#store.turn();

  /** Reads at a revision that may have been compacted since: nothing is kept for a slow reader. */
  async #read(query: RangeQuery, parts: RangeParts): Promise<LongResult> {
    readableRevision(this.#store, query.revision);
    const read = this.#store.longRead(query.revision, this.#output);
    try {
      return await read.range(query, parts);
    } finally {
      read.close();
    }
  }

  #nextChunkKeys(keys: number, bytes: number): number {
    if (bytes < this.#chunkBytes / 2) return keys * 2;
    if (bytes > this.#chunkBytes * 2) return Math.max(1, Math.floor(keys / 2));
    return keys;
  }

  async #send(rangeResponse: Parts): Promise<void> {
    const response = await joined(rangeResponse, this.#turn);
    await this.#output.send(encodeRangeStreamResponse(response));
  }
}

function checkStreamable(request: messages.RangeRequest): void {
  const { sortOrder, sortTarget } = request;
  const byKey = sortTarget === SortTarget.key && sortOrder === SortOrder.ascend;
  if (!byKey && sortOrder !== SortOrder.none) throw new EtcdError("rangeStreamSort");
  const filters = [
    request.minModRevision,
    request.maxModRevision,
    request.minCreateRevision,
    request.maxCreateRevision,
  ];
  if (filters.some((bound) => bound !== 0)) throw new EtcdError("rangeStreamFilter");
}
