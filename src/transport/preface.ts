/**
 * One port speaks gRPC and HTTP/1.1, and TLS too where it is to. A client that speaks HTTP/2 without
 * TLS says so with its first 24 bytes, and no HTTP/1.1 request can begin with them; so the first bytes
 * decide.
 *
 * The head of the SETTINGS frame that must follow is looked at too. It comes with the preface, and
 * who sends anything else there is no client but a visitor, with whom nobody need begin.
 */

/** What a connection turned out to speak. */
export type Protocol = "http1" | "http2" | "tls" | "neither";

/** Source: RFC 9113, 3.4. */
const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");

/** First byte of a handshake by TLS, and of no text. Source: RFC 8446, 5.1, ContentType. */
const TLS_HANDSHAKE = 22;

/** Source: RFC 9113, 4.1: length in three bytes, type, flags, stream in four. */
const FRAME_HEAD_BYTES = 9;

/** Source: RFC 9113, 6.5. */
const SETTINGS = { type: 4, ackFlag: 1, entryBytes: 6 } as const;

/** Payload of a frame before the server has allowed more. Source: RFC 9113, 4.2. */
const FRAME_BYTES_MAX = 16_384;

/**
 * The protocol of a connection that began with these bytes; undefined while that is open, so never
 * with 33 bytes or more.
 */
export function protocolOf(bytes: Buffer): Protocol | undefined {
  if (bytes[0] === TLS_HANDSHAKE) return "tls";
  const count = Math.min(bytes.length, PREFACE.length);
  for (let index = 0; index < count; index++) {
    if (bytes[index] !== PREFACE[index]) return "http1";
  }
  if (bytes.length < PREFACE.length + FRAME_HEAD_BYTES) return undefined;
  return isSettingsHead(bytes, PREFACE.length) ? "http2" : "neither";
}

function isSettingsHead(bytes: Buffer, position: number): boolean {
  const payloadBytes = bytes.readUIntBE(position, 3);
  const type = bytes.readUInt8(position + 3);
  const flags = bytes.readUInt8(position + 4);
  // The highest bit of the stream's number means nothing. Source: RFC 9113, 4.1.
  const streamId = bytes.readUInt32BE(position + 5) & 0x7fff_ffff;
  return (
    type === SETTINGS.type &&
    (flags & SETTINGS.ackFlag) === 0 &&
    streamId === 0 &&
    payloadBytes <= FRAME_BYTES_MAX &&
    payloadBytes % SETTINGS.entryBytes === 0
  );
}
