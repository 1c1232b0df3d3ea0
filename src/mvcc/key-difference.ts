/**
 * Where two trees of keys differ, one of which was forked of the other, or both of a third.
 *
 * A node that both have at the same place has the same entries. So the one tree is gone through node
 * by node, each with the range of keys that are its, and the other is followed down to the smallest
 * node that has all of that range. Only where they end at different leaves are entries compared.
 */
import { childIndex, lowerBound } from "./key-nodes.ts";
import type { Versioned, Leaf, TreeNode } from "./key-nodes.ts";

/** Takes the entries of a key in the one tree and in the other, of which one may be missing. */
export type DifferenceVisitor<T> = (one: T | undefined, other: T | undefined) => void;

/** The keys from `low` to before `high`, or all behind it. */
interface KeySpan {
  readonly low: string;
  readonly high: string | undefined;
}

/** Visits, in order, keys whose entries below two roots are not the same object. */
export function visitDifference<T extends Versioned>(
  root: TreeNode<T>,
  otherRoot: TreeNode<T>,
  visit: DifferenceVisitor<T>,
): void {
  visitNode({ node: root, low: "", high: undefined }, otherRoot, visit);
}

function visitNode<T extends Versioned>(
  place: KeySpan & { readonly node: TreeNode<T> },
  otherAbove: TreeNode<T>,
  visit: DifferenceVisitor<T>,
): void {
  const { node, low, high } = place;
  const other = narrowed(otherAbove, place);
  if (other === undefined) return;
  if (node.leaf) {
    visitLeaf(node, itemsIn(other, place), visit);
    return;
  }
  node.children.forEach((child, index) => {
    const childLow = index === 0 ? low : node.lows[index]!;
    visitNode({ node: child, low: childLow, high: node.lows[index + 1] ?? high }, other, visit);
  });
}

/** The smallest node at or below one that has all of a span; undefined when it is the very same. */
function narrowed<T extends Versioned>(
  above: TreeNode<T>,
  { node, low, high }: KeySpan & { readonly node: TreeNode<T> },
): TreeNode<T> | undefined {
  let other = above;
  while (other !== node) {
    if (other.leaf) return other;
    const index = childIndex(other, low);
    const end = other.lows[index + 1];
    // Of the last child nobody says where it ends: as far as the span does, or it would not be here.
    if (end !== undefined && (high === undefined || end < high)) return other;
    other = other.children[index]!;
  }
  return undefined;
}

/** The entries of a span, in order. */
function itemsIn<T extends Versioned>(node: TreeNode<T>, span: KeySpan): T[] {
  if (node.leaf) {
    const to = span.high === undefined ? node.items.length : lowerBound(node, span.high);
    return node.items.slice(lowerBound(node, span.low), to);
  }
  const last = span.high === undefined ? node.children.length - 1 : childIndex(node, span.high);
  const children = node.children.slice(childIndex(node, span.low), last + 1);
  return children.flatMap((child) => itemsIn(child, span));
}

function visitLeaf<T extends Versioned>(
  { items }: Leaf<T>,
  others: readonly T[],
  visit: DifferenceVisitor<T>,
): void {
  let index = 0;
  for (const item of items) {
    if (others[index] === item) {
      index++;
      continue;
    }
    while (index < others.length && others[index]!.key < item.key)
      visit(undefined, others[index++]);
    const other = others[index]?.key === item.key ? others[index++] : undefined;
    visit(item, other);
  }
  while (index < others.length) visit(undefined, others[index++]);
}
