/**
 * What each command does. Deterministic: no await, no clock, no randomness, no I/O but reading rows;
 * a command checks first and changes second, so that a refusal leaves nothing behind.
 */
import { META } from "../mvcc/index.ts";
import type { Lessor, WriteTxn } from "../mvcc/index.ts";
import { EtcdError, messages } from "../wire/index.ts";
import type { Alarms } from "./alarms.ts";
import { applyAuth } from "./auth/apply-auth.ts";
import type { AuthStore } from "./auth/auth-store.ts";
import { mustDelete, mustHoldLease, mustPut, mustTxn } from "./auth/permissions.ts";
import type { Command } from "./command.ts";
import type { Member } from "./member.ts";
import { txnCost } from "./limits.ts";
import { checkPutTarget, deleteRange, put } from "./txn/operations.ts";
import { writeTxn } from "./txn/txn.ts";

/** What commands change beside the store. */
export interface ApplyState {
  readonly member: Member;
  readonly alarms: Alarms;
  readonly lessor: Lessor;
  readonly auth: AuthStore;
}

/** Carries out a command and answers with the encoded response. Throws EtcdError, StorageError. */
export function apply(command: Command, txn: WriteTxn, state: ApplyState): Uint8Array {
  const { member, alarms } = state;
  const auth = state.auth.applied;
  const headerAt = (revision: number): Uint8Array => member.headers.at(revision);
  // Source: etcd server/etcdserver/apply: the corrupt alarm first, then the one for space.
  if (command.type !== "alarm" && command.type !== "auth") alarms.refuseIfCorrupt();
  switch (command.type) {
    case "put":
      alarms.refuseIfFull();
      if (auth.enabled) mustPut(auth, command.caller, command.request, (id) => txn.lease(id));
      checkPutTarget(command.request, txn, (id) => txn.lease(id) !== undefined);
      return put(command.request, txn, headerAt);
    case "deleteRange":
      if (auth.enabled) mustDelete(auth, command.caller, command.request);
      return deleteRange(command.request, txn, headerAt);
    case "txn":
      // The cost only when it matters: it goes through the whole request.
      if (alarms.isFull && txnCost(command.request) > 0) alarms.refuseIfFull();
      if (auth.enabled) mustTxn(auth, command.caller, command.request, (id) => txn.lease(id));
      return writeTxn(command.request, txn, headerAt);
    case "compact":
      compact(command.request.revision, txn);
      return headerAt(txn.revision);
    case "compactStep": {
      const { cursor, revision, keysMax, removalsMax } = command;
      const from = cursor.from ?? "";
      cursor.from = txn.compactStep({ revision, from, keysMax, removalsMax }).next;
      return headerAt(txn.revision);
    }
    case "leaseGrant":
      alarms.refuseIfFull();
      return leaseGrant(command, txn, member);
    case "leaseRevoke": {
      if (auth.enabled) mustHoldLease(auth, command.caller, command.id, (id) => txn.lease(id));
      const lease = txn.lease(command.id);
      if (lease === undefined) throw new EtcdError("leaseNotFound");
      txn.revokeLease(lease);
      return headerAt(txn.revision);
    }
    case "leaseExpire": {
      const lease = txn.lease(command.id);
      // It may have been renewed or revoked while this command was in line.
      if (lease !== undefined && lease.deadlineMs <= command.nowMs) txn.revokeLease(lease);
      return headerAt(txn.revision);
    }
    case "leaseCheckpoint":
      for (const { id, remainingTtl } of command.checkpoints) {
        const lease = txn.lease(id);
        if (lease !== undefined) txn.checkpointLease(lease, remainingTtl);
      }
      return headerAt(txn.revision);
    case "alarm": {
      const raised = alarms.apply(command.request, txn);
      const header = member.header(txn.revision);
      return messages.encodeAlarmResponse({ header, alarms: raised });
    }
    case "reset":
      txn.resetTo(command.mark, command.nowMs);
      return headerAt(txn.revision);
    case "memberUpdate":
      member.peerUrls = command.peerUrls;
      txn.putRecord(META.peerUrls, Buffer.from(JSON.stringify(command.peerUrls)));
      return headerAt(0);
    case "auth": {
      const header = member.header(txn.revision);
      return applyAuth(command.operation, command.caller, { auth: state.auth, txn, header });
    }
  }
}

function compact(revision: number, txn: WriteTxn): void {
  if (revision <= txn.compactedRevision) throw new EtcdError("compacted");
  if (revision > txn.revision) throw new EtcdError("futureRevision");
  txn.compact(revision);
}

function leaseGrant(
  command: { readonly id: bigint; readonly ttl: number; readonly nowMs: number },
  txn: WriteTxn,
  member: Member,
): Uint8Array {
  const { id, ttl, nowMs } = command;
  if (txn.lease(id) !== undefined) throw new EtcdError("leaseExists");
  txn.grantLease(id, ttl, nowMs + ttl * 1000);
  return messages.encodeLeaseGrantResponse({ header: member.header(txn.revision), id, ttl });
}
