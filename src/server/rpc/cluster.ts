/**
 * Service Cluster of a single member. Revisions in its headers are always 0.
 *
 * Source: etcd server/etcdserver/api/v3rpc/member.go and api/membership/cluster.go. Adding members
 * is refused: see docs/compatibility.md.
 */
import { EtcdError, STATUS, messages } from "../../wire/index.ts";
import type { CallContext } from "../../wire/index.ts";
import type { AuthGate } from "../auth/auth-gate.ts";
import type { CommitQueue } from "../commit-queue.ts";
import type { Member } from "../member.ts";

const SCHEMES: ReadonlySet<string> = new Set(["http", "https", "unix", "unixs"]);

export class ClusterService {
  readonly #member: Member;
  readonly #queue: CommitQueue;
  readonly #gate: AuthGate;

  constructor(member: Member, queue: CommitQueue, gate: AuthGate) {
    this.#member = member;
    this.#queue = queue;
    this.#gate = gate;
  }

  add(bytes: Uint8Array, context: CallContext): Uint8Array {
    const { peerUrls } = messages.decodeMemberAddRequest(bytes);
    if (peerUrls.length === 0 || !peerUrls.every(isPeerUrl)) throw new EtcdError("memberBadUrls");
    this.#gate.requireAdmin(context);
    if (peerUrls.some((url) => this.#member.peerUrls.includes(url))) {
      throw new EtcdError("peerUrlExists");
    }
    const text = "etcdlet: a second member is not supported yet";
    throw new EtcdError(STATUS.unimplemented, text);
  }

  remove(bytes: Uint8Array, context: CallContext): Uint8Array {
    const { id } = messages.decodeMemberRemoveRequest(bytes);
    this.#gate.requireAdmin(context);
    this.#mustBeMember(id);
    throw new EtcdError("memberNotEnoughStarted");
  }

  update(bytes: Uint8Array, context: CallContext): Promise<Uint8Array> {
    const { id, peerUrls } = messages.decodeMemberUpdateRequest(bytes);
    this.#gate.requireAdmin(context);
    this.#mustBeMember(id);
    return this.#update(peerUrls);
  }

  async #update(peerUrls: readonly string[]): Promise<Uint8Array> {
    await this.#queue.submit({ type: "memberUpdate", peerUrls });
    return messages.encodeMemberUpdateResponse(this.#answer());
  }

  list(bytes: Uint8Array, context: CallContext): Uint8Array {
    messages.decodeMemberListRequest(bytes);
    this.#gate.requireCaller(context);
    return messages.encodeMemberListResponse(this.#answer());
  }

  promote(bytes: Uint8Array, context: CallContext): Uint8Array {
    const { id } = messages.decodeMemberPromoteRequest(bytes);
    this.#gate.requireAdmin(context);
    this.#mustBeMember(id);
    throw new EtcdError("memberNotLearner");
  }

  #mustBeMember(id: bigint): void {
    if (id !== this.#member.memberId) throw new EtcdError("memberNotFound");
  }

  #answer(): messages.MemberListResponseInit {
    const { memberId: id, name, peerUrls, clientUrls } = this.#member;
    return { header: this.#member.header(0), members: [{ id, name, peerUrls, clientUrls }] };
  }
}

/** Source: etcd client/pkg/types/urls.go, NewURLs: scheme, host with port, no path. */
function isPeerUrl(text: string): boolean {
  const [, scheme, rest] = /^([a-z]+):\/\/(.+)$/.exec(text.trim()) ?? [];
  if (scheme === undefined || rest === undefined || !SCHEMES.has(scheme)) return false;
  if (scheme.startsWith("unix")) return true;
  return /^(\[[0-9a-fA-F:.%]+\]|[^/:\s]+):\d+$/.test(rest);
}
