import t from "tap";
import { EtcdError, STATUS, codeName } from "../../src/wire/index.ts";
import type { ErrorReason } from "../../src/wire/index.ts";

/**
 * What a gRPC client sees for each reason. Written out a second time, because clients know these
 * errors by their text alone: a change here is a change of the contract.
 */
const CONTRACT: Readonly<Record<ErrorReason, readonly [code: number, text: string]>> = {
  emptyKey: [3, "etcdserver: key is not provided"],
  keyNotFound: [3, "etcdserver: key not found"],
  valueProvided: [3, "etcdserver: value is provided"],
  leaseProvided: [3, "etcdserver: lease is provided"],
  tooManyOps: [3, "etcdserver: too many operations in txn request"],
  duplicateKey: [3, "etcdserver: duplicate key given in txn request"],
  invalidClientApiVersion: [3, "etcdserver: invalid client api version"],
  invalidSortOption: [3, "etcdserver: invalid sort option"],
  compacted: [11, "etcdserver: mvcc: required revision has been compacted"],
  futureRevision: [11, "etcdserver: mvcc: required revision is a future revision"],
  noSpace: [8, "etcdserver: mvcc: database space exceeded"],
  leaseNotFound: [5, "etcdserver: requested lease not found"],
  leaseExists: [9, "etcdserver: lease already exists"],
  leaseTtlTooLarge: [11, "etcdserver: too large lease TTL"],
  watchCanceled: [1, "etcdserver: watch canceled"],
  peerUrlExists: [9, "etcdserver: Peer URLs already exists"],
  memberNotEnoughStarted: [
    2,
    "etcdserver: re-configuration failed due to not enough started members",
  ],
  memberBadUrls: [3, "etcdserver: given member URLs are invalid"],
  memberNotFound: [5, "etcdserver: member not found"],
  memberNotLearner: [9, "etcdserver: can only promote a learner member"],
  requestTooLarge: [3, "etcdserver: request is too large"],
  tooManyRequests: [2, "etcdserver: too many requests"],
  rootUserNotExist: [9, "etcdserver: root user does not exist"],
  rootRoleNotExist: [9, "etcdserver: root user does not have root role"],
  userExists: [9, "etcdserver: user name already exists"],
  userEmpty: [3, "etcdserver: user name is empty"],
  userNotFound: [9, "etcdserver: user name not found"],
  roleExists: [9, "etcdserver: role name already exists"],
  roleEmpty: [3, "etcdserver: role name is empty"],
  roleNotFound: [9, "etcdserver: role name not found"],
  authNotEnabled: [9, "etcdserver: authentication is not enabled"],
  authFailed: [3, "etcdserver: authentication failed, invalid user ID or password"],
  permissionNotGiven: [3, "etcdserver: permission not given"],
  permissionDenied: [7, "etcdserver: permission denied"],
  roleNotGranted: [9, "etcdserver: role is not granted to the user"],
  permissionNotGranted: [9, "etcdserver: permission is not granted to the role"],
  invalidAuthToken: [16, "etcdserver: invalid auth token"],
  invalidAuthManagement: [3, "etcdserver: invalid auth management"],
  authOldRevision: [3, "etcdserver: revision of auth store is old"],
  noPasswordUser: [2, "auth: authentication failed, password was given for no password user"],
  verifyOnlyKey: [2, "auth: token signing attempted with verify-only key"],
  passwordTooLong: [2, "bcrypt: password length exceeds 72 bytes"],
  notLeader: [9, "etcdserver: not leader"],
  badLeaderTransferee: [9, "etcdserver: bad leader transferee"],
  corrupt: [15, "etcdserver: corrupt cluster"],
  stopped: [14, "etcdserver: server stopped"],
  timeout: [14, "etcdserver: request timed out"],
  noLeader: [14, "etcdserver: no leader"],
  leaderChanged: [14, "etcdserver: leader changed"],
  timeoutDueToLeaderFail: [
    14,
    "etcdserver: request timed out, possibly due to previous leader failure",
  ],
  unhealthy: [14, "etcdserver: unhealthy cluster"],
  timeoutWaitAppliedIndex: [
    14,
    "etcdserver: request timed out, waiting for the applied index took too long",
  ],
  wrongDowngradeVersionFormat: [3, "etcdserver: wrong downgrade target version format"],
  invalidDowngradeTargetVersion: [3, "etcdserver: invalid downgrade target version"],
  downgradeInProcess: [9, "etcdserver: cluster has a downgrade job in progress"],
  unknownMethod: [2, "etcdserver: unknown method"],
  rangeStreamSort: [12, "RangeStream does not support custom sort orders"],
  rangeStreamFilter: [12, "RangeStream does not support revision filters"],
};

t.test("EtcdError of a reason has the code and the text of the contract", async (t) => {
  for (const [reason, [code, text]] of Object.entries(CONTRACT)) {
    // Object.entries() widens the keys of CONTRACT.
    const error = new EtcdError(reason as ErrorReason);
    t.strictSame([error.code, error.message, error.reason], [code, text, reason], reason);
  }
});

t.test("EtcdError of a text knows its reason again", async (t) => {
  for (const [reason, [, text]] of Object.entries(CONTRACT)) {
    t.equal(new EtcdError(STATUS.unknown, text).reason, reason, reason);
  }
  t.equal(new EtcdError(STATUS.unknown, "something else").reason, undefined);
});

t.test("no two reasons share a text", async (t) => {
  const texts = Object.values(CONTRACT).map(([, text]) => text);
  t.equal(new Set(texts).size, texts.length);
});

t.test("EtcdError keeps its cause", async (t) => {
  const cause = new Error("disk");
  const error = new EtcdError(STATUS.internal, "x", { cause });
  t.equal(error.cause, cause);
  t.type(error, Error);
  t.equal(error.name, "EtcdError");
});

t.test("codeName() names codes as Go does", async (t) => {
  const codes = [STATUS.ok, STATUS.canceled, STATUS.invalidArgument, 17];
  t.same(codes.map(codeName), ["OK", "Canceled", "InvalidArgument", "Code(17)"]);
});
