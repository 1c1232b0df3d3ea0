/**
 * Service Auth while authentication is off, which it always is so far.
 *
 * Source: etcd server/auth/store.go: what it answers while there are neither users nor roles.
 * Making them is refused: see docs/compatibility.md.
 */
import { EtcdError, STATUS, messages } from "../../wire/index.ts";
import type { ErrorReason, UnaryMethod } from "../../wire/index.ts";
import type { Member } from "../member.ts";
import type { Store } from "../../mvcc/index.ts";

type AuthMethod = Extract<UnaryMethod, `auth${string}` | `user${string}` | `role${string}`>;
type Decode = (bytes: Uint8Array) => unknown;
type Handler = (bytes: Uint8Array) => Uint8Array;

/** Source: etcd server/auth/store.go, NewAuthStore. */
const FIRST_AUTH_REVISION = 1;

export class AuthService {
  readonly #member: Member;
  readonly #store: Store;
  readonly handlers: Readonly<Record<AuthMethod, Handler>>;

  constructor(member: Member, store: Store) {
    this.#member = member;
    this.#store = store;
    const m = messages;
    this.handlers = {
      // There are no users, so there is no root.
      authEnable: refuses(m.decodeAuthEnableRequest, "rootUserNotExist"),
      authDisable: this.#answersHeader(m.decodeAuthDisableRequest),
      authStatus: (bytes) => this.#status(bytes),
      authenticate: refuses(m.decodeAuthenticateRequest, "authNotEnabled"),
      userAdd: notYet(m.decodeAuthUserAddRequest),
      userGet: refuses(m.decodeAuthUserGetRequest, "userNotFound"),
      userList: this.#answersHeader(m.decodeAuthUserListRequest),
      userDelete: refuses(m.decodeAuthUserDeleteRequest, "userNotFound"),
      userChangePassword: refuses(m.decodeAuthUserChangePasswordRequest, "userNotFound"),
      userGrantRole: refuses(m.decodeAuthUserGrantRoleRequest, "userNotFound"),
      userRevokeRole: refuses(m.decodeAuthUserRevokeRoleRequest, "userNotFound"),
      roleAdd: notYet(m.decodeAuthRoleAddRequest),
      roleGet: refuses(m.decodeAuthRoleGetRequest, "roleNotFound"),
      roleList: this.#answersHeader(m.decodeAuthRoleListRequest),
      roleDelete: refuses(m.decodeAuthRoleDeleteRequest, "roleNotFound"),
      roleGrantPermission: refuses(m.decodeAuthRoleGrantPermissionRequest, "roleNotFound"),
      roleRevokePermission: refuses(m.decodeAuthRoleRevokePermissionRequest, "roleNotFound"),
    };
  }

  #status(bytes: Uint8Array): Uint8Array {
    messages.decodeAuthStatusRequest(bytes);
    return messages.encodeAuthStatusResponse({
      header: this.#member.header(this.#store.visibleRevision),
      authRevision: FIRST_AUTH_REVISION,
    });
  }

  /** A response with nothing in it but its header: done already, or an empty list. */
  #answersHeader(decode: Decode): Handler {
    return (bytes) => {
      decode(bytes);
      return this.#member.headers.at(this.#store.visibleRevision);
    };
  }
}

function refuses(decode: Decode, reason: ErrorReason): Handler {
  return (bytes) => {
    decode(bytes);
    throw new EtcdError(reason);
  };
}

function notYet(decode: Decode): Handler {
  return (bytes) => {
    decode(bytes);
    throw new EtcdError(STATUS.unimplemented, "etcdlet: users and roles are not supported yet");
  };
}
