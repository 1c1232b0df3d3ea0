/** Every field of the messages of Auth and Health, given values that show. */
import type { Test } from "tap";
import { messages as m } from "../../src/wire/index.ts";
import type { Api } from "./api.ts";
import { refusal } from "./exchange.ts";
import type { Exchange } from "./exchange.ts";
import { holds, snapshotFile } from "./snapshot-file.ts";

const bytes = (text: string): Buffer => Buffer.from(text);
const text = (value: Uint8Array | undefined): string => Buffer.from(value ?? []).toString();

export async function healthScene(t: Test, { health }: Api): Promise<void> {
  const { serving, serviceUnknown } = m.ServingStatus;
  t.equal((await health.check({})).status, serving);
  t.equal(await refusal(health.check({ service: "none" })), "5 unknown service");
  const { statuses } = await health.list({});
  t.equal(statuses.get("")?.status, serving);
  const watch = health.watch();
  watch.send({ service: "none" });
  watch.end();
  t.equal((await watch.next())?.status, serviceUnknown);
  watch.cancel();
}

/** Leaves auth off, as it found it. */
export async function authScene(t: Test, etcd: Api, exchange: Exchange): Promise<void> {
  const { auth, kv } = etcd;
  await rolesScene(t, etcd);
  await usersScene(t, etcd);
  await storedScene(t, etcd);
  await auth.enable({});
  t.equal((await auth.status({})).enabled, true);
  t.equal(await refusal(kv.put({ key: bytes("x") })), "3 etcdserver: user name is empty");
  t.match(await refusal(auth.authenticate({ name: "guest" })), /was given for no password user/);

  const reader = await auth.authenticate({ name: "reader", password: "changed" });
  exchange.token = reader.token;
  t.equal((await kv.range({ key: bytes("p/a") })).count, 0, "within the permission");
  t.equal(await refusal(kv.range({ key: bytes("q") })), "7 etcdserver: permission denied");
  t.equal(await refusal(kv.put({ key: bytes("p/a") })), "7 etcdserver: permission denied");

  exchange.token = (await auth.authenticate({ name: "root", password: "secret" })).token;
  await cleanUp(t, etcd);
  await auth.disable({});
  exchange.token = undefined;
  t.equal((await auth.status({})).enabled, false);
}

async function rolesScene(t: Test, { auth }: Api): Promise<void> {
  for (const name of ["root", "reading"]) await auth.roleAdd({ name });
  const range = { key: bytes("p/"), rangeEnd: bytes("p0") };
  const { read, readwrite } = m.PermissionType;
  await auth.roleGrantPermission({ name: "reading", perm: { ...range, permType: read } });
  const other = { key: bytes("r"), permType: readwrite };
  await auth.roleGrantPermission({ name: "reading", perm: other });
  const { perm } = await auth.roleGet({ role: "reading" });
  t.match(perm, [{ permType: read }, { permType: readwrite }]);
  t.strictSame([text(perm[0]?.key), text(perm[0]?.rangeEnd)], ["p/", "p0"]);
  t.strictSame((await auth.roleList({})).roles, ["reading", "root"]);
}

async function usersScene(t: Test, { auth }: Api): Promise<void> {
  await auth.userAdd({ name: "root", password: "secret", hashedPassword: "overwritten" });
  await auth.userAdd({ name: "guest", options: { noPassword: true } });
  await auth.userAdd({ name: "reader", password: "old" });
  const change = { name: "reader", password: "changed", hashedPassword: "overwritten" };
  await auth.userChangePassword(change);
  await auth.userGrantRole({ user: "root", role: "root" });
  await auth.userGrantRole({ user: "reader", role: "reading" });
  t.strictSame((await auth.userGet({ name: "reader" })).roles, ["reading"]);
  t.strictSame((await auth.userList({})).users, ["guest", "reader", "root"]);
  const { enabled, authRevision } = await auth.status({});
  t.equal(enabled, false);
  t.equal(authRevision > 8, true, `auth revision ${authRevision}`);
}

/** Users and roles are never sent as such, but the database file holds them. */
async function storedScene(t: Test, etcd: Api): Promise<void> {
  const file = await snapshotFile(t, etcd);
  const guest = { name: bytes("guest"), options: { noPassword: true } };
  t.equal(holds(file, m.encodeUser(guest)), true, "a user as we would store it");
  const { read, readwrite } = m.PermissionType;
  const keyPermission = [
    { permType: read, key: bytes("p/"), rangeEnd: bytes("p0") },
    { permType: readwrite, key: bytes("r") },
  ];
  const role = m.encodeRole({ name: bytes("reading"), keyPermission });
  t.equal(holds(file, role), true, "a role as we would store it");
}

async function cleanUp(t: Test, { auth }: Api): Promise<void> {
  const range = { key: bytes("p/"), rangeEnd: bytes("p0") };
  await auth.roleRevokePermission({ role: "reading", ...range });
  t.equal((await auth.roleGet({ role: "reading" })).perm.length, 1);
  await auth.userRevokeRole({ name: "reader", role: "reading" });
  t.strictSame((await auth.userGet({ name: "reader" })).roles, []);
  await auth.roleDelete({ role: "reading" });
  await auth.userDelete({ name: "reader" });
  t.strictSame((await auth.userList({})).users, ["guest", "root"]);
}
