import t from "tap";
import { bytes, refuses, withServer } from "../server-fixture.ts";

t.test("AuthStatus says that authentication is off, at its first revision", async (t) => {
  await withServer(async ({ client, server }) => {
    const status = await client.unary("authStatus", {});
    t.equal(status.enabled, false);
    t.equal(status.authRevision, 1);
    t.same(status.header, server.member.header(1));
  });
});

t.test("Auth calls answer as etcd does while there are neither users nor roles", async (t) => {
  await withServer(async ({ client }) => {
    await refuses(client.unary("authEnable", {}), "rootUserNotExist");
    await refuses(client.unary("authenticate", { name: "a", password: "b" }), "authNotEnabled");
    await t.resolves(client.unary("authDisable", {}));
    t.same((await client.unary("userList", {})).users, []);
    t.same((await client.unary("roleList", {})).roles, []);
    const [name, user, role] = ["a", "a", "b"];
    await refuses(client.unary("userGet", { name }), "userNotFound");
    await refuses(client.unary("userDelete", { name }), "userNotFound");
    await refuses(client.unary("userChangePassword", { name }), "userNotFound");
    await refuses(client.unary("userGrantRole", { user, role }), "userNotFound");
    await refuses(client.unary("userRevokeRole", { name, role }), "userNotFound");
    await refuses(client.unary("roleGet", { role }), "roleNotFound");
    await refuses(client.unary("roleDelete", { role }), "roleNotFound");
    await refuses(client.unary("roleGrantPermission", { name }), "roleNotFound");
    const permission = { role, key: bytes("k") };
    await refuses(client.unary("roleRevokePermission", permission), "roleNotFound");
  });
});

t.test("Auth calls that would make a user or a role are not there yet", async (t) => {
  await withServer(async ({ client }) => {
    await t.rejects(client.unary("userAdd", { name: "a" }), { code: 12 });
    await t.rejects(client.unary("roleAdd", { name: "a" }), { code: 12 });
  });
});
