/**
 * Writes a bbolt file from sorted rows, the first page first.
 *
 * The first page says where the root is and how many pages there are, which is known only when all
 * rows have been seen; and a file of some gigabytes fits no memory. So the rows are read twice: once
 * for their lengths, from which everything follows (which rows share a page, the ids of all pages, all
 * branches above them), and once to be written. What is kept in between are the branches and the first
 * key of every leaf: less than a hundredth of the file.
 *
 * The order of pages: meta, meta, then of each bucket its leaves and its branches level by level, then
 * the tree of buckets.
 */
import assert from "node:assert/strict";
import {
  BUCKET_ELEMENT,
  BUCKET_HEADER_BYTES,
  INLINE_PARTS,
  PAGE_BYTES,
  encodeMetaPage,
} from "./bolt-format.ts";
import { PageFill, encodeBranch, encodeInlineLeaf, encodeLeaf } from "./bolt-pages.ts";
import type { BranchElement, LeafElement } from "./bolt-pages.ts";
import { PageHeads } from "./page-heads.ts";

/** Key and value. */
export type BoltRow = readonly [key: Uint8Array, value: Uint8Array];
/** Rows in ascending order of their keys, some at a time. */
export type RowPages = AsyncIterable<readonly BoltRow[]>;

/** A bucket to be written. */
export interface BucketSource {
  readonly name: string;
  /** Twice the same rows, each to be read once: to plan, and to write. Keys are not empty. */
  readonly planned: RowPages;
  readonly written: RowPages;
}

/** A file that is known in all but its rows. */
export interface BoltPlan {
  readonly sizeBytes: number;
  /** The file from its begin, in parts of whole pages. Rejects with what the rows' source rejects with. */
  pages(): AsyncGenerator<Buffer, void>;
}

/** Two pages for the meta come first. */
const FIRST_PAGE = 2;
/** The newer of the two metas. */
const TRANSACTION = 2n;

/** Heads of pages of which branches are made in one turn: about two milliseconds. */
const TURN_HEADS = 4000;

/**
 * Reads all rows once. Buckets must be in the order of their names. `turn` lets others have their turn.
 */
export async function planBolt(
  buckets: readonly BucketSource[],
  turn: () => Promise<void> = async () => undefined,
): Promise<BoltPlan> {
  let next = FIRST_PAGE;
  const trees: { readonly source: BucketSource; readonly tree: TreePlan }[] = [];
  const entries: LeafElement[] = [];
  for (const source of buckets) {
    const tree = await planTree(source.planned, next, turn);
    next = tree.end;
    trees.push({ source, tree });
    entries.push({
      key: Buffer.from(source.name),
      value: bucketValue(tree),
      flags: BUCKET_ELEMENT,
    });
  }
  // One leaf, however many pages it takes.
  const top = encodeLeaf(next, entries);
  const pageCount = next + top.length / PAGE_BYTES;
  const meta = { pageBytes: PAGE_BYTES, root: next, pageCount };
  return {
    sizeBytes: pageCount * PAGE_BYTES,
    async *pages() {
      yield encodeMetaPage(0, { ...meta, transaction: TRANSACTION });
      yield encodeMetaPage(1, { ...meta, transaction: TRANSACTION - 1n });
      for (const { source, tree } of trees) {
        if (tree.inline !== undefined) continue;
        yield* writeLeaves(source.written, tree);
        yield* tree.branches;
      }
      yield top;
    },
  };
}

/** Where the pages of a bucket are. */
interface TreePlan {
  /** The bucket's own bytes when it is small enough to stand in its entry; then it has no page. */
  readonly inline: Buffer | undefined;
  readonly root: number;
  readonly firstLeaf: number;
  readonly branches: readonly Buffer[];
  /** The first page that is not of this bucket, and not a leaf. */
  readonly leavesEnd: number;
  readonly end: number;
}

async function planTree(
  rows: RowPages,
  firstLeaf: number,
  turn: () => Promise<void>,
): Promise<TreePlan> {
  const fill = new PageFill();
  const heads = new PageHeads();
  /** All rows, while they are few enough. */
  let few: LeafElement[] | undefined = [];
  let next = firstLeaf;
  for await (const page of rows) {
    for (const [key, value] of page) {
      const bytes = key.length + value.length;
      if (fill.isFullFor(bytes)) {
        next += 1 + fill.overflow;
        fill.clear();
      }
      if (fill.isEmpty) heads.add(key, next);
      fill.add(bytes);
      few?.push({ key, value, flags: 0 });
      if (heads.count > 1 || fill.bytes > PAGE_BYTES / INLINE_PARTS) few = undefined;
    }
  }
  if (few !== undefined) {
    const inline = encodeInlineLeaf(few);
    const end = firstLeaf;
    return { inline, root: 0, firstLeaf, branches: [], leavesEnd: end, end };
  }
  const leavesEnd = next + 1 + fill.overflow;
  const branches = await planBranches(heads, leavesEnd, turn);
  return { inline: undefined, firstLeaf, leavesEnd, ...branches };
}

/** The branches over some pages, level by level, from the page `first` on. */
async function planBranches(
  children: PageHeads,
  first: number,
  turn: () => Promise<void>,
): Promise<{ readonly root: number; readonly branches: readonly Buffer[]; readonly end: number }> {
  const branches: Buffer[] = [];
  let level = children;
  let next = first;
  let headCount = 0;
  while (level.count > 1) {
    const above = new PageHeads();
    const fill = new PageFill();
    let elements: BranchElement[] = [];
    const endPage = (): void => {
      above.add(elements[0]!.key, next);
      branches.push(encodeBranch(next, elements));
      next += 1 + fill.overflow;
      fill.clear();
      elements = [];
    };
    for (const head of level) {
      if (++headCount % TURN_HEADS === 0) await turn();
      // Two at least, or the levels would not end.
      if (elements.length > 1 && fill.isFullFor(head.key.length)) endPage();
      fill.add(head.key.length);
      elements.push(head);
    }
    endPage();
    level = above;
  }
  const [{ page: root } = { page: first }] = level;
  return { root, branches, end: next };
}

async function* writeLeaves(rows: RowPages, plan: TreePlan): AsyncGenerator<Buffer, void> {
  const fill = new PageFill();
  let elements: LeafElement[] = [];
  let next = plan.firstLeaf;
  for await (const page of rows) {
    for (const [key, value] of page) {
      const bytes = key.length + value.length;
      if (fill.isFullFor(bytes)) {
        const leaf = encodeLeaf(next, elements);
        next += leaf.length / PAGE_BYTES;
        elements = [];
        fill.clear();
        yield leaf;
      }
      elements.push({ key, value, flags: 0 });
      fill.add(bytes);
    }
  }
  const leaf = encodeLeaf(next, elements);
  // The source must not have changed in between: all page ids were given already.
  assert.equal(next + leaf.length / PAGE_BYTES, plan.leavesEnd, "pages written and planned");
  yield leaf;
}

function bucketValue({ inline, root }: TreePlan): Buffer {
  const header = Buffer.alloc(BUCKET_HEADER_BYTES);
  header.writeBigUInt64LE(BigInt(root), 0);
  return inline === undefined ? header : Buffer.concat([header, inline]);
}
