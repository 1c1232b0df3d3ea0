import { writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { readAuthorities, readKeyPair } from "../../src/transport/tls-files.ts";
import { TestAuthority } from "../harness/certificates.ts";
import { tempDirectory } from "../harness/temp-dir.ts";

const BAD_BLOCK = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";

void t.test("readKeyPair() reads a pair, and knows one that it has read", async (t) => {
  const authority = new TestAuthority(await tempDirectory(t));
  const { certFile, keyFile, cert, key } = authority.certify("a");
  const pair = readKeyPair(certFile, keyFile);
  t.equal(pair.cert.toString(), cert);
  t.equal(pair.key.toString(), key);
  t.equal(readKeyPair(certFile, keyFile, pair), pair);
  authority.certify("a");
  t.not(readKeyPair(certFile, keyFile, pair), pair);
});

void t.test("readKeyPair() says what is wrong in Go's words", async (t) => {
  const folder = await tempDirectory(t);
  const authority = new TestAuthority(folder);
  const [one, two] = [authority.certify("one"), authority.certify("two")];
  const file = (name: string, content: string): string => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  const bad = file("bad", BAD_BLOCK);
  const junk = file("junk", "junk");
  const badKey = file("bad-key", BAD_BLOCK.replaceAll("CERTIFICATE", "PRIVATE KEY"));
  const other = file("other", BAD_BLOCK.replaceAll("CERTIFICATE", "DH PARAMETERS"));
  const gone = join(folder, "gone");
  const noCertificate = "tls: failed to find certificate PEM data in certificate input";
  const cases: readonly [string, string, string][] = [
    [one.certFile, two.keyFile, "tls: private key does not match public key"],
    [gone, one.keyFile, `open ${gone}: no such file or directory`],
    [one.certFile, gone, `open ${gone}: no such file or directory`],
    [folder, one.keyFile, `read ${folder}: is a directory`],
    [`${junk}/x`, one.keyFile, `open ${junk}/x: not a directory`],
    [junk, one.keyFile, "tls: failed to find any PEM data in certificate input"],
    [bad, one.keyFile, "x509: malformed certificate"],
    [other, one.keyFile, noCertificate],
    [
      one.keyFile,
      one.certFile,
      "tls: found a certificate rather than a key in the PEM for the private key",
    ],
    [
      one.keyFile,
      one.keyFile,
      `${noCertificate}, but did find a private key; PEM inputs may have been switched`,
    ],
    [one.certFile, junk, "tls: failed to find any PEM data in key input"],
    [one.certFile, badKey, "tls: failed to parse private key"],
  ];
  for (const [certFile, keyFile, message] of cases) {
    t.throws(() => readKeyPair(certFile, keyFile), { name: "TlsFileError", message }, message);
  }
});

void t.test("readAuthorities() reads all certificates of a file", async (t) => {
  const folder = await tempDirectory(t);
  const [one, two] = [new TestAuthority(folder, "one"), new TestAuthority(folder, "two")];
  const bundle = join(folder, "bundle");
  writeFileSync(bundle, `# two\n${one.cert}\n${two.cert}`);
  t.same(readAuthorities(bundle), [one.cert.trim(), two.cert.trim()]);
  writeFileSync(bundle, "none");
  t.same(readAuthorities(bundle), []);
  writeFileSync(bundle, BAD_BLOCK);
  t.throws(() => readAuthorities(bundle), { message: "x509: malformed certificate" });
});
