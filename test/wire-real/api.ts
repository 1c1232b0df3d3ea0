/** Every method of every service of proto, by short names. */
import { messages as m } from "../../src/wire/index.ts";
import type { Exchange } from "./exchange.ts";

export type Api = ReturnType<typeof api>;

/** The methods as functions over one connection. */
export function api(x: Exchange) {
  return {
    kv: kv(x),
    watch: () => x.stream("/etcdserverpb.Watch/Watch", m.encodeWatchRequest, m.decodeWatchResponse),
    lease: lease(x),
    cluster: cluster(x),
    maintenance: maintenance(x),
    auth: auth(x),
    lock: lock(x),
    election: election(x),
    health: health(x),
  };
}

function kv(x: Exchange) {
  const path = (name: string) => `/etcdserverpb.KV/${name}`;
  return {
    range: x.unary(path("Range"), m.encodeRangeRequest, m.decodeRangeResponse),
    rangeStream: () =>
      x.stream(path("RangeStream"), m.encodeRangeRequest, m.decodeRangeStreamResponse),
    put: x.unary(path("Put"), m.encodePutRequest, m.decodePutResponse),
    deleteRange: x.unary(
      path("DeleteRange"),
      m.encodeDeleteRangeRequest,
      m.decodeDeleteRangeResponse,
    ),
    txn: x.unary(path("Txn"), m.encodeTxnRequest, m.decodeTxnResponse),
    compact: x.unary(path("Compact"), m.encodeCompactionRequest, m.decodeCompactionResponse),
  };
}

function lease(x: Exchange) {
  const path = (name: string) => `/etcdserverpb.Lease/Lease${name}`;
  return {
    grant: x.unary(path("Grant"), m.encodeLeaseGrantRequest, m.decodeLeaseGrantResponse),
    revoke: x.unary(path("Revoke"), m.encodeLeaseRevokeRequest, m.decodeLeaseRevokeResponse),
    keepAlive: () =>
      x.stream(path("KeepAlive"), m.encodeLeaseKeepAliveRequest, m.decodeLeaseKeepAliveResponse),
    timeToLive: x.unary(
      path("TimeToLive"),
      m.encodeLeaseTimeToLiveRequest,
      m.decodeLeaseTimeToLiveResponse,
    ),
    leases: x.unary(path("Leases"), m.encodeLeaseLeasesRequest, m.decodeLeaseLeasesResponse),
  };
}

function cluster(x: Exchange) {
  const path = (name: string) => `/etcdserverpb.Cluster/Member${name}`;
  return {
    add: x.unary(path("Add"), m.encodeMemberAddRequest, m.decodeMemberAddResponse),
    remove: x.unary(path("Remove"), m.encodeMemberRemoveRequest, m.decodeMemberRemoveResponse),
    update: x.unary(path("Update"), m.encodeMemberUpdateRequest, m.decodeMemberUpdateResponse),
    list: x.unary(path("List"), m.encodeMemberListRequest, m.decodeMemberListResponse),
    promote: x.unary(path("Promote"), m.encodeMemberPromoteRequest, m.decodeMemberPromoteResponse),
  };
}

function maintenance(x: Exchange) {
  const path = (name: string) => `/etcdserverpb.Maintenance/${name}`;
  return {
    alarm: x.unary(path("Alarm"), m.encodeAlarmRequest, m.decodeAlarmResponse),
    status: x.unary(path("Status"), m.encodeStatusRequest, m.decodeStatusResponse),
    defragment: x.unary(path("Defragment"), m.encodeDefragmentRequest, m.decodeDefragmentResponse),
    hash: x.unary(path("Hash"), m.encodeHashRequest, m.decodeHashResponse),
    hashKv: x.unary(path("HashKV"), m.encodeHashKVRequest, m.decodeHashKVResponse),
    snapshot: () => x.stream(path("Snapshot"), m.encodeSnapshotRequest, m.decodeSnapshotResponse),
    moveLeader: x.unary(path("MoveLeader"), m.encodeMoveLeaderRequest, m.decodeMoveLeaderResponse),
    downgrade: x.unary(path("Downgrade"), m.encodeDowngradeRequest, m.decodeDowngradeResponse),
  };
}

function auth(x: Exchange) {
  return { ...authState(x), ...users(x), ...roles(x) };
}

function authState(x: Exchange) {
  const path = (name: string) => `/etcdserverpb.Auth/Auth${name}`;
  return {
    enable: x.unary(path("Enable"), m.encodeAuthEnableRequest, m.decodeAuthEnableResponse),
    disable: x.unary(path("Disable"), m.encodeAuthDisableRequest, m.decodeAuthDisableResponse),
    status: x.unary(path("Status"), m.encodeAuthStatusRequest, m.decodeAuthStatusResponse),
    authenticate: x.unary(
      path("enticate"),
      m.encodeAuthenticateRequest,
      m.decodeAuthenticateResponse,
    ),
  };
}

function users(x: Exchange) {
  const path = (name: string) => `/etcdserverpb.Auth/User${name}`;
  return {
    userAdd: x.unary(path("Add"), m.encodeAuthUserAddRequest, m.decodeAuthUserAddResponse),
    userGet: x.unary(path("Get"), m.encodeAuthUserGetRequest, m.decodeAuthUserGetResponse),
    userList: x.unary(path("List"), m.encodeAuthUserListRequest, m.decodeAuthUserListResponse),
    userDelete: x.unary(
      path("Delete"),
      m.encodeAuthUserDeleteRequest,
      m.decodeAuthUserDeleteResponse,
    ),
    userChangePassword: x.unary(
      path("ChangePassword"),
      m.encodeAuthUserChangePasswordRequest,
      m.decodeAuthUserChangePasswordResponse,
    ),
    userGrantRole: x.unary(
      path("GrantRole"),
      m.encodeAuthUserGrantRoleRequest,
      m.decodeAuthUserGrantRoleResponse,
    ),
    userRevokeRole: x.unary(
      path("RevokeRole"),
      m.encodeAuthUserRevokeRoleRequest,
      m.decodeAuthUserRevokeRoleResponse,
    ),
  };
}

function roles(x: Exchange) {
  const path = (name: string) => `/etcdserverpb.Auth/Role${name}`;
  return {
    roleAdd: x.unary(path("Add"), m.encodeAuthRoleAddRequest, m.decodeAuthRoleAddResponse),
    roleGet: x.unary(path("Get"), m.encodeAuthRoleGetRequest, m.decodeAuthRoleGetResponse),
    roleList: x.unary(path("List"), m.encodeAuthRoleListRequest, m.decodeAuthRoleListResponse),
    roleDelete: x.unary(
      path("Delete"),
      m.encodeAuthRoleDeleteRequest,
      m.decodeAuthRoleDeleteResponse,
    ),
    roleGrantPermission: x.unary(
      path("GrantPermission"),
      m.encodeAuthRoleGrantPermissionRequest,
      m.decodeAuthRoleGrantPermissionResponse,
    ),
    roleRevokePermission: x.unary(
      path("RevokePermission"),
      m.encodeAuthRoleRevokePermissionRequest,
      m.decodeAuthRoleRevokePermissionResponse,
    ),
  };
}

function lock(x: Exchange) {
  return {
    lock: x.unary("/v3lockpb.Lock/Lock", m.encodeLockRequest, m.decodeLockResponse),
    unlock: x.unary("/v3lockpb.Lock/Unlock", m.encodeUnlockRequest, m.decodeUnlockResponse),
  };
}

function election(x: Exchange) {
  const path = (name: string) => `/v3electionpb.Election/${name}`;
  return {
    campaign: x.unary(path("Campaign"), m.encodeCampaignRequest, m.decodeCampaignResponse),
    proclaim: x.unary(path("Proclaim"), m.encodeProclaimRequest, m.decodeProclaimResponse),
    leader: x.unary(path("Leader"), m.encodeLeaderRequest, m.decodeLeaderResponse),
    observe: () => x.stream(path("Observe"), m.encodeLeaderRequest, m.decodeLeaderResponse),
    resign: x.unary(path("Resign"), m.encodeResignRequest, m.decodeResignResponse),
  };
}

function health(x: Exchange) {
  const path = (name: string) => `/grpc.health.v1.Health/${name}`;
  return {
    check: x.unary(path("Check"), m.encodeHealthCheckRequest, m.decodeHealthCheckResponse),
    list: x.unary(path("List"), m.encodeHealthListRequest, m.decodeHealthListResponse),
    watch: () => x.stream(path("Watch"), m.encodeHealthCheckRequest, m.decodeHealthCheckResponse),
  };
}
