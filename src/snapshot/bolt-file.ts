/** A bbolt file to read: its buckets, and the rows of each, in order or by key. */
import { BoltCursor } from "./bolt-cursor.ts";
import { corruptFile, bucketRoot } from "./bolt-elements.ts";
import type { LeafRow, Page } from "./bolt-elements.ts";
import { PageFile } from "./page-file.ts";
import type { ReadOptions } from "./page-file.ts";

/** Buckets at the top: etcd has ten. */
const BUCKETS_MAX = 1000;

export class BoltFile {
  readonly path: string;
  /** Bytes of the database, without what stands behind it. */
  readonly databaseBytes: number;
  readonly #pages: PageFile;
  /** By name, in order. */
  readonly #buckets = new Map<string, number | Page>();

  /** Throws StorageError, and what the system says about the file. */
  static open(path: string, options: ReadOptions = {}): BoltFile {
    const pages = PageFile.open(path, options);
    try {
      return new BoltFile(pages);
    } catch (error) {
      pages.close();
      throw error;
    }
  }

  private constructor(pages: PageFile) {
    const { path, meta } = pages;
    this.#pages = pages;
    this.path = path;
    this.databaseBytes = meta.pageBytes * meta.pageCount;
    const cursor = new BoltCursor(pages, meta.root);
    for (let row = cursor.seek(); row !== undefined; row = cursor.next()) {
      const name = row.key.toString("latin1");
      if (!row.isBucket || this.#buckets.size === BUCKETS_MAX) {
        throw corruptFile(`Cannot read "${path}": no database of etcd, it has "${name}"`);
      }
      // A copy: it stays for as long as the file is open.
      this.#buckets.set(name, bucketRoot(path, name, Buffer.from(row.value)));
    }
  }

  get bucketNames(): readonly string[] {
    return [...this.#buckets.keys()];
  }

  /** A way through the rows of a bucket; undefined when there is none of that name. */
  cursor(bucket: string): BoltCursor | undefined {
    const root = this.#buckets.get(bucket);
    return root === undefined ? undefined : new BoltCursor(this.#pages, root);
  }

  /** The value of a key; undefined without one, or without the bucket. Throws StorageError. */
  get(bucket: string, key: string): Buffer | undefined {
    const bytes = Buffer.from(key, "latin1");
    const row = this.cursor(bucket)?.seek(bytes);
    return row !== undefined && row.key.equals(bytes) ? row.value : undefined;
  }

  /** All rows of a bucket, in order; none without it. Throws StorageError. */
  *rows(bucket: string): Generator<LeafRow, void> {
    const cursor = this.cursor(bucket);
    for (let row = cursor?.seek(); row !== undefined; row = cursor?.next()) {
      if (row.isBucket) {
        throw corruptFile(`Cannot read "${this.path}": a bucket within bucket "${bucket}"`);
      }
      yield row;
    }
  }

  /** Ends all reading. */
  close(): void {
    this.#pages.close();
  }
}
