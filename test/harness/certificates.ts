/** Authorities, and certificates of theirs, made for one test. */
import { generateKeyPairSync } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeCertificate } from "../../src/transport/x509.ts";
import { makeRevocationList } from "./revocation-list.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

/** Files of a certificate and its key, and what is in them. */
export interface Certificate {
  readonly certFile: string;
  readonly keyFile: string;
  readonly cert: string;
  readonly key: string;
}

export interface CertificateOptions {
  /** Default `server`; what clients are known by. */
  readonly commonName?: string;
  /** Default localhost and its addresses. */
  readonly hosts?: readonly string[];
  /** Days from now until it ends; negative for one that has. Default 1. */
  readonly days?: number;
}

/** An authority of a test's own. */
export class TestAuthority {
  readonly #folder: string;
  readonly #name: string;
  readonly #key = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  readonly certFile: string;
  readonly cert: string;

  /** Writes its certificate into the folder. */
  constructor(folder: string, name = "authority") {
    this.#folder = folder;
    this.#name = name;
    const subject = { commonName: name };
    this.cert = makeCertificate(
      {
        subject,
        issuer: subject,
        publicKey: this.#key.publicKey,
        ...validity(1),
        isAuthority: true,
      },
      this.#key.privateKey,
    );
    mkdirSync(folder, { recursive: true });
    this.certFile = join(folder, `${name}.crt`);
    writeFileSync(this.certFile, this.cert);
  }

  /** A new pair under a file name; files of that name are replaced. */
  certify(fileName: string, options: CertificateOptions = {}): Certificate {
    const { commonName = "server", hosts = LOCAL_HOSTS, days = 1 } = options;
    const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
    const cert = makeCertificate(
      {
        subject: { commonName },
        issuer: { commonName: this.#name },
        publicKey,
        ...validity(days),
        hosts,
        usages: ["server", "client"],
      },
      this.#key.privateKey,
    );
    const key = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
    const certFile = join(this.#folder, `${fileName}.crt`);
    const keyFile = join(this.#folder, `${fileName}.key`);
    writeFileSync(certFile, cert);
    writeFileSync(keyFile, key);
    return { certFile, keyFile, cert, key };
  }

  /** Writes a list of its certificates that are good no more; gives the file's path. */
  revoke(fileName: string, revoked: readonly Certificate[]): string {
    const issuer = { name: this.#name, key: this.#key.privateKey };
    const file = join(this.#folder, `${fileName}.crl`);
    const certificates = revoked.map(({ cert }) => cert);
    writeFileSync(file, makeRevocationList(issuer, certificates));
    return file;
  }
}

const LOCAL_HOSTS = ["localhost", "127.0.0.1", "::1"];

function validity(days: number): { notBefore: Date; notAfter: Date } {
  const nowMs = Date.now();
  return {
    notBefore: new Date(nowMs - 2 * DAY_MS),
    notAfter: new Date(nowMs + days * DAY_MS),
  };
}
