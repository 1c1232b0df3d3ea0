/**
 * What a request must be before anything is read: the rules that need no store.
 *
 * Source: etcd server/etcdserver/api/v3rpc/key.go (checkRangeRequest, checkPutRequest,
 * checkTxnRequest, checkIntervals).
 */
import { EtcdError, latin1 } from "../../wire/index.ts";
import type { messages } from "../../wire/index.ts";

const SORT_ORDER_MAX = 2;
const SORT_TARGET_MAX = 4;

export function checkRange(request: messages.RangeRequest): void {
  if (request.key.length === 0) throw new EtcdError("emptyKey");
  const { sortOrder, sortTarget } = request;
  if (sortOrder < 0 || sortOrder > SORT_ORDER_MAX) throw new EtcdError("invalidSortOption");
  if (sortTarget < 0 || sortTarget > SORT_TARGET_MAX) throw new EtcdError("invalidSortOption");
}

export function checkPut(request: messages.PutRequest): void {
  if (request.key.length === 0) throw new EtcdError("emptyKey");
  if (request.ignoreValue && request.value.length !== 0) throw new EtcdError("valueProvided");
  if (request.ignoreLease && request.lease !== 0n) throw new EtcdError("leaseProvided");
}

export function checkDeleteRange(request: messages.DeleteRangeRequest): void {
  if (request.key.length === 0) throw new EtcdError("emptyKey");
}

/** All rules for a transaction, keys written twice included. */
export function checkTxn(request: messages.TxnRequest, operationsMax: number): void {
  checkTxnStructure(request, operationsMax);
  if (canCollide(request.success)) collectWrites(request.success);
  if (canCollide(request.failure)) collectWrites(request.failure);
}

/** One operation writes nothing twice, unless it is a transaction. */
function canCollide(operations: readonly messages.RequestOp[]): boolean {
  return operations.length > 1 || operations[0]?.requestTxn !== undefined;
}

/** `budget` operations are allowed per list here; what this level uses its children lack. */
function checkTxnStructure(request: messages.TxnRequest, budget: number): void {
  const { compare, success, failure } = request;
  const count = Math.max(compare.length, success.length, failure.length);
  if (count > budget) throw new EtcdError("tooManyOps");
  for (const { key } of compare) if (key.length === 0) throw new EtcdError("emptyKey");
  for (const operation of success) checkOperation(operation, budget - count);
  for (const operation of failure) checkOperation(operation, budget - count);
}

function checkOperation(operation: messages.RequestOp, budget: number): void {
  const { requestRange, requestPut, requestDeleteRange, requestTxn } = operation;
  if (requestRange !== undefined) checkRange(requestRange);
  else if (requestPut !== undefined) checkPut(requestPut);
  else if (requestDeleteRange !== undefined) checkDeleteRange(requestDeleteRange);
  else if (requestTxn !== undefined) checkTxnStructure(requestTxn, budget);
  else throw new EtcdError("keyNotFound");
}

/** `[begin, end)`, taken literally: an end of NUL makes an interval that contains nothing. */
interface Interval {
  readonly begin: string;
  readonly end: string;
}

/** What a list of operations, with all that is nested in it, would write. */
interface Writes {
  readonly puts: Set<string>;
  readonly deletes: Interval[];
}

/**
 * Refuses a key that would be put twice, or put and deleted. The order of the checks lets some such
 * keys through, as etcd does: see docs/compatibility.md.
 */
function collectWrites(operations: readonly messages.RequestOp[]): Writes {
  const puts = new Set<string>();
  const deletes: Interval[] = [];
  for (const { requestDeleteRange } of operations) {
    if (requestDeleteRange !== undefined) deletes.push(intervalOf(requestDeleteRange));
  }
  for (const { requestTxn } of operations) {
    if (requestTxn !== undefined) addNested(requestTxn, puts, deletes);
  }
  for (const { requestPut } of operations) {
    if (requestPut === undefined) continue;
    const key = latin1(requestPut.key);
    if (puts.has(key) || contains(deletes, key)) throw new EtcdError("duplicateKey");
    puts.add(key);
  }
  return { puts, deletes };
}

function addNested(txn: messages.TxnRequest, puts: Set<string>, deletes: Interval[]): void {
  const success = collectWrites(txn.success);
  const failure = collectWrites(txn.failure);
  for (const key of success.puts) {
    if (puts.has(key) || contains(deletes, key)) throw new EtcdError("duplicateKey");
    puts.add(key);
  }
  for (const key of failure.puts) {
    // Only one of the two branches will run: the same key in both is fine.
    const putElsewhere = puts.has(key) && !success.puts.has(key);
    if (putElsewhere || contains(deletes, key)) throw new EtcdError("duplicateKey");
    puts.add(key);
  }
  deletes.push(...success.deletes, ...failure.deletes);
}

function intervalOf(request: messages.DeleteRangeRequest): Interval {
  const begin = latin1(request.key);
  const end = request.rangeEnd.length === 0 ? `${begin}\0` : latin1(request.rangeEnd);
  return { begin, end };
}

function contains(intervals: readonly Interval[], key: string): boolean {
  return intervals.some(({ begin, end }) => begin <= key && key < end);
}
