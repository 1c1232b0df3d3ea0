/**
 * Every method of the etcd API: its path, and whether one answer or many come back.
 *
 * Source: etcd api/etcdserverpb/rpc.proto, server/etcdserver/api/v3lock, v3election (services and
 * methods), 3.7.
 */

const KV = "/etcdserverpb.KV/";
const LEASE = "/etcdserverpb.Lease/";
const CLUSTER = "/etcdserverpb.Cluster/";
const MAINTENANCE = "/etcdserverpb.Maintenance/";
const AUTH = "/etcdserverpb.Auth/";
const LOCK = "/v3lockpb.Lock/";
const ELECTION = "/v3electionpb.Election/";

/** Methods with one request and one answer. The value is the HTTP/2 `:path`. */
export const UNARY_METHODS = {
  range: `${KV}Range`,
  put: `${KV}Put`,
  deleteRange: `${KV}DeleteRange`,
  txn: `${KV}Txn`,
  compact: `${KV}Compact`,
  leaseGrant: `${LEASE}LeaseGrant`,
  leaseRevoke: `${LEASE}LeaseRevoke`,
  leaseTimeToLive: `${LEASE}LeaseTimeToLive`,
  leaseLeases: `${LEASE}LeaseLeases`,
  memberAdd: `${CLUSTER}MemberAdd`,
  memberRemove: `${CLUSTER}MemberRemove`,
  memberUpdate: `${CLUSTER}MemberUpdate`,
  memberList: `${CLUSTER}MemberList`,
  memberPromote: `${CLUSTER}MemberPromote`,
  alarm: `${MAINTENANCE}Alarm`,
  status: `${MAINTENANCE}Status`,
  defragment: `${MAINTENANCE}Defragment`,
  hash: `${MAINTENANCE}Hash`,
  hashKV: `${MAINTENANCE}HashKV`,
  moveLeader: `${MAINTENANCE}MoveLeader`,
  downgrade: `${MAINTENANCE}Downgrade`,
  authEnable: `${AUTH}AuthEnable`,
  authDisable: `${AUTH}AuthDisable`,
  authStatus: `${AUTH}AuthStatus`,
  authenticate: `${AUTH}Authenticate`,
  userAdd: `${AUTH}UserAdd`,
  userGet: `${AUTH}UserGet`,
  userList: `${AUTH}UserList`,
  userDelete: `${AUTH}UserDelete`,
  userChangePassword: `${AUTH}UserChangePassword`,
  userGrantRole: `${AUTH}UserGrantRole`,
  userRevokeRole: `${AUTH}UserRevokeRole`,
  roleAdd: `${AUTH}RoleAdd`,
  roleGet: `${AUTH}RoleGet`,
  roleList: `${AUTH}RoleList`,
  roleDelete: `${AUTH}RoleDelete`,
  roleGrantPermission: `${AUTH}RoleGrantPermission`,
  roleRevokePermission: `${AUTH}RoleRevokePermission`,
  lock: `${LOCK}Lock`,
  unlock: `${LOCK}Unlock`,
  campaign: `${ELECTION}Campaign`,
  proclaim: `${ELECTION}Proclaim`,
  leader: `${ELECTION}Leader`,
  resign: `${ELECTION}Resign`,
  healthCheck: "/grpc.health.v1.Health/Check",
  healthList: "/grpc.health.v1.Health/List",
} as const;

/** Methods with many answers, and one or many requests. */
export const STREAM_METHODS = {
  rangeStream: `${KV}RangeStream`,
  watch: "/etcdserverpb.Watch/Watch",
  leaseKeepAlive: `${LEASE}LeaseKeepAlive`,
  snapshot: `${MAINTENANCE}Snapshot`,
  observe: `${ELECTION}Observe`,
  healthWatch: "/grpc.health.v1.Health/Watch",
  reflection: "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
  oldReflection: "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
} as const;

/** Of the stream methods, those that take one request only; the others take many. */
export const SINGLE_REQUEST_METHODS: ReadonlySet<StreamMethod> = new Set([
  "rangeStream",
  "snapshot",
  "observe",
  "healthWatch",
]);

export type UnaryMethod = keyof typeof UNARY_METHODS;
export type StreamMethod = keyof typeof STREAM_METHODS;
export type Method = UnaryMethod | StreamMethod;
