/**
 * Making certificates, which Node.js has no means for. Only what a server needs that certifies
 * itself, and tests that certify others: keys on elliptic curves, no parsing.
 * Source: RFC 5280, with the object identifiers of RFC 5480, 5758 and 4519; X.690 for DER.
 */
import { createHash, createPublicKey, randomBytes, sign } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { isIP } from "node:net";

/** Who a certificate is about. */
export interface CertificateName {
  readonly organization?: string | undefined;
  readonly commonName?: string | undefined;
}

/** What a certificate says. */
export interface CertificateContent {
  readonly subject: CertificateName;
  readonly issuer: CertificateName;
  /** On an elliptic curve. */
  readonly publicKey: KeyObject;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** Names and addresses for which it is good. */
  readonly hosts?: readonly string[] | undefined;
  readonly isAuthority?: boolean | undefined;
  readonly usages?: readonly ("server" | "client")[] | undefined;
}

/**
 * A certificate as PEM, signed by the issuer's key, which is on the curve P-256 or P-521. Throws for
 * keys on others.
 */
export function makeCertificate(content: CertificateContent, issuerKey: KeyObject): string {
  const { namedCurve = "" } = issuerKey.asymmetricKeyDetails ?? {};
  const signing = SIGNING[namedCurve];
  if (signing === undefined)
    throw new Error(`Cannot sign with a key on the curve: "${namedCurve}"`);
  const { hash, algorithm } = signing;
  const body = tlv(
    TAG.sequence,
    tlv(0xa0, integer(Buffer.from([2]))),
    integer(randomBytes(SERIAL_BYTES)),
    algorithm,
    nameOf(content.issuer),
    tlv(TAG.sequence, time(content.notBefore), time(content.notAfter)),
    nameOf(content.subject),
    content.publicKey.export({ type: "spki", format: "der" }),
    tlv(0xa3, tlv(TAG.sequence, ...extensionsOf(content, issuerKey))),
  );
  const certificate = tlv(TAG.sequence, body, algorithm, bitString(sign(hash, body, issuerKey)));
  const lines = certificate.toString("base64").replace(/.{64}(?=.)/gu, "$&\n");
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
}

/** Bytes of a serial number. Source: RFC 5280, 4.1.2.2, which allows 20. */
const SERIAL_BYTES = 16;

const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectId: 0x06,
  utf8: 0x0c,
  generalizedTime: 0x18,
  utcTime: 0x17,
  sequence: 0x30,
  set: 0x31,
} as const;

/** Digital signature, key encipherment, signing certificates, and lists of those revoked. */
const KEY_USAGE = { leaf: [5, 0xa0], authority: [1, 0xa6] } as const;

function extensionsOf(content: CertificateContent, issuerKey: KeyObject): Buffer[] {
  const { hosts = [], isAuthority = false, usages = [] } = content;
  const [unusedBits, bits] = isAuthority ? KEY_USAGE.authority : KEY_USAGE.leaf;
  const extensions = [
    extension("2.5.29.15", tlv(TAG.bitString, Buffer.from([unusedBits, bits])), true),
    extension("2.5.29.19", tlv(TAG.sequence, ...(isAuthority ? [TRUE] : [])), true),
    extension("2.5.29.14", tlv(TAG.octetString, keyId(content.publicKey))),
    extension("2.5.29.35", tlv(TAG.sequence, tlv(0x80, keyId(createPublicKey(issuerKey))))),
  ];
  if (usages.length > 0) {
    const ids = usages.map((usage) => objectId(USAGE_IDS[usage]));
    extensions.push(extension("2.5.29.37", tlv(TAG.sequence, ...ids)));
  }
  if (hosts.length > 0) {
    extensions.push(extension("2.5.29.17", tlv(TAG.sequence, ...hosts.map(generalName))));
  }
  return extensions;
}

/** Any way of telling keys apart will do. Source: RFC 5280, 4.2.1.2. */
function keyId(publicKey: KeyObject): Buffer {
  return createHash("sha1")
    .update(publicKey.export({ type: "spki", format: "der" }))
    .digest();
}

const USAGE_IDS = { server: "1.3.6.1.5.5.7.3.1", client: "1.3.6.1.5.5.7.3.2" } as const;

function extension(id: string, value: Buffer, isCritical = false): Buffer {
  const critical = isCritical ? [TRUE] : [];
  return tlv(TAG.sequence, objectId(id), ...critical, tlv(TAG.octetString, value));
}

function generalName(host: string): Buffer {
  if (isIP(host) === 0) return tlv(0x82, Buffer.from(host, "latin1"));
  return tlv(0x87, addressBytes(host));
}

/** The bytes of an IP. */
function addressBytes(host: string): Buffer {
  if (isIP(host) === 4) return Buffer.from(host.split(".").map(Number));
  // In its shortest form, all digits hexadecimal.
  const [left = "", right = ""] = new URL(`http://[${host}]`).hostname.slice(1, -1).split("::");
  const bytes = Buffer.alloc(16);
  const before = groupsOf(left);
  before.forEach((group, index) => bytes.writeUInt16BE(group, index * 2));
  const after = groupsOf(right);
  after.forEach((group, index) => bytes.writeUInt16BE(group, 16 + (index - after.length) * 2));
  return bytes;
}

function groupsOf(text: string): number[] {
  return text === "" ? [] : text.split(":").map((group) => Number.parseInt(group, 16));
}

function nameOf({ organization, commonName }: CertificateName): Buffer {
  const parts = [
    ["2.5.4.10", organization],
    ["2.5.4.3", commonName],
  ] as const;
  return tlv(
    TAG.sequence,
    ...parts.flatMap(([id, text]) => {
      if (text === undefined) return [];
      const attribute = tlv(TAG.sequence, objectId(id), tlv(TAG.utf8, Buffer.from(text)));
      return [tlv(TAG.set, attribute)];
    }),
  );
}

/** Two digits of the year until 2049, and four from then on. Source: RFC 5280, 4.1.2.5. */
function time(date: Date): Buffer {
  const digits = date.toISOString().replaceAll(/\.\d+|[-:T]/gu, "");
  if (date.getUTCFullYear() >= 2050) return tlv(TAG.generalizedTime, Buffer.from(digits));
  return tlv(TAG.utcTime, Buffer.from(digits.slice(2)));
}

function integer(bytes: Buffer): Buffer {
  // The highest bit would be a sign.
  const first = bytes.findIndex((byte) => byte !== 0);
  const digits = first === -1 ? Buffer.from([0]) : bytes.subarray(first);
  const isHigh = (digits[0] ?? 0) >= 0x80;
  return tlv(TAG.integer, ...(isHigh ? [Buffer.from([0])] : []), digits);
}

function bitString(bytes: Buffer): Buffer {
  return tlv(TAG.bitString, Buffer.from([0]), bytes);
}

function objectId(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split(".").map(Number);
  const bytes: number[] = [first * 40 + second];
  for (const part of rest) {
    const sevens: number[] = [];
    for (let left = part; left > 0 || sevens.length === 0; left = Math.floor(left / 128)) {
      sevens.unshift((left % 128) | (sevens.length === 0 ? 0 : 0x80));
    }
    bytes.push(...sevens);
  }
  return tlv(TAG.objectId, Buffer.from(bytes));
}

/** Tag, length, value. */
function tlv(tag: number, ...parts: readonly Buffer[]): Buffer {
  const value = Buffer.concat(parts);
  const { length } = value;
  const lengthBytes =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...lengthBytes]), value]);
}

const TRUE = Buffer.from([TAG.boolean, 1, 0xff]);

/** How a key on a curve signs; other pairs are lawful, and not taken by everybody. */
const SIGNING: Readonly<Record<string, { readonly hash: string; readonly algorithm: Buffer }>> = {
  prime256v1: { hash: "sha256", algorithm: tlv(TAG.sequence, objectId("1.2.840.10045.4.3.2")) },
  secp521r1: { hash: "sha512", algorithm: tlv(TAG.sequence, objectId("1.2.840.10045.4.3.4")) },
};
