/**
 * The calls of service Auth as commands. Passwords come hashed, and tokens made: what depends on
 * chance or takes long is done before.
 */
import type { messages } from "../../wire/index.ts";

export type AuthOperation =
  | { readonly method: "authEnable" }
  | { readonly method: "authDisable" }
  | { readonly method: "authStatus" }
  | AuthenticateOperation
  | {
      readonly method: "userAdd";
      readonly name: string;
      /** Empty for who has none. */
      readonly passwordHash: Uint8Array;
      readonly options: messages.UserAddOptions;
    }
  | {
      readonly method: "userChangePassword";
      readonly name: string;
      readonly passwordHash: Uint8Array;
    }
  | { readonly method: "userGet"; readonly request: messages.AuthUserGetRequest }
  | { readonly method: "userList" }
  | { readonly method: "userDelete"; readonly request: messages.AuthUserDeleteRequest }
  | { readonly method: "userGrantRole"; readonly request: messages.AuthUserGrantRoleRequest }
  | { readonly method: "userRevokeRole"; readonly request: messages.AuthUserRevokeRoleRequest }
  | { readonly method: "roleAdd"; readonly request: messages.AuthRoleAddRequest }
  | { readonly method: "roleGet"; readonly request: messages.AuthRoleGetRequest }
  | { readonly method: "roleList" }
  | { readonly method: "roleDelete"; readonly request: messages.AuthRoleDeleteRequest }
  | {
      readonly method: "roleGrantPermission";
      readonly request: messages.AuthRoleGrantPermissionRequest;
    }
  | {
      readonly method: "roleRevokePermission";
      readonly request: messages.AuthRoleRevokePermissionRequest;
    };

export interface AuthenticateOperation {
  readonly method: "authenticate";
  readonly name: string;
  /** The hash that the password was held against. */
  readonly passwordHash: Uint8Array;
  /** Where the server keeps tokens: the new one. */
  readonly token: string | undefined;
  readonly nowMs: number;
  /** What became of it. */
  readonly outcome: {
    /** The password has been changed since it was looked at. */
    isStale: boolean;
    /** Of users and roles, at the time. */
    authRevision: number;
  };
}

/** Those that only root may call. Source: etcd apply/auth.go, needAdminPermission. */
export const ADMIN_METHODS: ReadonlySet<AuthOperation["method"]> = new Set([
  "authEnable",
  "authDisable",
  "userAdd",
  "userDelete",
  "userChangePassword",
  "userGrantRole",
  "userRevokeRole",
  "roleAdd",
  "roleGrantPermission",
  "roleRevokePermission",
  "roleDelete",
  "userList",
  "roleList",
]);
