/** A server with authentication on, and clients who are somebody on it. */
import { Client } from "../../src/client/index.ts";
import type { KeyRangeOptions, PermissionType } from "../../src/client/index.ts";
import { STATUS } from "../../src/wire/index.ts";
import type { Channel, StatusCode } from "../../src/wire/index.ts";
import type { Scene, ServerOptions } from "./scene.ts";

/** Refusals that have to do with users. Source: etcd api/v3rpc/rpctypes/error.go. */
export const DENIALS = {
  nobody: [STATUS.invalidArgument, "etcdserver: user name is empty"],
  denied: [STATUS.permissionDenied, "etcdserver: permission denied"],
  badToken: [STATUS.unauthenticated, "etcdserver: invalid auth token"],
  oldRevision: [STATUS.invalidArgument, "etcdserver: revision of auth store is old"],
  failed: [
    STATUS.invalidArgument,
    "etcdserver: authentication failed, invalid user ID or password",
  ],
  noUser: [STATUS.failedPrecondition, "etcdserver: user name not found"],
  noRole: [STATUS.failedPrecondition, "etcdserver: role name not found"],
  management: [STATUS.invalidArgument, "etcdserver: invalid auth management"],
} as const satisfies Record<string, readonly [StatusCode, string]>;

/** The password of every user of the suite but root's. */
export const PASSWORD = "secret";

/** What a role allows. */
export type Grant = readonly [type: PermissionType, key: string, range?: KeyRangeOptions];

export interface Guarded {
  readonly channel: Channel;
  readonly root: Client;
  readonly anonymous: Client;
  /** Adds a user with a role of its own, and answers a client of it. */
  readonly add: (name: string, grants: readonly Grant[]) => Promise<Client>;
  /** Whom the token of a user that exists makes. */
  readonly login: (name: string, password?: string) => Promise<Client>;
  /** Starts it again on the same data. */
  readonly restart: () => Promise<Guarded>;
}

/** Whom a token makes. */
export function withToken(channel: Channel, token: string): Client {
  return new Client(channel, { metadata: { token } });
}

/** A fresh server with a user root, on which authentication is turned on. */
export async function guarded(
  { fresh }: Pick<Scene, "fresh">,
  options: ServerOptions = {},
): Promise<Guarded> {
  const own = await fresh({ bcryptCost: 4, ...options });
  const { auth } = own.client;
  await auth.userAdd("root", PASSWORD);
  await auth.userGrantRole("root", "root");
  await auth.enable();
  const open = async (): Promise<Guarded> => {
    const { channel, client: anonymous } = own;
    const login = async (name: string, password = PASSWORD): Promise<Client> =>
      withToken(channel, await anonymous.auth.authenticate(name, password));
    const root = await login("root");
    const add = async (name: string, grants: readonly Grant[]): Promise<Client> => {
      await root.auth.roleAdd(`${name}-role`);
      for (const [type, key, range] of grants) {
        await root.auth.roleGrantPermission(`${name}-role`, type, key, range);
      }
      await root.auth.userAdd(name, PASSWORD);
      await root.auth.userGrantRole(name, `${name}-role`);
      return login(name);
    };
    const restart = async (): Promise<Guarded> => {
      await own.restart();
      return open();
    };
    return { channel, root, anonymous, add, login, restart };
  };
  return open();
}
