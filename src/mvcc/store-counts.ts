/**
 * What a store has done since it was opened, in etcd's terms.
 * Source: etcd server/storage/mvcc/metrics_txn.go, metrics.go; server/lease/metrics.go.
 */
import { Histogram, exponentialBounds } from "./histogram.ts";

/** Seconds: 1 to 2^23. Source: etcd server/lease/metrics.go, leaseTotalTTLs. */
const TTL_BOUNDS = exponentialBounds(1, 2, 24);

export class StoreCounts {
  /** Operations, those inside of transactions included; conditions and previous values are ranges. */
  ranges = 0;
  puts = 0;
  deletes = 0;
  /** Requests with more than one operation. */
  txns = 0;
  /** Of keys and values that were put. */
  putBytes = 0;
  /** Sent to watchers. */
  events = 0;
  /** Rows that compactions have removed. */
  compactedRows = 0;
  /** Of rows handed to the engine. */
  writtenBytes = 0;
  leasesGranted = 0;
  leasesRenewed = 0;
  leasesRevoked = 0;
  readonly leaseTtls: Histogram = new Histogram(TTL_BOUNDS);

  /** A request with so many operations is over. */
  requestDone(operationCount: number): void {
    if (operationCount > 1) this.txns++;
  }
}
