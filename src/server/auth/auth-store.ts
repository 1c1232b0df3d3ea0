/**
 * Users and roles as they are, and as they will be.
 *
 * Commands are applied before they are on disk. What they make of users and roles is `applied`,
 * against which later commands are checked; `visible` follows when it is durable, and is what
 * everybody else goes by. What becomes of tokens waits for the same moment.
 */
import { AUTH, recordKey } from "../../mvcc/index.ts";
import type { Store, WriteTxn } from "../../mvcc/index.ts";
import { messages } from "../../wire/index.ts";
import { AuthState, FIRST_AUTH_REVISION, nameOf } from "./auth-state.ts";

/** What becomes of tokens when a command is durable. */
export interface TokenChanges {
  /** A new token. */
  assign(token: string, userName: string, nowMs: number): void;
  /** The user's tokens are no longer good. */
  invalidate(userName: string): void;
  /** No token is good any more. */
  clear(): void;
}

/** What a group of commands has changed. */
export interface AuthChanges {
  readonly state: AuthState;
  readonly tokenSteps: readonly TokenStep[];
}

type TokenStep = (tokens: TokenChanges) => void;

export class AuthStore {
  readonly #tokens: TokenChanges;
  #applied: AuthState;
  #visible: AuthState;
  #taken: AuthState;
  #tokenSteps: TokenStep[] = [];

  constructor(state: AuthState, tokens: TokenChanges) {
    this.#tokens = tokens;
    this.#applied = state;
    this.#visible = state;
    this.#taken = state;
  }

  /** What commands are checked against. */
  get applied(): AuthState {
    return this.#applied;
  }

  /** What is durable. */
  get visible(): AuthState {
    return this.#visible;
  }

  /** Changes what commands are checked against. */
  apply(state: AuthState): void {
    this.#applied = state;
  }

  /** Does something with tokens when the changes before it are durable. */
  changeTokens(step: TokenStep): void {
    this.#tokenSteps.push(step);
  }

  /** All changes since the last call, for {@link publish}; undefined when there are none. */
  takeChanges(): AuthChanges | undefined {
    if (this.#applied === this.#taken && this.#tokenSteps.length === 0) return undefined;
    this.#taken = this.#applied;
    return { state: this.#applied, tokenSteps: this.#tokenSteps.splice(0) };
  }

  /** They are durable. */
  publish({ state, tokenSteps }: AuthChanges): void {
    this.#visible = state;
    for (const step of tokenSteps) step(this.#tokens);
  }
}

/** Reads users and roles. Rejects with StorageError. */
export async function readAuthState(store: Store): Promise<AuthState> {
  const settings = await store.readTable("auth");
  const valueOf = (key: Buffer): Uint8Array | undefined =>
    settings.find(([name]) => key.equals(name))?.[1];
  const revision = valueOf(AUTH.revision);
  const users = (await store.readTable("authUser")).map(([, value]) => messages.decodeUser(value));
  const roles = (await store.readTable("authRole")).map(([, value]) => messages.decodeRole(value));
  return new AuthState({
    enabled: valueOf(AUTH.enabled)?.[0] === 1,
    revision:
      revision === undefined
        ? FIRST_AUTH_REVISION
        : Number(Buffer.from(revision).readBigUInt64BE()),
    users: new Map(users.map((user) => [nameOf(user), user])),
    roles: new Map(roles.map((role) => [nameOf(role), role])),
  });
}

/** One command's changes to users and roles, in memory and in the rows of its group. */
export class AuthEdit {
  readonly #txn: WriteTxn;
  readonly #before: AuthState;
  #users: Map<string, messages.User> | undefined;
  #roles: Map<string, messages.Role> | undefined;

  constructor(before: AuthState, txn: WriteTxn) {
    this.#before = before;
    this.#txn = txn;
  }

  putUser(user: messages.User): void {
    this.#users ??= new Map(this.#before.users);
    this.#users.set(nameOf(user), user);
    this.#txn.putRecord(recordKey("authUser", user.name), messages.encodeUser(user));
  }

  deleteUser(user: messages.User): void {
    this.#users ??= new Map(this.#before.users);
    this.#users.delete(nameOf(user));
    this.#txn.deleteRecord(recordKey("authUser", user.name));
  }

  putRole(role: messages.Role): void {
    this.#roles ??= new Map(this.#before.roles);
    this.#roles.set(nameOf(role), role);
    this.#txn.putRecord(recordKey("authRole", role.name), messages.encodeRole(role));
  }

  deleteRole(role: messages.Role): void {
    this.#roles ??= new Map(this.#before.roles);
    this.#roles.delete(nameOf(role));
    this.#txn.deleteRecord(recordKey("authRole", role.name));
  }

  /** The state after it, one revision on. */
  finish(): AuthState {
    const { users, roles } = this.#before;
    const revision = this.#before.revision + 1;
    putRevision(this.#txn, revision);
    return this.#before.with({
      revision,
      users: this.#users ?? users,
      roles: this.#roles ?? roles,
    });
  }
}

/** Turns authentication on, which is no change of users and roles. */
export function enable(before: AuthState, txn: WriteTxn): AuthState {
  txn.putRecord(AUTH.enabled, Buffer.of(1));
  // So that the row is there as in etcd, which writes it at its first start.
  putRevision(txn, before.revision);
  return before.with({ enabled: true });
}

/** Turns it off. */
export function disable(before: AuthState, txn: WriteTxn): AuthState {
  txn.putRecord(AUTH.enabled, Buffer.of(0));
  const revision = before.revision + 1;
  putRevision(txn, revision);
  return before.with({ enabled: false, revision });
}

function putRevision(txn: WriteTxn, revision: number): void {
  const value = Buffer.alloc(8);
  value.writeBigUInt64BE(BigInt(revision));
  txn.putRecord(AUTH.revision, value);
}
