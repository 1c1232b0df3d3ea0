/**
 * Lists of revoked certificates, of which only the serial numbers are of use here.
 * Source: RFC 5280, 5.1, for the structure; X.690 for DER; Go crypto/x509, ParseRevocationList, for
 * what is refused and the texts.
 */

/**
 * The serial numbers of a list, in the form of {@link plainSerial}. The list is DER, as etcd takes
 * it, or PEM. Throws for anything else, with Go's text.
 */
export function revokedSerials(file: Buffer): ReadonlySet<string> {
  const outer = new DerReader(fromPem(file)).open(TAG.sequence, "crl");
  const list = outer.open(TAG.sequence, "tbs crl");
  if (list.tag !== TAG.integer) throw new Error("x509: unsupported crl version");
  const version = list.take(TAG.integer, "crl");
  if (!version.equals(VERSION_2)) {
    throw new Error(
      `x509: unsupported crl version: ${Number.parseInt(version.toString("hex"), 16)}`,
    );
  }
  const algorithm = list.take(TAG.sequence, "signature algorithm identifier");
  if (!outer.take(TAG.sequence, "algorithm identifier").equals(algorithm)) {
    throw new Error("x509: inner and outer signature algorithm identifiers don't match");
  }
  outer.take(TAG.bitString, "signature");
  list.take(TAG.sequence, "issuer");
  // When it was made, and when the next one is due: etcd goes by a list however old.
  if (!isTime(list.tag)) throw new Error("x509: unsupported time format");
  while (isTime(list.tag)) list.take(list.tag, "crl");
  const serials = new Set<string>();
  if (list.tag !== TAG.sequence) return serials;
  const entries = list.open(TAG.sequence, "crl");
  while (entries.tag !== undefined) {
    const serial = entries.open(TAG.sequence, "crl").take(TAG.integer, "serial number");
    serials.add(plainSerial(serial.toString("hex")));
  }
  return serials;
}

/** A serial number in lower-case hexadecimal, without bytes of zero in front, as Go prints them. */
export function plainSerial(hexadecimal: string): string {
  const whole = hexadecimal.length % 2 === 0 ? hexadecimal : `0${hexadecimal}`;
  return whole.toLowerCase().replace(/^(?:00)+(?=.)/u, "");
}

const TAG = {
  integer: 0x02,
  bitString: 0x03,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
} as const;

/** Source: RFC 5280, 5.1.2.1: lists that may have extensions are of version 2, written as 1. */
const VERSION_2 = Buffer.from([1]);

/** Bytes of a length beyond which no file goes. */
const LENGTH_BYTES_MAX = 4;

function isTime(tag: number | undefined): tag is number {
  return tag === TAG.utcTime || tag === TAG.generalizedTime;
}

function fromPem(file: Buffer): Buffer {
  const text = /-----BEGIN X509 CRL-----([^-]+)-----END X509 CRL-----/u;
  const body = text.exec(file.toString("latin1"))?.[1];
  return body === undefined ? file : Buffer.from(body, "base64");
}

/** Elements of DER, one after the other. */
class DerReader {
  readonly #bytes: Buffer;
  #position = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** What comes next; undefined at the end. */
  get tag(): number | undefined {
    return this.#bytes[this.#position];
  }

  /** The content of the next element, which must be of that tag. */
  take(tag: number, name: string): Buffer {
    const length = this.#length();
    const end = this.#position + length;
    if (this.tag !== tag || length < 0 || end > this.#bytes.length) {
      throw new Error(`x509: malformed ${name}`);
    }
    const header = this.#headerBytes();
    const content = this.#bytes.subarray(this.#position + header, end);
    this.#position = end;
    return content;
  }

  /** The same, to be read further. */
  open(tag: number, name: string): DerReader {
    return new DerReader(this.take(tag, name));
  }

  /** Bytes of tag and length. */
  #headerBytes(): number {
    const first = this.#bytes[this.#position + 1] ?? 0;
    return first < 0x80 ? 2 : 2 + (first & 0x7f);
  }

  /** Bytes of the whole element; negative when that cannot be told. */
  #length(): number {
    const first = this.#bytes[this.#position + 1];
    if (first === undefined) return -1;
    if (first < 0x80) return 2 + first;
    const count = first & 0x7f;
    const start = this.#position + 2;
    const isKnown = count > 0 && count <= LENGTH_BYTES_MAX && start + count <= this.#bytes.length;
    return isKnown ? 2 + count + this.#bytes.readUIntBE(start, count) : -1;
  }
}
