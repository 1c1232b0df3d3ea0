/**
 * What each request needs, in etcd's order. All throw EtcdError when it is not there.
 *
 * Source: etcd server/etcdserver/apply/auth.go; server/auth/store.go, isOpPermitted and
 * IsAdminPermitted.
 */
import type { Lease } from "../../mvcc/index.ts";
import { EtcdError } from "../../wire/index.ts";
import type { messages } from "../../wire/index.ts";
import { intervalOf } from "./auth-state.ts";
import type { AuthState } from "./auth-state.ts";

/** Who makes a call. */
export interface Caller {
  readonly userName: string;
  /** Of users and roles, when the caller showed who it is. */
  readonly authRevision: number;
}

/** Finds a lease; undefined when there is none. */
export type FindLease = (id: bigint) => Lease | undefined;

type Access = "read" | "write";
const ONE_KEY = new Uint8Array(0);

/** The caller has to have the role root. */
export function mustBeAdmin(state: AuthState, caller: Caller | undefined): void {
  if (!state.enabled) return;
  if (caller === undefined || caller.userName === "") throw new EtcdError("userEmpty");
  if (!state.users.has(caller.userName)) throw new EtcdError("userNotFound");
  if (!state.isAdmin(caller.userName)) throw new EtcdError("permissionDenied");
}

/** The caller has to have the permission for all of a range. */
export function mustAccess(
  state: AuthState,
  caller: Caller | undefined,
  access: Access,
  { key, rangeEnd }: { readonly key: Uint8Array; readonly rangeEnd: Uint8Array },
): void {
  if (!state.enabled) return;
  if (caller === undefined || caller.authRevision === 0) throw new EtcdError("userEmpty");
  if (caller.authRevision < state.revision) throw new EtcdError("authOldRevision");
  const user = state.users.get(caller.userName);
  if (user === undefined) throw new EtcdError("permissionDenied");
  if (state.isAdmin(caller.userName)) return;
  const allowed = state.permissionsOf(user)[access];
  if (!allowed.covers(intervalOf(key, rangeEnd))) throw new EtcdError("permissionDenied");
}

export function mustPut(
  state: AuthState,
  caller: Caller | undefined,
  request: messages.PutRequest,
  findLease: FindLease,
): void {
  if (!state.enabled) return;
  const range = { key: request.key, rangeEnd: ONE_KEY };
  mustAccess(state, caller, "write", range);
  mustHoldLease(state, caller, request.lease, findLease);
  if (request.prevKv) mustAccess(state, caller, "read", range);
}

export function mustDelete(
  state: AuthState,
  caller: Caller | undefined,
  request: messages.DeleteRangeRequest,
): void {
  mustAccess(state, caller, "write", request);
  if (request.prevKv) mustAccess(state, caller, "read", request);
}

/** All conditions, and both branches whichever will be taken. */
export function mustTxn(
  state: AuthState,
  caller: Caller | undefined,
  request: messages.TxnRequest,
  findLease: FindLease,
): void {
  if (!state.enabled) return;
  for (const compare of request.compare) mustAccess(state, caller, "read", compare);
  mustOperate(state, caller, request.success, findLease);
  mustOperate(state, caller, request.failure, findLease);
}

function mustOperate(
  state: AuthState,
  caller: Caller | undefined,
  operations: readonly messages.RequestOp[],
  findLease: FindLease,
): void {
  for (const { requestRange, requestPut, requestDeleteRange, requestTxn } of operations) {
    if (requestRange !== undefined) mustAccess(state, caller, "read", requestRange);
    if (requestPut !== undefined) mustPut(state, caller, requestPut, findLease);
    if (requestDeleteRange !== undefined) {
      // Here, other than in a delete on its own, in this order.
      if (requestDeleteRange.prevKv) mustAccess(state, caller, "read", requestDeleteRange);
      mustAccess(state, caller, "write", requestDeleteRange);
    }
    if (requestTxn !== undefined) mustTxn(state, caller, requestTxn, findLease);
  }
}

/**
 * The caller has to be allowed to write every key of a lease, as who holds a lease can end it, and
 * its keys with it. A lease that does not exist is not refused here.
 */
export function mustHoldLease(
  state: AuthState,
  caller: Caller | undefined,
  id: bigint,
  findLease: FindLease,
): void {
  if (!state.enabled) return;
  mustAccessKeys(state, caller, "write", findLease(id)?.keys ?? []);
}

/** As {@link mustAccess}, for keys in latin1; who is root is asked for nothing more. */
export function mustAccessKeys(
  state: AuthState,
  caller: Caller | undefined,
  access: Access,
  keys: Iterable<string>,
): void {
  if (!state.enabled || (caller !== undefined && state.isAdmin(caller.userName))) return;
  for (const key of keys) {
    mustAccess(state, caller, access, { key: Buffer.from(key, "latin1"), rangeEnd: ONE_KEY });
  }
}
