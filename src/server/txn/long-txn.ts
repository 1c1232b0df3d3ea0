/**
 * Read-only transactions that take more than one turn: the same steps as in txn.ts, at one revision
 * that is kept readable meanwhile.
 */
import { keyRange } from "../../mvcc/index.ts";
import type { LongRead, ReadView, Reader, Store } from "../../mvcc/index.ts";
import { RangeParts, innerHeader, joined, latin1, txnParts } from "../../wire/index.ts";
import type { Parts, messages } from "../../wire/index.ts";
import { holds, holdsFor, holdsForNothing } from "./compare.ts";
import { checkRevision, queryOf } from "./operations.ts";

/** Answers at the revision of a view that was just made. Rejects with EtcdError, StorageError. */
export async function readLongTxn(
  request: messages.TxnRequest,
  store: Store,
  at: {
    readonly view: ReadView;
    readonly header: Uint8Array;
    readonly reader: Reader | undefined;
  },
): Promise<Uint8Array> {
  const { baseRevision, compactedRevision, revision } = at.view;
  // Whichever branch it will be, what it reads stays.
  const pins = [...request.success, ...request.failure]
    .map(({ requestRange }) => requestRange?.revision ?? 0)
    .filter((asked) => asked >= compactedRevision && asked > 0 && asked < revision);
  const oldest = store.longRead(Math.min(revision, ...pins));
  const newest = store.longRead(revision, at.reader);
  try {
    return await store.gather(async () => {
      const succeeded = await allHold(request.compare, newest, at.view);
      const ranges = (succeeded ? request.success : request.failure).map(
        ({ requestRange }) => requestRange!,
      );
      for (const { revision: asked } of ranges) {
        checkRevision(asked, { baseRevision, compactedRevision });
      }
      const operationCount = request.compare.length + ranges.length;
      store.counts.ranges += operationCount;
      store.counts.requestDone(operationCount);
      const answers: Parts[] = [];
      for (const range of ranges) {
        const read = store.longRead(range.revision <= 0 ? revision : range.revision, at.reader);
        answers.push(await rangeParts(range, read, revision));
      }
      return joined(txnParts(at.header, succeeded, answers), newest.turn);
    });
  } finally {
    oldest.close();
    newest.close();
  }
}

async function allHold(
  compares: readonly messages.Compare[],
  read: LongRead,
  view: ReadView,
): Promise<boolean> {
  for (const compare of compares) {
    const range = keyRange(latin1(compare.key), latin1(compare.rangeEnd));
    const every = range.single
      ? holds(compare, view)
      : await read.every(range, (version) => holdsFor(compare, version, view));
    if (!(every ?? holdsForNothing(compare))) return false;
  }
  return true;
}

async function rangeParts(
  request: messages.RangeRequest,
  read: LongRead,
  newest: number,
): Promise<Parts> {
  try {
    const parts = new RangeParts();
    const result = await read.range(queryOf(request, read.revision), parts);
    return parts.finish(innerHeader(newest), result);
  } finally {
    read.close();
  }
}
