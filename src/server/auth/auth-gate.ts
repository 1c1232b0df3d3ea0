/**
 * Who makes a call, and whether it may be made: before it is put in line. What a command needs is
 * looked at again when it is applied.
 *
 * Source: etcd server/auth/store.go, AuthInfoFromCtx and AuthInfoFromTLS; v3_server.go, doSerialize.
 */
import { createHash } from "node:crypto";
import { EtcdError } from "../../wire/index.ts";
import type { CallContext, Logger } from "../../wire/index.ts";
import type { AuthState } from "./auth-state.ts";
import type { AuthStore } from "./auth-store.ts";
import { mustBeAdmin } from "./permissions.ts";
import type { Caller } from "./permissions.ts";
import type { TokenProvider } from "./token-provider.ts";

export class AuthGate {
  readonly #auth: AuthStore;
  readonly #tokens: TokenProvider;
  readonly #appliedIndex: () => number;
  readonly #hasCertificateUsers: boolean;
  readonly #logger: Logger;

  constructor(parts: {
    auth: AuthStore;
    tokens: TokenProvider;
    appliedIndex: () => number;
    /** Whether the name in a client's certificate is a user's. */
    hasCertificateUsers: boolean;
    logger: Logger;
  }) {
    this.#auth = parts.auth;
    this.#tokens = parts.tokens;
    this.#appliedIndex = parts.appliedIndex;
    this.#hasCertificateUsers = parts.hasCertificateUsers;
    this.#logger = parts.logger;
  }

  /** Users and roles as they are on disk. */
  get state(): AuthState {
    return this.#auth.visible;
  }

  /** Whether the name in a client's certificate is a user's now. */
  get areNamesUsers(): boolean {
    return this.#hasCertificateUsers && this.state.enabled;
  }

  /**
   * Who calls; undefined for nobody, and while authentication is off. Throws EtcdError for a token
   * that is not good, and TokenAhead for one that may become so.
   */
  callerOf(context: CallContext): Caller | undefined {
    if (!this.state.enabled) return undefined;
    const given = context.metadata("token") ?? context.metadata("authorization");
    if (given === undefined) return this.#certifiedCaller(context);
    const token = given.replace(/^Bearer /u, "");
    const { revision: authRevision } = this.state;
    const at = { authRevision, appliedIndex: this.#appliedIndex() };
    const caller = this.#tokens.callerOf(token, at);
    if (caller !== undefined) return caller;
    this.#logger.warn("invalid auth token", { "token-fingerprint": fingerprintOf(token) });
    throw new EtcdError("invalidAuthToken");
  }

  /** As {@link callerOf}, and somebody it has to be. */
  requireCaller(context: CallContext): Caller | undefined {
    const caller = this.callerOf(context);
    if (caller === undefined && this.state.enabled) throw new EtcdError("userEmpty");
    return caller;
  }

  /** As {@link callerOf}, and it has to have the role root. */
  requireAdmin(context: CallContext): Caller | undefined {
    const caller = this.callerOf(context);
    mustBeAdmin(this.state, caller);
    return caller;
  }

  /** Refuses what was read while users or roles changed, or for a caller of another revision. */
  checkUnchanged(caller: Caller | undefined): void {
    if (caller === undefined || caller.authRevision === 0) return;
    if (caller.authRevision !== this.state.revision) throw new EtcdError("authOldRevision");
  }

  #certifiedCaller(context: CallContext): Caller | undefined {
    if (!this.#hasCertificateUsers) return undefined;
    const userName = context.certificateName?.();
    // Whoever calls by a gateway has shown no certificate.
    if (userName === undefined || context.metadata("grpcgateway-accept") !== undefined) {
      return undefined;
    }
    return { userName, authRevision: this.state.revision };
  }
}

/** Source: etcd server/auth/store.go, redactToken. */
function fingerprintOf(token: string): string {
  return createHash("sha256").update(token).digest("hex").slice(0, 12);
}
