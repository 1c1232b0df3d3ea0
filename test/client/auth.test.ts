import t from "tap";
import { Client } from "../../src/client/index.ts";
import { messages } from "../../src/wire/index.ts";
import { FakeChannel } from "./fake-channel.ts";

function open() {
  const channel = new FakeChannel();
  return { channel, auth: new Client(channel).auth };
}

t.test("Auth.status() tells whether it is on", async (t) => {
  const { channel, auth } = open();
  channel.answer = messages.encodeAuthStatusResponse({ enabled: true, authRevision: 4 });
  const status = await auth.status();
  t.strictSame([status.enabled, status.authRevision], [true, 4]);
  t.equal(channel.call.method, "authStatus");
});

t.test("Auth asks what its methods are named for", async (t) => {
  const { channel, auth } = open();
  await auth.enable();
  await auth.disable();
  await auth.authenticate("ann", "secret");
  await auth.userAdd("ann", "secret");
  await auth.userAdd("ann");
  await auth.userDelete("ann");
  await auth.userChangePassword("ann", "x");
  await auth.userGet("ann");
  await auth.userList();
  await auth.userGrantRole("ann", "r");
  await auth.userRevokeRole("ann", "r");
  await auth.roleAdd("r");
  await auth.roleDelete("r");
  await auth.roleGet("r");
  await auth.roleList();
  await auth.roleGrantPermission("r", "write", "k", { prefix: true });
  await auth.roleRevokePermission("r", "k", { fromKey: true });
  t.strictSame(
    channel.calls.map(({ method }) => method),
    [
      "authEnable",
      "authDisable",
      "authenticate",
      "userAdd",
      "userAdd",
      "userDelete",
      "userChangePassword",
      "userGet",
      "userList",
      "userGrantRole",
      "userRevokeRole",
      "roleAdd",
      "roleDelete",
      "roleGet",
      "roleList",
      "roleGrantPermission",
      "roleRevokePermission",
    ],
  );
  const requests = channel.calls.map(({ request }) => request);
  t.match(messages.decodeAuthUserAddRequest(requests[3]!), { name: "ann", password: "secret" });
  t.equal(messages.decodeAuthUserAddRequest(requests[3]!).options?.noPassword, false);
  t.equal(messages.decodeAuthUserAddRequest(requests[4]!).options?.noPassword, true);
  t.match(messages.decodeAuthUserGrantRoleRequest(requests[9]!), { user: "ann", role: "r" });
  t.match(messages.decodeAuthUserRevokeRoleRequest(requests[10]!), { name: "ann", role: "r" });
  t.strictSame(messages.decodeAuthRoleGrantPermissionRequest(requests[15]!), {
    name: "r",
    perm: { permType: 1, key: Buffer.from("k"), rangeEnd: Buffer.from("l") },
  });
  t.strictSame(messages.decodeAuthRoleRevokePermissionRequest(requests[16]!), {
    role: "r",
    key: Buffer.from("k"),
    rangeEnd: Buffer.of(0),
  });
});

t.test("Auth answers names, and permissions by their names", async (t) => {
  const { channel, auth } = open();
  channel.answer = messages.encodeAuthUserListResponse({ users: ["a", "b"] });
  t.strictSame(await auth.userList(), ["a", "b"]);
  channel.answer = messages.encodeAuthenticateResponse({ token: "x.1" });
  t.equal(await auth.authenticate("ann", "secret"), "x.1");
  const perm = [0, 1, 2].map((permType) => ({ permType, key: Buffer.from("k") }));
  channel.answer = messages.encodeAuthRoleGetResponse({ perm });
  t.strictSame(
    (await auth.roleGet("r")).map(({ type, key }) => `${type} ${key.toString()}`),
    ["read k", "write k", "readwrite k"],
  );
});
