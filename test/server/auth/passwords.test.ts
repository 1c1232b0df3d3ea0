import { randomBytes } from "node:crypto";
import fc from "fast-check";
import t from "tap";
import {
  PASSWORDS_WAITING_MAX,
  Passwords,
  bcryptCost,
} from "../../../src/server/auth/passwords.ts";
import { EtcdError } from "../../../src/wire/index.ts";
import { withServer } from "../server-fixture.ts";

function open(cost = 4): Passwords {
  const passwords = new Passwords(cost, randomBytes);
  t.teardown(() => passwords.close());
  return passwords;
}

t.test("Passwords match the hashes of others", async (t) => {
  // Source: the test vectors of Openwall's crypt_blowfish, wrapper.c.
  const vectors: readonly (readonly [string, string])[] = [
    ["$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U"],
    ["$2a$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK", "U*U*"],
    ["$2a$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a", "U*U*U"],
    ["$2a$05$CCCCCCCCCCCCCCCCCCCCC.7uG0VCzI2bS7j6ymqJi9CdcdxiRTWNy", ""],
  ];
  const passwords = open();
  for (const [hash, password] of vectors) {
    t.equal(await passwords.matches(password, Buffer.from(hash)), true, password);
    t.equal(await passwords.matches(`${password}x`, Buffer.from(hash)), false);
  }
});

t.test("Passwords match their own hashes, and no others", async (t) => {
  const passwords = open();
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: "binary", maxLength: 15 }), async (password) => {
      const hash = await passwords.hash(password);
      t.match(Buffer.from(hash).toString(), /^\$2a\$04\$[./A-Za-z0-9]{53}$/);
      t.equal(await passwords.matches(password, hash), true);
      t.equal(await passwords.matches(`${password}!`, hash), false);
    }),
    { numRuns: 30 },
  );
  t.not(String(await passwords.hash("x")), String(await passwords.hash("x")), "salted");
  for (const noHash of ["", "x", `$2x$04$${".".repeat(53)}`, `$2a$04$${"!".repeat(53)}`]) {
    t.equal(await passwords.matches("", Buffer.from(noHash)), false, noHash);
  }
  t.equal(await passwords.matchesNobody(""), false);
});

t.test("Passwords are hashed beside everything else, and in line up to a bound", async (t) => {
  const passwords = open(10);
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  await passwords.hash("x");
  clearInterval(timer);
  t.ok(turns > 3, `${turns} turns of the event loop meanwhile`);
  const waiting = Array.from({ length: PASSWORDS_WAITING_MAX }, () => passwords.hash("x"));
  const outcomes = Promise.allSettled(waiting);
  await t.rejects(passwords.hash("x"), new EtcdError("tooManyRequests"));
  await passwords.close();
  const refused = (await outcomes).filter(({ status }) => status === "rejected");
  t.ok(refused.length > PASSWORDS_WAITING_MAX / 2, "the rest is refused at the end");
  await t.rejects(passwords.hash("x"), new EtcdError("stopped"));
});

t.test("Passwords have at most 72 bytes", (t) => {
  const passwords = open();
  passwords.check("ü".repeat(36));
  t.throws(() => passwords.check("ü".repeat(36).concat("x")), new EtcdError("passwordTooLong"));
  t.same([3, 4, 31, 32, 0].map(bcryptCost), [10, 4, 31, 10, 10]);
  t.end();
});

/** Median milliseconds of a login that is refused. */
async function medianMs(login: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let count = 0; count < 7; count++) {
    const start = process.hrtime.bigint();
    await login().catch(() => undefined);
    times.push(Number(process.hrtime.bigint() - start) / 1e6);
  }
  return times.sort((a, b) => a - b)[3] ?? 0;
}

t.test("Who does not exist is refused as late as who has another password", async (t) => {
  const auth = {
    token: "simple",
    simpleTokenTtlMs: 1000,
    bcryptCost: 8,
    hasCertificateUsers: false,
    randomBytes,
  };
  const body = async ({ client }: Parameters<Parameters<typeof withServer>[0]>[0]) => {
    await client.auth.userAdd("root", "secret");
    await client.auth.userGrantRole("root", "root");
    await client.auth.enable();
    await client.auth.authenticate("root", "secret");
    const wrong = await medianMs(() => client.auth.authenticate("root", "wrong"));
    const nobody = await medianMs(() => client.auth.authenticate("nobody", "wrong"));
    t.ok(nobody > wrong / 2 && nobody < wrong * 2, `${nobody} ms beside ${wrong} ms`);
  };
  await withServer(body, { options: { auth } });
});
