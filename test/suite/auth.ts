/** Users and roles: making, changing and removing them, with authentication off and on. */
import type { Client } from "../../src/client/index.ts";
import { STATUS } from "../../src/wire/index.ts";
import { bytes, currentRevision, refuses, revisionOf } from "./checks.ts";
import { DENIALS, guarded, PASSWORD, withToken } from "./auth-scene.ts";
import type { SuiteTests } from "./scene.ts";

const QUICK = { bcryptCost: 4 };
const precondition = (text: string) => [STATUS.failedPrecondition, `etcdserver: ${text}`] as const;
const argument = (text: string) => [STATUS.invalidArgument, `etcdserver: ${text}`] as const;

async function authRevision(client: Client): Promise<number> {
  return (await client.auth.status()).authRevision;
}

export const authTests: SuiteTests = {
  "Users are added, listed, changed and deleted": async ({ t, fresh }) => {
    const { client } = await fresh(QUICK);
    const { auth } = client;
    await refuses(t, auth.userAdd("", PASSWORD), argument("user name is empty"));
    for (const name of ["zoe", "ann", "ünal", "Bob", "😀", "\uffee"]) {
      await auth.userAdd(name, PASSWORD);
    }
    const names = ["Bob", "ann", "zoe", "ünal", "\uffee", "😀"];
    t.strictSame(await auth.userList(), names, "in the order of their bytes");
    await refuses(t, auth.userAdd("ann", "other"), precondition("user name already exists"));
    t.strictSame(await auth.userGet("ann"), []);
    await auth.userChangePassword("ann", "other");
    await auth.userDelete("zoe");
    await refuses(t, auth.userGet("zoe"), DENIALS.noUser);
    await refuses(t, auth.userDelete("zoe"), DENIALS.noUser);
    t.equal(await authRevision(client), 1 + 6 + 1 + 1);
    t.equal(await currentRevision(client), 1, "the keys' revision is another one");
  },

  "A password has at most 72 bytes": async ({ t, fresh }) => {
    const { client } = await fresh(QUICK);
    const tooLong = [STATUS.unknown, "bcrypt: password length exceeds 72 bytes"] as const;
    await refuses(t, client.auth.userAdd("a", "x".repeat(73)), tooLong);
    await refuses(t, client.auth.userAdd("a", "ü".repeat(37)), tooLong);
    await refuses(t, client.auth.userAdd("", "x".repeat(73)), tooLong, "before all else");
    await refuses(t, client.auth.userChangePassword("nobody", "x".repeat(73)), tooLong);
    await client.auth.userAdd("a", "x".repeat(72));
    t.strictSame(await client.auth.userList(), ["a"]);
  },

  "Roles are added, listed and deleted, and users lose them": async ({ t, fresh }) => {
    const { client } = await fresh(QUICK);
    const { auth } = client;
    await refuses(t, auth.roleAdd(""), argument("role name is empty"));
    for (const name of ["writers", "Readers"]) await auth.roleAdd(name);
    t.strictSame(await auth.roleList(), ["Readers", "writers"]);
    await refuses(t, auth.roleAdd("writers"), precondition("role name already exists"));
    await auth.userAdd("ann", PASSWORD);
    await refuses(t, auth.userGrantRole("ann", "none"), DENIALS.noRole);
    await refuses(t, auth.userGrantRole("none", "writers"), DENIALS.noUser);
    await auth.userGrantRole("ann", "writers");
    await auth.userGrantRole("ann", "Readers");
    const before = await authRevision(client);
    await auth.userGrantRole("ann", "writers");
    t.equal(await authRevision(client), before, "granting again changes nothing");
    t.strictSame(await auth.userGet("ann"), ["Readers", "writers"]);
    await auth.userRevokeRole("ann", "Readers");
    const notGranted = precondition("role is not granted to the user");
    await refuses(t, auth.userRevokeRole("ann", "Readers"), notGranted);
    await refuses(t, auth.userRevokeRole("none", "Readers"), DENIALS.noUser);
    await auth.roleDelete("writers");
    t.strictSame(await auth.userGet("ann"), []);
    await refuses(t, auth.roleDelete("writers"), DENIALS.noRole);
    t.equal(await authRevision(client), before + 2);
  },

  "Permissions are granted, changed and revoked by their range": async ({ t, fresh }) => {
    const { client } = await fresh(QUICK);
    const { auth } = client;
    await auth.roleAdd("r");
    const permissions = async (): Promise<string[]> =>
      (await auth.roleGet("r")).map(
        ({ type, key, rangeEnd }) => `${type} ${key.toString()} ${rangeEnd.toString("hex")}`,
      );
    await auth.roleGrantPermission("r", "read", "k");
    await auth.roleGrantPermission("r", "write", "b", { rangeEnd: "c" });
    await auth.roleGrantPermission("r", "readwrite", "x", { fromKey: true });
    t.strictSame(await permissions(), ["write b 63", "read k ", "readwrite x 00"]);
    await auth.roleGrantPermission("r", "readwrite", "k");
    await auth.roleGrantPermission("r", "read", "k", { prefix: true });
    t.strictSame(
      await permissions(),
      ["write b 63", "readwrite k ", "read k 6c", "readwrite x 00"],
      "the same range is changed, another one is one more",
    );
    await auth.roleGrantPermission("r", "write", "k", { prefix: true });
    t.equal((await permissions()).length, 5, "but only the first of a key is known again");
    const notGranted = precondition("permission is not granted to the role");
    await refuses(t, auth.roleRevokePermission("r", "b"), notGranted);
    await auth.roleRevokePermission("r", "k", { prefix: true });
    await auth.roleRevokePermission("r", "b", { rangeEnd: "c" });
    t.strictSame(await permissions(), ["readwrite k ", "readwrite x 00"]);
    t.equal(await authRevision(client), 1 + 1 + 6 + 2);
  },

  "A permission that is none is refused": async ({ t, fresh }) => {
    const { client } = await fresh(QUICK);
    await client.auth.roleAdd("r");
    const grant = (key: string, rangeEnd: string, name = "r") =>
      client.unary("roleGrantPermission", {
        name,
        perm: { key: bytes(key), rangeEnd: bytes(rangeEnd) },
      });
    const none = client.unary("roleGrantPermission", { name: "nothing" });
    await refuses(t, none, argument("permission not given"), "before the role is looked for");
    await refuses(t, grant("", "", "nothing"), DENIALS.management);
    await refuses(t, grant("", "\0"), DENIALS.management);
    await refuses(t, grant("b", "b"), DENIALS.management);
    await refuses(t, grant("b", "a"), DENIALS.management);
    await refuses(t, grant("b", "c", "nothing"), DENIALS.noRole);
    await grant("b", "b\0");
    t.equal((await client.auth.roleGet("r")).length, 1);
  },

  "The role root is every user's to get, and shown with all keys": async ({ t, fresh }) => {
    const { auth } = (await fresh(QUICK)).client;
    await auth.userAdd("ann", PASSWORD);
    await auth.userGrantRole("ann", "root");
    await refuses(t, auth.roleGet("root"), DENIALS.noRole, "while nobody has made it");
    await auth.roleAdd("root");
    t.strictSame(await auth.roleGet("root"), [
      { type: "readwrite", key: Buffer.alloc(0), rangeEnd: Buffer.of(0) },
    ]);
    await auth.roleDelete("root");
    t.strictSame(await auth.userGet("ann"), []);
  },

  "AuthEnable needs a root with its role, and can be undone": async ({ t, fresh }) => {
    const own = await fresh(QUICK);
    const { client } = own;
    const { auth } = client;
    await refuses(t, auth.enable(), precondition("root user does not exist"));
    await auth.userAdd("root", PASSWORD);
    await refuses(t, auth.enable(), precondition("root user does not have root role"));
    await auth.userGrantRole("root", "root");
    const revision = await authRevision(client);
    await auth.enable();
    t.strictSame(
      [(await auth.status()).enabled, await authRevision(client)],
      [true, revision],
      "which is no change of users and roles",
    );
    await refuses(t, auth.enable(), DENIALS.nobody, "now it has to be root who asks");
    const root = withToken(own.channel, await auth.authenticate("root", PASSWORD));
    await root.auth.enable();
    await root.auth.disable();
    t.strictSame(
      [(await auth.status()).enabled, await authRevision(client)],
      [false, revision + 1],
    );
    await auth.disable();
    t.equal(await authRevision(client), revision + 1);
    await client.kv.put("k", "v");
    await auth.enable();
    await refuses(t, root.kv.get("k"), DENIALS.badToken, "a token of before is of no use");
  },

  "Root cannot lose what it needs while authentication is on": async (scene) => {
    const { t } = scene;
    const { root } = await guarded(scene);
    await root.auth.roleAdd("root");
    await refuses(t, root.auth.userDelete("root"), DENIALS.management);
    await refuses(t, root.auth.roleDelete("root"), DENIALS.management);
    await refuses(t, root.auth.userRevokeRole("root", "root"), DENIALS.management);
    await root.auth.disable();
    await root.auth.userRevokeRole("root", "root");
    await root.auth.userDelete("root");
  },

  "Users see themselves and their roles, and nobody else's": async (scene) => {
    const { t } = scene;
    const { root, anonymous, add } = await guarded(scene);
    const ann = await add("ann", [["read", "a"]]);
    await add("bob", [["write", "b"]]);
    t.strictSame(await ann.auth.userGet("ann"), ["ann-role"]);
    t.equal((await ann.auth.roleGet("ann-role")).length, 1);
    await refuses(t, ann.auth.userGet("bob"), DENIALS.denied);
    await refuses(t, ann.auth.userGet("none"), DENIALS.denied, "not even whether one exists");
    await refuses(t, ann.auth.roleGet("bob-role"), DENIALS.denied);
    await refuses(t, ann.auth.roleGet("none"), DENIALS.denied);
    await refuses(t, anonymous.auth.userGet("ann"), DENIALS.nobody);
    await refuses(t, anonymous.auth.userGet(""), DENIALS.noUser, "nobody's own name");
    t.strictSame(await root.auth.userGet("bob"), ["bob-role"]);
    await refuses(t, root.auth.userGet("none"), DENIALS.noUser);
  },

  "Users and roles outlive a restart": async (scene) => {
    const { t } = scene;
    const before = await guarded(scene);
    const ann = await before.add("ann", [["readwrite", "a", { prefix: true }]]);
    await ann.kv.put("a1", "v");
    const revision = await authRevision(ann);
    const after = await before.restart();
    t.strictSame(await after.root.auth.userList(), ["ann", "root"]);
    t.strictSame(await after.root.auth.roleList(), ["ann-role"]);
    t.equal(await authRevision(after.root), revision);
    await refuses(t, after.anonymous.kv.get("a1"), DENIALS.nobody);
    const again = await after.login("ann");
    t.equal((await again.kv.get("a1")).count, 1);
    await refuses(t, again.kv.get("b1"), DENIALS.denied);
  },

  "Answers have the revision of the keys in their header": async (scene) => {
    const { t } = scene;
    const { root } = await guarded(scene);
    await root.kv.put("k", "v");
    const revision = await currentRevision(root);
    t.equal(revision, 2);
    const answers = [
      await root.unary("userAdd", { name: "a", password: "b" }),
      await root.unary("roleAdd", { name: "r" }),
      await root.unary("userList", {}),
      await root.unary("authenticate", { name: "root", password: PASSWORD }),
      await root.unary("authEnable", {}),
      await root.unary("authDisable", {}),
    ];
    for (const answer of answers) t.equal(revisionOf(answer), revision);
  },
};
