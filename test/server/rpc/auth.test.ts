import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import type { Test } from "tap";
import { Client } from "../../../src/client/index.ts";
import type { ServerOptions } from "../../../src/server/index.ts";
import { EtcdError, EMPTY_CONTEXT, messages } from "../../../src/wire/index.ts";
import { tempDirectory } from "../../harness/temp-dir.ts";
import { settle } from "../../../src/testing/virtual-clock.ts";
import { refuses, withServer } from "../server-fixture.ts";
import type { Fixture } from "../server-fixture.ts";

const PASSWORD = "secret";

function authOptions(options: Partial<ServerOptions["auth"]>): ServerOptions["auth"] {
  return {
    token: "simple",
    simpleTokenTtlMs: 10_000,
    bcryptCost: 4,
    hasCertificateUsers: false,
    randomBytes,
    ...options,
  };
}

/** A server with a user root and authentication on, and a client of root's. */
async function withAuth(
  body: (
    fixture: Fixture & { root: Client; login: (name: string) => Promise<Client> },
  ) => Promise<void>,
  options: Partial<ServerOptions["auth"]> = {},
): Promise<void> {
  await withServer(
    async (fixture) => {
      const { client, server } = fixture;
      await client.auth.userAdd("root", PASSWORD);
      await client.auth.userGrantRole("root", "root");
      await client.auth.enable();
      const login = async (name: string): Promise<Client> => {
        const token = await client.auth.authenticate(name, PASSWORD);
        return new Client(server, { metadata: { token } });
      };
      await body({ ...fixture, root: await login("root"), login });
    },
    { options: { auth: authOptions(options) } },
  );
}

async function jwt(t: Test, more = ""): Promise<Partial<ServerOptions["auth"]>> {
  const file = join(await tempDirectory(t), "secret");
  writeFileSync(file, "a secret");
  return { token: `jwt,sign-method=HS256,priv-key=${file}${more}` };
}

t.test("A simple token is good for a time after it was used, by the server's clock", async () => {
  await withAuth(async ({ root, clock }) => {
    for (let count = 0; count < 3; count++) {
      await clock.advance(10_000);
      await root.kv.get("k");
    }
    await clock.advance(10_001);
    await refuses(root.kv.get("k"), "invalidAuthToken");
    await refuses(root.kv.put("k", "v"), "invalidAuthToken");
  });
});

t.test("A password that is changed while it is looked at is looked at again", async (t) => {
  await withAuth(async ({ root, client, server }) => {
    await root.auth.userAdd("ann", "old");
    const login = client.auth.authenticate("ann", "old");
    // Hashed behind the look at the old one, and in line behind nothing.
    const change = root.auth.userChangePassword("ann", "new");
    const outcomes = await Promise.allSettled([login, change]);
    t.equal(outcomes[1].status, "fulfilled");
    const token = outcomes[0].status === "fulfilled" ? outcomes[0].value : "";
    await refuses(client.auth.authenticate("ann", "old"), "authFailed");
    t.ok(await client.auth.authenticate("ann", "new"));
    if (token === "") return;
    const ann = new Client(server, { metadata: { token } });
    await refuses(ann.auth.userGet("ann"), "invalidAuthToken");
  });
});

t.test("A call whose token is of an index to come waits for it", async (t) => {
  await withAuth(async ({ server, root, client }) => {
    const { raftAppliedIndex } = await root.maintenance.status();
    const ahead = (index: number) =>
      new Client(server, { metadata: { token: `abc.${index}` } }).kv.get("k");
    const outcomes: unknown[] = [];
    const note = (call: Promise<unknown>) =>
      call.catch((error: EtcdError) => outcomes.push(error.reason));
    void note(ahead(raftAppliedIndex + 2));
    await settle();
    t.same(outcomes, []);
    await client.auth.status();
    await client.auth.status();
    await settle();
    t.same(outcomes, ["invalidAuthToken"]);
    const never = 2 ** 60;
    for (let count = 0; count < 1001; count++) void note(ahead(never));
    await settle();
    t.same(outcomes, ["invalidAuthToken", "invalidAuthToken"], "of too many the oldest goes");
    await server.close();
    await settle();
    t.same(new Set(outcomes.slice(2)), new Set(["stopped"]));
  });
});

t.test("A JWT is good for its time, and for the revision that it was made at", async (t) => {
  await withAuth(
    async ({ root, login, clock, client }) => {
      await root.auth.userAdd("ann", PASSWORD);
      await refuses(root.kv.get("k"), "authOldRevision");
      await refuses(root.kv.put("k", "v"), "authOldRevision");
      await root.auth.roleAdd("r");
      t.equal((await root.maintenance.status()).errors.length, 0, "who is asked for no key");
      const fresh = await login("root");
      await fresh.kv.put("k", "v");
      const ann = await login("ann");
      await refuses(ann.kv.get("k"), "permissionDenied");
      await fresh.auth.userDelete("ann");
      await refuses(ann.auth.userGet("x"), "userNotFound");
      await clock.advance(60_000);
      await refuses(fresh.maintenance.status(), "invalidAuthToken");
      await refuses(client.auth.authenticate("root", "wrong"), "authFailed");
      t.ok(await login("root"));
    },
    await jwt(t, ",ttl=1m"),
  );
});

t.test("Without tokens nobody is anybody, but by a certificate", async (t) => {
  const options = { token: "", hasCertificateUsers: true };
  await withServer(
    async ({ server, client }) => {
      await client.auth.userAdd("root", PASSWORD);
      await client.auth.userGrantRole("root", "root");
      await client.auth.enable();
      await refuses(client.auth.authenticate("root", PASSWORD), "authFailed");
      const request = messages.encodeRangeRequest({ key: Buffer.from("k") });
      const certified = { metadata: () => undefined, certificateName: () => "root" };
      t.ok(await server.unary("range", request, certified));
      const call = async () => server.unary("range", request, EMPTY_CONTEXT);
      await refuses(call(), "userEmpty");
    },
    { options: { auth: authOptions(options) } },
  );
});

t.test("A server does not start with tokens that make no sense", async (t) => {
  for (const token of ["complex", "jwt", "jwt,sign-method=RS256"]) {
    await t.rejects(
      withAuth(async () => {}, { token }),
      { message: /^auth: / },
    );
  }
});

t.test("A permission that is taken back in line is gone", async (t) => {
  await withAuth(async ({ root, login, client }) => {
    await root.auth.roleAdd("r");
    await root.auth.roleGrantPermission("r", "readwrite", "k");
    await root.auth.userAdd("ann", PASSWORD);
    await root.auth.userGrantRole("ann", "r");
    const ann = await login("ann");
    const outcomes = await Promise.allSettled([
      ann.kv.put("k", "1"),
      root.auth.userRevokeRole("ann", "r"),
      ann.kv.put("k", "2"),
      ann.kv.delete("k"),
      ann.kv
        .txn()
        .then({ requestPut: { key: Buffer.from("k") } })
        .commit(),
      root.auth.disable(),
      client.kv.put("k", "3"),
      client.auth.enable(),
      client.kv.put("k", "4"),
    ]);
    t.same(
      outcomes.map((outcome) =>
        outcome.status === "fulfilled" ? "done" : (outcome.reason as EtcdError).reason,
      ),
      [
        "done",
        "done",
        ...Array<string>(3).fill("authOldRevision"),
        "done",
        "done",
        "done",
        "userEmpty",
      ],
    );
  });
});
