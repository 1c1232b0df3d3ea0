/** A certificate that a server gives itself, kept in files for later starts. */
import { generateKeyPairSync } from "node:crypto";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Logger } from "../wire/index.ts";
import { parseListenUrl } from "./listen-url.ts";
import { makeCertificate } from "./x509.ts";

const YEAR_MS = 365 * 24 * 60 * 60 * 1000;

/** Only the owner may read a key. */
const KEY_MODE = 0o600;

export interface SelfCertificateOptions {
  /** Where the files are, or will be. */
  readonly folder: string;
  /** What is listened on: the certificate is good for their hosts. */
  readonly urls: readonly string[];
  /** How long it is good, at least 1. */
  readonly years: number;
  readonly logger: Logger;
}

/**
 * Files of a certificate and its key: those of an earlier start, or new ones. Throws for no years,
 * and when files cannot be written. Source: etcd client/pkg/transport/listener.go, SelfCert.
 */
export function selfCertificate(options: SelfCertificateOptions): {
  readonly certFile: string;
  readonly keyFile: string;
} {
  const { folder, urls, years, logger } = options;
  if (years < 1) throw new Error("selfSignedCertValidity is invalid,it should be greater than 0");
  const files = {
    certFile: resolve(join(folder, "cert.pem")),
    keyFile: resolve(join(folder, "key.pem")),
  };
  if (existsSync(files.certFile) && existsSync(files.keyFile)) return files;
  const notBefore = new Date();
  const notAfter = new Date(notBefore.getTime() + years * YEAR_MS);
  logger.warn("automatically generate certificates", {
    "certificate-validity-bound-not-after": notAfter.toISOString(),
  });
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "secp521r1" });
  const name = { organization: "etcd" };
  const content = { subject: name, issuer: name, publicKey, notBefore, notAfter };
  const certificate = makeCertificate(
    { ...content, hosts: hostsOf(urls), isAuthority: true, usages: ["server"] },
    privateKey,
  );
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(files.certFile, certificate);
  logger.info("created cert file", { path: files.certFile });
  const key = privateKey.export({ type: "sec1", format: "pem" });
  writeFileSync(files.keyFile, key, { mode: KEY_MODE });
  logger.info("created key file", { path: files.keyFile });
  return files;
}

function hostsOf(urls: readonly string[]): string[] {
  const hosts = urls.map(parseListenUrl).map((at) => (at.kind === "tcp" ? at.host : "localhost"));
  return [...new Set(hosts)];
}
