import { X509Certificate } from "node:crypto";
import { readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { selfCertificate } from "../../src/transport/self-certificate.ts";
import { SILENT_LOGGER } from "../../src/wire/index.ts";
import { tempDirectory } from "../harness/temp-dir.ts";

const YEAR_MS = 365 * 24 * 60 * 60 * 1000;

void t.test("selfCertificate() is as etcd's", async (t) => {
  const folder = join(await tempDirectory(t), "fixtures", "client");
  const messages: string[] = [];
  const log = (message: string): void => void messages.push(message);
  const { certFile, keyFile } = selfCertificate({
    folder,
    urls: ["https://127.0.0.1:0", "unixs://x", "https://[::1]:2379"],
    years: 2,
    logger: { ...SILENT_LOGGER, info: log, warn: log },
  });
  const read = new X509Certificate(readFileSync(certFile));
  t.equal(read.subject, "O=etcd");
  t.equal(read.issuer, "O=etcd");
  t.equal(Date.parse(read.validTo) - Date.parse(read.validFrom), 2 * YEAR_MS);
  t.equal(read.publicKey.asymmetricKeyDetails?.namedCurve, "secp521r1");
  t.same(
    ["127.0.0.1", "::1"].map((ip) => read.checkIP(ip)),
    ["127.0.0.1", "::1"],
  );
  t.equal(read.checkHost("localhost"), "localhost");
  t.match(readFileSync(keyFile, "utf8"), /^-----BEGIN EC PRIVATE KEY-----/u);
  t.equal(statSync(keyFile).mode & 0o777, 0o600);
  t.same(messages, [
    "automatically generate certificates",
    "created cert file",
    "created key file",
  ]);
});

void t.test("selfCertificate() is made once, unless half of it is gone", async (t) => {
  const folder = await tempDirectory(t);
  const options = { folder, urls: ["https://localhost:1"], years: 1, logger: SILENT_LOGGER };
  const { certFile, keyFile } = selfCertificate(options);
  const before = readFileSync(certFile);
  selfCertificate(options);
  t.same(readFileSync(certFile), before);
  rmSync(keyFile);
  selfCertificate(options);
  t.notSame(readFileSync(certFile), before);
  t.throws(() => selfCertificate({ ...options, years: 0 }), {
    message: "selfSignedCertValidity is invalid,it should be greater than 0",
  });
});
