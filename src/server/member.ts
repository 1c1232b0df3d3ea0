/** Who this server is: its ids, its name, and where it says it can be reached. */
import { createHash } from "node:crypto";
import { HeaderFrames } from "../wire/index.ts";

/** What identifies a member from its first start on. */
export interface MemberIdentity {
  readonly memberId: bigint;
  readonly clusterId: bigint;
  /** Grows by one at every start. */
  readonly term: number;
}

/**
 * Ids of the only member of a new cluster. Source: etcd
 * server/etcdserver/api/membership/member.go (computeMemberID) and cluster.go (genID).
 */
export function newIdentity(
  peerUrls: readonly string[],
  clusterToken: string,
): { readonly memberId: bigint; readonly clusterId: bigint } {
  const memberId = firstBytesOfSha1([...peerUrls].sort().join("") + clusterToken);
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(memberId);
  return { memberId, clusterId: firstBytesOfSha1(bytes) };
}

/** Term of the first start. Source: seen on etcd 3.7.3: one election is behind it. */
const FIRST_TERM = 2;

/** The term of the start after the one with the given term; 0 for none before. */
export function nextTerm(previous: number): number {
  return previous === 0 ? FIRST_TERM : previous + 1;
}

export class Member {
  readonly memberId: bigint;
  readonly clusterId: bigint;
  readonly term: number;
  readonly name: string;
  readonly headers: HeaderFrames;
  peerUrls: readonly string[];
  clientUrls: readonly string[];

  constructor(
    identity: MemberIdentity,
    about: { name: string; peerUrls: readonly string[]; clientUrls: readonly string[] },
  ) {
    this.memberId = identity.memberId;
    this.clusterId = identity.clusterId;
    this.term = identity.term;
    this.name = about.name;
    this.peerUrls = about.peerUrls;
    this.clientUrls = about.clientUrls;
    this.headers = new HeaderFrames(identity);
  }

  /** The header as a message, for answers that are not put together by hand. */
  header(revision: number): {
    clusterId: bigint;
    memberId: bigint;
    revision: number;
    raftTerm: number;
  } {
    const { clusterId, memberId, term: raftTerm } = this;
    return { clusterId, memberId, revision, raftTerm };
  }
}

function firstBytesOfSha1(data: string | Buffer): bigint {
  return createHash("sha1").update(data).digest().readBigUInt64BE(0);
}
