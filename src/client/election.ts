/** Elections: many campaign, one leads, all can see who; by etcd's service Election. */
import type { messages } from "../wire/index.ts";
import type { Calls, CallOptions } from "./calls.ts";
import { toBuffer, toBytes } from "./key-range.ts";
import type { Bytes } from "./key-range.ts";
import { keyValue } from "./kv-messages.ts";
import type { Header, KeyValue } from "./kv-messages.ts";

/** How to campaign. */
export interface CampaignOptions extends CallOptions {
  /** Lease whose end ends the leadership too. Default: one of a minute, which nobody keeps. */
  readonly lease?: bigint | undefined;
}

/** A won election, for {@link Election.proclaim} and {@link Election.resign}. */
export interface Leadership {
  readonly header: Header;
  readonly name: Buffer;
  /** The key that is there as long as the leadership. */
  readonly key: Buffer;
  /** Revision of the put that made the key: none later is this leadership. */
  readonly revision: number;
  readonly lease: bigint;
}

/** Who leads: the leader's key, with what it proclaims as its value. */
export interface LeaderResponse {
  readonly header: Header;
  readonly kv: KeyValue;
}

/** Iterate it to hear who leads. It is done when it is cancelled from here. */
export interface Observation extends AsyncIterableIterator<LeaderResponse>, AsyncDisposable {
  /** Ends it at once, with all that was not read. Idempotent. */
  cancel(): void;
}

/** What `client.election` offers. Every call rejects with EtcdError when the server refuses it. */
export class Election {
  readonly #calls: Calls;

  constructor(calls: Calls) {
    this.#calls = calls;
  }

  /** Waits until the lease's candidate leads, and proclaims `value`. Given up by `signal`. */
  async campaign(name: Bytes, value: Bytes, options: CampaignOptions = {}): Promise<Leadership> {
    const request = { name: toBytes(name), value: toBytes(value), lease: options.lease ?? 0n };
    const { header, leader } = await this.#calls.unary("campaign", request, options.signal);
    if (leader === undefined) throw new TypeError("Cannot read an answer: it has no leader");
    return {
      header,
      name: toBuffer(leader.name),
      key: toBuffer(leader.key),
      revision: leader.rev,
      lease: leader.lease,
    };
  }

  /** Gives the leadership another value. Rejects when it is over. */
  async proclaim(leadership: Leadership, value: Bytes): Promise<Header> {
    const request = { leader: leaderKey(leadership), value: toBytes(value) };
    return (await this.#calls.unary("proclaim", request)).header;
  }

  /** Who leads now. Rejects when nobody does. */
  async leader(name: Bytes): Promise<LeaderResponse> {
    return leaderResponse(await this.#calls.unary("leader", { name: toBytes(name) }));
  }

  /** Lets the next candidate lead. Does nothing when the leadership is over. */
  async resign(leadership: Leadership): Promise<Header> {
    return (await this.#calls.unary("resign", { leader: leaderKey(leadership) })).header;
  }

  /**
   * Tells who leads now, and every leader and every value that is proclaimed from then on. It is done
   * too when the server stops, or can tell no more: etcd does not say why.
   */
  observe(name: Bytes): Observation {
    const stream = this.#calls.stream("observe", leaderResponse);
    stream.send({ name: toBytes(name) });
    stream.end();
    return stream;
  }
}

function leaderKey({ name, key, revision, lease }: Leadership): messages.LeaderKeyInit {
  return { name, key, rev: revision, lease };
}

function leaderResponse({ header, kv }: messages.LeaderResponse): LeaderResponse {
  if (kv === undefined) throw new TypeError("Cannot read an answer: it has no leader");
  return { header, kv: keyValue(kv) };
}
