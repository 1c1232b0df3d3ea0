/**
 * Bringing a store back to what a mark has, as a way forward: the difference is written as ordinary
 * puts and deletes, each at a revision of its own, so that every watcher, and who lives by revisions,
 * goes on as if somebody had made the changes by hand.
 */
import { decodeKeyValueHead } from "../wire/index.ts";
import { contentDifference } from "./content-difference.ts";
import type { KeySpace } from "./key-space.ts";
import type { Mark } from "./mark.ts";
import type { WriteTxn } from "./write-txn.ts";

/**
 * Writes what differs, and answers how many keys that were. Leases of the mark have their whole time
 * again; others end, and have no keys by then. Throws StorageError. Whole: no await.
 */
export function resetTo(
  mark: Mark,
  { space, txn, nowMs }: { space: KeySpace; txn: WriteTxn; nowMs: number },
): number {
  const deadlineMs = (ttl: number): number => nowMs + ttl * 1000;
  for (const { id, ttl } of mark.leases) txn.setLease(id, ttl, deadlineMs(ttl));
  const differences = contentDifference(space, mark);
  for (const { key, other } of differences) {
    if (other === undefined) {
      txn.deleteKey(key);
    } else {
      const { keyStart, keyEnd, valueStart, valueEnd, lease } = decodeKeyValueHead(other);
      const keyBytes = other.subarray(keyStart, keyEnd);
      txn.put(key, keyBytes, other.subarray(valueStart, valueEnd), lease);
    }
    txn.endCommand();
  }
  const kept = new Set(mark.leases.map(({ id }) => id));
  for (const lease of txn.leases()) if (!kept.has(lease.id)) txn.revokeLease(lease);
  return differences.length;
}
