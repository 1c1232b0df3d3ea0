/** CRC-32C (Castagnoli), as etcd's hashes use it. Source: RFC 3720, appendix B.4. */

/** The polynomial, bits reversed. */
const POLYNOMIAL = 0x82f63b78;
/** Bytes taken at a time; one table for each. */
const SLICES = 8;

let tables: Uint32Array[] | undefined;

/** Continues a checksum; begin with 0. */
export function crc32c(crc: number, bytes: Uint8Array): number {
  tables ??= makeTables();
  const [t0, t1, t2, t3, t4, t5, t6, t7] = tables as [
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
  ];
  let c = ~crc;
  let index = 0;
  for (const end = bytes.length - (SLICES - 1); index < end; index += SLICES) {
    c ^=
      bytes[index]! |
      (bytes[index + 1]! << 8) |
      (bytes[index + 2]! << 16) |
      (bytes[index + 3]! << 24);
    c =
      t7[c & 0xff]! ^
      t6[(c >>> 8) & 0xff]! ^
      t5[(c >>> 16) & 0xff]! ^
      t4[c >>> 24]! ^
      t3[bytes[index + 4]!]! ^
      t2[bytes[index + 5]!]! ^
      t1[bytes[index + 6]!]! ^
      t0[bytes[index + 7]!]!;
  }
  for (; index < bytes.length; index++) c = (c >>> 8) ^ t0[(c ^ bytes[index]!) & 0xff]!;
  return ~c >>> 0;
}

function makeTables(): Uint32Array[] {
  const first = new Uint32Array(256);
  for (let byte = 0; byte < 256; byte++) {
    let c = byte;
    for (let bit = 0; bit < 8; bit++) c = c & 1 ? (c >>> 1) ^ POLYNOMIAL : c >>> 1;
    first[byte] = c >>> 0;
  }
  const all = [first];
  for (let slice = 1; slice < SLICES; slice++) {
    const previous = all[slice - 1]!;
    all.push(previous.map((c) => (c >>> 8) ^ first[c & 0xff]!));
  }
  return all;
}
