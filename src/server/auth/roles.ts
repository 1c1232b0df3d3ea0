/** Changes of roles. Source: etcd server/auth/store.go, Role…; each answers whether it changed anything. */
import { EtcdError, messages } from "../../wire/index.ts";
import { ROOT } from "./auth-state.ts";
import type { AuthState } from "./auth-state.ts";
import type { AuthEdit } from "./auth-store.ts";
import { mustBeAdmin } from "./permissions.ts";
import type { Caller } from "./permissions.ts";
import { withoutRole } from "./users.ts";

/** What the role root is shown with. */
const ROOT_PERMISSION: messages.Permission = {
  permType: messages.PermissionType.readwrite,
  key: new Uint8Array(0),
  rangeEnd: Buffer.of(0),
};

export function addRole(state: AuthState, edit: AuthEdit, name: string): boolean {
  if (name === "") throw new EtcdError("roleEmpty");
  if (state.roles.has(name)) throw new EtcdError("roleExists");
  edit.putRole({ name: Buffer.from(name), keyPermission: [] });
  return true;
}

/** Whoever has the role loses it. */
export function deleteRole(state: AuthState, edit: AuthEdit, name: string): boolean {
  if (state.enabled && name === ROOT) throw new EtcdError("invalidAuthManagement");
  edit.deleteRole(existing(state, name));
  for (const user of state.users.values()) {
    if (user.roles.includes(name)) edit.putUser(withoutRole(user, name));
  }
  return true;
}

/**
 * A permission for the same range is changed, if it is the first of all that begin with the key;
 * otherwise there is one more.
 */
export function grantPermission(
  state: AuthState,
  edit: AuthEdit,
  { name, perm }: messages.AuthRoleGrantPermissionRequest,
): boolean {
  if (perm === undefined) throw new EtcdError("permissionNotGiven");
  if (!isRange(perm)) throw new EtcdError("invalidAuthManagement");
  // It stays, and what it came in does not.
  const { permType } = perm;
  const granted = { permType, key: Buffer.from(perm.key), rangeEnd: Buffer.from(perm.rangeEnd) };
  const role = existing(state, name);
  const { keyPermission } = role;
  const index = keyPermission.findIndex(({ key }) => compare(key, granted.key) >= 0);
  const known = keyPermission[index];
  const permissions =
    known !== undefined && isSameRange(known, granted)
      ? keyPermission.with(index, { ...known, permType: granted.permType })
      : [...keyPermission, granted].sort((a, b) => compare(a.key, b.key));
  edit.putRole({ ...role, keyPermission: permissions });
  return true;
}

export function revokePermission(
  state: AuthState,
  edit: AuthEdit,
  request: messages.AuthRoleRevokePermissionRequest,
): boolean {
  const role = existing(state, request.role);
  const keyPermission = role.keyPermission.filter((granted) => !isSameRange(granted, request));
  if (keyPermission.length === role.keyPermission.length) {
    throw new EtcdError("permissionNotGranted");
  }
  edit.putRole({ ...role, keyPermission });
  return true;
}

/** Users may look at roles that they have, root at all. */
export function getRole(
  state: AuthState,
  caller: Caller | undefined,
  name: string,
): readonly messages.Permission[] {
  const hasRole = state.users.get(caller?.userName ?? "")?.roles.includes(name) === true;
  if (!hasRole) mustBeAdmin(state, caller);
  const role = existing(state, name);
  return name === ROOT ? [ROOT_PERMISSION] : role.keyPermission;
}

function existing(state: AuthState, name: string): messages.Role {
  const role = state.roles.get(name);
  if (role === undefined) throw new EtcdError("roleNotFound");
  return role;
}

/** Source: etcd server/auth/range_perm_cache.go, isValidPermissionRange. */
function isRange({ key, rangeEnd }: messages.Permission): boolean {
  if (key.length === 0) return false;
  const isOpen = rangeEnd.length === 1 && rangeEnd[0] === 0;
  return rangeEnd.length === 0 || isOpen || compare(key, rangeEnd) < 0;
}

interface Range {
  readonly key: Uint8Array;
  readonly rangeEnd: Uint8Array;
}

function isSameRange(a: Range, b: Range): boolean {
  return compare(a.key, b.key) === 0 && compare(a.rangeEnd, b.rangeEnd) === 0;
}

function compare(a: Uint8Array, b: Uint8Array): number {
  return Buffer.compare(a, b);
}
