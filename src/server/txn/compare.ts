/** Conditions of a transaction. Source: etcd server/etcdserver/txn/txn.go, applyCompare. */
import { keyRange } from "../../mvcc/index.ts";
import type { KeyVersion, View } from "../../mvcc/index.ts";
import { decodeKeyValueHead, latin1, messages, valueOf } from "../../wire/index.ts";

const { CompareResult, CompareTarget } = messages;

/** Whether every key that the condition is about satisfies it. */
export function holds(compare: messages.Compare, view: View): boolean {
  const key = latin1(compare.key);
  if (compare.rangeEnd.length === 0) {
    const version = view.get(key);
    return version === undefined ? holdsForNothing(compare) : holdsFor(compare, version, view);
  }
  const versions = view.select(keyRange(key, latin1(compare.rangeEnd)));
  if (versions.length === 0) return holdsForNothing(compare);
  return versions.every((version) => holdsFor(compare, version, view));
}

/** Whether no key at all satisfies it. A missing key is one of zeros; but it has no value, so none compares with it. */
export function holdsForNothing(compare: messages.Compare): boolean {
  if (compare.target === CompareTarget.value) return false;
  return holdsFor(compare, NOTHING, undefined);
}

const NOTHING: KeyVersion = {
  key: "",
  modMain: 0,
  modSub: 0,
  createMain: 0,
  version: 0,
  slab: 0,
  offset: 0,
};

/** Whether one key satisfies it; the view only loads its value, and is not needed for no key. */
export function holdsFor(
  compare: messages.Compare,
  version: KeyVersion,
  view: View | undefined,
): boolean {
  const order = orderOf(compare, version, view);
  switch (compare.result) {
    case CompareResult.equal:
      return order === 0;
    case CompareResult.notEqual:
      return order !== 0;
    case CompareResult.greater:
      return order > 0;
    case CompareResult.less:
      return order < 0;
    default:
      return true;
  }
}

/** Below, at, or above zero as the key is below, at, or above the operand; 0 for unknown targets. */
function orderOf(compare: messages.Compare, version: KeyVersion, view: View | undefined): number {
  switch (compare.target) {
    case CompareTarget.version:
      return version.version - (compare.version ?? 0);
    case CompareTarget.create:
      return version.createMain - (compare.createRevision ?? 0);
    case CompareTarget.mod:
      return version.modMain - (compare.modRevision ?? 0);
    case CompareTarget.value: {
      const kv = view!.load(version);
      return Buffer.compare(valueOf(kv), compare.value ?? EMPTY);
    }
    case CompareTarget.lease: {
      const lease = view === undefined ? 0n : decodeKeyValueHead(view.load(version)).lease;
      const operand = compare.lease ?? 0n;
      return lease === operand ? 0 : lease < operand ? -1 : 1;
    }
    default:
      return 0;
  }
}

const EMPTY = new Uint8Array(0);
