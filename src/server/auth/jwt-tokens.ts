/**
 * JSON Web Tokens: good by their signature until their time is over, also after a restart, and for
 * every server that has the key. Source: etcd server/auth/jwt.go.
 *
 * The library checks and makes signatures. What a token says is looked at here, by the clock given.
 */
import { createSigner, createVerifier } from "fast-jwt";
import { EtcdError } from "../../wire/index.ts";
import { readJwtOptions } from "./jwt-options.ts";
import type { JwtOptions } from "./jwt-options.ts";
import type { Caller } from "./permissions.ts";
import type { TokenProvider } from "./token-provider.ts";

type Claims = Readonly<Record<string, unknown>>;

export class JwtTokens implements TokenProvider {
  readonly #verify: (token: string) => unknown;
  readonly #sign: ((claims: Claims) => string) | undefined;
  readonly #ttlMs: number;
  readonly #wallClockMs: () => number;

  /** Throws Error in etcd's words for options and keys that are of no use. */
  static open(fields: ReadonlyMap<string, string>, wallClockMs: () => number): JwtTokens {
    return new JwtTokens(readJwtOptions(fields), wallClockMs);
  }

  constructor(options: JwtOptions, wallClockMs: () => number) {
    const { algorithm, signKey, verifyKey: key, ttlMs } = options;
    this.#verify = createVerifier({
      key,
      algorithms: [algorithm],
      // By a clock that is not its own.
      ignoreExpiration: true,
      ignoreNotBefore: true,
    });
    this.#sign =
      signKey === undefined
        ? undefined
        : createSigner({ algorithm, key: signKey, noTimestamp: true });
    this.#ttlMs = ttlMs;
    this.#wallClockMs = wallClockMs;
  }

  /** At the revision of users and roles that the token was made at. */
  callerOf(token: string): Caller | undefined {
    try {
      // The library has parsed it as JSON, and nothing more is known.
      const claims = this.#verify(token) as Claims;
      const { username: userName, revision, exp, nbf } = claims;
      const nowS = this.#wallClockMs() / 1000;
      if (!isTimeOr(exp, (end) => nowS < end) || !isTimeOr(nbf, (start) => start <= nowS)) {
        return undefined;
      }
      if (typeof userName !== "string" || typeof revision !== "number") return undefined;
      return { userName, authRevision: Math.trunc(revision) };
    } catch {
      return undefined;
    }
  }

  create(): undefined {
    return undefined;
  }

  sign(username: string, revision: number): string {
    if (this.#sign === undefined) throw new EtcdError("verifyOnlyKey");
    const exp = Math.floor((this.#wallClockMs() + this.#ttlMs) / 1000);
    return this.#sign({ username, revision, exp });
  }

  // A token is good until its time is over, whatever becomes of its user; permissions are not.
  assign(): void {}

  invalidate(): void {}

  clear(): void {}
}

/**
 * Whether a claim is left out, or a time that holds.
 * Source: golang-jwt, map_claims.go, parseNumericDate: zero is left out, too.
 */
function isTimeOr(claim: unknown, holds: (seconds: number) => boolean): boolean {
  if (claim === undefined || claim === 0) return true;
  return typeof claim === "number" && holds(claim);
}
