/**
 * Service Auth while authentication is off, which it always is so far.
 *
 * Source: etcd server/auth/store.go. Users and roles are refused: see docs/compatibility.md.
 */
import { EtcdError, STATUS, messages } from "../../wire/index.ts";
import type { Member } from "../member.ts";
import type { Store } from "../../mvcc/index.ts";

/** Source: etcd server/auth/store.go, NewAuthStore. */
const FIRST_AUTH_REVISION = 1;

export class AuthService {
  readonly #member: Member;
  readonly #store: Store;

  constructor(member: Member, store: Store) {
    this.#member = member;
    this.#store = store;
  }

  status(): Uint8Array {
    return messages.encodeAuthStatusResponse({
      header: this.#member.header(this.#store.visibleRevision),
      authRevision: FIRST_AUTH_REVISION,
    });
  }

  /** There are no users yet, so there is no root. */
  enable(): Uint8Array {
    throw new EtcdError("rootUserNotExist");
  }

  /** Off already. */
  disable(): Uint8Array {
    return this.#member.headers.at(this.#store.visibleRevision);
  }

  authenticate(): Uint8Array {
    throw new EtcdError("authNotEnabled");
  }

  listUsers(): Uint8Array {
    return this.#member.headers.at(this.#store.visibleRevision);
  }

  listRoles(): Uint8Array {
    return this.#member.headers.at(this.#store.visibleRevision);
  }

  missingUser(): Uint8Array {
    throw new EtcdError("userNotFound");
  }

  missingRole(): Uint8Array {
    throw new EtcdError("roleNotFound");
  }

  notYet(): Uint8Array {
    throw new EtcdError(STATUS.unimplemented, "etcdlet: users and roles are not supported yet");
  }
}
