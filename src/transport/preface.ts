/**
 * One port speaks gRPC and HTTP/1.1. A client that speaks HTTP/2 without TLS says so with its first
 * 24 bytes, and no HTTP/1.1 request can begin with them; so the first bytes decide.
 */

/** What a cleartext connection turned out to speak. */
export type Protocol = "http1" | "http2";

/** Source: RFC 9113, 3.4. */
const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");

/**
 * The protocol of a connection that began with these bytes; undefined while it could be either, so
 * never with 24 bytes or more. The whole preface is waited for: what comes after it is nobody's
 * guess, and half of it is bounded by the listener's time-out.
 */
export function protocolOf(bytes: Uint8Array): Protocol | undefined {
  const count = Math.min(bytes.length, PREFACE.length);
  for (let index = 0; index < count; index++) {
    if (bytes[index] !== PREFACE[index]) return "http1";
  }
  return count === PREFACE.length ? "http2" : undefined;
}
