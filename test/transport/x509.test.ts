import { X509Certificate, generateKeyPairSync } from "node:crypto";
import fc from "fast-check";
import t from "tap";
import { makeCertificate } from "../../src/transport/x509.ts";

const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
const CONTENT = {
  subject: { organization: "o", commonName: "subject" },
  issuer: { commonName: "issuer" },
  publicKey,
  notBefore: new Date("2020-01-02T03:04:05Z"),
  notAfter: new Date("2050-06-07T08:09:10Z"),
};

void t.test("makeCertificate() says what it is told to, as OpenSSL reads it", async (t) => {
  const read = new X509Certificate(
    makeCertificate({ ...CONTENT, usages: ["server", "client"] }, privateKey),
  );
  t.equal(read.subject, "O=o\nCN=subject");
  t.equal(read.issuer, "CN=issuer");
  t.equal(read.validFrom, "Jan  2 03:04:05 2020 GMT");
  t.equal(read.validTo, "Jun  7 08:09:10 2050 GMT");
  t.same(read.keyUsage, ["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"]);
  t.equal(read.ca, false);
  t.equal(read.verify(publicKey), true);
  t.equal(read.checkPrivateKey(privateKey), true);
});

void t.test("makeCertificate() makes authorities, which certify others", async (t) => {
  const issuer = { commonName: "issuer" };
  const authority = new X509Certificate(
    makeCertificate({ ...CONTENT, subject: issuer, isAuthority: true }, privateKey),
  );
  t.equal(authority.ca, true);
  const other = generateKeyPairSync("ec", { namedCurve: "secp521r1" });
  const leaf = makeCertificate({ ...CONTENT, publicKey: other.publicKey }, privateKey);
  t.equal(new X509Certificate(leaf).checkIssued(authority), true);
  t.equal(new X509Certificate(leaf).verify(authority.publicKey), true);
});

void t.test("makeCertificate() signs as others expect it, or not at all", async (t) => {
  const key = generateKeyPairSync("ec", { namedCurve: "secp521r1" }).privateKey;
  t.ok(makeCertificate(CONTENT, key));
  const other = generateKeyPairSync("ec", { namedCurve: "secp224r1" }).privateKey;
  t.throws(() => makeCertificate(CONTENT, other), {
    message: 'Cannot sign with a key on the curve: "secp224r1"',
  });
});

void t.test("makeCertificate() is good for any host", async (t) => {
  const label = fc.stringMatching(/^[a-z0-9]{1,20}$/u);
  const host = fc.oneof(label, fc.ipV4(), fc.ipV6());
  fc.assert(
    fc.property(fc.array(host, { minLength: 1, maxLength: 5 }), (hosts) => {
      const read = new X509Certificate(makeCertificate({ ...CONTENT, hosts }, privateKey));
      return hosts.every((name) =>
        /[.:]/u.test(name) ? read.checkIP(name) !== undefined : read.checkHost(name) === name,
      );
    }),
    { numRuns: 50 },
  );
  t.pass();
});
