/** The elements in a page of a bbolt tree, and where a key is among them. */
import { StorageError } from "../storage/index.ts";
import {
  BUCKET_ELEMENT,
  BUCKET_HEADER_BYTES,
  ELEMENT_BYTES,
  PAGE_FLAG,
  PAGE_HEADER_BYTES,
} from "./bolt-format.ts";

/** The error about a file that cannot be read as a database of etcd. */
export function corruptFile(message: string, options?: { cause: unknown }): StorageError {
  return new StorageError("corrupt", message, options);
}

/** A page, with the pages that it goes on over. */
export interface Page {
  readonly id: number;
  /** Of the file, for errors. */
  readonly path: string;
  readonly isLeaf: boolean;
  /** Of elements; their table fits. */
  readonly count: number;
  readonly bytes: Buffer;
}

/** A row of a leaf. */
export interface LeafRow {
  readonly key: Buffer;
  readonly value: Buffer;
  readonly isBucket: boolean;
}

/** The error about a page. */
export function brokenPage(
  page: { readonly id: number; readonly path: string },
  problem: string,
): StorageError {
  return corruptFile(`Cannot read page ${String(page.id)} of "${page.path}": ${problem}`);
}

/** Makes a page of the bytes that are one. Throws StorageError. */
export function pageOf(place: { readonly id: number; readonly path: string }, bytes: Buffer): Page {
  const flags = bytes.readUInt16LE(8);
  if (flags !== PAGE_FLAG.branch && flags !== PAGE_FLAG.leaf) {
    throw brokenPage(place, `flags ${String(flags)}`);
  }
  const count = bytes.readUInt16LE(10);
  if (PAGE_HEADER_BYTES + count * ELEMENT_BYTES > bytes.length) {
    throw brokenPage(place, `${String(count)} elements`);
  }
  return { ...place, isLeaf: flags === PAGE_FLAG.leaf, count, bytes };
}

/** The key of an element. Throws StorageError. */
export function keyAt(page: Page, index: number): Buffer {
  const { isLeaf, bytes } = page;
  const element = PAGE_HEADER_BYTES + index * ELEMENT_BYTES;
  const start = element + bytes.readUInt32LE(isLeaf ? element + 4 : element);
  const end = start + bytes.readUInt32LE(isLeaf ? element + 8 : element + 4);
  if (end > bytes.length) throw brokenPage(page, `element ${String(index)} is out of it`);
  return bytes.subarray(start, end);
}

/** An element of a leaf. Throws StorageError. */
export function rowAt(page: Page, index: number): LeafRow {
  const { bytes } = page;
  const element = PAGE_HEADER_BYTES + index * ELEMENT_BYTES;
  const flags = bytes.readUInt32LE(element);
  const start = element + bytes.readUInt32LE(element + 4);
  const middle = start + bytes.readUInt32LE(element + 8);
  const end = middle + bytes.readUInt32LE(element + 12);
  if (end > bytes.length || start === middle || flags > BUCKET_ELEMENT) {
    throw brokenPage(page, `element ${String(index)} makes no sense`);
  }
  return {
    key: bytes.subarray(start, middle),
    value: bytes.subarray(middle, end),
    isBucket: flags === BUCKET_ELEMENT,
  };
}

/** The page that an element of a branch leads to. */
export function childAt(page: Page, index: number): number {
  return readPageId(page.bytes, PAGE_HEADER_BYTES + index * ELEMENT_BYTES + 8);
}

/** Index of the first element whose key is not below `key`; the count when there is none. */
export function firstNotBelow(page: Page, key: Buffer): number {
  let low = 0;
  let high = page.count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (keyAt(page, middle).compare(key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Index of the child of a branch that has the key, or would have it. */
export function childIndexFor(page: Page, key: Buffer): number {
  const index = firstNotBelow(page, key);
  const isFirst = index < page.count && keyAt(page, index).equals(key);
  return isFirst ? index : Math.max(0, index - 1);
}

/** Where a bucket's rows are: a page, or the value of its entry itself. Throws StorageError. */
export function bucketRoot(path: string, name: string, value: Buffer): number | Page {
  const isLong = value.length >= BUCKET_HEADER_BYTES;
  const root = isLong ? readPageId(value, 0) : 0;
  if (root !== 0) return root;
  const image = value.subarray(BUCKET_HEADER_BYTES);
  if (!isLong || image.length < PAGE_HEADER_BYTES) {
    throw corruptFile(`Cannot read "${path}": bucket "${name}" is cut short`);
  }
  return pageOf({ id: 0, path }, image);
}

/** The number at an offset, which may be any: what is too large is no page's id anyway. */
export function readPageId(bytes: Buffer, offset: number): number {
  return bytes.readUInt32LE(offset) + bytes.readUInt32LE(offset + 4) * 0x1_0000_0000;
}
