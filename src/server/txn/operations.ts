/**
 * Single operations on a view or a group of changes, and the checks that come before them.
 *
 * Source: etcd server/etcdserver/txn/{put,delete,range}.go.
 */
import { keyRange } from "../../mvcc/index.ts";
import type { RangeQuery, View, WriteTxn } from "../../mvcc/index.ts";
import {
  EtcdError,
  encodeDeleteRangeResponse,
  encodePutResponse,
  latin1,
  valueOf,
} from "../../wire/index.ts";
import type { messages } from "../../wire/index.ts";

/** Makes the header frame of an answer at a revision. */
export type HeaderAt = (revision: number) => Uint8Array;

/** The query of a request, to be read at a revision. */
export function queryOf(request: messages.RangeRequest, revision: number): RangeQuery {
  return {
    range: keyRange(latin1(request.key), latin1(request.rangeEnd)),
    revision,
    limit: request.limit,
    sortOrder: request.sortOrder,
    sortTarget: request.sortTarget,
    keysOnly: request.keysOnly,
    countOnly: request.countOnly,
    minModRevision: request.minModRevision,
    maxModRevision: request.maxModRevision,
    minCreateRevision: request.minCreateRevision,
    maxCreateRevision: request.maxCreateRevision,
  };
}

/** Refuses what cannot be read. A negative revision is below the compacted one as soon as anything was compacted. */
export function checkRevision(
  revision: number,
  view: Pick<View, "baseRevision" | "compactedRevision">,
): void {
  if (revision > view.baseRevision) throw new EtcdError("futureRevision");
  if (revision !== 0 && revision < view.compactedRevision) throw new EtcdError("compacted");
}

/** Refuses a put whose lease, or whose key where that is to be kept, does not exist. */
export function checkPutTarget(
  request: messages.PutRequest,
  view: View,
  leaseExists: (id: bigint) => boolean,
): void {
  if (request.lease !== 0n && !leaseExists(request.lease)) throw new EtcdError("leaseNotFound");
  if (!request.ignoreValue && !request.ignoreLease) return;
  if (view.get(latin1(request.key)) === undefined) throw new EtcdError("keyNotFound");
}

/** Puts; {@link checkPutTarget} has passed. */
export function put(request: messages.PutRequest, txn: WriteTxn, headerAt: HeaderAt): Uint8Array {
  const key = latin1(request.key);
  let previous: Uint8Array | undefined;
  if (request.prevKv || request.ignoreValue) {
    const version = txn.get(key);
    if (version !== undefined) previous = txn.load(version);
  }
  // A delete up to the end of all keys, earlier in the same transaction, takes away what the check saw.
  // etcd panics then; here the key begins anew, with the value that came, which is empty.
  const value = request.ignoreValue && previous !== undefined ? valueOf(previous) : request.value;
  const lease = request.ignoreLease ? txn.leaseOf(key) : request.lease;
  txn.put(key, request.key, value, lease);
  return encodePutResponse(headerAt(txn.revision), request.prevKv ? previous : undefined);
}

/** Deletes; a range without keys changes nothing. */
export function deleteRange(
  request: messages.DeleteRangeRequest,
  txn: WriteTxn,
  headerAt: HeaderAt,
): Uint8Array {
  const range = keyRange(latin1(request.key), latin1(request.rangeEnd));
  const previous = request.prevKv ? txn.select(range).map((version) => txn.load(version)) : [];
  const deleted = txn.deleteRange(range);
  return encodeDeleteRangeResponse(headerAt(txn.revision), deleted, previous);
}
