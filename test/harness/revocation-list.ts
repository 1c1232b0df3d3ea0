/** Lists of revoked certificates, signed by whoever made them. Source: RFC 5280, 5.1. */
import { X509Certificate, sign } from "node:crypto";
import type { KeyObject } from "node:crypto";

/** A list by an authority, whose key is on the curve P-256, of certificates in PEM; DER. */
export function makeRevocationList(
  issuer: { readonly name: string; readonly key: KeyObject },
  revoked: readonly string[],
): Buffer {
  const commonName = tlv(0x30, COMMON_NAME_ID, tlv(0x0c, Buffer.from(issuer.name)));
  const entries = revoked.map((pem) => {
    const { serialNumber } = new X509Certificate(pem);
    return tlv(0x30, tlv(0x02, integer(serialNumber)), TIME);
  });
  const list = tlv(
    0x30,
    tlv(0x02, Buffer.from([1])),
    ECDSA_WITH_SHA256,
    tlv(0x30, tlv(0x31, commonName)),
    TIME,
    TIME,
    ...(entries.length === 0 ? [] : [tlv(0x30, ...entries)]),
  );
  const signature = tlv(0x03, Buffer.from([0]), sign("sha256", list, issuer.key));
  return tlv(0x30, list, ECDSA_WITH_SHA256, signature);
}

/** The highest bit would be a sign. */
function integer(hexadecimal: string): Buffer {
  return Buffer.from(/^[89a-f]/iu.test(hexadecimal) ? `00${hexadecimal}` : hexadecimal, "hex");
}

/** One element of DER. */
export function tlv(tag: number, ...parts: readonly Buffer[]): Buffer {
  const value = Buffer.concat(parts);
  const { length } = value;
  const lengthBytes =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...lengthBytes]), value]);
}

const COMMON_NAME_ID = Buffer.from("0603550403", "hex");
const ECDSA_WITH_SHA256 = Buffer.from("300a06082a8648ce3d040302", "hex");
const TIME = tlv(0x17, Buffer.from("250101000000Z"));
