/**
 * All keys in byte order: a B+ tree whose leaves are chained.
 *
 * Keys are latin1 strings, so `<` is the order of their bytes. What a search compares first are
 * numbers that each node has of its keys, see key-heads.ts. Nodes split when full and vanish when
 * empty; they are not merged when merely thin, which keeps removal simple and costs little, because
 * keys are removed by compactions in bulk.
 */
import { HeadPool, firstNotBelow, headOf, insertHead, sharedLength } from "./key-heads.ts";

/** Entries per node before it splits: four cache lines of heads to search, four levels at 10 M. */
const NODE_MAX = 64;

interface Keyed {
  readonly key: string;
}

interface Leaf<T extends Keyed> {
  readonly leaf: true;
  readonly items: T[];
  readonly heads: Int32Array;
  /** Bytes that all keys share, and that the heads leave out. */
  skip: number;
  next: Leaf<T> | undefined;
}

interface Branch<T extends Keyed> {
  readonly leaf: false;
  /** `lows[i]` is at most the smallest key below `children[i]`, and above all of `[i - 1]`. */
  readonly lows: string[];
  readonly children: TreeNode<T>[];
  /** Of the lows but the first, which nobody needs to look at. */
  readonly heads: Int32Array;
  skip: number;
}

type TreeNode<T extends Keyed> = Leaf<T> | Branch<T>;

export class KeyTree<T extends Keyed> {
  readonly #heads = new HeadPool(NODE_MAX);
  #root: TreeNode<T> = this.#newLeaf([], undefined);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(key: string): T | undefined {
    const leaf = this.#leafOf(key);
    const item = leaf.items[indexBetween(leaf, key)];
    return item !== undefined && item.key === key ? item : undefined;
  }

  /** The entry of a key, made and added by `create` when there is none. */
  getOrAdd(key: string, create: (key: string) => T): T {
    const leaf = this.#leafOf(key);
    const index = lowerBound(leaf, key);
    const found = leaf.items[index];
    if (found !== undefined && found.key === key) return found;
    const item = create(key);
    this.#size++;
    if (leaf.items.length < NODE_MAX) insert(leaf, index, item);
    else this.#insertIntoFull(item);
    return item;
  }

  /** Removes a key; nothing happens when it is missing. */
  delete(key: string): void {
    const path = this.#pathTo(key);
    const leaf = leafAt(path);
    const index = lowerBound(leaf, key);
    if (leaf.items[index]?.key !== key) return;
    leaf.heads.copyWithin(index, index + 1, leaf.items.length);
    leaf.items.splice(index, 1);
    this.#size--;
    // A root that is a leaf stays, empty or not.
    if (leaf.items.length === 0 && path.length > 1) this.#removeEmpty(path);
  }

  /**
   * Visits entries with `start <= key < end` in order until `visit` answers false. An undefined
   * `end` means to the last key. The tree must not change meanwhile.
   */
  forEach(start: string, end: string | undefined, visit: (item: T) => boolean): void {
    this.forEachSlice(start, end, (items, from, to) => {
      for (let index = from; index < to; index++) if (!visit(items[index]!)) return false;
      return true;
    });
  }

  /** As {@link forEach}, with many entries at a time: those of `items` from one index up to another. */
  forEachSlice(
    start: string,
    end: string | undefined,
    visit: (items: readonly T[], from: number, to: number) => boolean,
  ): void {
    let leaf: Leaf<T> | undefined = this.#leafOf(start);
    let from = lowerBound(leaf, start);
    while (leaf !== undefined) {
      const items: T[] = leaf.items;
      const { length } = items;
      const isLast = end !== undefined && length > 0 && items[length - 1]!.key >= end;
      const to = isLast ? lowerBound(leaf, end) : length;
      if (from < to && !visit(items, from, to)) return;
      if (isLast) return;
      leaf = leaf.next;
      from = 0;
    }
  }

  #newLeaf(items: T[], next: Leaf<T> | undefined): Leaf<T> {
    return { leaf: true, items, heads: this.#heads.take(), skip: 0, next };
  }

  #newBranch(lows: string[], children: TreeNode<T>[]): Branch<T> {
    const heads = this.#heads.take();
    const branch: Branch<T> = { leaf: false, lows, children, heads, skip: 0 };
    setBranchHeads(branch);
    return branch;
  }

  #leafOf(key: string): Leaf<T> {
    let node = this.#root;
    while (!node.leaf) node = node.children[childIndex(node, key)]!;
    return node;
  }

  #pathTo(key: string): TreeNode<T>[] {
    const path: TreeNode<T>[] = [this.#root];
    let node = this.#root;
    while (!node.leaf) {
      node = node.children[childIndex(node, key)]!;
      path.push(node);
    }
    return path;
  }

  #insertIntoFull(item: T): void {
    const path = this.#pathTo(item.key);
    const leaf = leafAt(path);
    const index = lowerBound(leaf, item.key);
    // Appending at the very end, as ascending keys do: leave the full leaf full.
    const isLast = index === leaf.items.length && leaf.next === undefined;
    const at = isLast ? leaf.items.length : leaf.items.length >>> 1;
    const right = this.#newLeaf(leaf.items.splice(at), leaf.next);
    leaf.next = right;
    setLeafHeads(leaf);
    setLeafHeads(right);
    if (index >= at) insert(right, index - at, item);
    else insert(leaf, index, item);
    this.#addChild(path, path.length - 2, right, right.items[0]!.key);
  }

  #addChild(path: TreeNode<T>[], depth: number, child: TreeNode<T>, low: string): void {
    if (depth < 0) {
      this.#root = this.#newBranch(["", low], [this.#root, child]);
      return;
    }
    const parent = branchAt(path, depth);
    const index = childIndex(parent, low) + 1;
    parent.lows.splice(index, 0, low);
    parent.children.splice(index, 0, child);
    if (parent.children.length <= NODE_MAX) {
      setBranchHeads(parent);
      return;
    }
    const at = index === parent.children.length - 1 ? index : parent.children.length >>> 1;
    const right = this.#newBranch(parent.lows.splice(at), parent.children.splice(at));
    setBranchHeads(parent);
    this.#addChild(path, depth - 1, right, right.lows[0]!);
  }

  #removeEmpty(path: TreeNode<T>[]): void {
    const leaf = leafAt(path);
    const previous = this.#leafBefore(path);
    if (previous !== undefined) previous.next = leaf.next;
    this.#heads.giveBack(leaf.heads);
    for (let depth = path.length - 2; depth >= 0; depth--) {
      const parent = branchAt(path, depth);
      const index = parent.children.indexOf(path[depth + 1]!);
      parent.children.splice(index, 1);
      parent.lows.splice(index, 1);
      setBranchHeads(parent);
      if (parent.children.length > 0) break;
      this.#heads.giveBack(parent.heads);
    }
    while (!this.#root.leaf && this.#root.children.length === 1) {
      this.#heads.giveBack(this.#root.heads);
      this.#root = this.#root.children[0]!;
    }
    if (!this.#root.leaf && this.#root.children.length === 0) {
      this.#root = this.#newLeaf([], undefined);
    }
  }

  #leafBefore(path: TreeNode<T>[]): Leaf<T> | undefined {
    for (let depth = path.length - 2; depth >= 0; depth--) {
      const parent = branchAt(path, depth);
      const index = parent.children.indexOf(path[depth + 1]!);
      if (index === 0) continue;
      let node = parent.children[index - 1]!;
      while (!node.leaf) node = node.children[node.children.length - 1]!;
      return node;
    }
    return undefined;
  }
}

function leafAt<T extends Keyed>(path: TreeNode<T>[]): Leaf<T> {
  // The last node of a path is a leaf: see #pathTo.
  return path[path.length - 1] as Leaf<T>;
}

function branchAt<T extends Keyed>(path: TreeNode<T>[], depth: number): Branch<T> {
  // Every node of a path but the last is a branch: see #pathTo.
  return path[depth] as Branch<T>;
}

function insert<T extends Keyed>(leaf: Leaf<T>, index: number, item: T): void {
  const { items, heads } = leaf;
  const isAtEdge = index === 0 || index === items.length;
  items.splice(index, 0, item);
  // Between two keys of the leaf there are only keys that share their beginning.
  if (isAtEdge && sharedByEdges(items) !== leaf.skip) setLeafHeads(leaf);
  else insertHead(heads, index, items.length - 1, headOf(item.key, leaf.skip));
}

function sharedByEdges<T extends Keyed>(items: readonly T[]): number {
  return sharedLength(items[0]!.key, items[items.length - 1]!.key);
}

function setLeafHeads<T extends Keyed>(leaf: Leaf<T>): void {
  const { items, heads } = leaf;
  if (items.length === 0) return;
  leaf.skip = sharedByEdges(items);
  for (let index = 0; index < items.length; index++) {
    heads[index] = headOf(items[index]!.key, leaf.skip);
  }
}

function setBranchHeads<T extends Keyed>(branch: Branch<T>): void {
  const { lows, heads } = branch;
  if (lows.length < 2) return;
  branch.skip = sharedLength(lows[1]!, lows[lows.length - 1]!);
  for (let index = 1; index < lows.length; index++) {
    heads[index] = headOf(lows[index]!, branch.skip);
  }
}

/** Index of the first item whose key is not below `key`. */
function lowerBound<T extends Keyed>(leaf: Leaf<T>, key: string): number {
  const { items, skip } = leaf;
  if (items.length === 0) return 0;
  const index = indexBetween(leaf, key);
  const near = items[Math.min(index, items.length - 1)]!.key;
  if (sharedLength(near, key) >= skip) return index;
  // Without the beginning that all share, it is below or above all of them.
  return key < near ? 0 : items.length;
}

/** As {@link lowerBound}, if the key begins as those of the leaf do; else any index. */
function indexBetween<T extends Keyed>(leaf: Leaf<T>, key: string): number {
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
function childIndex<T extends Keyed>(branch: Branch<T>, key: string): number {
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
