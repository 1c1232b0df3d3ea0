/** What differs between two states of one store's keys. */
import { decodeKeyValueHead } from "../wire/index.ts";
import type { KeyVersion } from "./key-history.ts";
import type { Content } from "./mark.ts";

/** A key that two states do not have alike. */
export interface KeyDifference {
  readonly key: string;
  /** Its encoded KeyValue in the one state and in the other; undefined where it does not exist. */
  readonly one: Uint8Array | undefined;
  readonly other: Uint8Array | undefined;
}

/**
 * Keys that exist in one of two states only, or with another value or lease, in order. Takes as long
 * as what was changed between them is large. Throws StorageError. Whole: no await.
 */
export function contentDifference(one: Content, other: Content): KeyDifference[] {
  const found: KeyDifference[] = [];
  one.tree.forEachDifference(other.tree, (inOne, inOther) => {
    const a = existing(inOne);
    const b = existing(inOther);
    if (a?.modMain === b?.modMain && a?.modSub === b?.modSub) return;
    const difference = {
      key: (a ?? b!).key,
      one: a && Buffer.from(one.loadSync(a)),
      other: b && Buffer.from(other.loadSync(b)),
    };
    if (!hasSameContent(difference)) found.push(difference);
  });
  return found;
}

function existing(version: KeyVersion | undefined): KeyVersion | undefined {
  return version === undefined || version.version === 0 ? undefined : version;
}

function hasSameContent({ one, other }: KeyDifference): boolean {
  if (one === undefined || other === undefined) return false;
  const a = decodeKeyValueHead(one);
  const b = decodeKeyValueHead(other);
  const isSameValue =
    Buffer.compare(
      one.subarray(a.valueStart, a.valueEnd),
      other.subarray(b.valueStart, b.valueEnd),
    ) === 0;
  return isSameValue && a.lease === b.lease;
}
