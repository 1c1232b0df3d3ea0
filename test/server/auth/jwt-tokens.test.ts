import { createHmac } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import type { Test } from "tap";
import { JwtTokens } from "../../../src/server/auth/jwt-tokens.ts";
import { parseTokenOptions } from "../../../src/server/auth/token-options.ts";
import { EtcdError } from "../../../src/wire/index.ts";
import { tempDirectory } from "../../harness/temp-dir.ts";
import { ALGORITHMS, writePair } from "./jwt-keys.ts";

const NOW_MS = 1_700_000_000_000;
const SECRET = "a secret of any bytes";

function open(text: string, now = { ms: NOW_MS }): JwtTokens {
  return JwtTokens.open(parseTokenOptions(`jwt,${text}`).fields, () => now.ms);
}

async function secretFile(t: Test, secret = SECRET): Promise<string> {
  const file = join(await tempDirectory(t), "secret");
  writeFileSync(file, secret);
  return file;
}

function encoded(part: unknown): string {
  return Buffer.from(typeof part === "string" ? part : JSON.stringify(part)).toString("base64url");
}

/** A token that says anything, well signed. */
function signed(claims: unknown, header: object = { alg: "HS256", typ: "JWT" }): string {
  const input = `${encoded(header)}.${encoded(claims)}`;
  return `${input}.${createHmac("sha256", SECRET).update(input).digest("base64url")}`;
}

t.test("JwtTokens know their own tokens, by every algorithm", async (t) => {
  const folder = await tempDirectory(t);
  const secret = await secretFile(t);
  const options = ["HS256", "HS384", "HS512"].map((method) => [method, `priv-key=${secret}`]);
  for (const kind of Object.keys(ALGORITHMS) as (keyof typeof ALGORITHMS)[]) {
    const { priv } = writePair(folder, kind);
    options.push(...ALGORITHMS[kind].map((method) => [method, `priv-key=${priv}`]));
  }
  t.equal(options.length, 13);
  for (const [method = "", keys = ""] of options) {
    const tokens = open(`sign-method=${method},${keys}`);
    const token = tokens.sign("ann", 7);
    const [header = "", claims = "", signature = ""] = token.split(".");
    t.same(JSON.parse(Buffer.from(header, "base64url").toString()), { alg: method, typ: "JWT" });
    t.same(JSON.parse(Buffer.from(claims, "base64url").toString()), {
      username: "ann",
      revision: 7,
      exp: NOW_MS / 1000 + 300,
    });
    t.same(tokens.callerOf(token), { userName: "ann", authRevision: 7 }, method);
    const forged = encoded({ username: "root", revision: 7, exp: 2e9 });
    t.equal(tokens.callerOf(`${header}.${forged}.${signature}`), undefined);
    t.equal(tokens.callerOf(`${header}.${claims}.`), undefined);
    t.equal(tokens.callerOf(`${header}.${claims}`), undefined);
    const none = encoded({ alg: "none" });
    t.equal(tokens.callerOf(`${none}.${forged}.`), undefined, "without a signature");
    t.equal(tokens.callerOf(`${none}.${claims}.${signature}`), undefined);
  }
});

t.test("JwtTokens take no other algorithm than theirs", async (t) => {
  const folder = await tempDirectory(t);
  const { pub, priv } = writePair(folder, "rsa");
  const tokens = open(`sign-method=RS256,pub-key=${pub}`);
  for (const method of ["RS512", "PS256"]) {
    const other = open(`sign-method=${method},priv-key=${priv}`);
    t.equal(tokens.callerOf(other.sign("ann", 1)), undefined, method);
  }
  // What anybody can read is no secret.
  const confused = open(`sign-method=HS256,priv-key=${pub}`);
  t.equal(tokens.callerOf(confused.sign("ann", 1)), undefined);
  const good = open(`sign-method=RS256,priv-key=${priv}`).sign("ann", 1);
  t.ok(tokens.callerOf(good));
  t.throws(() => tokens.sign("ann", 1), new EtcdError("verifyOnlyKey"));
  t.equal(tokens.create(), undefined);
});

t.test("JwtTokens end by the clock, and by nothing else", async (t) => {
  const now = { ms: NOW_MS };
  const tokens = open(`sign-method=HS256,priv-key=${await secretFile(t)},ttl=10s`, now);
  const token = tokens.sign("ann", 1);
  tokens.assign();
  tokens.invalidate();
  tokens.clear();
  now.ms += 9_999;
  t.ok(tokens.callerOf(token));
  now.ms += 1;
  t.equal(tokens.callerOf(token), undefined);
});

t.test("JwtTokens look at what a token says", async (t) => {
  const tokens = open(`sign-method=HS256,priv-key=${await secretFile(t)}`);
  const claims = { username: "ann", revision: 1 };
  const nowS = NOW_MS / 1000;
  t.same(tokens.callerOf(signed(claims)), { userName: "ann", authRevision: 1 }, "without an end");
  t.ok(tokens.callerOf(signed({ ...claims, nbf: nowS, exp: nowS + 1, iat: nowS + 9 })));
  t.equal(tokens.callerOf(signed({ ...claims, revision: 2.9, exp: 0 }))?.authRevision, 2);
  const bad = [
    { ...claims, exp: nowS },
    { ...claims, exp: "2000000000" },
    { ...claims, exp: null },
    { ...claims, nbf: nowS + 1 },
    { username: "ann" },
    { revision: 1 },
    { ...claims, username: 1 },
    { ...claims, revision: "1" },
    [],
    "text",
    null,
  ];
  for (const one of bad) t.equal(tokens.callerOf(signed(one)), undefined, JSON.stringify(one));
  for (const text of ["", ".", "..", "a.b.c", "x".repeat(9000), signed(claims, { alg: "HS384" })]) {
    t.equal(tokens.callerOf(text), undefined, text.slice(0, 40));
  }
  t.equal(tokens.callerOf(`${signed(claims)}.x`), undefined);
});
