/**
 * Everything that can change the state of the server. A command carries all that its outcome
 * depends on, time included: the same commands in the same order give the same store.
 */
import type { Mark } from "../mvcc/index.ts";
import type { messages } from "../wire/index.ts";

export type Command =
  | { readonly type: "put"; readonly request: messages.PutRequest }
  | { readonly type: "deleteRange"; readonly request: messages.DeleteRangeRequest }
  | { readonly type: "txn"; readonly request: messages.TxnRequest }
  | { readonly type: "compact"; readonly request: messages.CompactionRequest }
  | {
      readonly type: "compactStep";
      /** The compaction that this is a part of. */
      readonly revision: number;
      /** The key to go on at, and what becomes of it: undefined when all keys were looked at. */
      readonly cursor: { from: string | undefined };
      readonly keysMax: number;
      readonly removalsMax: number;
    }
  | {
      readonly type: "leaseGrant";
      readonly id: bigint;
      /** Seconds, within bounds. */
      readonly ttl: number;
      readonly nowMs: number;
    }
  | { readonly type: "leaseRevoke"; readonly id: bigint }
  | {
      readonly type: "leaseExpire";
      readonly id: bigint;
      /** The lease ends only if its deadline is not after this. */
      readonly nowMs: number;
    }
  | {
      readonly type: "leaseCheckpoint";
      /** Seconds that are left; 0 for all of them again. */
      readonly checkpoints: readonly { readonly id: bigint; readonly remainingTtl: number }[];
    }
  | { readonly type: "alarm"; readonly request: messages.AlarmRequest }
  | {
      /** Back to what a mark has. A replicated log has to take marks in order with commands, too. */
      readonly type: "reset";
      readonly mark: Mark;
      readonly nowMs: number;
    }
  | { readonly type: "memberUpdate"; readonly peerUrls: readonly string[] };
