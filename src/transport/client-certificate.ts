/** Whom a client's certificate names. */
import type { Duplex } from "node:stream";
import type { PeerCertificate, TLSSocket } from "node:tls";

/**
 * Common name in the certificate of a connection's client, empty where it has none; undefined when
 * there is no certificate, or nobody has verified it.
 */
export function clientNameOf(connection: Duplex): string | undefined {
  if (!isSecure(connection) || !connection.authorized) return undefined;
  return commonNameOf(connection.getPeerCertificate());
}

/** The same of a verified certificate; the last name counts, as in Go's `pkix.Name`. */
export function commonNameOf(certificate: Partial<PeerCertificate>): string | undefined {
  // Node answers with an empty object when there is none.
  if (certificate.raw === undefined) return undefined;
  const names: string | string[] = certificate.subject?.CN ?? "";
  return Array.isArray(names) ? (names.at(-1) ?? "") : names;
}

/** Without its class, which a start would load for connections that are not secure. */
function isSecure(connection: Duplex): connection is TLSSocket {
  return "getPeerCertificate" in connection;
}
