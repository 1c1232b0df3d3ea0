/** What a request may ask for, and what the server holds at a time. */
import { EtcdError, messages } from "../wire/index.ts";
import type { Caller } from "./auth/permissions.ts";

/** Largest write, bytes. Source: etcd server/embed/config.go, DefaultMaxRequestBytes. */
export const REQUEST_BYTES_MAX = 1.5 * 1024 * 1024;
/** Operations in one transaction. Source: etcd server/embed/config.go, DefaultMaxTxnOps. */
export const TXN_OPERATIONS_MAX = 128;
/** Source: etcd server/storage/quota.go, DefaultQuotaBytes. */
export const QUOTA_BYTES = 2 * 1024 * 1024 * 1024;
/** Seconds. Source: etcd server/lease/lessor.go, MaxLeaseTTL. */
export const LEASE_TTL_MAX = 9_000_000_000;
/**
 * Bytes that etcd's InternalRaftRequest puts around a request beside its length: a tag, and a
 * header with a request id of ten bytes. Source: etcd api/etcdserverpb/raft_internal.proto.
 */
const PROPOSAL_OVERHEAD_BYTES = 15;

/** Limits of the commit queue. */
export const QUEUE_LIMITS = {
  /** Commands in one group: what one answer may wait for others. */
  groupCommandsMax: 2048,
  /** Request bytes in one group: keeps one batch within what LevelDB writes in one go. */
  groupBytesMax: 8 * 1024 * 1024,
  /** Commands in line; more are refused with `too many requests`. */
  waitingCommandsMax: 50_000,
  /** Request bytes in line; more are refused with `too many requests`. */
  waitingBytesMax: 256 * 1024 * 1024,
} as const;

export interface RequestLimits {
  readonly maxRequestBytes: number;
  readonly maxTxnOps: number;
  /** Size of the store at which writes are refused; infinite for no limit. */
  readonly quotaBytes: number;
}

/** Refuses a write whose proposal would be too large for etcd. */
export function checkProposalSize(
  request: Uint8Array,
  limits: RequestLimits,
  caller?: Caller,
): void {
  const { length } = request;
  const lengthBytes = length < 0x80 ? 1 : length < 0x4000 ? 2 : length < 0x20_0000 ? 3 : 4;
  const callerBytes = caller === undefined ? 0 : callerProposalBytes(caller);
  if (length + lengthBytes + PROPOSAL_OVERHEAD_BYTES + callerBytes > limits.maxRequestBytes) {
    throw new EtcdError("requestTooLarge");
  }
}

/** What the name and the revision of who calls add to the header. */
function callerProposalBytes({ userName, authRevision }: Caller): number {
  const revisionBytes = Math.ceil(authRevision.toString(2).length / 7);
  return 2 + Buffer.byteLength(userName) + 1 + revisionBytes;
}

/** What a put costs against the quota. Source: etcd server/storage/quota.go, costPut. */
const KEY_VALUE_OVERHEAD_BYTES = 256;
/** What a lease costs against the quota. Source: as above, leaseOverhead. */
export const LEASE_COST_BYTES = 64;

export function putCost(request: messages.PutRequest): number {
  return KEY_VALUE_OVERHEAD_BYTES + request.key.length + request.value.length;
}

/** The dearer branch of a transaction. Source: etcd server/storage/quota.go, costTxn. */
export function txnCost(request: messages.TxnRequest): number {
  return Math.max(operationsCost(request.success), operationsCost(request.failure));
}

function operationsCost(operations: readonly messages.RequestOp[]): number {
  let cost = 0;
  for (const { requestPut, requestTxn } of operations) {
    if (requestPut !== undefined) cost += putCost(requestPut);
    if (requestTxn !== undefined) cost += txnCost(requestTxn);
  }
  return cost;
}
