/**
 * The pages of a bbolt file, read when they are asked for. Nothing of what the file says is believed:
 * whatever does not fit is a {@link BoltError} that names the page.
 */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { BoltError, brokenPage, pageOf, readPageId } from "./bolt-elements.ts";
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

export class PageFile {
  readonly path: string;
  readonly meta: BoltMeta;
  /** Of the file, with what may stand behind the database. */
  readonly fileBytes: number;
  #descriptor: number | undefined;
  /** By number, the one used last at the end; at most {@link CHUNKS_MAX}. */
  readonly #chunks = new Map<number, Buffer>();

  /** Throws {@link BoltError}, and what the system says about the file. */
  static open(path: string): PageFile {
    const descriptor = openSync(path, "r");
    try {
      const file = fstatSync(descriptor);
      if (!file.isFile()) throw new BoltError(`Cannot read database: "${path}" is not a file`);
      const meta = readMeta(descriptor, path);
      checkMeta(meta, file.size, path);
      return new PageFile(path, descriptor, { meta, fileBytes: file.size });
    } catch (error) {
      closeSync(descriptor);
      throw error;
    }
  }

  private constructor(
    path: string,
    descriptor: number,
    { meta, fileBytes }: { meta: BoltMeta; fileBytes: number },
  ) {
    this.path = path;
    this.meta = meta;
    this.fileBytes = fileBytes;
    this.#descriptor = descriptor;
  }

  /** A branch or leaf. Throws {@link BoltError}. */
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
    return pageOf(place, this.#read(id * pageBytes, pages * pageBytes));
  }

  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  /** Bytes that stay as they are. */
  #read(position: number, length: number): Buffer {
    const number = Math.floor(position / CHUNK_BYTES);
    const start = position - number * CHUNK_BYTES;
    if (start + length > CHUNK_BYTES) return this.#readNow(position, length);
    return this.#chunk(number).subarray(start, start + length);
  }

  #chunk(number: number): Buffer {
    let chunk = this.#chunks.get(number);
    if (chunk === undefined) {
      const databaseBytes = this.meta.pageCount * this.meta.pageBytes;
      const start = number * CHUNK_BYTES;
      chunk = this.#readNow(start, Math.min(CHUNK_BYTES, databaseBytes - start));
      const [oldest] = this.#chunks.keys();
      if (this.#chunks.size === CHUNKS_MAX) this.#chunks.delete(oldest!);
    } else {
      this.#chunks.delete(number);
    }
    this.#chunks.set(number, chunk);
    return chunk;
  }

  #readNow(position: number, length: number): Buffer {
    if (this.#descriptor === undefined) throw new BoltError(`Cannot read "${this.path}": closed`);
    return readExactly(this.#descriptor, { position, length, path: this.path });
  }
}

function readExactly(
  descriptor: number,
  { position, length, path }: { position: number; length: number; path: string },
): Buffer {
  const bytes = Buffer.allocUnsafeSlow(length);
  let done = 0;
  while (done < length) {
    const count = readSync(descriptor, bytes, done, length - done, position + done);
    if (count === 0) {
      throw new BoltError(`Cannot read "${path}": it ends at ${String(position + done)} bytes`);
    }
    done += count;
  }
  return bytes;
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
  throw new BoltError(`Cannot read database: "${path}" has no valid meta page of bbolt`);
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
    throw new BoltError(`Cannot read database: "${path}" has a meta page that makes no sense`);
  }
  const bytes = pageCount * pageBytes;
  if (bytes > fileBytes) {
    const sizes = `${String(bytes)} bytes of pages, ${String(fileBytes)} in the file`;
    throw new BoltError(`Cannot read database: "${path}" is cut short: ${sizes}`);
  }
}
