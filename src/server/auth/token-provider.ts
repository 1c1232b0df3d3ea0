/** How users show who they are once they have told their password. */
import { EtcdError } from "../../wire/index.ts";
import type { Clock } from "../../wire/index.ts";
import type { TokenChanges } from "./auth-store.ts";
import type { Caller } from "./permissions.ts";
import { SimpleTokens } from "./simple-tokens.ts";
import { parseTokenOptions } from "./token-options.ts";

/** What a token may be compared with. */
export interface TokenTime {
  /** Of users and roles. */
  readonly authRevision: number;
  readonly appliedIndex: number;
}

/** A kind of tokens. */
export interface TokenProvider extends TokenChanges {
  /** Whose token it is; undefined when it is not good. Throws TokenAhead. */
  callerOf(token: string, at: TokenTime): Caller | undefined;
  /** A new token for who told the right password; undefined where the server keeps none. */
  create(appliedIndex: number): string | undefined;
  /** Where it keeps none: a new token. Throws EtcdError when it makes none. */
  sign(userName: string, authRevision: number): string;
}

export interface TokenProviderOptions {
  /** As in `--auth-token`. */
  readonly token: string;
  readonly simpleTokenTtlMs: number;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly clock: Clock;
  /** Milliseconds since 1970. */
  readonly wallClockMs: () => number;
}

/**
 * The provider that options ask for. Rejects with an Error in etcd's words for options that make no
 * sense, and for keys that cannot be read. Source: etcd server/auth/store.go, NewTokenProvider.
 */
export async function openTokens(options: TokenProviderOptions): Promise<TokenProvider> {
  const { clock, randomBytes, simpleTokenTtlMs: ttlMs } = options;
  const { type, fields } = parseTokenOptions(options.token);
  switch (type) {
    case "":
      return NO_TOKENS;
    case "simple":
      return new SimpleTokens({ clock, ttlMs, randomBytes });
    case "jwt": {
      // Loaded only for who asks for it.
      const { JwtTokens } = await import("./jwt-tokens.ts");
      return JwtTokens.open(fields, options.wallClockMs);
    }
  }
}

/** Nobody gets a token, and none is good. Source: etcd server/auth/nop.go. */
const NO_TOKENS: TokenProvider = {
  callerOf: () => undefined,
  create: () => undefined,
  sign: () => {
    throw new EtcdError("authFailed");
  },
  assign: () => undefined,
  invalidate: () => undefined,
  clear: () => undefined,
};
