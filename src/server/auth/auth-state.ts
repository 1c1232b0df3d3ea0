/**
 * Users, roles, and whether they count: one value that never changes. A command makes the next one,
 * so that who reads has a whole one, and nobody a half.
 */
import { latin1, messages } from "../../wire/index.ts";
import { IntervalSet } from "./interval-set.ts";
import type { Interval } from "./interval-set.ts";

/** The user without whom authentication cannot be turned on, and the role that may do everything. */
export const ROOT = "root";

/** The revision of a store in which nothing was changed. Source: etcd auth/store.go, NewAuthStore. */
export const FIRST_AUTH_REVISION = 1;

/** What a user may do with keys. */
export interface KeyPermissions {
  readonly read: IntervalSet;
  readonly write: IntervalSet;
}

/** The parts of an {@link AuthState}. */
export interface AuthParts {
  readonly enabled: boolean;
  /** Grows by one with every change. */
  readonly revision: number;
  readonly users: ReadonlyMap<string, messages.User>;
  readonly roles: ReadonlyMap<string, messages.Role>;
}

/** All that checks go by. */
export class AuthState implements AuthParts {
  readonly enabled: boolean;
  readonly revision: number;
  readonly users: ReadonlyMap<string, messages.User>;
  readonly roles: ReadonlyMap<string, messages.Role>;
  /** Of those users that have been asked for. */
  readonly #permissions = new Map<string, KeyPermissions>();

  constructor(parts: AuthParts) {
    this.enabled = parts.enabled;
    this.revision = parts.revision;
    this.users = parts.users;
    this.roles = parts.roles;
  }

  /** The same but for some parts. */
  with(parts: Partial<AuthParts>): AuthState {
    const { enabled, revision, users, roles } = this;
    return new AuthState({ enabled, revision, users, roles, ...parts });
  }

  /** Whether the user exists and may do everything. */
  isAdmin(userName: string): boolean {
    return this.users.get(userName)?.roles.includes(ROOT) === true;
  }

  /** What the roles of a user that exists allow together; roles that do not exist allow nothing. */
  permissionsOf(user: messages.User): KeyPermissions {
    const userName = nameOf(user);
    const known = this.#permissions.get(userName);
    if (known !== undefined) return known;
    const permissions = user.roles.flatMap((role) => this.roles.get(role)?.keyPermission ?? []);
    const { read, write, readwrite } = messages.PermissionType;
    const made = {
      read: intervalsOf(permissions, [read, readwrite]),
      write: intervalsOf(permissions, [write, readwrite]),
    };
    this.#permissions.set(userName, made);
    return made;
  }
}

/** The name of a user or a role, which is UTF-8. */
export function nameOf({ name }: { readonly name: Uint8Array }): string {
  return Buffer.from(name).toString();
}

/** The range of a request or a permission: its end empty for one key, a zero byte for all after it. */
export function intervalOf(key: Uint8Array, rangeEnd: Uint8Array): Interval {
  const begin = latin1(key);
  if (rangeEnd.length === 0) return { begin, end: `${begin}\0` };
  const end = latin1(rangeEnd);
  return { begin, end: end === "\0" ? undefined : end };
}

function intervalsOf(
  permissions: readonly messages.Permission[],
  types: readonly number[],
): IntervalSet {
  const intervals = permissions
    .filter(({ permType, key }) => types.includes(permType) && key.length > 0)
    .map(({ key, rangeEnd }) => intervalOf(key, rangeEnd));
  return new IntervalSet(intervals);
}
