import { getCiphers } from "node:tls";
import t from "tap";
import { opensslCiphers } from "../../src/transport/cipher-suites.ts";

const TLS13 = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";

/** Go's names of TLS 1.2, which etcd takes. */
const NAMES = ["ECDHE_ECDSA", "ECDHE_RSA", "RSA"].flatMap((exchange) =>
  ["AES_128_CBC_SHA", "AES_256_CBC_SHA", "AES_128_GCM_SHA256", "AES_256_GCM_SHA384"].map(
    (cipher) => `TLS_${exchange}_WITH_${cipher}`,
  ),
);

void t.test("opensslCiphers() names what OpenSSL has, in the order given", async (t) => {
  const known = new Set(getCiphers().map((name) => name.toUpperCase()));
  for (const name of NAMES) {
    const [, , , openssl = "", ...rest] = opensslCiphers([name]).split(":");
    t.ok(known.has(openssl), `${name} is ${openssl}`);
    t.same(rest, []);
  }
  const two = ["TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"];
  t.equal(
    opensslCiphers(two),
    `${TLS13}:ECDHE-RSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES128-GCM-SHA256`,
  );
});

void t.test(
  "opensslCiphers() leaves out what OpenSSL has no more, and refuses others",
  async (t) => {
    t.equal(opensslCiphers([]), TLS13);
    t.equal(opensslCiphers(["TLS_RSA_WITH_RC4_128_SHA", "TLS_AES_128_GCM_SHA256"]), TLS13);
    for (const name of ["NOPE", "AES128-SHA", "toString", ""]) {
      const message = `unexpected TLS cipher suite ${JSON.stringify(name)}`;
      t.throws(() => opensslCiphers([name]), { message });
    }
  },
);
