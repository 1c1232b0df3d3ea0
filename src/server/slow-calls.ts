/**
 * Tells the log of what took long, in etcd's lines, and counts it.
 *
 * Who is asked in passing is asked for the time only once for many: commands that cannot take long are
 * not looked at one by one, and of a group that was long on its way to the disk its first command is
 * told of, with the number of those that waited with it.
 */
import { UNARY_METHODS, formatMilliseconds, messages } from "../wire/index.ts";
import type { Clock, EtcdError, Logger, UnaryMethod } from "../wire/index.ts";
import type { Command } from "./command.ts";
import { commandText, requestText } from "./request-text.ts";

/** How long is long, milliseconds. */
export interface SlowLimits {
  /** For applying a command, or reading. Source: etcd --warning-apply-duration. */
  readonly applyMs: number;
  /** For a call until its answer. Source: etcd --warning-unary-request-duration. */
  readonly unaryMs: number;
}

/** For writing a group to the disk. Source: etcd server/storage/wal/wal.go, warnSyncDuration. */
const SYNC_LIMIT_MS = 1000;

export class SlowCalls {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #limits: SlowLimits;
  /** Commands and readings that took long: etcd_server_slow_apply_total. */
  applyCount = 0;

  constructor(clock: Clock, logger: Logger, limits: SlowLimits) {
    this.#clock = clock;
    this.#logger = logger;
    this.#limits = limits;
  }

  nowMs(): number {
    return this.#clock.nowMs();
  }

  /** A command is applied, since `sinceMs`; answers the time. */
  applied(command: Command, sinceMs: number, outcome: Uint8Array | Error | undefined): number {
    const nowMs = this.nowMs();
    if (nowMs - sinceMs > this.#limits.applyMs) {
      this.#applyTookLong(nowMs - sinceMs, "", commandText(command), outcome);
    }
    return nowMs;
  }

  /** A group is on disk. Source: etcd server/storage/wal/wal.go, sync. */
  written(tookMs: number): void {
    if (tookMs <= SYNC_LIMIT_MS) return;
    const took = formatMilliseconds(tookMs);
    const expected = formatMilliseconds(SYNC_LIMIT_MS);
    this.#logger.warn("slow fdatasync", { took, "expected-duration": expected });
  }

  /** The first command of a group is answered, and so many with it. */
  answered(
    first: { readonly command: Command; readonly bytes: number },
    group: { readonly sinceMs: number; readonly commandCount: number },
    outcome: Uint8Array | EtcdError,
  ): void {
    const tookMs = this.nowMs() - group.sinceMs;
    if (tookMs <= this.#limits.unaryMs) return;
    const { command } = first;
    // The server's own commands are nobody's calls.
    if (!isUnary(command.type)) return;
    this.#requestTookLong(tookMs, {
      path: UNARY_METHODS[command.type],
      requestBytes: first.bytes,
      responseBytes: outcome instanceof Uint8Array ? outcome.length : 0,
      text: commandText(command),
      others: group.commandCount - 1,
    });
  }

  /** A call that was not answered at once, nor by the commit queue, is answered. */
  called(
    method: UnaryMethod,
    request: Uint8Array,
    sinceMs: number,
    response: Uint8Array | undefined,
  ): void {
    const tookMs = this.nowMs() - sinceMs;
    if (tookMs <= Math.min(this.#limits.applyMs, this.#limits.unaryMs)) return;
    const text = readText(method, request);
    const isReading = method === "range" || method === "txn";
    if (isReading && tookMs > this.#limits.applyMs) {
      this.#applyTookLong(tookMs, `read-only ${method} `, text, response);
    }
    if (tookMs <= this.#limits.unaryMs) return;
    this.#requestTookLong(tookMs, {
      path: UNARY_METHODS[method],
      requestBytes: request.length,
      responseBytes: response?.length ?? 0,
      text,
      others: 0,
    });
  }

  /** Source: etcd server/etcdserver/txn/util.go, warnOfExpensiveGenericRequest. */
  #applyTookLong(
    tookMs: number,
    prefix: string,
    request: string,
    outcome: Uint8Array | Error | undefined,
  ): void {
    this.applyCount++;
    this.#logger.warn("apply request took too long", {
      took: formatMilliseconds(tookMs),
      "expected-duration": formatMilliseconds(this.#limits.applyMs),
      prefix,
      request,
      response: outcome instanceof Uint8Array ? `size:${String(outcome.length)}` : "",
      ...(outcome instanceof Error ? { error: outcome.message } : {}),
    });
  }

  /** Source: etcd server/etcdserver/api/v3rpc/interceptor.go, logExpensiveRequestStats. */
  #requestTookLong(
    tookMs: number,
    about: {
      readonly path: string;
      readonly requestBytes: number;
      readonly responseBytes: number;
      readonly text: string;
      readonly others: number;
    },
  ): void {
    this.#logger.warn("request stats", {
      "time spent": formatMilliseconds(tookMs),
      "response type": about.path,
      "request size": about.requestBytes,
      "response size": about.responseBytes,
      "request content": about.text,
      "requests that waited with it": about.others,
    });
  }
}

function isUnary(type: string): type is UnaryMethod {
  return type in UNARY_METHODS;
}

/** What a reading was asked for; nothing of other calls, which may carry secrets. */
function readText(method: UnaryMethod, request: Uint8Array): string {
  if (method === "range") return requestText(messages.decodeRangeRequest(request));
  if (method === "txn") return requestText(messages.decodeTxnRequest(request));
  return "";
}
