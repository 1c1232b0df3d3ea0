/**
 * Tokens that mean nothing but to the server that made them. They are in memory alone: a restart
 * forgets them. Source: etcd server/auth/simple_token.go.
 */
import { EtcdError } from "../../wire/index.ts";
import type { Clock } from "../../wire/index.ts";
import type { Caller } from "./permissions.ts";
import type { TokenProvider, TokenTime } from "./token-provider.ts";

/** Tokens at a time, some 200 bytes each; with more, the one longest not used is forgotten. */
export const SIMPLE_TOKENS_MAX = 100_000;

/** Source: etcd server/auth/simple_token.go. */
const LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
const PREFIX_LETTERS = 16;
const INDEX_MAX = 2n ** 64n - 1n;

/** A token of an index that nothing was applied at yet: it may become good. */
export class TokenAhead extends EtcdError {
  /** The index to wait for. */
  readonly index: number;

  constructor(index: number) {
    super("invalidAuthToken");
    this.index = index;
  }
}

export interface SimpleTokenOptions {
  readonly clock: Clock;
  /** How long a token is good after it was used last, milliseconds. */
  readonly ttlMs: number;
  /** Bytes that nobody can foresee. */
  readonly randomBytes: (count: number) => Uint8Array;
  /** Default {@link SIMPLE_TOKENS_MAX}. */
  readonly tokensMax?: number;
}

interface Entry {
  readonly userName: string;
  readonly deadlineMs: number;
}

export class SimpleTokens implements TokenProvider {
  readonly #options: SimpleTokenOptions;
  /** By token; the one used last comes last, and so does the one that is good for longest. */
  readonly #entries = new Map<string, Entry>();

  constructor(options: SimpleTokenOptions) {
    this.#options = options;
  }

  /** Throws {@link TokenAhead}. */
  callerOf(token: string, { authRevision, appliedIndex }: TokenTime): Caller | undefined {
    const index = indexOf(token);
    if (index === undefined) return undefined;
    if (index > appliedIndex) throw new TokenAhead(index);
    const entry = this.#entries.get(token);
    if (entry === undefined) return undefined;
    const nowMs = this.#options.clock.nowMs();
    this.#entries.delete(token);
    if (entry.deadlineMs < nowMs) return undefined;
    const { userName } = entry;
    this.#keep(token, userName, nowMs);
    return { userName, authRevision };
  }

  create(appliedIndex: number): string {
    let prefix = "";
    while (prefix.length < PREFIX_LETTERS) {
      // A byte has 256 values: those from 208 on would make some letters likelier than others.
      for (const byte of this.#options.randomBytes(PREFIX_LETTERS)) {
        if (byte < 4 * LETTERS.length) prefix += LETTERS[byte % LETTERS.length]!;
      }
    }
    return `${prefix.slice(0, PREFIX_LETTERS)}.${appliedIndex}`;
  }

  sign(): string {
    throw new Error("A simple token is made before its command");
  }

  assign(token: string, userName: string, nowMs: number): void {
    this.#forgetExpired(nowMs);
    this.#keep(token, userName, nowMs);
  }

  invalidate(userName: string): void {
    for (const [token, entry] of this.#entries) {
      if (entry.userName === userName) this.#entries.delete(token);
    }
  }

  clear(): void {
    this.#entries.clear();
  }

  #keep(token: string, userName: string, nowMs: number): void {
    this.#entries.set(token, { userName, deadlineMs: nowMs + this.#options.ttlMs });
  }

  /** Makes room for one more. */
  #forgetExpired(nowMs: number): void {
    const { tokensMax = SIMPLE_TOKENS_MAX } = this.#options;
    for (const [token, { deadlineMs }] of this.#entries) {
      if (deadlineMs >= nowMs && this.#entries.size < tokensMax) return;
      this.#entries.delete(token);
    }
  }
}

/** Undefined for what is no simple token. */
function indexOf(token: string): number | undefined {
  const [, digits] = /^[^.]*\.([0-9]+)$/u.exec(token) ?? [];
  if (digits === undefined || BigInt(digits) > INDEX_MAX) return undefined;
  return Number(digits);
}
