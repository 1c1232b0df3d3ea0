/** Series of the store, of leases and of the disk. Source: etcd server/storage, server/lease. */
import type { Family } from "./exposition.ts";
import { counter, gauge, histogram } from "./family.ts";
import type { MetricsSources } from "./sources.ts";

/** Source: etcd server/storage/mvcc/metrics.go. */
export function keyFamilies({ store }: MetricsSources): Family[] {
  const { counts } = store;
  return [
    counter("etcd_mvcc_range_total", seen("ranges"), () => counts.ranges),
    counter("etcd_mvcc_put_total", seen("puts"), () => counts.puts),
    counter("etcd_mvcc_delete_total", seen("deletes"), () => counts.deletes),
    counter("etcd_mvcc_txn_total", seen("txns"), () => counts.txns),
    gauge(
      "etcd_debugging_mvcc_total_put_size_in_bytes",
      "The total size of put kv pairs seen by this member.",
      () => counts.putBytes,
    ),
    gauge("etcd_debugging_mvcc_keys_total", "Total number of keys.", () => store.liveKeyCount),
    gauge(
      "etcd_debugging_mvcc_current_revision",
      "The current revision of store.",
      () => store.visibleRevision,
    ),
    gauge(
      "etcd_debugging_mvcc_compact_revision",
      "The revision of the last compaction in store.",
      () => store.compactedRevision,
    ),
    gauge(
      "etcd_mvcc_db_total_size_in_bytes",
      "Total size of the underlying database physically allocated in bytes.",
      () => store.sizeBytes,
    ),
    gauge(
      "etcd_mvcc_db_total_size_in_use_in_bytes",
      "Total size of the underlying database logically in use in bytes.",
      () => store.sizeInUseBytes,
    ),
    gauge(
      "etcd_mvcc_db_open_read_transactions",
      "The number of currently open read transactions",
      () => store.longReadCount,
    ),
  ];
}

function seen(what: string): string {
  return `Total number of ${what} seen by this member.`;
}

/** Source: as above. */
export function watchFamilies({ store, counts: calls }: MetricsSources): Family[] {
  const { counts, watchers } = store;
  return [
    gauge("etcd_debugging_mvcc_watch_stream_total", "Total number of watch streams.", () =>
      calls.openCount("watch"),
    ),
    gauge(
      "etcd_debugging_mvcc_watcher_total",
      "Total number of watchers.",
      () => watchers.counts.total,
    ),
    gauge(
      "etcd_debugging_mvcc_slow_watcher_total",
      "Total number of unsynced slow watchers.",
      () => watchers.counts.behind,
    ),
    gauge(
      "etcd_debugging_mvcc_pending_events_total",
      "Total number of pending events to be sent.",
      () => watchers.pendingEventCount,
    ),
    counter(
      "etcd_debugging_mvcc_events_total",
      "Total number of events sent by this member.",
      () => counts.events,
    ),
  ];
}

/** Source: etcd server/lease/metrics.go. */
export function leaseFamilies({ store: { counts } }: MetricsSources): Family[] {
  return [
    counter(
      "etcd_debugging_lease_granted_total",
      "The total number of granted leases.",
      () => counts.leasesGranted,
    ),
    counter(
      "etcd_debugging_lease_renewed_total",
      "The number of renewed leases seen by the leader.",
      () => counts.leasesRenewed,
    ),
    counter(
      "etcd_debugging_lease_revoked_total",
      "The total number of revoked leases.",
      () => counts.leasesRevoked,
    ),
    histogram(
      "etcd_debugging_lease_ttl_total",
      "Bucketed histogram of lease TTLs.",
      counts.leaseTtls,
    ),
  ];
}

/** Source: etcd server/storage/wal/metrics.go, server/storage/backend/metrics.go. */
export function diskFamilies({ store, figures }: MetricsSources): Family[] {
  return [
    histogram(
      "etcd_disk_wal_fsync_duration_seconds",
      "The latency distributions of fsync called by WAL.",
      figures.walFsync,
    ),
    histogram(
      "etcd_disk_backend_commit_duration_seconds",
      "The latency distributions of commit called by backend.",
      figures.backendCommit,
    ),
    gauge(
      "etcd_disk_wal_write_bytes_total",
      "Total number of bytes written in WAL.",
      () => store.counts.writtenBytes,
    ),
    histogram(
      "etcd_disk_backend_defrag_duration_seconds",
      "The latency distribution of backend defragmentation.",
      figures.defragment,
    ),
    gauge(
      "etcd_disk_defrag_inflight",
      "Whether or not defrag is active on the member. 1 means active, 0 means not.",
      () => (figures.defragmentsUnderWay > 0 ? 1 : 0),
    ),
    histogram(
      "etcd_disk_backend_snapshot_duration_seconds",
      "The latency distribution of backend snapshots.",
      figures.snapshot,
    ),
    histogram(
      "etcd_mvcc_hash_duration_seconds",
      "The latency distribution of storage hash operation.",
      figures.hash,
    ),
    histogram(
      "etcd_mvcc_hash_rev_duration_seconds",
      "The latency distribution of storage hash by revision operation.",
      figures.hashRevision,
    ),
  ];
}

/** Source: etcd server/storage/mvcc/metrics.go. */
export function compactionFamilies(sources: MetricsSources): Family[] {
  const { figures, store, unixSeconds } = sources;
  return [
    counter(
      "etcd_debugging_mvcc_db_compaction_keys_total",
      "Total number of db keys compacted.",
      () => store.counts.compactedRows,
    ),
    gauge(
      "etcd_debugging_mvcc_db_compaction_last",
      "The unix time of the last db compaction. Resets to 0 on start.",
      () => {
        const { lastCompactionMs } = figures;
        return lastCompactionMs === undefined ? 0 : Math.floor(unixSeconds(lastCompactionMs));
      },
    ),
    histogram(
      "etcd_debugging_mvcc_db_compaction_pause_duration_milliseconds",
      "Bucketed histogram of db compaction pause duration.",
      figures.compactionPause,
    ),
    histogram(
      "etcd_debugging_mvcc_db_compaction_total_duration_milliseconds",
      "Bucketed histogram of db compaction total duration.",
      figures.compaction,
    ),
  ];
}
