/** How many calls began and ended, by method: what the metrics of gRPC are made from. */
import { STATUS, STREAM_METHODS, UNARY_METHODS } from "../wire/index.ts";
import type { Method, StatusCode } from "../wire/index.ts";

/** Counts of one method. */
export interface MethodCounts {
  started: number;
  /** By status code. */
  readonly handled: number[];
  /** Messages; the end of a stream's requests counts as one, as in etcd's middleware. */
  received: number;
  /** Messages; a refusal of a call with one answer counts as one, as in etcd's middleware. */
  sent: number;
}

/** Calls that say they come from one version of a client. */
export interface ClientCounts {
  unary: number;
  stream: number;
}

/** Versions of clients that are told apart: each is a text that a client has chosen. */
const CLIENT_VERSIONS_MAX = 100;
/** What calls of no version, and of versions that are too many, are counted under. */
const UNKNOWN_VERSION = "unknown";

export class CallCounts {
  /** Bytes of messages, without what carries them. Source: etcd api/v3rpc/codec.go. */
  receivedBytes = 0;
  sentBytes = 0;
  readonly clients: Map<string, ClientCounts> = new Map();
  #lastVersion: string | undefined = undefined;
  #lastClient: ClientCounts | undefined = undefined;
  readonly #counts: Record<Method, MethodCounts>;

  constructor() {
    const methods = [...Object.keys(UNARY_METHODS), ...Object.keys(STREAM_METHODS)];
    // The keys of the two tables are all methods there are.
    this.#counts = Object.fromEntries(
      methods.map((method) => [
        method,
        {
          started: 0,
          handled: Object.values(STATUS).map(() => 0),
          received: 0,
          sent: 0,
        } satisfies MethodCounts,
      ]),
    ) as Record<Method, MethodCounts>;
  }

  of(method: Method): MethodCounts {
    return this.#counts[method];
  }

  /**
   * A call came, from a client of that version.
   * Source: etcd api/v3rpc/interceptor.go, which counts calls without a version as "unknown".
   */
  came(type: keyof ClientCounts, version: string = UNKNOWN_VERSION): void {
    if (version !== this.#lastVersion || this.#lastClient === undefined) {
      this.#lastVersion = version;
      this.#lastClient = this.#client(version);
    }
    this.#lastClient[type]++;
  }

  #client(version: string): ClientCounts {
    const known = this.clients.get(version);
    if (known !== undefined) return known;
    const isFull = this.clients.size >= CLIENT_VERSIONS_MAX && version !== UNKNOWN_VERSION;
    if (isFull) return this.#client(UNKNOWN_VERSION);
    const counts = { unary: 0, stream: 0 };
    this.clients.set(version, counts);
    return counts;
  }

  /** Calls of a method that are under way. */
  openCount(method: Method): number {
    const { started, handled } = this.#counts[method];
    return started - handled.reduce((all, count) => all + count, 0);
  }

  /** A call with one answer went well. */
  answered(method: Method, response: Uint8Array): void {
    const counts = this.#counts[method];
    counts.sent++;
    counts.handled[STATUS.ok]!++;
    this.sentBytes += response.length;
  }

  /** A call with one answer was refused. */
  refused(method: Method, code: StatusCode): void {
    this.#counts[method].sent++;
    this.ended(method, code);
  }

  ended(method: Method, code: StatusCode): void {
    this.#counts[method].handled[code]!++;
  }

  all(): [Method, MethodCounts][] {
    return Object.entries(this.#counts) as [Method, MethodCounts][];
  }
}
