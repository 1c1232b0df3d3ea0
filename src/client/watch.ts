/** Watching keys change. */
import { EtcdError, messages, STATUS } from "../wire/index.ts";
import type { Clock } from "../wire/index.ts";
import type { Calls } from "./calls.ts";
import { keyRange } from "./key-range.ts";
import type { Bytes, KeyRangeOptions } from "./key-range.ts";
import { keyValue } from "./kv-messages.ts";
import type { Header, KeyValue } from "./kv-messages.ts";
import type { MessageStream } from "./message-stream.ts";
import { WatchProgress } from "./watch-progress.ts";

const FILTERS = { put: messages.FilterType.noput, delete: messages.FilterType.nodelete } as const;

export type WatchStream = MessageStream<messages.WatchRequestInit, messages.WatchResponse>;

export interface WatchOptions extends KeyRangeOptions {
  /** First revision to hear of, past or future; 0 is the next one. */
  readonly startRevision?: number | undefined;
  /** With every event what was there before. */
  readonly prevKv?: boolean | undefined;
  /** Kinds of event not to hear of. */
  readonly without?: readonly ("put" | "delete")[] | undefined;
  /** Hear of the revision now and then even when nothing happens. */
  readonly progressNotify?: boolean | undefined;
  /** Let the server cut an answer that is too long for a message; see {@link WatchAnswer}. */
  readonly fragment?: boolean | undefined;
}

/** One change of one key. */
export interface WatchEvent {
  readonly type: "put" | "delete";
  /** After a delete only `key` and `modRevision` say something. */
  readonly kv: KeyValue;
  /** Undefined when not asked for, when there was none, or when it is compacted. */
  readonly prevKv: KeyValue | undefined;
}

/** What happened at one revision, or at many when history is replayed. */
export interface WatchAnswer {
  readonly header: Header;
  /** In the order of revisions. None: nothing happened up to the header's revision. */
  readonly events: readonly WatchEvent[];
  /** More pieces of the same answer follow. */
  readonly fragment: boolean;
}

/** Milliseconds between attempts to open a watch again: none before the first, then twice as long. */
const RESUME_MS_MIN = 10;
const RESUME_MS_MAX = 1000;

/** When a watch that lost its connection is opened again. */
export interface Resumption {
  readonly clock: Clock;
  /** False: no more. */
  readonly isWanted: () => boolean;
}

/**
 * One watch on a stream of its own: iterate it to hear of changes.
 *
 * Once made, it survives a lost connection and a server that restarts, where its client has a clock:
 * it goes on from what was told, and tells nothing twice. Source: etcd client/v3/watch.go, run, newWatchClient.
 *
 * It ends when it is cancelled from here, and rejects when the server ends it: with "compacted"
 * where the events asked for are gone ({@link Watch.compactRevision} says how far).
 */
export class Watch implements AsyncDisposable {
  /**
   * Resolves with the server's header when it watches: no later change is missed. Rejects when it
   * refuses to. Needs no iteration.
   */
  readonly created: Promise<Header>;
  readonly #open: () => WatchStream;
  readonly #request: messages.WatchCreateRequestInit;
  readonly #resumption: Resumption | undefined;
  readonly #progress: WatchProgress;
  #stream: WatchStream;
  #compactRevision = 0;
  /** From here, not by the server. */
  #canceled = false;
  /** Until the next attempt to open it again. */
  #delayMs = 0;
  #endDelay = (): void => undefined;
  /** Settles when all next() have that were called. */
  #asked: Promise<unknown> = Promise.resolve();

  constructor(
    open: () => WatchStream,
    request: messages.WatchCreateRequestInit,
    resumption: Resumption | undefined,
  ) {
    this.#open = open;
    this.#request = request;
    this.#resumption = resumption;
    this.#progress = new WatchProgress(request.startRevision ?? 0);
    this.#stream = open();
    this.#stream.send({ createRequest: request });
    this.created = this.#create();
    // Whoever iterates hears of the failure; awaiting `created` too is up to the program.
    this.created.catch(() => undefined);
  }

  /** Of a watch that ended with "compacted": the first revision that can still be watched. */
  get compactRevision(): number {
    return this.#compactRevision;
  }

  /** Asks for an answer without events that says up to which revision all was told. */
  requestProgress(): void {
    this.#stream.send({ progressRequest: {} });
  }

  /** Ends the watch at once, with all that was not read. Idempotent. */
  cancel(): void {
    this.#canceled = true;
    this.#stream.cancel();
    this.#endDelay();
  }

  /** May be called again before it has resolved; answers keep the order. */
  next(): Promise<IteratorResult<WatchAnswer, undefined>> {
    const next = this.#asked.then(() => this.#next());
    this.#asked = next.catch(() => undefined);
    return next;
  }

  async #next(): Promise<IteratorResult<WatchAnswer, undefined>> {
    try {
      await this.created;
    } catch (error) {
      if (this.#canceled) {
        return { done: true, value: undefined };
      }
      throw error;
    }
    for (;;) {
      try {
        const { done, value } = await this.#stream.next();
        if (done === true) return { done: true, value: undefined };
        this.#refuseCanceled(value);
        this.#delayMs = 0;
        const fresh = this.#progress.fresh(value);
        if (fresh !== undefined) return { done: false, value: watchAnswer(fresh) };
      } catch (error) {
        if (!isLost(error) || !(await this.#resume())) throw error;
      }
    }
  }

  /** Opens it again, unless it is not wanted any more. */
  async #resume(): Promise<boolean> {
    if (this.#resumption === undefined) return false;
    const { clock, isWanted } = this.#resumption;
    if (!isWanted()) return false;
    if (this.#delayMs > 0) {
      await new Promise<void>((resolve) => {
        const stop = clock.after(this.#delayMs, resolve);
        this.#endDelay = () => {
          stop();
          resolve();
        };
      });
    }
    this.#delayMs = Math.min(Math.max(2 * this.#delayMs, RESUME_MS_MIN), RESUME_MS_MAX);
    if (!isWanted()) return false;
    // Cancelled meanwhile, its last stream says that it is done.
    if (this.#canceled) return true;
    this.#stream = this.#open();
    const startRevision = this.#progress.resume();
    this.#stream.send({ createRequest: { ...this.#request, startRevision } });
    return true;
  }

  /** Cancels; what a `for await` loop calls when it is left early. */
  return(): Promise<IteratorResult<WatchAnswer, undefined>> {
    this.cancel();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.cancel();
    return Promise.resolve();
  }

  async #create(): Promise<Header> {
    const { done, value } = await this.#stream.next();
    if (done === true) {
      // Only cancel() ends a stream that has not answered without an error.
      throw new EtcdError("watchCanceled");
    }
    this.#refuseCanceled(value);
    this.#progress.created(value);
    return value.header;
  }

  /** Source: etcd client/v3/watch.go, WatchResponse.Err. */
  #refuseCanceled(response: messages.WatchResponse): void {
    if (!response.canceled) {
      return;
    }
    this.#stream.cancel();
    this.#compactRevision = response.compactRevision;
    throw response.compactRevision === 0
      ? new EtcdError(STATUS.failedPrecondition, response.cancelReason)
      : new EtcdError("compacted");
  }
}

export function watch(
  calls: Calls,
  { key, ...options }: WatchOptions & { readonly key: Bytes },
  resumption: Resumption | undefined,
): Watch {
  const request = {
    ...keyRange(key, options),
    startRevision: options.startRevision ?? 0,
    prevKv: options.prevKv ?? false,
    filters: (options.without ?? []).map((kind) => FILTERS[kind]),
    progressNotify: options.progressNotify ?? false,
    fragment: options.fragment ?? false,
  };
  return new Watch(() => calls.stream("watch"), request, resumption);
}

/**
 * Whether what went wrong is the way to the server: a cluster that has no leader is told.
 * Source: etcd client/v3/client.go, isHaltErr; client/v3/watch.go, run.
 */
function isLost(error: unknown): boolean {
  if (!(error instanceof EtcdError) || error.reason === "noLeader") return false;
  return error.code === STATUS.unavailable || error.code === STATUS.internal;
}

function watchAnswer(response: messages.WatchResponse): WatchAnswer {
  return {
    header: response.header,
    events: response.events.map(watchEvent),
    fragment: response.fragment,
  };
}

function watchEvent(event: messages.Event): WatchEvent {
  if (event.kv === undefined) {
    throw new TypeError("Cannot read a watch event: it has no key");
  }
  return {
    type: event.type === messages.EventType.delete ? "delete" : "put",
    kv: keyValue(event.kv),
    prevKv: event.prevKv === undefined ? undefined : keyValue(event.prevKv),
  };
}
