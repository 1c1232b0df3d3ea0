/**
 * The pages of a bbolt file, read when they are asked for. Nothing of what the file says is believed:
 * whatever does not fit is a StorageError that names the page.
 */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { StorageError } from "../storage/index.ts";
import { corruptFile, brokenPage, pageOf, readPageId } from "./bolt-elements.ts";
import type { Page } from "./bolt-elements.ts";
import { META_BYTES, PAGE_HEADER_BYTES, decodeMeta } from "./bolt-format.ts";
import type { BoltMeta } from "./bolt-format.ts";

/** Page sizes that there may be. Source: bbolt db.go, getPageSizeFromSecondMeta. */
const PAGE_BYTES_MIN = 1024;
const PAGE_BYTES_MAX = 65_536;
/** Bytes of a page with those that it goes on over: etcd warns of requests above 10 MiB. */
const PAGES_BYTES_MAX = 256 * 1024 * 1024;
/** Read at once: neighbours are mostly wanted next. */
const CHUNK_BYTES = 64 * 1024;
/** Chunks in memory. */
const CHUNKS_MAX = 128;

/** How a file is read. */
export interface ReadOptions {
  /**
   * Rows are lent: good until some more are read, which saves making memory for all of
   * a large file. Default false: they stay.
   */
  readonly isLent?: boolean | undefined;
}

export class PageFile {
  readonly path: string;
  readonly meta: BoltMeta;
  #descriptor: number | undefined;
  readonly #isLent: boolean;
  /** By number, in the order in which they were read; at most {@link CHUNKS_MAX}. */
  readonly #chunks = new Map<number, Buffer>();
  /** The chunk used last: a page is asked for in parts, and the next page is mostly beside it. */
  #last: Buffer | undefined;
  #lastNumber = -1;

  /** Throws StorageError, and what the system says about the file. */
  static open(path: string, { isLent = false }: ReadOptions = {}): PageFile {
    const descriptor = openSync(path, "r");
    try {
      const file = fstatSync(descriptor);
      if (!file.isFile()) throw corruptFile(`Cannot read database: "${path}" is not a file`);
      const meta = readMeta(descriptor, path);
      checkMeta(meta, file.size, path);
      return new PageFile(path, descriptor, { meta, isLent });
    } catch (error) {
      closeSync(descriptor);
      throw error;
    }
  }

  private constructor(
    path: string,
    descriptor: number,
    { meta, isLent }: { meta: BoltMeta; isLent: boolean },
  ) {
    this.path = path;
    this.meta = meta;
    this.#isLent = isLent;
    this.#descriptor = descriptor;
  }

  /** A branch or leaf. Throws StorageError. */
  page(id: number): Page {
    const { pageBytes, pageCount } = this.meta;
    const place = { id, path: this.path };
    // Two pages for the metas come first.
    if (id < 2 || id >= pageCount) throw brokenPage(place, "it is out of the file");
    const header = this.#read(id * pageBytes, PAGE_HEADER_BYTES);
    const ownId = readPageId(header, 0);
    if (ownId !== id) throw brokenPage(place, `it says it is page ${String(ownId)}`);
    const pages = header.readUInt32LE(12) + 1;
    if (id + pages > pageCount || pages * pageBytes > PAGES_BYTES_MAX) {
      throw brokenPage(place, `it reaches over ${String(pages)} pages`);
    }
    const page = pageOf(place, this.#read(id * pageBytes, pages * pageBytes));
    // A branch is in use for as long as all that is below it.
    return this.#isLent && !page.isLeaf ? { ...page, bytes: Buffer.from(page.bytes) } : page;
  }

  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  /** Bytes that stay as they are, or are lent. */
  #read(position: number, length: number): Buffer {
    const number = Math.floor(position / CHUNK_BYTES);
    const start = position - number * CHUNK_BYTES;
    if (start + length > CHUNK_BYTES) return this.#readNow(position, length);
    return this.#chunk(number).subarray(start, start + length);
  }

  #chunk(number: number): Buffer {
    if (this.#last !== undefined && this.#lastNumber === number) return this.#last;
    const chunk = this.#chunks.get(number) ?? this.#readChunk(number);
    this.#last = chunk;
    this.#lastNumber = number;
    return chunk;
  }

  #readChunk(number: number): Buffer {
    const start = number * CHUNK_BYTES;
    const { pageCount, pageBytes } = this.meta;
    const length = Math.min(CHUNK_BYTES, pageCount * pageBytes - start);
    let spare: Buffer | undefined;
    if (this.#chunks.size === CHUNKS_MAX) {
      const [[oldest, bytes] = [0, undefined]] = this.#chunks;
      this.#chunks.delete(oldest);
      if (this.#isLent && bytes?.length === length) spare = bytes;
    }
    const chunk = this.#readNow(start, length, spare);
    this.#chunks.set(number, chunk);
    return chunk;
  }

  #readNow(
    position: number,
    length: number,
    target: Buffer = Buffer.allocUnsafeSlow(length),
  ): Buffer {
    if (this.#descriptor === undefined) {
      throw new StorageError("closed", `Cannot read "${this.path}": it is closed`);
    }
    return readExactly(this.#descriptor, { position, target, path: this.path });
  }
}

function readExactly(
  descriptor: number,
  { position, target, path }: { position: number; target: Buffer; path: string },
): Buffer {
  let done = 0;
  while (done < target.length) {
    const count = readSync(descriptor, target, done, target.length - done, position + done);
    if (count === 0) {
      throw corruptFile(`Cannot read "${path}": it ends at ${String(position + done)} bytes`);
    }
    done += count;
  }
  return target;
}

/**
 * The newer of the valid metas: whoever writes, writes one and leaves the other as it was. The second
 * one is found by trying all sizes of a page, if the first one does not tell it.
 */
function readMeta(descriptor: number, path: string): BoltMeta {
  const first = metaAt(descriptor, 0);
  const found = first === undefined ? [] : [first];
  for (let bytes = PAGE_BYTES_MIN; bytes <= PAGE_BYTES_MAX; bytes *= 2) {
    if (first !== undefined && first.pageBytes !== bytes) continue;
    const second = metaAt(descriptor, bytes);
    if (second?.pageBytes === bytes) found.push(second);
  }
  const [newest] = found.sort((a, b) => (a.transaction > b.transaction ? -1 : 1));
  if (newest !== undefined) return newest;
  throw corruptFile(`Cannot read database: "${path}" has no valid meta page of bbolt`);
}

function metaAt(descriptor: number, position: number): BoltMeta | undefined {
  const bytes = Buffer.alloc(PAGE_HEADER_BYTES + META_BYTES);
  const count = readSync(descriptor, bytes, 0, bytes.length, position);
  return count < bytes.length ? undefined : decodeMeta(bytes);
}

function checkMeta(meta: BoltMeta, fileBytes: number, path: string): void {
  const { pageBytes, pageCount, root } = meta;
  const isSize = [1, 2, 4, 8, 16, 32, 64].includes(pageBytes / PAGE_BYTES_MIN);
  if (!isSize || root < 2 || root >= pageCount) {
    throw corruptFile(`Cannot read database: "${path}" has a meta page that makes no sense`);
  }
  const bytes = pageCount * pageBytes;
  if (bytes > fileBytes) {
    const sizes = `${String(bytes)} bytes of pages, ${String(fileBytes)} in the file`;
    throw corruptFile(`Cannot read database: "${path}" is cut short: ${sizes}`);
  }
}
