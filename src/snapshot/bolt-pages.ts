/**
 * Fills pages of a bbolt tree from sorted elements: which elements share a page, and what it looks
 * like. A page takes elements as long as they fit; one that fits no page has its own, which then goes
 * on over the pages behind it.
 */
import {
  ELEMENTS_MAX,
  ELEMENT_BYTES,
  PAGE_BYTES,
  PAGE_FLAG,
  PAGE_HEADER_BYTES,
  writePageHeader,
} from "./bolt-format.ts";

/** An element of a leaf: a key and its value, which may be a bucket. */
export interface LeafElement {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  /** BUCKET_ELEMENT or 0. */
  readonly flags: number;
}

/** An element of a branch: a page, and the first key in it. */
export interface BranchElement {
  readonly key: Uint8Array;
  readonly page: number;
}

/** Says where one page ends and the next begins. */
export class PageFill {
  #count = 0;
  #bytes = PAGE_HEADER_BYTES;

  /** Pages beside the first one that the page under way reaches over. */
  get overflow(): number {
    return Math.ceil(this.#bytes / PAGE_BYTES) - 1;
  }

  /** Bytes of the page under way. */
  get bytes(): number {
    return this.#bytes;
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  /** Whether an element of so many bytes has to go to the next page. */
  isFullFor(contentBytes: number): boolean {
    if (this.#count === 0) return false;
    const bytes = this.#bytes + ELEMENT_BYTES + contentBytes;
    return bytes > PAGE_BYTES || this.#count === ELEMENTS_MAX;
  }

  add(contentBytes: number): void {
    this.#count++;
    this.#bytes += ELEMENT_BYTES + contentBytes;
  }

  /** Begins the next page. */
  clear(): void {
    this.#count = 0;
    this.#bytes = PAGE_HEADER_BYTES;
  }
}

/** A leaf, as many whole pages as it takes. */
export function encodeLeaf(id: number, elements: readonly LeafElement[]): Buffer {
  const bytes = leafBytes(elements);
  const page = Buffer.alloc(Math.ceil(bytes / PAGE_BYTES) * PAGE_BYTES);
  writeLeaf(page, id, elements);
  return page;
}

/** A leaf without a page: what stands behind the header of a bucket that is inline. */
export function encodeInlineLeaf(elements: readonly LeafElement[]): Buffer {
  const image = Buffer.alloc(leafBytes(elements));
  writeLeaf(image, 0, elements, 0);
  return image;
}

/** A branch, as many whole pages as it takes. */
export function encodeBranch(id: number, elements: readonly BranchElement[]): Buffer {
  const tableEnd = PAGE_HEADER_BYTES + elements.length * ELEMENT_BYTES;
  const bytes = elements.reduce((sum, { key }) => sum + key.length, tableEnd);
  const page = Buffer.alloc(Math.ceil(bytes / PAGE_BYTES) * PAGE_BYTES);
  const overflow = page.length / PAGE_BYTES - 1;
  writePageHeader(page, { id, flags: PAGE_FLAG.branch, count: elements.length, overflow });
  let element = PAGE_HEADER_BYTES;
  let position = tableEnd;
  for (const { key, page: child } of elements) {
    page.writeUInt32LE(position - element, element);
    page.writeUInt32LE(key.length, element + 4);
    page.writeBigUInt64LE(BigInt(child), element + 8);
    page.set(key, position);
    position += key.length;
    element += ELEMENT_BYTES;
  }
  return page;
}

function leafBytes(elements: readonly LeafElement[]): number {
  return elements.reduce(
    (sum, { key, value }) => sum + ELEMENT_BYTES + key.length + value.length,
    PAGE_HEADER_BYTES,
  );
}

function writeLeaf(
  page: Buffer,
  id: number,
  elements: readonly LeafElement[],
  overflow: number = page.length / PAGE_BYTES - 1,
): void {
  writePageHeader(page, { id, flags: PAGE_FLAG.leaf, count: elements.length, overflow });
  let element = PAGE_HEADER_BYTES;
  let position = PAGE_HEADER_BYTES + elements.length * ELEMENT_BYTES;
  for (const { key, value, flags } of elements) {
    page.writeUInt32LE(flags, element);
    page.writeUInt32LE(position - element, element + 4);
    page.writeUInt32LE(key.length, element + 8);
    page.writeUInt32LE(value.length, element + 12);
    page.set(key, position);
    page.set(value, position + key.length);
    position += key.length + value.length;
    element += ELEMENT_BYTES;
  }
}
