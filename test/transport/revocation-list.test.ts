import { generateKeyPairSync } from "node:crypto";
import fc from "fast-check";
import t from "tap";
import { plainSerial, revokedSerials } from "../../src/transport/revocation-list.ts";
import { TestAuthority } from "../harness/certificates.ts";
import { makeRevocationList, tlv } from "../harness/revocation-list.ts";
import { tempDirectory } from "../harness/temp-dir.ts";

const ISSUER = {
  name: "authority",
  key: generateKeyPairSync("ec", { namedCurve: "prime256v1" }).privateKey,
};

/**
 * Made by OpenSSL 3.0 (`openssl ca -gencrl`, with a key of RSA): the serial numbers 03e8 and 7f, the
 * first with a reason, and a number of the list.
 */
const OPENSSL_LIST = `-----BEGIN X509 CRL-----
MIIBQTCBqwIBATANBgkqhkiG9w0BAQsFADAPMQ0wCwYDVQQDDARsaXN0Fw0yNjEx
MjQxNzU5NDdaFw0zNjExMjExNzU5NDdaMDcwEgIBfxcNMjUwMTAxMDAwMDAwWjAh
AgID6BcNMjUwMTAxMDAwMDAwWjAMMAoGA1UdFQQDCgEBoC8wLTAfBgNVHSMEGDAW
gBR5jJEN3c3s/VstiHseY4s2KGX3HDAKBgNVHRQEAwIBBTANBgkqhkiG9w0BAQsF
AAOBgQC8K7hWrlil8UZfhk68/ieYeVwaqfZDydvHgJxhAfvOFQn8jwh3BrCJsvJF
ya2kEhVRpJi0WyaLLZNX5TV18FeuD6mG123K5EUlNGl/szZ87H4GNZJjErRU4VSo
Fcdpt4gkp7L/OTr0La+C6jcVpW8/efBWaU4qspizUm/Zb3SIYA==
-----END X509 CRL-----
`;

void t.test("revokedSerials() reads what OpenSSL wrote, as PEM and as DER", (t) => {
  const expected = new Set(["03e8", "7f"]);
  t.same(revokedSerials(Buffer.from(OPENSSL_LIST)), expected);
  const base64 = OPENSSL_LIST.replaceAll(/-----[^-]+-----/gu, "");
  t.same(revokedSerials(Buffer.from(base64, "base64")), expected);
  t.end();
});

void t.test("revokedSerials() finds all of a list, however long, or none", async (t) => {
  const authority = new TestAuthority(await tempDirectory(t));
  t.same(revokedSerials(makeRevocationList(ISSUER, [])), new Set());
  const certificates = Array.from({ length: 400 }, () => authority.cert);
  t.equal(revokedSerials(makeRevocationList(ISSUER, certificates)).size, 1);
  t.ok(makeRevocationList(ISSUER, certificates).length > 0xff * 40, "a length of two bytes");
});

void t.test("plainSerial() is as Go prints the bytes of a number", (t) => {
  for (const [text, expected] of [
    ["0A", "0a"],
    ["A", "0a"],
    ["0000FF00", "ff00"],
    ["00", "00"],
  ] as const) {
    t.equal(plainSerial(text), expected, text);
  }
  t.end();
});

void t.test("revokedSerials() refuses what is no list in Go's words", (t) => {
  const [one, algorithm, other] = [Buffer.from([1]), tlv(0x30), tlv(0x30, tlv(0x05))];
  const list = (...parts: Buffer[]): Buffer =>
    tlv(0x30, tlv(0x30, ...parts), algorithm, tlv(0x03, Buffer.from([0])));
  const version = tlv(0x02, one);
  const cases: readonly [Buffer, string][] = [
    [Buffer.alloc(0), "x509: malformed crl"],
    [Buffer.from("junk"), "x509: malformed crl"],
    [Buffer.from([0x30, 0x05, 0x30]), "x509: malformed crl"],
    [Buffer.from([0x30, 0x80, 0, 0]), "x509: malformed crl"],
    [Buffer.from([0x30, 0x85, 1, 1, 1, 1, 1]), "x509: malformed crl"],
    [tlv(0x30), "x509: malformed tbs crl"],
    [list(algorithm), "x509: unsupported crl version"],
    [list(tlv(0x02, Buffer.from([2]))), "x509: unsupported crl version: 2"],
    [list(version), "x509: malformed signature algorithm identifier"],
    [list(version, other), "x509: inner and outer signature algorithm identifiers don't match"],
    [list(version, algorithm), "x509: malformed issuer"],
    [list(version, algorithm, tlv(0x30)), "x509: unsupported time format"],
  ];
  for (const [bytes, message] of cases) t.throws(() => revokedSerials(bytes), { message });
  t.end();
});

void t.test("revokedSerials() of half a list, or a changed one, ends with a word", async (t) => {
  const { cert } = new TestAuthority(await tempDirectory(t));
  const whole = makeRevocationList(ISSUER, [cert, cert, cert]);
  const position = fc.integer({ min: 0, max: whole.length - 1 });
  fc.assert(
    fc.property(position, fc.integer({ min: 0, max: 255 }), (at, value) => {
      t.throws(() => revokedSerials(whole.subarray(0, at)), { message: /^x509: /u });
      const changed = Buffer.from(whole);
      changed[at] = value;
      try {
        revokedSerials(changed);
      } catch (error) {
        t.match(error, { message: /^x509: /u });
      }
    }),
    { numRuns: 300 },
  );
});
