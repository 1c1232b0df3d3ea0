/**
 * How a bbolt file is laid out: pages, the tables of elements in them, and the two meta pages.
 * docs/data-layout.md describes it for people. Source: go.etcd.io/bbolt internal/common.
 */

/** Bytes of a page in what is written here: what etcd uses on amd64. */
export const PAGE_BYTES = 4096;
/** Id (8 bytes), flags (2), count (2), overflow (4). */
export const PAGE_HEADER_BYTES = 16;
/** In the table of a leaf: flags, position, key's and value's length. In a branch's: position, key's length, page. */
export const ELEMENT_BYTES = 16;
/** Root page (8 bytes), sequence (8). */
export const BUCKET_HEADER_BYTES = 16;
/** An element is found by a number of 16 bits, of which one is special in a freelist. */
export const ELEMENTS_MAX = 0xfffe;
/** A bucket up to this part of a page stands in the page of its entry. Source: bbolt bucket.go. */
export const INLINE_PARTS = 4;

export const PAGE_FLAG = { branch: 0x01, leaf: 0x02, meta: 0x04, freelist: 0x10 } as const;
/** In a leaf's table: the value is a bucket. */
export const BUCKET_ELEMENT = 0x01;

/** No freelist is kept: whoever opens the file finds free pages by itself, as etcd does. */
const NO_FREELIST = 0xffff_ffff_ffff_ffffn;

const MAGIC = 0xed0c_daed;
const VERSION = 2;
/** Of a meta page's header: all before its checksum. */
const META_SUMMED_BYTES = 56;
/** A meta's own bytes, behind the page's header. */
export const META_BYTES = META_SUMMED_BYTES + 8;
const FNV_BASIS = 0xcbf2_9ce4_8422_2325n;
const FNV_PRIME = 0x0000_0100_0000_01b3n;
const MASK_64 = 0xffff_ffff_ffff_ffffn;

/** What a meta page says. */
export interface BoltMeta {
  readonly pageBytes: number;
  /** Page of the tree of buckets. */
  readonly root: number;
  /** Number of pages. */
  readonly pageCount: number;
  readonly transaction: bigint;
}

/** A whole meta page. */
export function encodeMetaPage(id: number, meta: BoltMeta): Buffer {
  const page = Buffer.alloc(meta.pageBytes);
  writePageHeader(page, { id, flags: PAGE_FLAG.meta, count: 0, overflow: 0 });
  const body = page.subarray(PAGE_HEADER_BYTES);
  body.writeUInt32LE(MAGIC, 0);
  body.writeUInt32LE(VERSION, 4);
  body.writeUInt32LE(meta.pageBytes, 8);
  body.writeBigUInt64LE(BigInt(meta.root), 16);
  body.writeBigUInt64LE(NO_FREELIST, 32);
  body.writeBigUInt64LE(BigInt(meta.pageCount), 40);
  body.writeBigUInt64LE(meta.transaction, 48);
  body.writeBigUInt64LE(checksum(body), META_SUMMED_BYTES);
  return page;
}

/** The meta at a page's begin, of which the header is not looked at; undefined when it is not valid. */
export function decodeMeta(page: Buffer): BoltMeta | undefined {
  if (page.length < PAGE_HEADER_BYTES + META_BYTES) return undefined;
  const body = page.subarray(PAGE_HEADER_BYTES);
  if (body.readUInt32LE(0) !== MAGIC || body.readUInt32LE(4) !== VERSION) return undefined;
  if (body.readBigUInt64LE(META_SUMMED_BYTES) !== checksum(body)) return undefined;
  return {
    pageBytes: body.readUInt32LE(8),
    root: Number(body.readBigUInt64LE(16)),
    pageCount: Number(body.readBigUInt64LE(40)),
    transaction: body.readBigUInt64LE(48),
  };
}

/** Writes the first {@link PAGE_HEADER_BYTES} of a page. */
export function writePageHeader(
  page: Buffer,
  header: { id: number; flags: number; count: number; overflow: number },
): void {
  page.writeBigUInt64LE(BigInt(header.id), 0);
  page.writeUInt16LE(header.flags, 8);
  page.writeUInt16LE(header.count, 10);
  page.writeUInt32LE(header.overflow, 12);
}

/** FNV-1a of 64 bits. */
function checksum(body: Buffer): bigint {
  let hash = FNV_BASIS;
  for (const byte of body.subarray(0, META_SUMMED_BYTES)) {
    hash = ((hash ^ BigInt(byte)) * FNV_PRIME) & MASK_64;
  }
  return hash;
}
