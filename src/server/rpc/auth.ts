/**
 * Service Auth. Every call is a command, also those that only read.
 * Source: etcd server/etcdserver/v3_server.go, Auth… and Authenticate.
 */
import { EtcdError, messages } from "../../wire/index.ts";
import type { CallContext, Clock, Logger, UnaryMethod } from "../../wire/index.ts";
import type { AuthGate } from "../auth/auth-gate.ts";
import type { AuthenticateOperation, AuthOperation } from "../auth/operations.ts";
import type { Passwords } from "../auth/passwords.ts";
import type { Caller } from "../auth/permissions.ts";
import type { TokenProvider } from "../auth/token-provider.ts";
import type { CommitQueue } from "../commit-queue.ts";
import { checkProposalSize } from "../limits.ts";
import type { RequestLimits } from "../limits.ts";

type AuthMethod = Extract<UnaryMethod, `auth${string}` | `user${string}` | `role${string}`>;
type Answer = Uint8Array | PromiseLike<Uint8Array>;
type Handler = (bytes: Uint8Array, context: CallContext) => Answer;

/** Times that a password is looked at again because it was changed meanwhile. */
const PASSWORD_LOOKS_MAX = 5;
const NO_HASH = new Uint8Array(0);

export interface AuthServiceParts {
  readonly queue: CommitQueue;
  readonly gate: AuthGate;
  readonly tokens: TokenProvider;
  readonly passwords: Passwords;
  readonly limits: RequestLimits;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class AuthService {
  readonly #parts: AuthServiceParts;
  readonly handlers: Readonly<Record<AuthMethod, Handler>>;

  constructor(parts: AuthServiceParts) {
    this.#parts = parts;
    const m = messages;
    const plain = <Request>(
      decode: (bytes: Uint8Array) => Request,
      operation: (request: Request) => AuthOperation,
    ): Handler => {
      return (bytes, context) => this.#submit(operation(decode(bytes)), bytes, context);
    };
    this.handlers = {
      authEnable: plain(m.decodeAuthEnableRequest, () => ({ method: "authEnable" })),
      authDisable: plain(m.decodeAuthDisableRequest, () => ({ method: "authDisable" })),
      authStatus: plain(m.decodeAuthStatusRequest, () => ({ method: "authStatus" })),
      authenticate: (bytes) => this.#authenticate(m.decodeAuthenticateRequest(bytes)),
      userAdd: (bytes, context) => this.#userAdd(bytes, context),
      userChangePassword: (bytes, context) => this.#userChangePassword(bytes, context),
      userGet: plain(m.decodeAuthUserGetRequest, (request) => ({ method: "userGet", request })),
      userList: plain(m.decodeAuthUserListRequest, () => ({ method: "userList" })),
      userDelete: plain(m.decodeAuthUserDeleteRequest, (request) => ({
        method: "userDelete",
        request,
      })),
      userGrantRole: plain(m.decodeAuthUserGrantRoleRequest, (request) => ({
        method: "userGrantRole",
        request,
      })),
      userRevokeRole: plain(m.decodeAuthUserRevokeRoleRequest, (request) => ({
        method: "userRevokeRole",
        request,
      })),
      roleAdd: plain(m.decodeAuthRoleAddRequest, (request) => ({ method: "roleAdd", request })),
      roleGet: plain(m.decodeAuthRoleGetRequest, (request) => ({ method: "roleGet", request })),
      roleList: plain(m.decodeAuthRoleListRequest, () => ({ method: "roleList" })),
      roleDelete: plain(m.decodeAuthRoleDeleteRequest, (request) => ({
        method: "roleDelete",
        request,
      })),
      roleGrantPermission: plain(m.decodeAuthRoleGrantPermissionRequest, (request) => ({
        method: "roleGrantPermission",
        request,
      })),
      roleRevokePermission: plain(m.decodeAuthRoleRevokePermissionRequest, (request) => ({
        method: "roleRevokePermission",
        request,
      })),
    };
  }

  #submit(operation: AuthOperation, bytes: Uint8Array, context: CallContext): Answer {
    const caller = this.#parts.gate.callerOf(context);
    return this.#propose(operation, bytes, caller);
  }

  #propose(operation: AuthOperation, bytes: Uint8Array, caller: Caller | undefined): Answer {
    checkProposalSize(bytes, this.#parts.limits, caller);
    return this.#parts.queue.submit({ type: "auth", operation, caller }, bytes.length);
  }

  #userAdd(bytes: Uint8Array, context: CallContext): Answer {
    const {
      name,
      password,
      options = { noPassword: false },
    } = messages.decodeAuthUserAddRequest(bytes);
    if (!options.noPassword) this.#parts.passwords.check(password);
    const caller = this.#parts.gate.requireAdmin(context);
    const propose = (passwordHash: Uint8Array): Answer =>
      this.#propose({ method: "userAdd", name, passwordHash, options }, bytes, caller);
    if (options.noPassword) return propose(NO_HASH);
    return this.#parts.passwords.hash(password).then(propose);
  }

  #userChangePassword(bytes: Uint8Array, context: CallContext): Answer {
    const { name, password } = messages.decodeAuthUserChangePasswordRequest(bytes);
    this.#parts.passwords.check(password);
    const caller = this.#parts.gate.requireAdmin(context);
    const propose = (passwordHash: Uint8Array): Answer =>
      this.#propose({ method: "userChangePassword", name, passwordHash }, bytes, caller);
    // No password is not the empty one: nobody can come by it.
    if (password === "") return propose(NO_HASH);
    return this.#parts.passwords.hash(password).then(propose);
  }

  async #authenticate(request: messages.AuthenticateRequest): Promise<Uint8Array> {
    const { queue, tokens, clock } = this.#parts;
    for (let look = 0; look < PASSWORD_LOOKS_MAX; look++) {
      const passwordHash = await this.#checkedHash(request);
      const operation: AuthenticateOperation = {
        method: "authenticate",
        name: request.name,
        passwordHash,
        token: tokens.create(queue.appliedIndex),
        nowMs: clock.nowMs(),
        outcome: { isStale: false, authRevision: 0 },
      };
      const response = await queue.submit({ type: "auth", operation, caller: undefined });
      const { outcome, token } = operation;
      if (outcome.isStale) continue;
      return token === undefined ? this.#signed(response, request.name, outcome) : response;
    }
    throw new EtcdError("authFailed");
  }

  /** The hash that the password matches. Who does not exist is refused as late as a wrong password. */
  async #checkedHash({ name, password }: messages.AuthenticateRequest): Promise<Uint8Array> {
    const { gate, passwords } = this.#parts;
    if (!gate.state.enabled) throw new EtcdError("authNotEnabled");
    const user = gate.state.users.get(name);
    if (user?.options?.noPassword === true) throw this.#refusal("noPasswordUser", name);
    const isRight =
      user === undefined
        ? await passwords.matchesNobody(password)
        : await passwords.matches(password, user.password);
    if (user === undefined || !isRight) throw this.#refusal("authFailed", name);
    return user.password;
  }

  #refusal(reason: "authFailed" | "noPasswordUser", user: string): EtcdError {
    const error = new EtcdError(reason);
    const fields = { user, error: error.message };
    this.#parts.logger.warn("invalid authentication was requested", fields);
    return error;
  }

  /** A response with a token that only its signature makes good. */
  #signed(
    response: Uint8Array,
    userName: string,
    { authRevision }: { readonly authRevision: number },
  ): Uint8Array {
    const { header } = messages.decodeAuthenticateResponse(response);
    const token = this.#parts.tokens.sign(userName, authRevision);
    return messages.encodeAuthenticateResponse({ header, token });
  }
}
