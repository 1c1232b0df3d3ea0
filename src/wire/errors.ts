/**
 * What a client may be refused with. Code and text are contract: Go clients map errors back by
 * their text alone.
 *
 * Source: etcd api/v3rpc/rpctypes/error.go; texts elsewhere name their file.
 */

/** gRPC status codes by name. Source: grpc/status.md. */
export const STATUS = {
  ok: 0,
  canceled: 1,
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  alreadyExists: 6,
  permissionDenied: 7,
  resourceExhausted: 8,
  failedPrecondition: 9,
  aborted: 10,
  outOfRange: 11,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  dataLoss: 15,
  unauthenticated: 16,
} as const;

export type StatusCode = (typeof STATUS)[keyof typeof STATUS];

/** A code as gRPC for Go names it: `FailedPrecondition`, `OK`. */
export function codeName(code: number): string {
  const [name] = Object.entries(STATUS).find(([, value]) => value === code) ?? [`Code(${code})`];
  return name === "ok" ? "OK" : name.charAt(0).toUpperCase() + name.slice(1);
}

const ERRORS = {
  emptyKey: [STATUS.invalidArgument, "etcdserver: key is not provided"],
  keyNotFound: [STATUS.invalidArgument, "etcdserver: key not found"],
  valueProvided: [STATUS.invalidArgument, "etcdserver: value is provided"],
  leaseProvided: [STATUS.invalidArgument, "etcdserver: lease is provided"],
  tooManyOps: [STATUS.invalidArgument, "etcdserver: too many operations in txn request"],
  duplicateKey: [STATUS.invalidArgument, "etcdserver: duplicate key given in txn request"],
  invalidClientApiVersion: [STATUS.invalidArgument, "etcdserver: invalid client api version"],
  invalidSortOption: [STATUS.invalidArgument, "etcdserver: invalid sort option"],
  compacted: [STATUS.outOfRange, "etcdserver: mvcc: required revision has been compacted"],
  futureRevision: [STATUS.outOfRange, "etcdserver: mvcc: required revision is a future revision"],
  noSpace: [STATUS.resourceExhausted, "etcdserver: mvcc: database space exceeded"],
  leaseNotFound: [STATUS.notFound, "etcdserver: requested lease not found"],
  leaseExists: [STATUS.failedPrecondition, "etcdserver: lease already exists"],
  leaseTtlTooLarge: [STATUS.outOfRange, "etcdserver: too large lease TTL"],
  watchCanceled: [STATUS.canceled, "etcdserver: watch canceled"],
  peerUrlExists: [STATUS.failedPrecondition, "etcdserver: Peer URLs already exists"],
  // A plain error on the server's side, hence code 2. Source: etcd membership errors, seen on 3.7.3.
  memberNotEnoughStarted: [
    STATUS.unknown,
    "etcdserver: re-configuration failed due to not enough started members",
  ],
  memberBadUrls: [STATUS.invalidArgument, "etcdserver: given member URLs are invalid"],
  memberNotFound: [STATUS.notFound, "etcdserver: member not found"],
  memberNotLearner: [STATUS.failedPrecondition, "etcdserver: can only promote a learner member"],
  requestTooLarge: [STATUS.invalidArgument, "etcdserver: request is too large"],
  // A plain error on the server's side, hence code 2 and not the table's 8.
  tooManyRequests: [STATUS.unknown, "etcdserver: too many requests"],
  rootUserNotExist: [STATUS.failedPrecondition, "etcdserver: root user does not exist"],
  rootRoleNotExist: [STATUS.failedPrecondition, "etcdserver: root user does not have root role"],
  userExists: [STATUS.failedPrecondition, "etcdserver: user name already exists"],
  userEmpty: [STATUS.invalidArgument, "etcdserver: user name is empty"],
  userNotFound: [STATUS.failedPrecondition, "etcdserver: user name not found"],
  roleExists: [STATUS.failedPrecondition, "etcdserver: role name already exists"],
  roleEmpty: [STATUS.invalidArgument, "etcdserver: role name is empty"],
  roleNotFound: [STATUS.failedPrecondition, "etcdserver: role name not found"],
  authNotEnabled: [STATUS.failedPrecondition, "etcdserver: authentication is not enabled"],
  authFailed: [
    STATUS.invalidArgument,
    "etcdserver: authentication failed, invalid user ID or password",
  ],
  permissionNotGiven: [STATUS.invalidArgument, "etcdserver: permission not given"],
  permissionDenied: [STATUS.permissionDenied, "etcdserver: permission denied"],
  roleNotGranted: [STATUS.failedPrecondition, "etcdserver: role is not granted to the user"],
  permissionNotGranted: [
    STATUS.failedPrecondition,
    "etcdserver: permission is not granted to the role",
  ],
  invalidAuthToken: [STATUS.unauthenticated, "etcdserver: invalid auth token"],
  invalidAuthManagement: [STATUS.invalidArgument, "etcdserver: invalid auth management"],
  authOldRevision: [STATUS.invalidArgument, "etcdserver: revision of auth store is old"],
  // Plain errors on the server's side. Source: etcd server/auth/store.go; x/crypto/bcrypt.
  noPasswordUser: [
    STATUS.unknown,
    "auth: authentication failed, password was given for no password user",
  ],
  verifyOnlyKey: [STATUS.unknown, "auth: token signing attempted with verify-only key"],
  passwordTooLong: [STATUS.unknown, "bcrypt: password length exceeds 72 bytes"],
  notLeader: [STATUS.failedPrecondition, "etcdserver: not leader"],
  badLeaderTransferee: [STATUS.failedPrecondition, "etcdserver: bad leader transferee"],
  corrupt: [STATUS.dataLoss, "etcdserver: corrupt cluster"],
  stopped: [STATUS.unavailable, "etcdserver: server stopped"],
  timeout: [STATUS.unavailable, "etcdserver: request timed out"],
  noLeader: [STATUS.unavailable, "etcdserver: no leader"],
  leaderChanged: [STATUS.unavailable, "etcdserver: leader changed"],
  timeoutDueToLeaderFail: [
    STATUS.unavailable,
    "etcdserver: request timed out, possibly due to previous leader failure",
  ],
  unhealthy: [STATUS.unavailable, "etcdserver: unhealthy cluster"],
  timeoutWaitAppliedIndex: [
    STATUS.unavailable,
    "etcdserver: request timed out, waiting for the applied index took too long",
  ],
  wrongDowngradeVersionFormat: [
    STATUS.invalidArgument,
    "etcdserver: wrong downgrade target version format",
  ],
  invalidDowngradeTargetVersion: [
    STATUS.invalidArgument,
    "etcdserver: invalid downgrade target version",
  ],
  downgradeInProcess: [
    STATUS.failedPrecondition,
    "etcdserver: cluster has a downgrade job in progress",
  ],
  unknownMethod: [STATUS.unknown, "etcdserver: unknown method"],
  rangeStreamSort: [STATUS.unimplemented, "RangeStream does not support custom sort orders"],
  rangeStreamFilter: [STATUS.unimplemented, "RangeStream does not support revision filters"],
} as const satisfies Record<string, readonly [StatusCode, string]>;

export type ErrorReason = keyof typeof ERRORS;

/** Whether there is a refusal of that name. */
export function isErrorReason(name: unknown): name is ErrorReason {
  return typeof name === "string" && Object.hasOwn(ERRORS, name);
}

/** A call was refused. `code` and `message` are what a gRPC client sees. */
export class EtcdError extends Error {
  override readonly name = "EtcdError";
  readonly code: StatusCode;
  /** Which refusal of the table this is; undefined for texts that come from elsewhere. */
  readonly reason: ErrorReason | undefined;

  constructor(reason: ErrorReason);
  constructor(code: StatusCode, message: string, options?: { cause?: unknown });
  constructor(what: ErrorReason | StatusCode, message?: string, options?: { cause?: unknown }) {
    if (typeof what === "string") {
      super(ERRORS[what][1]);
      this.code = ERRORS[what][0];
      this.reason = what;
    } else {
      super(message, options);
      this.code = what;
      this.reason = REASON_BY_TEXT.get(message ?? "");
    }
  }
}

/** So that a refusal read from a wire compares like one made here. */
const REASON_BY_TEXT: ReadonlyMap<string, ErrorReason> = new Map(
  // Object.entries() widens the keys; the table above is their only source.
  Object.entries(ERRORS).map(([reason, [, text]]) => [text, reason as ErrorReason]),
);
