/**
 * What a search in a node of the tree looks at before it looks at keys: of each key four bytes, as a
 * number, from where the node's keys begin to differ.
 *
 * A key is a string somewhere in memory, behind an object somewhere in memory; with a million keys
 * each step of a binary search waited for both. The numbers of a node lie in four cache lines. Only
 * keys with equal numbers are compared as strings, mostly one.
 */

/** Nodes whose numbers share one piece of memory: a typed array of its own costs twice what is in it. */
const NODES_PER_PAGE = 64;
const HEAD_BYTES = 4;
/** So that numbers with a sign sort as bytes do. */
const SIGN = 1 << 31;

/** Memory for the numbers of nodes of at most so many keys. */
export class HeadPool {
  readonly #nodeKeysMax: number;
  /** What vanished nodes left, and the rest of the last page. */
  readonly #spare: Int32Array[] = [];

  constructor(nodeKeysMax: number) {
    this.#nodeKeysMax = nodeKeysMax;
  }

  take(): Int32Array {
    if (this.#spare.length === 0) this.#addPage();
    return this.#spare.pop()!;
  }

  giveBack(heads: Int32Array): void {
    this.#spare.push(heads);
  }

  #addPage(): void {
    const size = this.#nodeKeysMax;
    const page = new Int32Array(NODES_PER_PAGE * size);
    for (let end = page.length; end > 0; end -= size) {
      this.#spare.push(page.subarray(end - size, end));
    }
  }
}

/** The number for a key whose first `skip` bytes are known. Ascends, not strictly, as the keys do. */
export function headOf(key: string, skip: number): number {
  if (skip + HEAD_BYTES <= key.length) {
    const high = (key.charCodeAt(skip) << 24) | (key.charCodeAt(skip + 1) << 16);
    return (high | (key.charCodeAt(skip + 2) << 8) | key.charCodeAt(skip + 3)) ^ SIGN;
  }
  let head = 0;
  for (let index = skip; index < key.length; index++) {
    head |= key.charCodeAt(index) << (24 - 8 * (index - skip));
  }
  return head ^ SIGN;
}

/** Index of the first number in `[low, high)` that is not below `head`; `high` if all are. */
export function firstNotBelow(heads: Int32Array, head: number, low: number, high: number): number {
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (heads[middle]! < head) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Length of the beginning that two keys share. */
export function sharedLength(a: string, b: string): number {
  const max = Math.min(a.length, b.length);
  let length = 0;
  while (length < max && a.charCodeAt(length) === b.charCodeAt(length)) length++;
  return length;
}

/** Makes room for a number at `index` before the `count - index` that follow. */
export function insertHead(heads: Int32Array, index: number, count: number, head: number): void {
  for (let at = count; at > index; at--) heads[at] = heads[at - 1]!;
  heads[index] = head;
}
