/**
 * Everything that can change the state of the server. A command carries all that its outcome
 * depends on, time included: the same commands in the same order give the same store.
 */
import type { Mark } from "../mvcc/index.ts";
import type { messages } from "../wire/index.ts";
import type { AuthOperation } from "./auth/operations.ts";
import type { Caller } from "./auth/permissions.ts";

export type Command =
  | ({ readonly type: "put"; readonly request: messages.PutRequest } & Called)
  | ({ readonly type: "deleteRange"; readonly request: messages.DeleteRangeRequest } & Called)
  | ({ readonly type: "txn"; readonly request: messages.TxnRequest } & Called)
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
  | ({ readonly type: "leaseRevoke"; readonly id: bigint } & Called)
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
  | { readonly type: "memberUpdate"; readonly peerUrls: readonly string[] }
  | ({ readonly type: "auth"; readonly operation: AuthOperation } & Called);

/** What is asked for by somebody. What the server decides by itself is not. */
interface Called {
  /** Left out for nobody, and while authentication is off. */
  readonly caller?: Caller | undefined;
}
