/**
 * Walks through the rows of one tree of a bbolt file. Every walk ends, whatever the file says: each
 * key must be above the one before, and no branch may be too deep.
 */
import {
  brokenPage,
  childAt,
  childIndexFor,
  firstNotBelow,
  keyAt,
  rowAt,
} from "./bolt-elements.ts";
import type { LeafRow, Page } from "./bolt-elements.ts";
import type { PageFile } from "./page-file.ts";

/** Levels of a tree: with two children for each branch this is more than any file can hold. */
const DEPTH_MAX = 60;
const BEFORE_ALL = Buffer.alloc(0);

/** A place on the way down. */
interface Level {
  readonly page: Page;
  index: number;
}

export class BoltCursor {
  readonly #pages: PageFile;
  readonly #root: number | Page;
  #levels: Level[] = [];
  #row: LeafRow | undefined;

  /** The tree from a page on, or in a page of its own. */
  constructor(pages: PageFile, root: number | Page) {
    this.#pages = pages;
    this.#root = root;
  }

  /** Goes to the first row whose key is not below `key`, and answers it. Throws StorageError. */
  seek(key: Buffer = BEFORE_ALL): LeafRow | undefined {
    this.#levels = [];
    this.#descend(this.#root, key);
    return this.#settle();
  }

  /** Goes to the next row, and answers it. Throws StorageError. */
  next(): LeafRow | undefined {
    const before = this.#row;
    const leaf = this.#levels.at(-1);
    if (before === undefined || leaf === undefined) return undefined;
    leaf.index++;
    const row = this.#settle();
    if (row !== undefined && before.key.compare(row.key) >= 0) {
      throw brokenPage(this.#levels.at(-1)!.page, "keys out of order");
    }
    return row;
  }

  /** Down to the leaf that has the key, or would have it. */
  #descend(root: number | Page, key: Buffer): void {
    let page = typeof root === "number" ? this.#pages.page(root) : root;
    this.#check(page);
    while (!page.isLeaf) {
      const index = childIndexFor(page, key);
      this.#levels.push({ page, index });
      page = this.#pages.page(childAt(page, index));
      this.#check(page);
    }
    this.#levels.push({ page, index: firstNotBelow(page, key) });
  }

  #check(page: Page): void {
    const parent = this.#levels.at(-1);
    if (this.#levels.length === DEPTH_MAX) throw brokenPage(page, "the tree is too deep");
    if (page.count === 0 && (!page.isLeaf || parent !== undefined)) {
      throw brokenPage(page, "it is empty");
    }
    if (parent === undefined) return;
    const { page: above, index } = parent;
    const isBefore = keyAt(page, 0).compare(keyAt(above, index)) < 0;
    const isBehind =
      index + 1 < above.count && keyAt(page, page.count - 1).compare(keyAt(above, index + 1)) >= 0;
    if (isBefore || isBehind) throw brokenPage(page, "its keys are not where its parent has them");
  }

  /** From behind the end of a page to the begin of the next one; then reads the row. */
  #settle(): LeafRow | undefined {
    let level = this.#levels.at(-1);
    while (level !== undefined && level.index >= level.page.count) {
      this.#levels.pop();
      level = this.#levels.at(-1);
      if (level !== undefined) level.index++;
    }
    if (level !== undefined && !level.page.isLeaf) {
      this.#descend(childAt(level.page, level.index), BEFORE_ALL);
      level = this.#levels.at(-1);
    }
    this.#row = level === undefined ? undefined : rowAt(level.page, level.index);
    return this.#row;
  }
}
