/**
 * What a request to the gateway says beside its body: a token, other metadata, a time limit.
 * Source: github.com/grpc-ecosystem/grpc-gateway/v2 runtime/context.go, annotateContext.
 */
import { EtcdError, STATUS, authorityOf, fieldOf } from "../wire/index.ts";
import type { CallContext } from "../wire/index.ts";
import { TIMEOUT_UNIT_MS } from "./grpc-routes.ts";
import { deadlineExceeded } from "./grpc-status.ts";
import type { HttpExchange } from "./http-exchange.ts";
import { SOCKET_CLOCK } from "./socket-clock.ts";

const METADATA_PREFIX = "grpc-metadata-";

/** The context of a call. It names no client: a certificate says nothing of who sends a request. */
export class GatewayCall implements CallContext {
  readonly request: HttpExchange;
  /** Aborted with the client, or at the end of the time. */
  readonly signal: AbortSignal;
  readonly #abort = new AbortController();
  readonly #late: Promise<never>;
  #stopTimer: () => void = () => undefined;
  readonly #onGone = (): void => this.#abort.abort();

  /** Throws {@link EtcdError} for headers that are malformed. */
  constructor(request: HttpExchange) {
    this.request = request;
    this.signal = this.#abort.signal;
    checkBinary(request);
    const timeoutMs = timeoutMsOf(request);
    this.#late = new Promise((_resolve, reject) => {
      if (timeoutMs === Infinity) return;
      const expire = (): void => {
        reject(deadlineExceeded());
        this.#abort.abort(deadlineExceeded());
      };
      if (timeoutMs < 1) expire();
      else this.#stopTimer = SOCKET_CLOCK.after(timeoutMs, expire);
    });
    // Whoever waits in time hears of it.
    this.#late.catch(() => undefined);
    if (request.signal.aborted) this.#onGone();
    else request.signal.addEventListener("abort", this.#onGone, { once: true });
  }

  metadata(name: string): string | undefined {
    if (name === ":authority") return authorityOf(this.request);
    const plain = name === "authorization" ? fieldOf(this.request, name) : undefined;
    const value = plain ?? fieldOf(this.request, METADATA_PREFIX + name);
    if (value === undefined || !name.endsWith("-bin")) return value;
    return Buffer.from(value, "base64").toString("latin1");
  }

  /** What comes of it, or the refusal of what takes too long. */
  inTime<T>(result: T | PromiseLike<T>): Promise<T> {
    return Promise.race([this.#late, result]);
  }

  close(): void {
    this.#stopTimer();
    this.request.signal.removeEventListener("abort", this.#onGone);
  }
}

/** Infinity for none. Source: runtime/context.go, timeoutDecode. */
function timeoutMsOf(request: HttpExchange): number {
  const text = fieldOf(request, "grpc-timeout") ?? "";
  if (text === "") return Infinity;
  const unitMs = TIMEOUT_UNIT_MS[text.slice(-1)];
  if (unitMs === undefined || !/^[-+]?[0-9]{1,18}.$/u.test(text)) {
    throw new EtcdError(STATUS.invalidArgument, `invalid grpc-timeout: ${text}`);
  }
  const timeoutMs = Number(text.slice(0, -1)) * unitMs;
  return timeoutMs === 0 ? Infinity : timeoutMs;
}

function checkBinary({ fields }: HttpExchange): void {
  for (const { name, value } of fields) {
    if (!name.startsWith(METADATA_PREFIX) || !name.endsWith("-bin")) continue;
    const wrongAt = value.search(/[^A-Za-z0-9+/=]/u);
    if (wrongAt === -1) continue;
    const header = name.replace(/(?:^|-)[a-z]/gu, (letters) => letters.toUpperCase());
    const text = `invalid binary header ${header}: illegal base64 data at input byte ${String(wrongAt)}`;
    throw new EtcdError(STATUS.invalidArgument, text);
  }
}
