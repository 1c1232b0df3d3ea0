/** What a member does while it has no leader. */
import { EtcdError, messages } from "../wire/index.ts";
import type { CallContext, Method, UnaryMethod } from "../wire/index.ts";

const m = messages;

/** Source: etcd api/v3rpc/rpctypes/metadatafields.go, client/v3/ctx.go, WithRequireLeader. */
const REQUIRE_LEADER_KEY = "hasleader";

/** What a member answers alone. */
const LOCAL: ReadonlySet<Method> = new Set<Method>([
  "status",
  "hash",
  "hashKV",
  "defragment",
  "snapshot",
  "healthCheck",
  "healthList",
]);

/** A client that would rather have an error than wait. */
export function requiresLeader(context: CallContext): boolean {
  return context.metadata(REQUIRE_LEADER_KEY) === "true";
}

/**
 * Whether a request is answered without a leader. Source: etcd server/etcdserver/v3_server.go, where
 * Range, Txn and MemberList of the kind wait for nobody.
 */
export function isLocal(method: UnaryMethod, request: Uint8Array): boolean {
  if (LOCAL.has(method)) return true;
  try {
    if (method === "range") return m.decodeRangeRequest(request).serializable;
    if (method === "memberList") return !m.decodeMemberListRequest(request).linearizable;
    return method === "txn" && isSerializable(m.decodeTxnRequest(request));
  } catch {
    return false;
  }
}

function isSerializable({ success, failure }: messages.TxnRequest): boolean {
  return [...success, ...failure].every((operation) => operation.requestRange?.serializable);
}

/** What Status says then. Source: etcd server/etcdserver/api/v3rpc/maintenance.go, Status. */
export function statusWithoutLeader(answer: Uint8Array): Uint8Array {
  const status = m.decodeStatusResponse(answer);
  const errors = [...status.errors, new EtcdError("noLeader").message];
  return m.encodeStatusResponse({ ...status, leader: 0n, errors });
}
