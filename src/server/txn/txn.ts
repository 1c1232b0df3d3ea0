/**
 * Transactions: all conditions are evaluated on the state before, then the chosen branches are
 * checked, and only then is anything written.
 *
 * Source: etcd server/etcdserver/txn/txn.go.
 */
import { TurnExceeded } from "../../mvcc/index.ts";
import type { Store, View, WriteTxn } from "../../mvcc/index.ts";
import {
  EMPTY_HEADER,
  EtcdError,
  RESPONSE_OP,
  encodeRangeResponse,
  encodeResponseOp,
  encodeTxnResponse,
  innerHeader,
} from "../../wire/index.ts";
import type { CallContext, messages } from "../../wire/index.ts";
import { holds } from "./compare.ts";
import { readLongTxn } from "./long-txn.ts";
import { checkPutTarget, checkRevision, deleteRange, put, queryOf } from "./operations.ts";

/** The branches that will run. */
interface Plan {
  readonly succeeded: boolean;
  readonly operations: readonly messages.RequestOp[];
  /** Plans of the nested transactions among the operations, in their order. */
  readonly nested: readonly Plan[];
}

/** Whether nothing of a transaction can write: then it needs no place in the commit queue. */
export function isReadOnly(request: messages.TxnRequest): boolean {
  return (
    request.success.every(({ requestRange }) => requestRange !== undefined) &&
    request.failure.every(({ requestRange }) => requestRange !== undefined)
  );
}

/**
 * Answers a read-only transaction: at once, unless that takes more than one turn. Throws, or rejects
 * with, EtcdError or StorageError.
 */
export function readTxn(
  request: messages.TxnRequest,
  store: Store,
  headerAt: (revision: number) => Uint8Array,
  context: CallContext,
): Uint8Array | Promise<Uint8Array> {
  const view = store.view();
  const header = headerAt(view.revision);
  try {
    const plan = planOf(request, view);
    check(plan, view, () => false);
    const responses = plan.operations.map(({ requestRange }) => rangeOp(requestRange!, view));
    view.done();
    return encodeTxnResponse(header, plan.succeeded, responses);
  } catch (error) {
    if (!(error instanceof TurnExceeded)) throw error;
    return readLongTxn(request, store, { view, header, reader: context.signal });
  }
}

/**
 * Runs a transaction. Throws EtcdError before anything is changed, or, for an answer that would be too
 * long, when all is.
 */
export function writeTxn(
  request: messages.TxnRequest,
  txn: WriteTxn,
  headerAt: (revision: number) => Uint8Array,
): Uint8Array {
  const plan = planOf(request, txn);
  check(plan, txn, (id) => txn.lease(id) !== undefined);
  const late: Late = { refusal: undefined };
  const responses = execute(plan, txn, late);
  if (late.refusal !== undefined) throw late.refusal;
  return encodeTxnResponse(headerAt(txn.revision), plan.succeeded, responses);
}

/** What can no longer stop a transaction: all of it is done, and the answer is what is refused. */
interface Late {
  refusal: EtcdError | undefined;
}

function planOf(request: messages.TxnRequest, view: View): Plan {
  const succeeded = allHold(request.compare, view);
  const operations = succeeded ? request.success : request.failure;
  const nested: Plan[] = [];
  for (const { requestTxn } of operations) {
    if (requestTxn !== undefined) nested.push(planOf(requestTxn, view));
  }
  return { succeeded, operations, nested };
}

function allHold(compares: readonly messages.Compare[], view: View): boolean {
  for (const compare of compares) if (!holds(compare, view)) return false;
  return true;
}

function check(plan: Plan, view: View, leaseExists: (id: bigint) => boolean): void {
  let nestedIndex = 0;
  for (const { requestRange, requestPut, requestTxn } of plan.operations) {
    if (requestRange !== undefined) checkRevision(requestRange.revision, view);
    if (requestPut !== undefined) checkPutTarget(requestPut, view, leaseExists);
    if (requestTxn !== undefined) check(plan.nested[nestedIndex++]!, view, leaseExists);
  }
}

function execute(plan: Plan, txn: WriteTxn, late: Late): Uint8Array[] {
  const responses: Uint8Array[] = [];
  let nestedIndex = 0;
  for (const operation of plan.operations) {
    const nested = operation.requestTxn === undefined ? undefined : plan.nested[nestedIndex++];
    try {
      responses.push(executeOne(operation, txn, { nested, late }));
    } catch (error) {
      if (!(error instanceof EtcdError)) throw error;
      late.refusal ??= error;
    }
  }
  return responses;
}

function executeOne(
  { requestRange, requestPut, requestDeleteRange }: messages.RequestOp,
  txn: WriteTxn,
  { nested, late }: { readonly nested: Plan | undefined; readonly late: Late },
): Uint8Array {
  if (requestRange !== undefined) return rangeOp(requestRange, txn);
  if (requestPut !== undefined) {
    return encodeResponseOp(RESPONSE_OP.put, put(requestPut, txn, innerHeader));
  }
  if (requestDeleteRange !== undefined) {
    const response = deleteRange(requestDeleteRange, txn, innerHeader);
    return encodeResponseOp(RESPONSE_OP.deleteRange, response);
  }
  const responses = execute(nested!, txn, late);
  const response = encodeTxnResponse(EMPTY_HEADER, nested!.succeeded, responses);
  return encodeResponseOp(RESPONSE_OP.txn, response);
}

function rangeOp(request: messages.RangeRequest, view: View): Uint8Array {
  const revision = request.revision <= 0 ? view.revision : request.revision;
  const result = view.range(queryOf(request, revision));
  const response = encodeRangeResponse(innerHeader(view.revision), result);
  return encodeResponseOp(RESPONSE_OP.range, response);
}
