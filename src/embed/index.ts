export { connect } from "./connect.ts";
export type { ConnectOptions } from "./connect.ts";
export { Etcd } from "./etcd.ts";
export type { ForkOptions } from "./etcd.ts";
export type { ContentChange, Mark } from "./marks.ts";
export type { EtcdOptions } from "./options.ts";
export type { TlsOptions } from "../transport/index.ts";
export { exportSnapshot, restoreSnapshot, snapshotStatus } from "./snapshots.ts";
export type { DatabaseStatus, ExportOptions, RestoreOptions } from "./snapshots.ts";
