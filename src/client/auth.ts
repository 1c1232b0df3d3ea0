/** Users, what they may do, and whether it matters. */
import { messages } from "../wire/index.ts";
import type { Calls } from "./calls.ts";
import { keyRange, toBuffer } from "./key-range.ts";
import type { Bytes, KeyRangeOptions } from "./key-range.ts";

/** What may be done with keys. */
export type PermissionType = keyof typeof messages.PermissionType;

/** A permission of a role. */
export interface Permission {
  readonly type: PermissionType;
  readonly key: Buffer;
  /** Empty: the one key. A single zero byte: every key from `key` on. */
  readonly rangeEnd: Buffer;
}

/**
 * What `client.auth` offers. Calls reject with EtcdError when the server refuses them; while
 * authentication is on, most are for users with the role `root`.
 */
export class Auth {
  readonly #calls: Calls;

  constructor(calls: Calls) {
    this.#calls = calls;
  }

  /** Whether users are asked who they are. */
  status(): Promise<messages.AuthStatusResponse> {
    return this.#calls.unary("authStatus", {});
  }

  /** From now on users are asked. There has to be a user `root` with the role `root`. */
  async enable(): Promise<void> {
    await this.#calls.unary("authEnable", {});
  }

  async disable(): Promise<void> {
    await this.#calls.unary("authDisable", {});
  }

  /** A token, to be sent as metadata `token`. Clients with a user get theirs by themselves. */
  async authenticate(name: string, password: string): Promise<string> {
    return (await this.#calls.unary("authenticate", { name, password })).token;
  }

  /** Adds a user; one without a password comes by a certificate. */
  async userAdd(name: string, password?: string): Promise<void> {
    const noPassword = password === undefined;
    await this.#calls.unary("userAdd", { name, password, options: { noPassword } });
  }

  async userDelete(name: string): Promise<void> {
    await this.#calls.unary("userDelete", { name });
  }

  /** With an empty one nobody can be that user any more. */
  async userChangePassword(name: string, password: string): Promise<void> {
    await this.#calls.unary("userChangePassword", { name, password });
  }

  /** The roles of a user, in order. */
  async userGet(name: string): Promise<readonly string[]> {
    return (await this.#calls.unary("userGet", { name })).roles;
  }

  async userList(): Promise<readonly string[]> {
    return (await this.#calls.unary("userList", {})).users;
  }

  async userGrantRole(user: string, role: string): Promise<void> {
    await this.#calls.unary("userGrantRole", { user, role });
  }

  async userRevokeRole(name: string, role: string): Promise<void> {
    await this.#calls.unary("userRevokeRole", { name, role });
  }

  async roleAdd(name: string): Promise<void> {
    await this.#calls.unary("roleAdd", { name });
  }

  async roleDelete(role: string): Promise<void> {
    await this.#calls.unary("roleDelete", { role });
  }

  /** The permissions of a role, by key. */
  async roleGet(role: string): Promise<readonly Permission[]> {
    const { perm } = await this.#calls.unary("roleGet", { role });
    return perm.map(({ permType, key, rangeEnd }) => ({
      type: typeOf(permType),
      key: toBuffer(key),
      rangeEnd: toBuffer(rangeEnd),
    }));
  }

  async roleList(): Promise<readonly string[]> {
    return (await this.#calls.unary("roleList", {})).roles;
  }

  /** Allows a role something with a key, or with options a range of keys. */
  async roleGrantPermission(
    name: string,
    type: PermissionType,
    key: Bytes,
    options: KeyRangeOptions = {},
  ): Promise<void> {
    const permType = messages.PermissionType[type];
    const perm = { permType, ...keyRange(key, options) };
    await this.#calls.unary("roleGrantPermission", { name, perm });
  }

  /** Takes a permission back; the range has to be that of the permission. */
  async roleRevokePermission(
    role: string,
    key: Bytes,
    options: KeyRangeOptions = {},
  ): Promise<void> {
    await this.#calls.unary("roleRevokePermission", { role, ...keyRange(key, options) });
  }
}

function typeOf(permType: number): PermissionType {
  if (permType === messages.PermissionType.readwrite) return "readwrite";
  return permType === messages.PermissionType.write ? "write" : "read";
}
