/**
 * Which ranges contain a key: a treap of ranges ordered by begin and end, each node knowing the
 * largest end below it, so that a lookup visits only what can match.
 *
 * Single keys do not belong here; a map answers those.
 */

/** `[begin, end)`; an undefined end has no upper bound. */
interface RangeNode<T> {
  readonly begin: string;
  readonly end: string | undefined;
  readonly members: Set<T>;
  readonly priority: number;
  left: RangeNode<T> | undefined;
  right: RangeNode<T> | undefined;
  /** Largest end in this subtree; undefined is above all. */
  endMax: string | undefined;
}

export class RangeIndex<T> {
  #root: RangeNode<T> | undefined = undefined;
  #seed = 0x2545f491;

  /** Adds a member to a range. */
  add(begin: string, end: string | undefined, member: T): void {
    this.#root = this.#insert(this.#root, begin, end, member);
  }

  /** Removes a member from a range; nothing happens when it is not there. */
  delete(begin: string, end: string | undefined, member: T): void {
    const node = this.#find(begin, end);
    if (node === undefined) return;
    node.members.delete(member);
    if (node.members.size === 0) this.#root = remove(this.#root, begin, end);
  }

  /** The members of exactly this range; undefined when there are none. */
  membersOf(begin: string, end: string | undefined): ReadonlySet<T> | undefined {
    return this.#find(begin, end)?.members;
  }

  /** Visits the members of every range that contains the key. */
  forEachContaining(key: string, visit: (member: T) => void): void {
    visitContaining(this.#root, key, visit);
  }

  #find(begin: string, end: string | undefined): RangeNode<T> | undefined {
    let node = this.#root;
    while (node !== undefined) {
      const order = compareRanges(begin, end, node);
      if (order === 0) return node;
      node = order < 0 ? node.left : node.right;
    }
    return undefined;
  }

  #insert(
    node: RangeNode<T> | undefined,
    begin: string,
    end: string | undefined,
    member: T,
  ): RangeNode<T> {
    if (node === undefined) {
      const members = new Set([member]);
      const priority = this.#nextPriority();
      return { begin, end, members, priority, left: undefined, right: undefined, endMax: end };
    }
    const order = compareRanges(begin, end, node);
    if (order === 0) {
      node.members.add(member);
      return node;
    }
    if (order < 0) {
      node.left = this.#insert(node.left, begin, end, member);
      if (node.left.priority > node.priority) return rotateRight(node, node.left);
    } else {
      node.right = this.#insert(node.right, begin, end, member);
      if (node.right.priority > node.priority) return rotateLeft(node, node.right);
    }
    updateEndMax(node);
    return node;
  }

  /** Xorshift: only balance depends on it, and a fixed seed keeps runs alike. */
  #nextPriority(): number {
    let x = this.#seed;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#seed = x;
    return x >>> 0;
  }
}

function visitContaining<T>(
  node: RangeNode<T> | undefined,
  key: string,
  visit: (member: T) => void,
): void {
  if (node === undefined || (node.endMax !== undefined && node.endMax <= key)) return;
  visitContaining(node.left, key, visit);
  if (node.begin > key) return;
  if (node.end === undefined || node.end > key) node.members.forEach(visit);
  visitContaining(node.right, key, visit);
}

function compareRanges<T>(begin: string, end: string | undefined, node: RangeNode<T>): number {
  if (begin !== node.begin) return begin < node.begin ? -1 : 1;
  if (end === node.end) return 0;
  if (end === undefined) return 1;
  return node.end === undefined || end < node.end ? -1 : 1;
}

function remove<T>(
  node: RangeNode<T> | undefined,
  begin: string,
  end: string | undefined,
): RangeNode<T> | undefined {
  if (node === undefined) return undefined;
  const order = compareRanges(begin, end, node);
  if (order === 0) return merge(node.left, node.right);
  if (order < 0) node.left = remove(node.left, begin, end);
  else node.right = remove(node.right, begin, end);
  updateEndMax(node);
  return node;
}

/** Joins two treaps of which all of the first is before all of the second. */
function merge<T>(
  left: RangeNode<T> | undefined,
  right: RangeNode<T> | undefined,
): RangeNode<T> | undefined {
  if (left === undefined) return right;
  if (right === undefined) return left;
  if (left.priority > right.priority) {
    left.right = merge(left.right, right);
    updateEndMax(left);
    return left;
  }
  right.left = merge(left, right.left);
  updateEndMax(right);
  return right;
}

function rotateRight<T>(node: RangeNode<T>, left: RangeNode<T>): RangeNode<T> {
  node.left = left.right;
  left.right = node;
  updateEndMax(node);
  updateEndMax(left);
  return left;
}

function rotateLeft<T>(node: RangeNode<T>, right: RangeNode<T>): RangeNode<T> {
  node.right = right.left;
  right.left = node;
  updateEndMax(node);
  updateEndMax(right);
  return right;
}

function updateEndMax<T>(node: RangeNode<T>): void {
  let max = node.end;
  if (node.left !== undefined) max = laterEnd(max, node.left.endMax);
  if (node.right !== undefined) max = laterEnd(max, node.right.endMax);
  node.endMax = max;
}

function laterEnd(a: string | undefined, b: string | undefined): string | undefined {
  if (a === undefined || b === undefined) return undefined;
  return a > b ? a : b;
}
