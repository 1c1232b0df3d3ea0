/** Changes of users. Source: etcd server/auth/store.go, User…; each answers whether it changed anything. */
import { EtcdError } from "../../wire/index.ts";
import type { messages } from "../../wire/index.ts";
import { ROOT } from "./auth-state.ts";
import type { AuthState } from "./auth-state.ts";
import type { AuthEdit } from "./auth-store.ts";
import { mustBeAdmin } from "./permissions.ts";
import type { Caller } from "./permissions.ts";

const NO_HASH = new Uint8Array(0);

export function addUser(
  state: AuthState,
  edit: AuthEdit,
  user: {
    readonly name: string;
    readonly passwordHash: Uint8Array;
    readonly options: messages.UserAddOptions;
  },
): boolean {
  const { name, passwordHash, options } = user;
  if (name === "") throw new EtcdError("userEmpty");
  if (state.users.has(name)) throw new EtcdError("userExists");
  const password = options.noPassword ? NO_HASH : passwordHash;
  edit.putUser({ name: Buffer.from(name), password, roles: [], options });
  return true;
}

export function deleteUser(state: AuthState, edit: AuthEdit, name: string): boolean {
  if (state.enabled && name === ROOT) throw new EtcdError("invalidAuthManagement");
  edit.deleteUser(existing(state, name));
  return true;
}

/** An empty hash is no password at all: none will be right. */
export function changePassword(
  state: AuthState,
  edit: AuthEdit,
  to: { readonly name: string; readonly passwordHash: Uint8Array },
): boolean {
  const user = existing(state, to.name);
  const password = user.options?.noPassword === true ? NO_HASH : to.passwordHash;
  edit.putUser({ ...user, password });
  return true;
}

export function grantRole(
  state: AuthState,
  edit: AuthEdit,
  request: messages.AuthUserGrantRoleRequest,
): boolean {
  const { role } = request;
  const user = existing(state, request.user);
  if (role !== ROOT && !state.roles.has(role)) throw new EtcdError("roleNotFound");
  if (user.roles.includes(role)) return false;
  edit.putUser({ ...user, roles: [...user.roles, role].sort(byBytes) });
  return true;
}

export function revokeRole(
  state: AuthState,
  edit: AuthEdit,
  { name, role }: messages.AuthUserRevokeRoleRequest,
): boolean {
  if (state.enabled && name === ROOT && role === ROOT) throw new EtcdError("invalidAuthManagement");
  const user = existing(state, name);
  if (!user.roles.includes(role)) throw new EtcdError("roleNotGranted");
  edit.putUser(withoutRole(user, role));
  return true;
}

/** The user without one of its roles. */
export function withoutRole(user: messages.User, role: string): messages.User {
  return { ...user, roles: user.roles.filter((granted) => granted !== role) };
}

/** Users may look at themselves, root at all. */
export function getUser(state: AuthState, caller: Caller | undefined, name: string): messages.User {
  if (name !== (caller?.userName ?? "")) mustBeAdmin(state, caller);
  return existing(state, name);
}

function existing(state: AuthState, name: string): messages.User {
  const user = state.users.get(name);
  if (user === undefined) throw new EtcdError("userNotFound");
  return user;
}

/** Compares names in the order of their bytes, as etcd's database has them. */
export function byBytes(a: string, b: string): number {
  return Buffer.from(a).compare(Buffer.from(b));
}
