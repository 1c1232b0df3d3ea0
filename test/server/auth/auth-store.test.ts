import t from "tap";
import { AUTH, recordKey } from "../../../src/mvcc/index.ts";
import {
  AuthEdit,
  AuthStore,
  disable,
  enable,
  readAuthState,
} from "../../../src/server/auth/auth-store.ts";
import type { messages } from "../../../src/wire/index.ts";
import { commit, withStore } from "../../harness/store-fixture.ts";
import { NO_AUTH, bytes, withServer } from "../server-fixture.ts";
import { FaultyEngine } from "../../../src/testing/index.ts";

const ANN: messages.User = {
  name: Buffer.from("änn"),
  password: bytes("hash"),
  roles: ["r"],
  options: { noPassword: false },
};
const ROLE: messages.Role = {
  name: bytes("r"),
  keyPermission: [{ permType: 2, key: bytes("k"), rangeEnd: bytes("l") }],
};

t.test("AuthEdit writes etcd's records, and readAuthState() reads them", async (t) => {
  await withStore(async (store) => {
    t.same(await readAuthState(store), NO_AUTH);
    let state = NO_AUTH;
    await commit(store, (txn) => {
      const edit = new AuthEdit(state, txn);
      edit.putUser(ANN);
      edit.putRole(ROLE);
      state = enable(edit.finish(), txn);
    });
    const read = await readAuthState(store);
    t.same([read.enabled, read.revision], [true, 2]);
    t.same(read.users.get("änn"), ANN);
    t.same(read.roles.get("r"), ROLE);
    const rows = async (table: "auth" | "authUser" | "authRole") =>
      (await store.readTable(table)).map(([key, value]) => [
        Buffer.from(key).toString("latin1"),
        Buffer.from(value).toString("hex"),
      ]);
    // The values as etcd's Go code writes them: authpb.User and authpb.Role.
    t.same(await rows("authUser"), [["u\xc3\xa4nn", "0a04c3a46e6e1204686173681a01722200"]]);
    t.same(await rows("authRole"), [["rr", "0a0172120808021201" + "6b1a016c"]]);
    t.same(await rows("auth"), [
      ["wauthEnabled", "01"],
      ["wauthRevision", "0000000000000002"],
    ]);
    t.equal(String(AUTH.enabled), "wauthEnabled");
    t.equal(
      String(recordKey("authUser", bytes("x"))) + String(recordKey("authRole", bytes("x"))),
      "uxrx",
    );
    await commit(store, (txn) => {
      const edit = new AuthEdit(state, txn);
      edit.deleteUser(ANN);
      edit.deleteRole(ROLE);
      state = disable(edit.finish(), txn);
    });
    t.same(await readAuthState(store), NO_AUTH.with({ revision: 4 }));
  });
});

t.test("AuthStore shows what is durable, and changes tokens then", (t) => {
  const steps: string[] = [];
  const auth = new AuthStore(NO_AUTH, {
    assign: (token) => void steps.push(`assign ${token}`),
    invalidate: (user) => void steps.push(`invalidate ${user}`),
    clear: () => void steps.push("clear"),
  });
  t.equal(auth.takeChanges(), undefined);
  const first = NO_AUTH.with({ revision: 2 });
  auth.apply(first);
  auth.changeTokens((tokens) => tokens.assign("x", "ann", 0));
  auth.changeTokens((tokens) => tokens.invalidate("ann"));
  const changes = auth.takeChanges();
  const second = NO_AUTH.with({ revision: 3 });
  auth.apply(second);
  t.same([auth.visible, auth.applied, steps], [NO_AUTH, second, []]);
  auth.publish(changes!);
  t.same([auth.visible, steps], [first, ["assign x", "invalidate ann"]]);
  auth.publish(auth.takeChanges()!);
  t.equal(auth.visible, second);
  t.equal(auth.takeChanges(), undefined);
  auth.changeTokens((tokens) => tokens.clear());
  auth.publish(auth.takeChanges()!);
  t.equal(steps.at(-1), "clear");
  t.end();
});

t.test("Users and roles that could not be written are in force for nobody", async (t) => {
  const engine = new FaultyEngine();
  await withServer(
    async ({ client, server }) => {
      await client.auth.userAdd("root", "secret");
      await client.auth.userGrantRole("root", "root");
      engine.failWrite({ write: 1 });
      await t.rejects(client.auth.enable(), /write failed/);
      t.equal((await client.kv.get("k")).count, 0, "nobody is asked");
      t.ok(server.failure);
    },
    { engine, consistent: false },
  );
});
