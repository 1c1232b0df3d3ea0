/** How far applied indexes may go before the disk has to be told. */
import { META, encodeNumber } from "../mvcc/index.ts";
import type { WriteTxn } from "../mvcc/index.ts";

/**
 * The applied index must not go back at a restart. It is not written with every group, but this far
 * ahead when it has caught up: a start may skip some numbers. Not often, because this row ends up in
 * one table of LevelDB with the newest revisions: see Store.setRecordsApart().
 */
const INDEX_RESERVE = 10_000_000;

/** Notes that applied indexes after `appliedIndex` may be used, and answers up to which. */
export function reserveIndexes(txn: WriteTxn, appliedIndex: number): number {
  const reservedIndex = appliedIndex + INDEX_RESERVE;
  txn.putRecord(META.reservedIndex, encodeNumber(reservedIndex));
  return reservedIndex;
}
