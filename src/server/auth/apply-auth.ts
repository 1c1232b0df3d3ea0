/**
 * What the commands of service Auth do. Deterministic, and each checks first and changes second.
 *
 * Source: etcd server/auth/store.go; server/etcdserver/apply/auth.go.
 */
import type { WriteTxn } from "../../mvcc/index.ts";
import { EtcdError, messages } from "../../wire/index.ts";
import { ROOT } from "./auth-state.ts";
import type { AuthState } from "./auth-state.ts";
import { AuthEdit, disable, enable } from "./auth-store.ts";
import type { AuthStore } from "./auth-store.ts";
import { ADMIN_METHODS } from "./operations.ts";
import type { AuthenticateOperation, AuthOperation } from "./operations.ts";
import { mustBeAdmin } from "./permissions.ts";
import type { Caller } from "./permissions.ts";
import { addRole, deleteRole, getRole, grantPermission, revokePermission } from "./roles.ts";
import {
  addUser,
  byBytes,
  changePassword,
  deleteUser,
  getUser,
  grantRole,
  revokeRole,
} from "./users.ts";

/** The header of the answer. */
type Header = messages.ResponseHeaderInit;

/** Carries out an operation and answers with the encoded response. Throws EtcdError. */
export function applyAuth(
  operation: AuthOperation,
  caller: Caller | undefined,
  to: { readonly auth: AuthStore; readonly txn: WriteTxn; readonly header: Header },
): Uint8Array {
  const { auth, txn, header } = to;
  const state = auth.applied;
  if (ADMIN_METHODS.has(operation.method)) mustBeAdmin(state, caller);
  switch (operation.method) {
    case "authEnable":
      turnOn(auth, txn);
      return messages.encodeAuthEnableResponse({ header });
    case "authDisable":
      turnOff(auth, txn);
      return messages.encodeAuthDisableResponse({ header });
    case "authStatus": {
      const { enabled, revision: authRevision } = state;
      return messages.encodeAuthStatusResponse({ header, enabled, authRevision });
    }
    case "authenticate":
      return authenticate(operation, auth, header);
    case "userGet": {
      const { roles } = getUser(state, caller, operation.request.name);
      return messages.encodeAuthUserGetResponse({ header, roles });
    }
    case "userList":
      return messages.encodeAuthUserListResponse({ header, users: sortedNames(state.users) });
    case "roleGet": {
      const perm = getRole(state, caller, operation.request.role);
      return messages.encodeAuthRoleGetResponse({ header, perm });
    }
    case "roleList":
      return messages.encodeAuthRoleListResponse({ header, roles: sortedNames(state.roles) });
    case "userAdd":
    case "userDelete":
    case "userChangePassword":
    case "userGrantRole":
    case "userRevokeRole":
    case "roleAdd":
    case "roleDelete":
    case "roleGrantPermission":
    case "roleRevokePermission": {
      const edit = new AuthEdit(state, txn);
      if (change(operation, state, edit)) auth.apply(edit.finish());
      forgetTokens(operation, auth);
      // All of these answers are a header alone.
      return messages.encodeAuthUserAddResponse({ header });
    }
  }
}

type ChangeOperation = Exclude<
  AuthOperation,
  {
    method:
      | "authEnable"
      | "authDisable"
      | "authStatus"
      | "authenticate"
      | "userGet"
      | "userList"
      | "roleGet"
      | "roleList";
  }
>;

/** Whether something was changed. */
function change(operation: ChangeOperation, state: AuthState, edit: AuthEdit): boolean {
  switch (operation.method) {
    case "userAdd":
      return addUser(state, edit, operation);
    case "userDelete":
      return deleteUser(state, edit, operation.request.name);
    case "userChangePassword":
      return changePassword(state, edit, operation);
    case "userGrantRole":
      return grantRole(state, edit, operation.request);
    case "userRevokeRole":
      return revokeRole(state, edit, operation.request);
    case "roleAdd":
      return addRole(state, edit, operation.request.name);
    case "roleDelete":
      return deleteRole(state, edit, operation.request.role);
    case "roleGrantPermission":
      return grantPermission(state, edit, operation.request);
    case "roleRevokePermission":
      return revokePermission(state, edit, operation.request);
  }
}

function forgetTokens(operation: ChangeOperation, auth: AuthStore): void {
  if (operation.method === "userDelete") {
    const { name } = operation.request;
    auth.changeTokens((tokens) => tokens.invalidate(name));
  } else if (operation.method === "userChangePassword") {
    const { name } = operation;
    auth.changeTokens((tokens) => tokens.invalidate(name));
  }
}

function turnOn(auth: AuthStore, txn: WriteTxn): void {
  const state = auth.applied;
  if (state.enabled) return;
  if (!state.users.has(ROOT)) throw new EtcdError("rootUserNotExist");
  if (!state.isAdmin(ROOT)) throw new EtcdError("rootRoleNotExist");
  auth.apply(enable(state, txn));
}

function turnOff(auth: AuthStore, txn: WriteTxn): void {
  if (!auth.applied.enabled) return;
  auth.apply(disable(auth.applied, txn));
  auth.changeTokens((tokens) => tokens.clear());
}

/** The password was right. Who it belonged to may have changed since. */
function authenticate(
  operation: AuthenticateOperation,
  auth: AuthStore,
  header: Header,
): Uint8Array {
  const { name, passwordHash, token, nowMs, outcome } = operation;
  const { enabled, users, revision } = auth.applied;
  if (!enabled) throw new EtcdError("authNotEnabled");
  const user = users.get(name);
  if (user === undefined || user.options?.noPassword === true) throw new EtcdError("authFailed");
  outcome.authRevision = revision;
  outcome.isStale = !Buffer.from(passwordHash).equals(user.password);
  if (token !== undefined && !outcome.isStale) {
    auth.changeTokens((tokens) => tokens.assign(token, name, nowMs));
  }
  return messages.encodeAuthenticateResponse({ header, token: token ?? "" });
}

function sortedNames(named: ReadonlyMap<string, unknown>): string[] {
  return [...named.keys()].sort(byBytes);
}
