/** The members of the cluster. */
import type { messages } from "../wire/index.ts";
import type { Calls } from "./calls.ts";

/** What `client.cluster` offers. Calls reject with EtcdError when the server refuses them. */
export class Cluster {
  readonly #calls: Calls;

  constructor(calls: Calls) {
    this.#calls = calls;
  }

  /** Who is in the cluster, by id. */
  memberList(
    options: { readonly linearizable?: boolean } = {},
  ): Promise<messages.MemberListResponse> {
    return this.#calls.unary("memberList", { linearizable: options.linearizable ?? true });
  }

  /** Lets a member in that has these URLs for its peers; as a learner it has no vote yet. */
  memberAdd(
    peerUrls: readonly string[],
    options: { readonly learner?: boolean } = {},
  ): Promise<messages.MemberAddResponse> {
    const isLearner = options.learner ?? false;
    return this.#calls.unary("memberAdd", { peerUrls: [...peerUrls], isLearner });
  }

  memberRemove(id: bigint): Promise<messages.MemberRemoveResponse> {
    return this.#calls.unary("memberRemove", { id });
  }

  /** Gives a member other URLs for its peers. */
  memberUpdate(id: bigint, peerUrls: readonly string[]): Promise<messages.MemberUpdateResponse> {
    return this.#calls.unary("memberUpdate", { id, peerUrls: [...peerUrls] });
  }

  /** Gives a learner its vote. */
  memberPromote(id: bigint): Promise<messages.MemberPromoteResponse> {
    return this.#calls.unary("memberPromote", { id });
  }
}
