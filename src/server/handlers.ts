/** Who answers a method with one answer. */
import type { CallContext, UnaryMethod } from "../wire/index.ts";
import type { AuthService } from "./rpc/auth.ts";
import type { ClusterService } from "./rpc/cluster.ts";
import type { ElectionService } from "./rpc/election.ts";
import type { Health } from "./rpc/health.ts";
import type { KvService } from "./rpc/kv.ts";
import type { LeaseService } from "./rpc/lease.ts";
import type { LockService } from "./rpc/lock.ts";
import type { MaintenanceService } from "./rpc/maintenance.ts";

/** At once, or later. */
export type Answer = Uint8Array | PromiseLike<Uint8Array>;
export type UnaryHandler = (request: Uint8Array, context: CallContext) => Answer;

/** The services that have methods with one answer. */
export interface Services {
  readonly kv: KvService;
  readonly lease: LeaseService;
  readonly cluster: ClusterService;
  readonly maintenance: MaintenanceService;
  readonly auth: AuthService;
  readonly lock: LockService;
  readonly election: ElectionService;
  readonly health: Health;
}

/** Asks a handler when something has come about. */
export async function answerAfter(
  ready: Promise<void>,
  handler: UnaryHandler,
  request: Uint8Array,
  context: CallContext,
): Promise<Uint8Array> {
  await ready;
  return handler(request, context);
}

/** A handler for every method. */
export function unaryHandlers(services: Services): Record<UnaryMethod, UnaryHandler> {
  const { kv, lease, cluster, maintenance, auth, lock, election, health } = services;
  return {
    range: (request, context) => kv.range(request, context),
    put: (request, context) => kv.put(request, context),
    deleteRange: (request, context) => kv.deleteRange(request, context),
    txn: (request, context) => kv.txn(request, context),
    compact: (request, context) => kv.compact(request, context),
    leaseGrant: (request, context) => lease.grant(request, context),
    leaseRevoke: (request, context) => lease.revoke(request, context),
    leaseTimeToLive: (request, context) => lease.timeToLive(request, context),
    leaseLeases: (request, context) => lease.leases(request, context),
    memberAdd: (request, context) => cluster.add(request, context),
    memberRemove: (request, context) => cluster.remove(request, context),
    memberUpdate: (request, context) => cluster.update(request, context),
    memberList: (request, context) => cluster.list(request, context),
    memberPromote: (request, context) => cluster.promote(request, context),
    alarm: (request, context) => maintenance.alarm(request, context),
    status: (request, context) => maintenance.status(request, context),
    defragment: (request, context) => maintenance.defragment(request, context),
    hash: (request, context) => maintenance.hash(request, context),
    hashKV: (request, context) => maintenance.hashKv(request, context),
    moveLeader: (request, context) => maintenance.moveLeader(request, context),
    downgrade: (request, context) => maintenance.downgrade(request, context),
    lock: (request, context) => lock.lock(request, context),
    unlock: (request, context) => lock.unlock(request, context),
    campaign: (request, context) => election.campaign(request, context),
    proclaim: (request, context) => election.proclaim(request, context),
    leader: (request, context) => election.leader(request, context),
    resign: (request, context) => election.resign(request, context),
    healthCheck: (request) => health.check(request),
    healthList: (request) => health.list(request),
    ...auth.handlers,
  };
}
