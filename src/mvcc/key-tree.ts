/**
 * All keys in byte order: a B+ tree whose leaves are chained.
 *
 * Keys are latin1 strings, so `<` is the order of their bytes at the speed of memcmp. Nodes split
 * when full and vanish when empty; they are not merged when merely thin, which keeps removal simple
 * and costs little, because keys are removed by compactions in bulk.
 */

/** Entries per node before it splits: two cache lines of pointers to search, four levels at 10 M. */
const NODE_MAX = 64;

interface Keyed {
  readonly key: string;
}

interface Leaf<T extends Keyed> {
  readonly leaf: true;
  readonly items: T[];
  next: Leaf<T> | undefined;
}

interface Branch<T extends Keyed> {
  readonly leaf: false;
  /** `lows[i]` is at most the smallest key below `children[i]`, and above all of `[i - 1]`. */
  readonly lows: string[];
  readonly children: TreeNode<T>[];
}

type TreeNode<T extends Keyed> = Leaf<T> | Branch<T>;

export class KeyTree<T extends Keyed> {
  #root: TreeNode<T> = newLeaf<T>([], undefined);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(key: string): T | undefined {
    const leaf = this.#leafOf(key);
    const item = leaf.items[lowerBound(leaf.items, key)];
    return item !== undefined && item.key === key ? item : undefined;
  }

  /** The entry of a key, made and added by `create` when there is none. */
  getOrAdd(key: string, create: (key: string) => T): T {
    const leaf = this.#leafOf(key);
    const index = lowerBound(leaf.items, key);
    const found = leaf.items[index];
    if (found !== undefined && found.key === key) return found;
    const item = create(key);
    this.#size++;
    if (leaf.items.length < NODE_MAX) leaf.items.splice(index, 0, item);
    else this.#insertIntoFull(item);
    return item;
  }

  /** Removes a key; nothing happens when it is missing. */
  delete(key: string): void {
    const path = this.#pathTo(key);
    const leaf = leafAt(path);
    const index = lowerBound(leaf.items, key);
    if (leaf.items[index]?.key !== key) return;
    leaf.items.splice(index, 1);
    this.#size--;
    if (leaf.items.length === 0) this.#removeEmpty(path);
  }

  /**
   * Visits entries with `start <= key < end` in order until `visit` answers false. An undefined
   * `end` means to the last key. The tree must not change meanwhile.
   */
  forEach(start: string, end: string | undefined, visit: (item: T) => boolean): void {
    let leaf: Leaf<T> | undefined = this.#leafOf(start);
    let index = lowerBound(leaf.items, start);
    while (leaf !== undefined) {
      const items: T[] = leaf.items;
      for (; index < items.length; index++) {
        const item = items[index]!;
        if (end !== undefined && item.key >= end) return;
        if (!visit(item)) return;
      }
      leaf = leaf.next;
      index = 0;
    }
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
    const index = lowerBound(leaf.items, item.key);
    // Appending at the very end, as ascending keys do: leave the full leaf full.
    const isLast = index === leaf.items.length && leaf.next === undefined;
    const at = isLast ? leaf.items.length : leaf.items.length >>> 1;
    const right = newLeaf(leaf.items.splice(at), leaf.next);
    leaf.next = right;
    if (index >= at) right.items.splice(index - at, 0, item);
    else leaf.items.splice(index, 0, item);
    this.#addChild(path, path.length - 2, right, right.items[0]!.key);
  }

  #addChild(path: TreeNode<T>[], depth: number, child: TreeNode<T>, low: string): void {
    if (depth < 0) {
      this.#root = { leaf: false, lows: ["", low], children: [this.#root, child] };
      return;
    }
    const parent = branchAt(path, depth);
    const index = childIndex(parent, low) + 1;
    parent.lows.splice(index, 0, low);
    parent.children.splice(index, 0, child);
    if (parent.children.length <= NODE_MAX) return;
    const at = index === parent.children.length - 1 ? index : parent.children.length >>> 1;
    const right: Branch<T> = {
      leaf: false,
      lows: parent.lows.splice(at),
      children: parent.children.splice(at),
    };
    this.#addChild(path, depth - 1, right, right.lows[0]!);
  }

  #removeEmpty(path: TreeNode<T>[]): void {
    const leaf = leafAt(path);
    const previous = this.#leafBefore(path);
    if (previous !== undefined) previous.next = leaf.next;
    for (let depth = path.length - 2; depth >= 0; depth--) {
      const parent = branchAt(path, depth);
      const index = parent.children.indexOf(path[depth + 1]!);
      parent.children.splice(index, 1);
      parent.lows.splice(index, 1);
      if (parent.children.length > 0) break;
    }
    while (!this.#root.leaf && this.#root.children.length === 1) {
      this.#root = this.#root.children[0]!;
    }
    if (!this.#root.leaf && this.#root.children.length === 0) this.#root = newLeaf([], undefined);
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

function newLeaf<T extends Keyed>(items: T[], next: Leaf<T> | undefined): Leaf<T> {
  return { leaf: true, items, next };
}

function leafAt<T extends Keyed>(path: TreeNode<T>[]): Leaf<T> {
  // The last node of a path is a leaf: see #pathTo.
  return path[path.length - 1] as Leaf<T>;
}

function branchAt<T extends Keyed>(path: TreeNode<T>[], depth: number): Branch<T> {
  // Every node of a path but the last is a branch: see #pathTo.
  return path[depth] as Branch<T>;
}

/** Index of the first item whose key is not below `key`. */
function lowerBound<T extends Keyed>(items: T[], key: string): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (items[middle]!.key < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Index of the child that has, or would have, `key`: the last whose low is not above it. */
function childIndex<T extends Keyed>(branch: Branch<T>, key: string): number {
  const lows = branch.lows;
  let low = 1;
  let high = lows.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (lows[middle]! <= key) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
