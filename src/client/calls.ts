/**
 * Every method of the API with its messages: what turns a {@link Channel} of bytes into typed calls.
 */
import { messages } from "../wire/index.ts";
import type { CallContext, Channel, StreamMethod, UnaryMethod } from "../wire/index.ts";
import { MessageStream } from "./message-stream.ts";
import type { Codec } from "./message-stream.ts";

const m = messages;

const UNARY = {
  range: { encode: m.encodeRangeRequest, decode: m.decodeRangeResponse },
  put: { encode: m.encodePutRequest, decode: m.decodePutResponse },
  deleteRange: { encode: m.encodeDeleteRangeRequest, decode: m.decodeDeleteRangeResponse },
  txn: { encode: m.encodeTxnRequest, decode: m.decodeTxnResponse },
  compact: { encode: m.encodeCompactionRequest, decode: m.decodeCompactionResponse },
  leaseGrant: { encode: m.encodeLeaseGrantRequest, decode: m.decodeLeaseGrantResponse },
  leaseRevoke: { encode: m.encodeLeaseRevokeRequest, decode: m.decodeLeaseRevokeResponse },
  leaseTimeToLive: {
    encode: m.encodeLeaseTimeToLiveRequest,
    decode: m.decodeLeaseTimeToLiveResponse,
  },
  leaseLeases: { encode: m.encodeLeaseLeasesRequest, decode: m.decodeLeaseLeasesResponse },
  memberAdd: { encode: m.encodeMemberAddRequest, decode: m.decodeMemberAddResponse },
  memberRemove: { encode: m.encodeMemberRemoveRequest, decode: m.decodeMemberRemoveResponse },
  memberUpdate: { encode: m.encodeMemberUpdateRequest, decode: m.decodeMemberUpdateResponse },
  memberList: { encode: m.encodeMemberListRequest, decode: m.decodeMemberListResponse },
  memberPromote: { encode: m.encodeMemberPromoteRequest, decode: m.decodeMemberPromoteResponse },
  alarm: { encode: m.encodeAlarmRequest, decode: m.decodeAlarmResponse },
  status: { encode: m.encodeStatusRequest, decode: m.decodeStatusResponse },
  defragment: { encode: m.encodeDefragmentRequest, decode: m.decodeDefragmentResponse },
  hash: { encode: m.encodeHashRequest, decode: m.decodeHashResponse },
  hashKV: { encode: m.encodeHashKVRequest, decode: m.decodeHashKVResponse },
  moveLeader: { encode: m.encodeMoveLeaderRequest, decode: m.decodeMoveLeaderResponse },
  downgrade: { encode: m.encodeDowngradeRequest, decode: m.decodeDowngradeResponse },
  authEnable: { encode: m.encodeAuthEnableRequest, decode: m.decodeAuthEnableResponse },
  authDisable: { encode: m.encodeAuthDisableRequest, decode: m.decodeAuthDisableResponse },
  authStatus: { encode: m.encodeAuthStatusRequest, decode: m.decodeAuthStatusResponse },
  authenticate: { encode: m.encodeAuthenticateRequest, decode: m.decodeAuthenticateResponse },
  userAdd: { encode: m.encodeAuthUserAddRequest, decode: m.decodeAuthUserAddResponse },
  userGet: { encode: m.encodeAuthUserGetRequest, decode: m.decodeAuthUserGetResponse },
  userList: { encode: m.encodeAuthUserListRequest, decode: m.decodeAuthUserListResponse },
  userDelete: { encode: m.encodeAuthUserDeleteRequest, decode: m.decodeAuthUserDeleteResponse },
  userChangePassword: {
    encode: m.encodeAuthUserChangePasswordRequest,
    decode: m.decodeAuthUserChangePasswordResponse,
  },
  userGrantRole: {
    encode: m.encodeAuthUserGrantRoleRequest,
    decode: m.decodeAuthUserGrantRoleResponse,
  },
  userRevokeRole: {
    encode: m.encodeAuthUserRevokeRoleRequest,
    decode: m.decodeAuthUserRevokeRoleResponse,
  },
  roleAdd: { encode: m.encodeAuthRoleAddRequest, decode: m.decodeAuthRoleAddResponse },
  roleGet: { encode: m.encodeAuthRoleGetRequest, decode: m.decodeAuthRoleGetResponse },
  roleList: { encode: m.encodeAuthRoleListRequest, decode: m.decodeAuthRoleListResponse },
  roleDelete: { encode: m.encodeAuthRoleDeleteRequest, decode: m.decodeAuthRoleDeleteResponse },
  roleGrantPermission: {
    encode: m.encodeAuthRoleGrantPermissionRequest,
    decode: m.decodeAuthRoleGrantPermissionResponse,
  },
  roleRevokePermission: {
    encode: m.encodeAuthRoleRevokePermissionRequest,
    decode: m.decodeAuthRoleRevokePermissionResponse,
  },
  lock: { encode: m.encodeLockRequest, decode: m.decodeLockResponse },
  unlock: { encode: m.encodeUnlockRequest, decode: m.decodeUnlockResponse },
  campaign: { encode: m.encodeCampaignRequest, decode: m.decodeCampaignResponse },
  proclaim: { encode: m.encodeProclaimRequest, decode: m.decodeProclaimResponse },
  leader: { encode: m.encodeLeaderRequest, decode: m.decodeLeaderResponse },
  resign: { encode: m.encodeResignRequest, decode: m.decodeResignResponse },
  healthCheck: { encode: m.encodeHealthCheckRequest, decode: m.decodeHealthCheckResponse },
  healthList: { encode: m.encodeHealthListRequest, decode: m.decodeHealthListResponse },
} as const;

const REFLECTION = {
  encode: m.encodeServerReflectionRequest,
  decode: m.decodeServerReflectionResponse,
};

const STREAM = {
  rangeStream: { encode: m.encodeRangeRequest, decode: m.decodeRangeStreamResponse },
  watch: { encode: m.encodeWatchRequest, decode: m.decodeWatchResponse },
  leaseKeepAlive: {
    encode: m.encodeLeaseKeepAliveRequest,
    decode: m.decodeLeaseKeepAliveResponse,
  },
  snapshot: { encode: m.encodeSnapshotRequest, decode: m.decodeSnapshotResponse },
  observe: { encode: m.encodeLeaderRequest, decode: m.decodeLeaderResponse },
  healthWatch: { encode: m.encodeHealthCheckRequest, decode: m.decodeHealthCheckResponse },
  reflection: REFLECTION,
  oldReflection: REFLECTION,
} as const;

/** What a unary method takes. */
export type UnaryRequest<Method extends UnaryMethod> = Parameters<
  (typeof UNARY)[Method]["encode"]
>[0];
/** What a unary method answers. */
export type UnaryResponse<Method extends UnaryMethod> = ReturnType<
  (typeof UNARY)[Method]["decode"]
>;
/** What a stream takes, message by message. */
export type StreamRequest<Method extends StreamMethod> = Parameters<
  (typeof STREAM)[Method]["encode"]
>[0];
/** What a stream answers, message by message. */
export type StreamResponse<Method extends StreamMethod> = ReturnType<
  (typeof STREAM)[Method]["decode"]
>;

/** The tables again, in the form in which the compiler follows one method through them. */
const UNARY_CODECS: {
  readonly [Method in UnaryMethod]: Codec<UnaryRequest<Method>, UnaryResponse<Method>>;
} = UNARY;
const STREAM_CODECS: {
  readonly [Method in StreamMethod]: Codec<StreamRequest<Method>, StreamResponse<Method>>;
} = STREAM;

/** What every call may be given. */
export interface CallOptions {
  /** Gives the call up when it is aborted. What it was to do may have been done. */
  readonly signal?: AbortSignal | undefined;
}

/** Typed calls of every method; the services of the client are made of these two. */
export class Calls {
  readonly #channel: Channel;
  readonly #context: CallContext;

  constructor(channel: Channel, context: CallContext) {
    this.#channel = channel;
    this.#context = context;
  }

  /** One request, one answer. Rejects with EtcdError; also when `signal` is aborted meanwhile. */
  async unary<Method extends UnaryMethod>(
    method: Method,
    request: UnaryRequest<Method>,
    signal?: AbortSignal,
  ): Promise<UnaryResponse<Method>> {
    const codec = UNARY_CODECS[method];
    const bytes = codec.encode(request);
    const context = signal === undefined ? this.#context : withSignal(this.#context, signal);
    return codec.decode(await this.#channel.unary(method, bytes, context));
  }

  /** Opens a stream. Its errors come out when it is read. */
  stream<Method extends StreamMethod>(
    method: Method,
  ): MessageStream<StreamRequest<Method>, StreamResponse<Method>>;
  /** The same, with answers in another form. */
  stream<Method extends StreamMethod, Response>(
    method: Method,
    map: (response: StreamResponse<Method>) => Response,
  ): MessageStream<StreamRequest<Method>, Response>;
  stream<Method extends StreamMethod, Response>(
    method: Method,
    map?: (response: StreamResponse<Method>) => Response,
  ): MessageStream<StreamRequest<Method>, StreamResponse<Method> | Response> {
    const codec = STREAM_CODECS[method];
    return new MessageStream<StreamRequest<Method>, StreamResponse<Method> | Response>({
      channel: this.#channel,
      context: this.#context,
      method,
      codec:
        map === undefined
          ? codec
          : {
              encode: (request) => codec.encode(request),
              decode: (bytes) => map(codec.decode(bytes)),
            },
    });
  }
}

function withSignal(context: CallContext, signal: AbortSignal): CallContext {
  return { metadata: (name) => context.metadata(name), signal };
}
