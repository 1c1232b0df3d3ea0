/** Every method there is: who may call it. The compiler misses one that is missing here. */
import {
  EtcdError,
  STATUS,
  messages,
  STREAM_METHODS,
  UNARY_METHODS,
} from "../../src/wire/index.ts";
import type { CallContext, Channel, StreamMethod, UnaryMethod } from "../../src/wire/index.ts";
import { bytes, within } from "./checks.ts";
import { DENIALS, guarded } from "./auth-scene.ts";
import type { SuiteTests } from "./scene.ts";

/**
 * Who may call: everybody; everybody, but not with a token that is none; every user; who has the
 * permission for a key; root alone.
 */
type Need = "nothing" | "no bad token" | "a user" | "a permission" | "root";

interface Case {
  readonly need: Need;
  readonly request: Uint8Array;
  /** What it does inside is refused: then with code 2. */
  readonly isOuter?: boolean;
  /** Nothing is said to who is refused: the stream just ends. */
  readonly isSilent?: boolean;
  /** It would change or take more than this test can do with. */
  readonly isNotForRoot?: boolean;
}

const m = messages;
const key = bytes("k");
const name = "root";

const UNARY_CASES: Readonly<Record<UnaryMethod, Case>> = {
  range: { need: "a permission", request: m.encodeRangeRequest({ key }) },
  put: { need: "a permission", request: m.encodePutRequest({ key }) },
  deleteRange: { need: "a permission", request: m.encodeDeleteRangeRequest({ key }) },
  txn: {
    need: "a permission",
    request: m.encodeTxnRequest({ success: [{ requestPut: { key } }] }),
  },
  compact: { need: "root", request: m.encodeCompactionRequest({ revision: 1 }) },
  leaseGrant: { need: "a user", request: m.encodeLeaseGrantRequest({ ttl: 60 }) },
  leaseRevoke: { need: "a user", request: m.encodeLeaseRevokeRequest({ id: 77n }) },
  leaseTimeToLive: { need: "a user", request: m.encodeLeaseTimeToLiveRequest({ id: 77n }) },
  leaseLeases: { need: "a user", request: m.encodeLeaseLeasesRequest({}) },
  memberAdd: {
    need: "root",
    request: m.encodeMemberAddRequest({ peerUrls: ["http://127.0.0.1:1"] }),
    isNotForRoot: true,
  },
  memberRemove: { need: "root", request: m.encodeMemberRemoveRequest({ id: 1n }) },
  memberUpdate: { need: "root", request: m.encodeMemberUpdateRequest({ id: 1n }) },
  memberList: { need: "a user", request: m.encodeMemberListRequest({}) },
  memberPromote: { need: "root", request: m.encodeMemberPromoteRequest({ id: 1n }) },
  alarm: { need: "root", request: m.encodeAlarmRequest({ action: m.AlarmAction.deactivate }) },
  status: { need: "a user", request: m.encodeStatusRequest({}) },
  defragment: { need: "root", request: m.encodeDefragmentRequest({}) },
  hash: { need: "root", request: m.encodeHashRequest({}) },
  hashKV: { need: "root", request: m.encodeHashKVRequest({}) },
  moveLeader: { need: "root", request: m.encodeMoveLeaderRequest({ targetId: 1n }) },
  downgrade: {
    need: "root",
    request: m.encodeDowngradeRequest({ action: m.DowngradeAction.validate, version: "3.6" }),
  },
  authEnable: { need: "root", request: m.encodeAuthEnableRequest({}) },
  authDisable: { need: "root", request: m.encodeAuthDisableRequest({}), isNotForRoot: true },
  authStatus: { need: "no bad token", request: m.encodeAuthStatusRequest({}) },
  authenticate: {
    need: "nothing",
    request: m.encodeAuthenticateRequest({ name: "stranger", password: "secret" }),
  },
  userAdd: { need: "root", request: m.encodeAuthUserAddRequest({ name: "new" }) },
  userGet: { need: "root", request: m.encodeAuthUserGetRequest({ name }) },
  userList: { need: "root", request: m.encodeAuthUserListRequest({}) },
  userDelete: { need: "root", request: m.encodeAuthUserDeleteRequest({ name: "new" }) },
  userChangePassword: {
    need: "root",
    request: m.encodeAuthUserChangePasswordRequest({ name: "other", password: "x" }),
  },
  userGrantRole: {
    need: "root",
    request: m.encodeAuthUserGrantRoleRequest({ user: "other", role: "root" }),
  },
  userRevokeRole: {
    need: "root",
    request: m.encodeAuthUserRevokeRoleRequest({ name: "other", role: "root" }),
  },
  roleAdd: { need: "root", request: m.encodeAuthRoleAddRequest({ name: "new" }) },
  roleGet: { need: "root", request: m.encodeAuthRoleGetRequest({ role: "other-role" }) },
  roleList: { need: "root", request: m.encodeAuthRoleListRequest({}) },
  roleDelete: { need: "root", request: m.encodeAuthRoleDeleteRequest({ role: "new" }) },
  roleGrantPermission: {
    need: "root",
    request: m.encodeAuthRoleGrantPermissionRequest({ name: "other-role", perm: { key } }),
  },
  roleRevokePermission: {
    need: "root",
    request: m.encodeAuthRoleRevokePermissionRequest({ role: "other-role", key }),
  },
  // Not what the campaign is for, which would wait for the lock's lease to end.
  lock: {
    need: "a permission",
    request: m.encodeLockRequest({ name: bytes("lock") }),
    isOuter: true,
  },
  unlock: { need: "a permission", request: m.encodeUnlockRequest({ key }), isOuter: true },
  campaign: {
    need: "a permission",
    request: m.encodeCampaignRequest({ name: key }),
    isOuter: true,
  },
  proclaim: {
    need: "a permission",
    request: m.encodeProclaimRequest({ leader: { name: key, key } }),
    isOuter: true,
  },
  leader: { need: "a permission", request: m.encodeLeaderRequest({ name: key }), isOuter: true },
  resign: {
    need: "a permission",
    request: m.encodeResignRequest({ leader: { name: key, key } }),
    isOuter: true,
  },
  healthCheck: { need: "nothing", request: m.encodeHealthCheckRequest({}) },
  healthList: { need: "nothing", request: m.encodeHealthListRequest({}) },
};

const STREAM_CASES: Readonly<Record<StreamMethod, Case>> = {
  rangeStream: { need: "a permission", request: m.encodeRangeRequest({ key }) },
  watch: { need: "a permission", request: m.encodeWatchRequest({ createRequest: { key } }) },
  leaseKeepAlive: { need: "a user", request: m.encodeLeaseKeepAliveRequest({ id: 77n }) },
  snapshot: { need: "root", request: m.encodeSnapshotRequest({}) },
  observe: {
    need: "a permission",
    request: m.encodeLeaderRequest({ name: key }),
    isSilent: true,
    isNotForRoot: true,
  },
  reflection: { need: "nothing", request: m.encodeServerReflectionRequest({ listServices: "*" }) },
  oldReflection: {
    need: "nothing",
    request: m.encodeServerReflectionRequest({ listServices: "*" }),
  },
  healthWatch: { need: "nothing", request: m.encodeHealthCheckRequest({}) },
};

/** The end of a call: what it was refused with, or nothing. */
type Outcome = readonly [code: number, text: string] | undefined;

const SILENCE: Outcome = [STATUS.ok, ""];

async function unaryOutcome(
  channel: Channel,
  method: UnaryMethod,
  context: CallContext,
): Promise<Outcome> {
  try {
    await channel.unary(method, UNARY_CASES[method].request, context);
    return undefined;
  } catch (error) {
    if (!(error instanceof EtcdError)) throw error;
    return [error.code, error.message];
  }
}

/** Of a stream, as it begins. */
function streamOutcome(
  channel: Channel,
  method: StreamMethod,
  context: CallContext,
): Promise<Outcome> {
  const begun = new Promise<Outcome>((resolve) => {
    const input = channel.stream(method, context, {
      write: (message) => {
        resolve(method === "watch" ? watchOutcome(message) : undefined);
        queueMicrotask(() => input.cancel());
        return true;
      },
      // A stream that has said something has been heard already.
      end: (error) => resolve(error === undefined ? SILENCE : [error.code, error.message]),
    });
    input.write(STREAM_CASES[method].request);
    if (method !== "watch") input.end();
  });
  return within(`an answer of ${method}`, begun);
}

const WATCH_CODES: Readonly<Record<string, number>> = {
  InvalidArgument: 3,
  PermissionDenied: 7,
  Unauthenticated: 16,
};

/** A watch that is denied is created and canceled, and the stream goes on. */
function watchOutcome(message: Uint8Array): Outcome {
  const { created, canceled, cancelReason, watchId } = m.decodeWatchResponse(message);
  if (!canceled) return undefined;
  const [, code = "", text = ""] = /^rpc error: code = (\w+) desc = (.*)$/.exec(cancelReason) ?? [];
  return [created && watchId === -1 ? (WATCH_CODES[code] ?? -1) : -1, text];
}

/** What each caller meets, undefined for no refusal that has to do with users. */
const EXPECTED: Readonly<Record<Need, { nobody: Outcome; bad: Outcome; stranger: Outcome }>> = {
  nothing: { nobody: undefined, bad: undefined, stranger: undefined },
  "no bad token": { nobody: undefined, bad: DENIALS.badToken, stranger: undefined },
  "a user": { nobody: DENIALS.nobody, bad: DENIALS.badToken, stranger: undefined },
  "a permission": { nobody: DENIALS.nobody, bad: DENIALS.badToken, stranger: DENIALS.denied },
  root: { nobody: DENIALS.nobody, bad: DENIALS.badToken, stranger: DENIALS.denied },
};

const TEXTS: readonly string[] = Object.values(DENIALS).map(([, text]) => text);

/** A refusal that has to do with users. */
function denial(outcome: Outcome): Outcome {
  return outcome !== undefined && TEXTS.includes(outcome[1]) ? outcome : undefined;
}

export const authMethodTests: SuiteTests = {
  "Every method asks who calls": async (scene) => {
    const { t } = scene;
    const { channel, anonymous, add, root } = await guarded(scene);
    await add("stranger", []);
    await add("other", []);
    const expired = await anonymous.auth.authenticate("other", "secret");
    await root.auth.userChangePassword("other", "secret");
    const tokenOf = (user: string) => anonymous.auth.authenticate(user, "secret");
    const contexts = {
      nobody: undefined,
      bad: "abcdefghijklmnop.1",
      old: expired,
      stranger: await tokenOf("stranger"),
      root: await tokenOf("root"),
    };
    for (const [caller, token] of Object.entries(contexts)) {
      const context = { metadata: (field: string) => (field === "token" ? token : undefined) };
      const check = async (
        method: string,
        { need, isNotForRoot, isOuter, isSilent }: Case,
        call: () => Promise<Outcome>,
      ) => {
        if (caller === "root" && isNotForRoot === true) return;
        const { nobody, bad, stranger } = EXPECTED[need];
        const expected = { nobody, bad, old: bad, stranger, root: undefined }[caller];
        const what = `${method} by ${caller}`;
        const outcome = await call();
        if (isSilent === true) t.strictSame(outcome, SILENCE, what);
        else if (isOuter !== true) t.strictSame(denial(outcome), expected, what);
        else t.strictSame(denial(outcome), expected && [STATUS.unknown, expected[1]], what);
      };
      for (const method of Object.keys(UNARY_METHODS) as UnaryMethod[]) {
        await check(method, UNARY_CASES[method], () => unaryOutcome(channel, method, context));
      }
      for (const method of Object.keys(STREAM_METHODS) as StreamMethod[]) {
        await check(method, STREAM_CASES[method], () => streamOutcome(channel, method, context));
      }
    }
  },
};
