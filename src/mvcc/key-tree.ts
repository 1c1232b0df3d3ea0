/**
 * All keys in byte order: a B+ tree that can be forked.
 *
 * Keys are latin1 strings, so `<` is the order of their bytes. Nodes split when full and vanish when
 * empty; they are not merged when merely thin, which keeps removal simple and costs little, because
 * keys are removed by compactions in bulk.
 *
 * A fork shares all nodes and entries with the tree it was made of. Each of the two copies a node
 * before it changes it, with the nodes above it, and clones an entry: so a fork costs nothing when it
 * is made, and later as much as is changed. A node says whose it is; all nodes above one that a tree
 * owns are that tree's own. An entry that was changed since the fork is its tree's own; its revision
 * says so. For this, leaves are not chained.
 */
import { HeadPool } from "./key-heads.ts";
import { visitDifference } from "./key-difference.ts";
import type { DifferenceVisitor } from "./key-difference.ts";
import {
  NODE_MAX,
  childIndex,
  indexBetween,
  insert,
  lowerBound,
  setBranchHeads,
  setLeafHeads,
} from "./key-nodes.ts";
import type { Branch, Versioned, Leaf, Owner, TreeNode } from "./key-nodes.ts";

/** Takes entries: those of `items` from one index up to another. Answers whether to go on. */
type SliceVisitor<T> = (items: readonly T[], from: number, to: number) => boolean;

export class KeyTree<T extends Versioned> {
  readonly #heads = new HeadPool(NODE_MAX);
  /** Makes of an item that others see one that may be changed. */
  readonly #clone: (item: T) => T;
  /** In all nodes that are this tree's alone. */
  #owner: Owner = {};
  #root: TreeNode<T> = this.#newLeaf([]);
  #size = 0;
  /** Entries last changed up to this revision may be another tree's, too. */
  #sharedRevision = -1;

  constructor(clone: (item: T) => T) {
    this.#clone = clone;
  }

  get size(): number {
    return this.#size;
  }

  /** The entry of a key, to look at. */
  get(key: string): T | undefined {
    const leaf = this.#leafOf(key);
    const item = leaf.items[indexBetween(leaf, key)];
    return item !== undefined && item.key === key ? item : undefined;
  }

  /** The entry of a key, to change it: what {@link get} answered before may be another object. */
  getOwn(key: string): T | undefined {
    const leaf = this.#ownLeafOf(key);
    const index = indexBetween(leaf, key);
    return leaf.items[index]?.key === key ? this.#ownItem(leaf, index) : undefined;
  }

  /** The entry of a key, to change it, made and added by `create` when there is none. */
  getOrAdd(key: string, create: (key: string) => T): T {
    const leaf = this.#ownLeafOf(key);
    const index = lowerBound(leaf, key);
    const found = leaf.items[index];
    if (found !== undefined && found.key === key) return this.#ownItem(leaf, index);
    const item = create(key);
    this.#size++;
    if (leaf.items.length < NODE_MAX) insert(leaf, index, item);
    else this.#insertIntoFull(item);
    return item;
  }

  /** Removes a key; nothing happens when it is missing. */
  delete(key: string): void {
    const path = this.#ownPathTo(key);
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

  /** As {@link forEach}, with many entries at a time. */
  forEachSlice(start: string, end: string | undefined, visit: SliceVisitor<T>): void {
    let next: string | undefined = start;
    while (next !== undefined) next = this.#visitSiblings(next, end, visit);
  }

  /**
   * A tree with the same entries that changes independently of this one. All are of that revision or
   * before, and what either tree changes from now on is of a later one.
   */
  fork(revision: number): KeyTree<T> {
    const fork = new KeyTree(this.#clone);
    fork.#root = this.#root;
    fork.#size = this.#size;
    fork.#sharedRevision = this.#sharedRevision = revision;
    // What was this tree's alone is now both's.
    this.#owner = {};
    return fork;
  }

  /**
   * Visits, in order, keys whose entries in two trees are not the same object, with both entries.
   * What the trees share by a fork is not gone through.
   */
  forEachDifference(other: KeyTree<T>, visit: DifferenceVisitor<T>): void {
    visitDifference(this.#root, other.#root, visit);
  }

  /** Visits the leaves below one branch; answers where to go on, undefined when all are visited. */
  #visitSiblings(
    start: string,
    end: string | undefined,
    visit: SliceVisitor<T>,
  ): string | undefined {
    let node = this.#root;
    let branch: Branch<T> | undefined;
    let index = 0;
    /** The first key that may be behind the branch. */
    let behind: string | undefined;
    while (!node.leaf) {
      behind = branch?.lows[index + 1] ?? behind;
      branch = node;
      index = childIndex(node, start);
      node = node.children[index]!;
    }
    let from = lowerBound(node, start);
    for (;;) {
      const { items } = node;
      const { length } = items;
      const isLast = end !== undefined && length > 0 && items[length - 1]!.key >= end;
      const to = isLast ? lowerBound(node, end) : length;
      if (from < to && !visit(items, from, to)) return undefined;
      if (isLast) return undefined;
      from = 0;
      const next: TreeNode<T> | undefined = branch?.children[++index];
      if (next === undefined || !next.leaf) return behind;
      node = next;
    }
  }

  #newLeaf(items: T[]): Leaf<T> {
    const leaf: Leaf<T> = {
      leaf: true,
      owner: this.#owner,
      items,
      heads: this.#heads.take(),
      skip: 0,
    };
    setLeafHeads(leaf);
    return leaf;
  }

  #newBranch(lows: string[], children: TreeNode<T>[]): Branch<T> {
    const heads = this.#heads.take();
    const branch: Branch<T> = { leaf: false, owner: this.#owner, lows, children, heads, skip: 0 };
    setBranchHeads(branch);
    return branch;
  }

  #leafOf(key: string): Leaf<T> {
    let node = this.#root;
    while (!node.leaf) node = node.children[childIndex(node, key)]!;
    return node;
  }

  #ownLeafOf(key: string): Leaf<T> {
    const leaf = this.#leafOf(key);
    return leaf.owner === this.#owner ? leaf : leafAt(this.#ownPathTo(key));
  }

  /** The nodes from the root to a key's leaf, all to be changed. */
  #ownPathTo(key: string): TreeNode<T>[] {
    let node = (this.#root = this.#own(this.#root));
    const path: TreeNode<T>[] = [node];
    while (!node.leaf) {
      const index = childIndex(node, key);
      const child = this.#own(node.children[index]!);
      node.children[index] = child;
      path.push(child);
      node = child;
    }
    return path;
  }

  #own(node: TreeNode<T>): TreeNode<T> {
    if (node.owner === this.#owner) return node;
    const owner = this.#owner;
    const heads = this.#heads.take();
    heads.set(node.heads);
    const { skip } = node;
    if (node.leaf) return { leaf: true, owner, items: [...node.items], heads, skip };
    const children = [...node.children];
    return { leaf: false, owner, lows: [...node.lows], children, heads, skip };
  }

  /** The entry at an index of a leaf that is this tree's own. */
  #ownItem(leaf: Leaf<T>, index: number): T {
    const item = leaf.items[index]!;
    return item.modMain > this.#sharedRevision ? item : (leaf.items[index] = this.#clone(item));
  }

  #insertIntoFull(item: T): void {
    const path = this.#ownPathTo(item.key);
    const leaf = leafAt(path);
    const index = lowerBound(leaf, item.key);
    // Appending at the very end, as ascending keys do: leave the full leaf full.
    const isLast = index === leaf.items.length && isRightmost(path);
    const at = isLast ? leaf.items.length : leaf.items.length >>> 1;
    const right = this.#newLeaf(leaf.items.splice(at));
    setLeafHeads(leaf);
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
    this.#heads.giveBack(leafAt(path).heads);
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
      // What is under the root on the way down may be another tree's, too.
      if (this.#root.owner === this.#owner) this.#heads.giveBack(this.#root.heads);
      this.#root = this.#root.children[0]!;
    }
    if (!this.#root.leaf && this.#root.children.length === 0) this.#root = this.#newLeaf([]);
  }
}

function leafAt<T extends Versioned>(path: TreeNode<T>[]): Leaf<T> {
  // The last node of a path is a leaf: see #ownPathTo.
  return path[path.length - 1] as Leaf<T>;
}

function branchAt<T extends Versioned>(path: TreeNode<T>[], depth: number): Branch<T> {
  // Every node of a path but the last is a branch: see #ownPathTo.
  return path[depth] as Branch<T>;
}

/** Whether no leaf comes behind the one that a path leads to. */
function isRightmost<T extends Versioned>(path: TreeNode<T>[]): boolean {
  return path.every((node, depth) => node.leaf || node.children.at(-1) === path[depth + 1]);
}
