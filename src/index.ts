/** etcdlet: an etcd server in this process, and a client for it or for any etcd. */
export { Client, compare, op, prefixEnd } from "./client/index.ts";
export type {
  CallOptions,
  CampaignOptions,
  Comparison,
  DeleteOptions,
  DeleteResponse,
  GetOptions,
  GetResponse,
  HeldLock,
  IterateOptions,
  KeptLease,
  KeyValue,
  LeaderResponse,
  Leadership,
  LockOptions,
  LockResponse,
  Observation,
  Operation,
  PutOptions,
  PutResponse,
  Txn,
  TxnResponse,
  Watch,
  WatchAnswer,
  WatchEvent,
  WatchOptions,
  WithLockOptions,
} from "./client/index.ts";
export {
  connect,
  Etcd,
  EtcdStores,
  exportSnapshot,
  restoreSnapshot,
  snapshotStatus,
} from "./embed/index.ts";
export type {
  ConnectOptions,
  ContentChange,
  DatabaseStatus,
  EtcdOptions,
  ExportOptions,
  ForkOptions,
  Mark,
  RestoreOptions,
  StoreOptions,
  StoresOptions,
  TlsOptions,
} from "./embed/index.ts";
export { Faults, VirtualClock, expectNoWrites, waitFor } from "./testing/index.ts";
export type {
  Duration,
  Fault,
  FaultAction,
  FaultError,
  FaultRule,
  FaultsOptions,
  FaultyDisk,
  NoWrites,
  WaitOptions,
} from "./testing/index.ts";
export { EtcdError, STATUS } from "./wire/index.ts";
export type { Channel, Clock, ErrorReason, Logger, StatusCode } from "./wire/index.ts";
