export { Client } from "./client.ts";
export type { ClientOptions } from "./client.ts";
export type {
  CallOptions,
  StreamRequest,
  StreamResponse,
  UnaryRequest,
  UnaryResponse,
} from "./calls.ts";
export type {
  CampaignOptions,
  Election,
  LeaderResponse,
  Leadership,
  Observation,
} from "./election.ts";
export type { KeptLease } from "./kept-lease.ts";
export { keyRange, prefixEnd } from "./key-range.ts";
export type { Bytes, KeyRange, KeyRangeOptions } from "./key-range.ts";
export { keyValue } from "./kv-messages.ts";
export type {
  DeleteOptions,
  DeleteResponse,
  GetOptions,
  GetResponse,
  Header,
  KeyValue,
  PutOptions,
  PutResponse,
  SortOrder,
  SortTarget,
} from "./kv-messages.ts";
export type { IterateOptions, Kv } from "./kv.ts";
export type {
  Lease,
  LeaseGrantResponse,
  LeaseKeepAliveResponse,
  LeaseKeeper,
  LeaseLeasesResponse,
  LeaseTimeToLiveResponse,
} from "./lease.ts";
export type { HeldLock, Lock, LockOptions, LockResponse, WithLockOptions } from "./lock.ts";
export type { Alarm, AlarmType, Maintenance } from "./maintenance.ts";
export type { Auth, Permission, PermissionType } from "./auth.ts";
export type { Cluster } from "./cluster.ts";
export { STREAM_MESSAGES_UNREAD_MAX } from "./message-stream.ts";
export type { Credentials } from "./user-channel.ts";
export type { MessageStream } from "./message-stream.ts";
export { compare, op } from "./txn.ts";
export type {
  Comparable,
  CompareOperator,
  Comparison,
  Operation,
  OperationResponse,
  Txn,
  TxnResponse,
} from "./txn.ts";
export type { Watch, WatchAnswer, WatchEvent, WatchOptions, WatchStream } from "./watch.ts";
