/** Leases: keys that go away unless somebody keeps them. */
import type { Clock, messages } from "../wire/index.ts";
import type { Calls } from "./calls.ts";
import { KeptLease } from "./kept-lease.ts";
import { toBuffer } from "./key-range.ts";
import type { Header } from "./kv-messages.ts";
import type { MessageStream } from "./message-stream.ts";

export interface LeaseGrantResponse {
  readonly header: Header;
  readonly id: bigint;
  /** Seconds; the server raises what is too short. */
  readonly ttl: number;
}

export interface LeaseKeepAliveResponse {
  readonly header: Header;
  readonly id: bigint;
  /** Seconds from now; 0 when there is no such lease any more. */
  readonly ttl: number;
}

export interface LeaseTimeToLiveResponse {
  readonly header: Header;
  readonly id: bigint;
  /** Seconds left; -1 when there is no such lease. */
  readonly ttl: number;
  /** Seconds it was granted for; 0 when there is no such lease. */
  readonly grantedTtl: number;
  /** Keys that hang on it, where asked for. */
  readonly keys: readonly Buffer[];
}

export interface LeaseLeasesResponse {
  readonly header: Header;
  readonly ids: readonly bigint[];
}

/** What `client.lease` offers. Every call rejects with EtcdError when the server refuses it. */
export class Lease {
  readonly #calls: Calls;
  readonly #clock: Clock | undefined;

  constructor(calls: Calls, clock: Clock | undefined) {
    this.#calls = calls;
    this.#clock = clock;
  }

  /** Makes a lease of at least `ttl` seconds. The server chooses the id unless one is given. */
  async grant(ttl: number, options: { readonly id?: bigint } = {}): Promise<LeaseGrantResponse> {
    const response = await this.#calls.unary("leaseGrant", { ttl, id: options.id ?? 0n });
    return { header: response.header, id: response.id, ttl: response.ttl };
  }

  /** Ends a lease and deletes its keys. */
  async revoke(id: bigint): Promise<Header> {
    return (await this.#calls.unary("leaseRevoke", { id })).header;
  }

  /** Begins a lease's time anew. For many times or many leases, {@link keepAlive} is cheaper. */
  async keepAliveOnce(id: bigint): Promise<LeaseKeepAliveResponse> {
    await using keeper = this.keepAlive();
    return await keeper.renew(id);
  }

  /** Opens a stream over which leases are renewed whenever the program says so. */
  keepAlive(): LeaseKeeper {
    return new LeaseKeeper(this.#calls.stream("leaseKeepAlive"));
  }

  /**
   * Renews a lease by itself, three times in the time that it has, until that is closed or disposed of.
   * Resolves after the first renewal; rejects with "leaseNotFound" where there is no such lease.
   */
  keep(id: bigint): Promise<KeptLease> {
    return this.#keep(id, async () => undefined);
  }

  /** Makes a lease and keeps it alive; it is revoked when it is disposed of, with all its keys. */
  async session(ttl: number, options: { readonly id?: bigint } = {}): Promise<KeptLease> {
    this.#neededClock();
    const { id } = await this.grant(ttl, options);
    return await this.#keep(id, () => this.revoke(id));
  }

  /** How long a lease has to live, and with `keys` what hangs on it. */
  async timeToLive(
    id: bigint,
    options: { readonly keys?: boolean } = {},
  ): Promise<LeaseTimeToLiveResponse> {
    const { header, ttl, grantedTtl, keys } = await this.#calls.unary("leaseTimeToLive", {
      id,
      keys: options.keys ?? false,
    });
    return { header, id, ttl, grantedTtl, keys: keys.map(toBuffer) };
  }

  /** Every lease there is, the one that ends first first. */
  async leases(): Promise<LeaseLeasesResponse> {
    const { header, leases } = await this.#calls.unary("leaseLeases", {});
    return { header, ids: leases.map(({ id }) => id) };
  }

  async #keep(id: bigint, onDispose: () => Promise<unknown>): Promise<KeptLease> {
    const open = (): LeaseKeeper => this.keepAlive();
    return await KeptLease.begin({ id, clock: this.#neededClock(), open, onDispose });
  }

  #neededClock(): Clock {
    if (this.#clock !== undefined) return this.#clock;
    throw new TypeError("Cannot keep a lease alive: the client was made without a clock");
  }
}

type KeepAliveStream = MessageStream<
  messages.LeaseKeepAliveRequestInit,
  messages.LeaseKeepAliveResponse
>;

/** Renews leases over one stream. Has no timer: the program decides when. */
export class LeaseKeeper implements AsyncDisposable {
  readonly #stream: KeepAliveStream;

  constructor(stream: KeepAliveStream) {
    this.#stream = stream;
  }

  /** Begins a lease's time anew. May be called again before it has resolved. */
  async renew(id: bigint): Promise<LeaseKeepAliveResponse> {
    this.#stream.send({ id });
    // The server answers in the order it was asked, and next() keeps the order too.
    const { done, value } = await this.#stream.next();
    if (done === true) {
      throw new TypeError(`Cannot renew lease ${id.toString(16)}: the stream has ended`);
    }
    return { header: value.header, id: value.id, ttl: value.ttl };
  }

  /** Ends the stream. Idempotent; leases live on for their time. */
  close(): void {
    this.#stream.cancel();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.close();
    return Promise.resolve();
  }
}
