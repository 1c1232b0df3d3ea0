/** Everything that has to do with users, put together. */
import type { Store } from "../mvcc/index.ts";
import { AuthGate } from "./auth/auth-gate.ts";
import { AuthStore, readAuthState } from "./auth/auth-store.ts";
import { Passwords } from "./auth/passwords.ts";
import { openTokens } from "./auth/token-provider.ts";
import type { TokenProvider } from "./auth/token-provider.ts";
import type { CommitQueue } from "./commit-queue.ts";
import { AuthService } from "./rpc/auth.ts";
import type { ServerOptions } from "./server-options.ts";

export class Authentication {
  /** What commands change. */
  readonly store: AuthStore;
  readonly #tokens: TokenProvider;
  readonly #passwords: Passwords;
  readonly #options: ServerOptions;

  /** Rejects with StorageError, and with an Error in etcd's words for tokens that make no sense. */
  static async open(store: Store, options: ServerOptions): Promise<Authentication> {
    const { auth, clock, wallClockMs } = options;
    const startMs = clock.nowMs();
    const tokens = await openTokens({
      ...auth,
      clock,
      wallClockMs: () => wallClockMs + clock.nowMs() - startMs,
    });
    return new Authentication(new AuthStore(await readAuthState(store), tokens), tokens, options);
  }

  private constructor(store: AuthStore, tokens: TokenProvider, options: ServerOptions) {
    this.store = store;
    this.#tokens = tokens;
    this.#passwords = new Passwords(options.auth.bcryptCost, options.auth.randomBytes);
    this.#options = options;
  }

  /** What asks who calls, and the service that changes who there is. */
  connect(queue: CommitQueue): { gate: AuthGate; service: AuthService } {
    const { auth, limits, clock, logger } = this.#options;
    const tokens = this.#tokens;
    const gate = new AuthGate({
      auth: this.store,
      tokens,
      appliedIndex: () => queue.appliedIndex,
      hasCertificateUsers: auth.hasCertificateUsers,
      logger,
    });
    const passwords = this.#passwords;
    const service = new AuthService({ queue, gate, tokens, passwords, limits, clock, logger });
    return { gate, service };
  }

  /** Whoever waits for a password to be looked at is refused. */
  close(): Promise<void> {
    return this.#passwords.close();
  }
}
