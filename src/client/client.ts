/** Typed calls over any {@link Channel}, near or far. */
import { EMPTY_CONTEXT } from "../wire/index.ts";
import type { CallContext, Channel, Clock, StreamMethod, UnaryMethod } from "../wire/index.ts";
import { Auth } from "./auth.ts";
import { Calls } from "./calls.ts";
import type {
  CallOptions,
  StreamRequest,
  StreamResponse,
  UnaryRequest,
  UnaryResponse,
} from "./calls.ts";
import { Cluster } from "./cluster.ts";
import { Election } from "./election.ts";
import type { Bytes } from "./key-range.ts";
import { Kv } from "./kv.ts";
import { Lease } from "./lease.ts";
import { Lock } from "./lock.ts";
import { Maintenance } from "./maintenance.ts";
import type { MessageStream } from "./message-stream.ts";
import { UserChannel } from "./user-channel.ts";
import type { Credentials } from "./user-channel.ts";
import { watch } from "./watch.ts";
import type { Resumption, Watch, WatchOptions, WatchStream } from "./watch.ts";

export interface ClientOptions {
  /** Sent with every call; names in lower case. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  /** Whose calls they are, by a password. The token is got with the first call, and renewed. */
  readonly credentials?: Credentials | undefined;
  /**
   * Says when to renew leases that are kept alive, and when to open a watch again that lost its
   * connection. Without one, no lease can be kept alive, and a watch ends with its connection.
   */
  readonly clock?: Clock | undefined;
  /** False: watches are not opened again. Default true until the client is closed. */
  readonly resumes?: (() => boolean) | undefined;
  /** What {@link Client.close} does: gives up the channel, where that is this client's own. */
  readonly onClose?: (() => void) | undefined;
}

/**
 * An etcd client. Holds no timers but for leases that it keeps alive and watches that it opens again, and no connection unless it was made by `connect`.
 *
 * Every call rejects with EtcdError when the server refuses it.
 */
export class Client {
  readonly kv: Kv;
  readonly lease: Lease;
  readonly lock: Lock;
  readonly election: Election;
  readonly maintenance: Maintenance;
  readonly cluster: Cluster;
  readonly auth: Auth;
  readonly #calls: Calls;
  readonly #onClose: () => void;
  readonly #resumption: Resumption | undefined;
  #isClosed = false;

  constructor(channel: Channel, options: ClientOptions = {}) {
    const { credentials, metadata } = options;
    const to = credentials === undefined ? channel : new UserChannel(channel, credentials);
    this.#calls = new Calls(to, contextOf(metadata));
    this.kv = new Kv(this.#calls);
    this.lease = new Lease(this.#calls, options.clock);
    this.lock = new Lock(this.#calls, this.lease);
    this.election = new Election(this.#calls);
    this.maintenance = new Maintenance(this.#calls);
    this.cluster = new Cluster(this.#calls);
    this.auth = new Auth(this.#calls);
    this.#onClose = options.onClose ?? nothing;
    const { clock, resumes } = options;
    const isWanted = (): boolean => !this.#isClosed && resumes?.() !== false;
    this.#resumption = clock === undefined ? undefined : { clock, isWanted };
  }

  /** Gives up the connection of a client that was made by `connect`; no call may follow. */
  close(): void {
    this.#isClosed = true;
    this.#onClose();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Watches a key, or with options a range of keys, on a stream of its own. */
  watch(key: Bytes, options: WatchOptions = {}): Watch {
    return watch(this.#calls, { key, ...options }, this.#resumption);
  }

  /** A watch stream as it is on the wire, for many watches at once. */
  watchStream(): WatchStream {
    return this.#calls.stream("watch");
  }

  /** Any method with one answer, its messages as they are on the wire; given up when told so. */
  unary<Method extends UnaryMethod>(
    method: Method,
    request: UnaryRequest<Method>,
    options: CallOptions = {},
  ): Promise<UnaryResponse<Method>> {
    return this.#calls.unary(method, request, options.signal);
  }

  /** Any method with many answers, its messages as they are on the wire. */
  stream<Method extends StreamMethod>(
    method: Method,
  ): MessageStream<StreamRequest<Method>, StreamResponse<Method>> {
    return this.#calls.stream(method);
  }
}

function nothing(): void {
  // The channel belongs to somebody else.
}

function contextOf(metadata: ClientOptions["metadata"]): CallContext {
  if (metadata === undefined) {
    return EMPTY_CONTEXT;
  }
  const values = new Map(Object.entries(metadata));
  return { metadata: (name) => values.get(name) };
}
