export type { Change } from "./change.ts";
export type { CompactionStep } from "./compaction.ts";
export { etcdRowKey, etcdRowOf } from "./etcd-row-key.ts";
export type { EtcdRow } from "./etcd-row-key.ts";
export { isTombstone } from "./hash.ts";
export type { KeyVersion } from "./key-history.ts";
export { Histogram, exponentialBounds } from "./histogram.ts";
export { keyRange } from "./key-range.ts";
export type { KeyRange } from "./key-range.ts";
export type { Lease, Lessor } from "./lessor.ts";
export { loadCompactions, loadIdentity } from "./load.ts";
export type { StoredIdentity } from "./load.ts";
export type { RangeQuery, RangeResult } from "./range.ts";
export type { KeyValueSink, LongRead, LongResult, Reader } from "./long-read.ts";
export type { KeyDifference } from "./content-difference.ts";
export { contentDifference } from "./content-difference.ts";
export type { Mark } from "./mark.ts";
export { NEVER_COMPACTED } from "./revision.ts";
export { RowCheck } from "./row-check.ts";
export type { RowPlace } from "./row-check.ts";
export { Store, VALUE_BYTES_MAX } from "./store.ts";
export type { KeyValueHash, StoreOptions } from "./store.ts";
export {
  AUTH,
  FORMAT,
  META,
  alarmKey,
  encodeId,
  encodeNumber,
  isRevisionKey,
  mainOf,
  recordKey,
  recordName,
  revisionKey,
  subOf,
  tableRange,
} from "./tables.ts";
export type { TableName } from "./tables.ts";
export type { StoreCounts } from "./store-counts.ts";
export { TurnExceeded } from "./view.ts";
export type { ReadView, View } from "./view.ts";
export type { WatchHub } from "./watch-hub.ts";
export type { WatchOutlet, WatchSink, WatchSpec, Watcher } from "./watcher.ts";
export type { WriteTxn } from "./write-txn.ts";
