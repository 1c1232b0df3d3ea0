/**
 * Whom a server lets in of those whose certificate is good.
 * Source: etcd client/pkg/transport/listener.go, baseConfig; listener_tls.go, checkCRL.
 */
import type { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import type { TLSSocket } from "node:tls";
import { commonNameOf } from "./client-certificate.ts";
import { plainSerial, revokedSerials } from "./revocation-list.ts";
import { readPemFile } from "./tls-files.ts";

/** What is asked of clients' certificates. */
export interface ClientRules {
  /** A list of revoked certificates, DER or PEM; read again for each connection. */
  readonly crlFile?: string | undefined;
  /** Names or addresses of which a certificate must have one. */
  readonly allowedHostnames?: readonly string[] | undefined;
  /** Common names of which a certificate must have one; not together with the other names. */
  readonly allowedCommonNames?: readonly string[] | undefined;
}

/** Looks at the certificates of clients. */
export class ClientCheck {
  readonly #crlFile: string;
  readonly #hostnames: readonly string[];
  readonly #commonNames: readonly string[];
  #known: { readonly file: Buffer; readonly serials: ReadonlySet<string> } | undefined;

  /** Throws with etcd's text for rules that exclude each other. */
  constructor({ crlFile = "", allowedHostnames = [], allowedCommonNames = [] }: ClientRules) {
    if (allowedHostnames.length > 0 && allowedCommonNames.length > 0) {
      throw new Error(
        "AllowedCNs and AllowedHostnames are mutually exclusive " +
          `(cns=${quoted(allowedCommonNames)}, hostnames=${quoted(allowedHostnames)})`,
      );
    }
    this.#crlFile = crlFile;
    this.#hostnames = allowedHostnames;
    this.#commonNames = allowedCommonNames;
  }

  /** Whether there is anything to look at. */
  get isNeeded(): boolean {
    return this.#crlFile !== "" || this.#hostnames.length > 0 || this.#commonNames.length > 0;
  }

  /** Why a client is not let in, in etcd's words; undefined when it is. Called once for each. */
  problem(secure: TLSSocket): string | undefined {
    const leaf = secure.getPeerX509Certificate();
    // Nobody was asked for a certificate then.
    if (leaf === undefined) return undefined;
    if (!this.#hasName(secure, leaf)) return "client certificate authentication failed";
    return this.#crlFile === "" ? undefined : this.#revocation(leaf);
  }

  #hasName(secure: TLSSocket, leaf: X509Certificate): boolean {
    if (this.#hostnames.length > 0) return this.#hostnames.some((name) => isFor(leaf, name));
    if (this.#commonNames.length === 0) return true;
    const commonName = commonNameOf(secure.getPeerCertificate());
    return this.#commonNames.includes(commonName ?? "");
  }

  /** All certificates that the client sent are looked up, whoever signed the list. */
  #revocation(leaf: X509Certificate): string | undefined {
    try {
      const serials = this.#serials();
      let certificate: X509Certificate | undefined = leaf;
      for (; certificate !== undefined; certificate = certificate.issuerCertificate) {
        const serial = plainSerial(certificate.serialNumber);
        if (serials.has(serial)) return `transport: certificate serial ${serial} revoked`;
      }
      return undefined;
    } catch (error) {
      // Without a list nobody can be told to be good.
      return error instanceof Error ? error.message : String(error);
    }
  }

  #serials(): ReadonlySet<string> {
    const file = readPemFile(this.#crlFile);
    if (this.#known?.file.equals(file) !== true) {
      this.#known = { file, serials: revokedSerials(file) };
    }
    return this.#known.serials;
  }
}

/** Source: Go crypto/x509, VerifyHostname: the common name is no host name. */
function isFor(certificate: X509Certificate, host: string): boolean {
  const address = host.replace(/^\[(.+)\]$/u, "$1");
  if (isIP(address) !== 0) return certificate.checkIP(address) !== undefined;
  // For OpenSSL a dot in front stands for any name below.
  if (host === "" || host.startsWith(".")) return false;
  // OpenSSL does not take "*.test" for all that Go takes it for, hence it only compares here.
  const options = { subject: "never", wildcards: false } as const;
  const pattern = host.replace(/^[^.]+/u, "*");
  return [host, pattern].some((name) => certificate.checkHost(name, options) !== undefined);
}

/** Source: Go fmt, %q of a list. */
function quoted(texts: readonly string[]): string {
  return `[${texts.map((text) => JSON.stringify(text)).join(" ")}]`;
}
