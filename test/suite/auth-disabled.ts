/** Auth while it is off, which it is unless somebody turns it on. */
import { Client } from "../../src/client/index.ts";
import { STATUS } from "../../src/wire/index.ts";
import { bytes, currentRevision, refuses, revisionOf, rows, within } from "./checks.ts";
import type { SuiteTests } from "./scene.ts";

const NOT_ENABLED = [
  STATUS.failedPrecondition,
  "etcdserver: authentication is not enabled",
] as const;
const NO_ROOT = [STATUS.failedPrecondition, "etcdserver: root user does not exist"] as const;
const NO_USER = [STATUS.failedPrecondition, "etcdserver: user name not found"] as const;
const NO_ROLE = [STATUS.failedPrecondition, "etcdserver: role name not found"] as const;

export const authDisabledTests: SuiteTests = {
  "AuthStatus tells that it is off, at its first revision": async ({ t, client }) => {
    const status = await client.auth.status();
    t.strictSame([status.enabled, status.authRevision], [false, 1]);
    t.equal(revisionOf(status), await currentRevision(client));
  },

  "Authenticate is refused": async ({ t, client }) => {
    const asked = client.unary("authenticate", { name: "root", password: "secret" });
    await refuses(t, asked, NOT_ENABLED);
    await refuses(t, client.unary("authenticate", {}), NOT_ENABLED);
  },

  "AuthEnable needs a root, and AuthDisable nothing": async ({ t, client }) => {
    await refuses(t, client.unary("authEnable", {}), NO_ROOT);
    const { header } = await client.unary("authDisable", {});
    t.equal(header?.revision, await currentRevision(client));
    t.equal((await client.auth.status()).authRevision, 1, "nothing was changed");
  },

  "Lists of users and roles are empty": async ({ t, client }) => {
    t.strictSame((await client.unary("userList", {})).users, []);
    t.strictSame((await client.unary("roleList", {})).roles, []);
  },

  "Unknown users and roles are refused": async ({ t, client }) => {
    const name = "nobody";
    const role = "nothing";
    await refuses(t, client.unary("userGet", { name }), NO_USER, "UserGet");
    await refuses(t, client.unary("userDelete", { name }), NO_USER, "UserDelete");
    const password = client.unary("userChangePassword", { name, password: "x" });
    await refuses(t, password, NO_USER, "UserChangePassword");
    await refuses(t, client.unary("userGrantRole", { user: name, role }), NO_USER, "UserGrantRole");
    await refuses(t, client.unary("userRevokeRole", { name, role }), NO_USER, "UserRevokeRole");
    await refuses(t, client.unary("roleGet", { role }), NO_ROLE, "RoleGet");
    await refuses(t, client.unary("roleDelete", { role }), NO_ROLE, "RoleDelete");
    const key = bytes("k");
    const grant = client.unary("roleGrantPermission", { name: role, perm: { key } });
    await refuses(t, grant, NO_ROLE, "RoleGrantPermission");
    const revoke = client.unary("roleRevokePermission", { role, key });
    await refuses(t, revoke, NO_ROLE, "RoleRevokePermission");
  },

  "Tokens are not looked at": async ({ t, channel, prefix }) => {
    const client = new Client(channel, { metadata: { token: "x.1", authorization: "Bearer y" } });
    await client.kv.put(`${prefix}a`, "1");
    t.strictSame(rows((await client.kv.get(`${prefix}a`)).kvs, prefix), ["a=1"]);
    await using watch = client.watch(`${prefix}a`);
    t.ok(await within("the watch to be made", watch.created));
  },

  "A call that needs a leader is answered: there is one": async ({ t, channel, prefix }) => {
    const client = new Client(channel, { metadata: { hasleader: "true" } });
    await client.kv.put(`${prefix}a`, "1");
    t.strictSame(rows((await client.kv.get(`${prefix}a`)).kvs, prefix), ["a=1"]);
    await using watch = client.watch(`${prefix}a`);
    t.ok(await within("the watch to be made", watch.created));
  },

  "A call that tells the version of its API is answered": async ({ t, channel, prefix }) => {
    const client = new Client(channel, { metadata: { "client-api-version": "3.7" } });
    t.equal((await client.kv.get(prefix)).count, 0);
  },
};
