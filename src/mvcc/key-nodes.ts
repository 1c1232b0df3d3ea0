/**
 * The nodes of the tree of keys, and how to find something in one.
 *
 * What a search compares first are numbers that each node has of its keys, see key-heads.ts.
 */
import { firstNotBelow, headOf, insertHead, sharedLength } from "./key-heads.ts";

/** Entries per node before it splits: four cache lines of heads to search, four levels at 10 M. */
export const NODE_MAX = 64;

/** What a tree has an entry for. */
export interface Versioned {
  readonly key: string;
  /** The revision of its last change. */
  readonly modMain: number;
}

/** Whose node it is: a tree changes its own only, and copies others. See key-tree.ts. */
export type Owner = object;

export interface Leaf<T extends Versioned> {
  readonly leaf: true;
  readonly owner: Owner;
  readonly items: T[];
  readonly heads: Int32Array;
  /** Bytes that all keys share, and that the heads leave out. */
  skip: number;
}

export interface Branch<T extends Versioned> {
  readonly leaf: false;
  readonly owner: Owner;
  /** `lows[i]` is at most the smallest key below `children[i]`, and above all of `[i - 1]`. */
  readonly lows: string[];
  readonly children: TreeNode<T>[];
  /** Of the lows but the first, which nobody needs to look at. */
  readonly heads: Int32Array;
  skip: number;
}

export type TreeNode<T extends Versioned> = Leaf<T> | Branch<T>;

/** Adds an item to a leaf with room for it. */
export function insert<T extends Versioned>(leaf: Leaf<T>, index: number, item: T): void {
  const { items, heads } = leaf;
  const isAtEdge = index === 0 || index === items.length;
  items.splice(index, 0, item);
  // Between two keys of the leaf there are only keys that share their beginning.
  if (isAtEdge && sharedByEdges(items) !== leaf.skip) setLeafHeads(leaf);
  else insertHead(heads, index, items.length - 1, headOf(item.key, leaf.skip));
}

function sharedByEdges<T extends Versioned>(items: readonly T[]): number {
  return sharedLength(items[0]!.key, items[items.length - 1]!.key);
}

/** Makes the heads of a leaf anew. */
export function setLeafHeads<T extends Versioned>(leaf: Leaf<T>): void {
  const { items, heads } = leaf;
  if (items.length === 0) return;
  leaf.skip = sharedByEdges(items);
  for (let index = 0; index < items.length; index++) {
    heads[index] = headOf(items[index]!.key, leaf.skip);
  }
}

/** Makes the heads of a branch anew. */
export function setBranchHeads<T extends Versioned>(branch: Branch<T>): void {
  const { lows, heads } = branch;
  if (lows.length < 2) return;
  branch.skip = sharedLength(lows[1]!, lows[lows.length - 1]!);
  for (let index = 1; index < lows.length; index++) {
    heads[index] = headOf(lows[index]!, branch.skip);
  }
}

/** Index of the first item whose key is not below `key`. */
export function lowerBound<T extends Versioned>(leaf: Leaf<T>, key: string): number {
  const { items, skip } = leaf;
  if (items.length === 0) return 0;
  const index = indexBetween(leaf, key);
  const near = items[Math.min(index, items.length - 1)]!.key;
  if (sharedLength(near, key) >= skip) return index;
  // Without the beginning that all share, it is below or above all of them.
  return key < near ? 0 : items.length;
}

/** As {@link lowerBound}, if the key begins as those of the leaf do; else any index. */
export function indexBetween<T extends Versioned>(leaf: Leaf<T>, key: string): number {
  const { items, heads, skip } = leaf;
  const count = items.length;
  const head = headOf(key, skip);
  let low = firstNotBelow(heads, head, 0, count);
  let high = low;
  while (high < count && heads[high] === head) high++;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (items[middle]!.key < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Index of the child that has, or would have, `key`: the last whose low is not above it. */
export function childIndex<T extends Versioned>(branch: Branch<T>, key: string): number {
  const { lows, heads, skip } = branch;
  const last = lows.length - 1;
  if (last === 0 || key < lows[1]!) return 0;
  if (key >= lows[last]!) return last;
  // Between the two: it shares the beginning that they share.
  const head = headOf(key, skip);
  let low = firstNotBelow(heads, head, 1, last);
  let high = low;
  while (high < last && heads[high] === head) high++;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (lows[middle]! <= key) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
