/** Passwords and tokens: who is whom, and for how long. */
import { Client } from "../../src/client/index.ts";
import { STATUS } from "../../src/wire/index.ts";
import { refuses, within } from "./checks.ts";
import { DENIALS, guarded, PASSWORD, withToken } from "./auth-scene.ts";
import type { SuiteTests } from "./scene.ts";

/** What the library of etcd's signs with is a secret of any bytes. */
const NO_PASSWORD = [
  STATUS.unknown,
  "auth: authentication failed, password was given for no password user",
] as const;

export const authTokenTests: SuiteTests = {
  "Authenticate tells users by their passwords": async (scene) => {
    const { t } = scene;
    const { anonymous, root } = await guarded(scene);
    const { auth } = anonymous;
    await refuses(t, auth.authenticate("root", "wrong"), DENIALS.failed);
    await refuses(t, auth.authenticate("root", ""), DENIALS.failed);
    await refuses(t, auth.authenticate("nobody", PASSWORD), DENIALS.failed);
    await refuses(t, auth.authenticate("", ""), DENIALS.failed);
    const token = await auth.authenticate("root", PASSWORD);
    t.match(token, /^[a-zA-Z]{16}\.[0-9]+$/);
    t.not(await auth.authenticate("root", PASSWORD), token, "another one every time");
    for (const password of ["ünï😀", "a\0b", "x".repeat(72)]) {
      await root.auth.userAdd(password, password);
      t.ok(await auth.authenticate(password, password));
      await refuses(t, auth.authenticate(password, `${password.slice(0, -1)}!`), DENIALS.failed);
    }
    t.ok(await auth.authenticate("x".repeat(72), "x".repeat(80)), "72 bytes are all that count");
  },

  "A user without a password has none": async (scene) => {
    const { t } = scene;
    const { anonymous, root } = await guarded(scene);
    await root.auth.userAdd("ann");
    await refuses(t, anonymous.auth.authenticate("ann", ""), NO_PASSWORD);
    await refuses(t, anonymous.auth.authenticate("ann", "x"), NO_PASSWORD);
    await root.auth.userChangePassword("ann", "x");
    await refuses(t, anonymous.auth.authenticate("ann", "x"), NO_PASSWORD, "and gets none");
  },

  "An empty password is one, unless a user was given it later": async (scene) => {
    const { t } = scene;
    const { anonymous, root } = await guarded(scene);
    await root.auth.userAdd("ann", "");
    t.ok(await anonymous.auth.authenticate("ann", ""));
    await refuses(t, anonymous.auth.authenticate("ann", "x"), DENIALS.failed);
    await root.auth.userChangePassword("ann", "");
    await refuses(t, anonymous.auth.authenticate("ann", ""), DENIALS.failed);
    await root.auth.userChangePassword("ann", "new");
    t.ok(await anonymous.auth.authenticate("ann", "new"));
  },

  "A token is sent in either of two ways, and the first counts": async (scene) => {
    const { t } = scene;
    const { anonymous, channel } = await guarded(scene);
    const token = await anonymous.auth.authenticate("root", PASSWORD);
    const get = (metadata: Record<string, string>) => new Client(channel, { metadata }).kv.get("k");
    t.equal((await get({ token })).count, 0);
    t.equal((await get({ authorization: token })).count, 0);
    t.equal((await get({ authorization: `Bearer ${token}` })).count, 0);
    t.equal((await get({ token: `Bearer ${token}` })).count, 0);
    t.equal((await get({ token, authorization: "nonsense" })).count, 0);
    await refuses(t, get({ token: "nonsense", authorization: token }), DENIALS.badToken);
    await refuses(t, get({ authorization: `bearer ${token}` }), DENIALS.badToken);
    await refuses(t, get({ authorization: `Basic ${token}` }), DENIALS.badToken);
  },

  "A token that nobody was given is none": async (scene) => {
    const { t } = scene;
    const { anonymous, channel } = await guarded(scene);
    const token = await anonymous.auth.authenticate("root", PASSWORD);
    const [prefix = "", index = ""] = token.split(".");
    const bad = [
      "",
      "x",
      prefix,
      `${prefix}.`,
      `.${index}`,
      `${prefix}.0`,
      `${prefix}.1`,
      `${prefix}.-1`,
      `${prefix}.+${index}`,
      `${prefix}.0x1`,
      `${prefix}.18446744073709551616`,
      `${token}.`,
      `${token}.1`,
      `${prefix.toLowerCase()}${prefix.toUpperCase()}.${index}`,
      `x${token}`,
    ];
    for (const wrong of bad) {
      const client = withToken(channel, wrong);
      await refuses(t, client.kv.get("k"), DENIALS.badToken, `Range with "${wrong}"`);
      await refuses(t, client.auth.status(), DENIALS.badToken, `AuthStatus with "${wrong}"`);
    }
    t.ok(
      await withToken(channel, "x").auth.authenticate("root", PASSWORD),
      "nothing is asked here",
    );
  },

  "A token that may become good is waited for": async (scene) => {
    const { t } = scene;
    const { anonymous, channel, root } = await guarded(scene);
    const { raftAppliedIndex } = await root.maintenance.status();
    const ahead = withToken(channel, `abcdefghijklmnop.${raftAppliedIndex + 3}`);
    let isAnswered = false;
    const waiting = refuses(t, ahead.kv.get("k"), DENIALS.badToken).then(() => {
      isAnswered = true;
    });
    await refuses(t, ahead.unary("put", {}), [
      STATUS.invalidArgument,
      "etcdserver: key is not provided",
    ]);
    await anonymous.auth.status();
    t.equal(isAnswered, false);
    for (let count = 0; count < 4; count++) await root.kv.put("k", "v");
    await within("the answer about a token", waiting);
  },

  "Tokens end with a new password, and with their user": async (scene) => {
    const { t } = scene;
    const { root, add, login, anonymous } = await guarded(scene);
    const ann = await add("ann", [["read", "a"]]);
    const other = await login("ann");
    await ann.kv.get("a");
    await root.auth.userChangePassword("ann", "new");
    await refuses(t, ann.kv.get("a"), DENIALS.badToken);
    await refuses(t, other.kv.get("a"), DENIALS.badToken);
    await refuses(t, login("ann"), DENIALS.failed);
    const again = await login("ann", "new");
    await again.kv.get("a");
    await root.auth.userDelete("ann");
    await refuses(t, again.kv.get("a"), DENIALS.badToken);
    await root.auth.userAdd("ann", "new");
    await refuses(t, again.kv.get("a"), DENIALS.badToken, "also when there is one of that name");
    await refuses(t, (await login("ann", "new")).kv.get("a"), DENIALS.denied);
    await refuses(t, anonymous.auth.authenticate("ann", PASSWORD), DENIALS.failed);
  },

  "A token is good as before when its user's roles change": async (scene) => {
    const { t } = scene;
    const { root, add } = await guarded(scene);
    const ann = await add("ann", [["read", "a"]]);
    await root.auth.userRevokeRole("ann", "ann-role");
    await refuses(t, ann.kv.get("a"), DENIALS.denied);
    await root.auth.userGrantRole("ann", "ann-role");
    t.equal((await ann.kv.get("a")).count, 0);
    await root.auth.roleRevokePermission("ann-role", "a");
    await refuses(t, ann.kv.get("a"), DENIALS.denied);
    await root.auth.roleGrantPermission("ann-role", "write", "a");
    await refuses(t, ann.kv.get("a"), DENIALS.denied);
    await ann.kv.put("a", "v");
    await root.auth.roleDelete("ann-role");
    await refuses(t, ann.kv.put("a", "v"), DENIALS.denied);
    await root.auth.userGrantRole("ann", "root");
    t.equal((await ann.kv.get("a")).count, 1);
  },

  "A client with a user and a password looks after its token": async (scene) => {
    const { t } = scene;
    const { root, add, channel } = await guarded(scene);
    await add("ann", [["readwrite", "a", { prefix: true }]]);
    const credentials = { user: "ann", password: PASSWORD };
    const ann = new Client(channel, { credentials });
    await ann.kv.put("a", "1");
    await using watch = ann.watch("a", { prefix: true });
    await within("the watch to be made", watch.created);
    await root.auth.userChangePassword("ann", PASSWORD);
    t.equal((await ann.kv.get("a")).count, 1, "with another token");
    await root.auth.userChangePassword("ann", PASSWORD);
    await using second = ann.watch("a", { prefix: true });
    await within("the second watch to be made", second.created);
    const wrong = new Client(channel, { credentials: { ...credentials, password: "wrong" } });
    await refuses(t, wrong.kv.get("a"), DENIALS.failed);
    await root.auth.disable();
    await ann.kv.put("b", "1");
  },
};
