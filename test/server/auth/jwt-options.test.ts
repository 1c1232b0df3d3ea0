import { writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { readJwtOptions } from "../../../src/server/auth/jwt-options.ts";
import { parseTokenOptions } from "../../../src/server/auth/token-options.ts";
import { tempDirectory } from "../../harness/temp-dir.ts";
import { ALGORITHMS, writePair } from "./jwt-keys.ts";

const read = (text: string) => readJwtOptions(parseTokenOptions(`jwt,${text}`).fields);

t.test("readJwtOptions() takes either key, or both of a pair", async (t) => {
  const folder = await tempDirectory(t);
  for (const kind of Object.keys(ALGORITHMS) as (keyof typeof ALGORITHMS)[]) {
    const { pub, priv } = writePair(folder, kind);
    for (const method of ALGORITHMS[kind]) {
      const both = read(`sign-method=${method},pub-key=${pub},priv-key=${priv},ttl=1h2m3.5s`);
      t.equal(both.ttlMs, 3_723_500);
      const one = read(`sign-method=${method},priv-key=${priv}`);
      t.same([one.verifyKey, one.ttlMs], [both.verifyKey, 300_000], method);
      const verifyOnly = read(`sign-method=${method},pub-key=${pub}`);
      t.same([verifyOnly.verifyKey, verifyOnly.signKey], [both.verifyKey, undefined]);
    }
  }
});

t.test("readJwtOptions() refuses, in etcd's words", async (t) => {
  const folder = await tempDirectory(t);
  const { pub, priv } = writePair(folder, "rsa");
  const other = writePair(await tempDirectory(t), "rsa");
  const curve = writePair(folder, "P-256");
  const empty = join(folder, "empty");
  writeFileSync(empty, "");
  const invalid = "auth: invalid auth options";
  const missing = "auth: missing key data";
  const cases: readonly (readonly [string, string | RegExp])[] = [
    ["ttl=5m", invalid],
    ["sign-method=RS257", invalid],
    ["sign-method=none", invalid],
    ["sign-method=constructor", invalid],
    [`sign-method=RS256,priv-key=${priv},ttl=5`, invalid],
    [`sign-method=RS256,priv-key=${folder}/none`, invalid],
    ["sign-method=RS256", missing],
    ["sign-method=HS256", missing],
    [`sign-method=HS256,pub-key=${pub}`, missing],
    [`sign-method=HS256,priv-key=${empty}`, missing],
    [`sign-method=RS256,pub-key=${other.pub},priv-key=${priv}`, /^auth: public and private keys/],
    [`sign-method=RS256,priv-key=${curve.priv}`, "key is not a valid RSA private key"],
    [`sign-method=ES256,pub-key=${pub}`, "key is not a valid ECDSA public key"],
    [
      `sign-method=RS256,priv-key=${pub}`,
      "invalid key: Key must be a PEM encoded PKCS1 or PKCS8 key",
    ],
  ];
  for (const [text, message] of cases) t.throws(() => read(text), { message }, text);
});
