/** Certificates and keys in files, and what is wrong with them, in Go's words. */
import { X509Certificate, createPrivateKey } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { readFileSync } from "node:fs";

/** A file of a certificate or a key is not what it should be. The text is Go's. */
export class TlsFileError extends Error {
  override readonly name = "TlsFileError";
  /** Whether there is no such file. */
  readonly isMissing: boolean;

  constructor(
    message: string,
    options: { readonly cause?: unknown; readonly isMissing?: boolean } = {},
  ) {
    super(message, options);
    this.isMissing = options.isMissing ?? false;
  }
}

/** A certificate, with those that certify it, and its key: PEM, as in their files. */
export interface KeyPair {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/**
 * Reads a pair whose halves belong together; the known one, when it is still what the files hold.
 * Throws {@link TlsFileError}. Source of the texts: Go crypto/tls, X509KeyPair.
 */
export function readKeyPair(certFile: string, keyFile: string, known?: KeyPair): KeyPair {
  const pair = { cert: readPemFile(certFile), key: readPemFile(keyFile) };
  if (known?.cert.equals(pair.cert) === true && known.key.equals(pair.key)) return known;
  const key = parseKey(pair.key);
  if (!parseCertificate(pair.cert).checkPrivateKey(key)) {
    throw new TlsFileError("tls: private key does not match public key");
  }
  return pair;
}

/** Reads certificates of authorities; none is none to trust. Throws {@link TlsFileError}. */
export function readAuthorities(file: string): string[] {
  const certificates = blocksOf(readPemFile(file)).map(({ text }) => text);
  for (const certificate of certificates) parseX509(certificate);
  return certificates;
}

function parseCertificate(pem: Buffer): X509Certificate {
  const blocks = blocksOf(pem);
  if (blocks.length === 0) {
    throw new TlsFileError("tls: failed to find any PEM data in certificate input");
  }
  const leaf = blocks.find(({ type }) => type === "CERTIFICATE");
  if (leaf !== undefined) return parseX509(leaf.text);
  const problem = blocks.some(({ type }) => type.endsWith("PRIVATE KEY"))
    ? ", but did find a private key; PEM inputs may have been switched"
    : "";
  throw new TlsFileError(`tls: failed to find certificate PEM data in certificate input${problem}`);
}

function parseX509(text: string): X509Certificate {
  try {
    return new X509Certificate(text);
  } catch (cause) {
    throw new TlsFileError("x509: malformed certificate", { cause });
  }
}

function parseKey(pem: Buffer): KeyObject {
  const blocks = blocksOf(pem);
  if (blocks.length === 0) {
    throw new TlsFileError("tls: failed to find any PEM data in key input");
  }
  if (!blocks.some(({ type }) => type.endsWith("PRIVATE KEY"))) {
    throw new TlsFileError(
      "tls: found a certificate rather than a key in the PEM for the private key",
    );
  }
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    throw new TlsFileError("tls: failed to parse private key", { cause });
  }
}

function blocksOf(pem: Buffer): { readonly type: string; readonly text: string }[] {
  const found = pem.toString("latin1").matchAll(/-----BEGIN ([^-]+)-----[^-]+-----END \1-----/gu);
  return [...found].map(([text, type = ""]) => ({ type, text }));
}

/** Reads a file whole. Throws {@link TlsFileError}. */
export function readPemFile(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    // Only system calls fail there.
    const { code = "", message } = error as NodeJS.ErrnoException;
    // Go's text says it all, hence no cause beside it.
    throw new TlsFileError(READ_PROBLEMS[code]?.(path) ?? `open ${path}: ${message}`, {
      isMissing: code === "ENOENT",
    });
  }
}

/** Source: Go, os.PathError and syscall's error table. */
const READ_PROBLEMS: Readonly<Record<string, (path: string) => string>> = {
  ENOENT: (path) => `open ${path}: no such file or directory`,
  EACCES: (path) => `open ${path}: permission denied`,
  ENOTDIR: (path) => `open ${path}: not a directory`,
  EISDIR: (path) => `read ${path}: is a directory`,
};
