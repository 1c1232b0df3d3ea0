/** Reads a store back from its engine: every row of every table, checked. */
import { StorageError } from "../storage/index.ts";
import type { Engine } from "../storage/index.ts";
import { decodeKeyValueHead, latin1, messages } from "../wire/index.ts";
import { isTombstone } from "./hash.ts";
import { KeyHistory } from "./key-history.ts";
import type { KeySpace } from "./key-space.ts";
import type { Lessor } from "./lessor.ts";
import { FIRST_REVISION, NEVER_COMPACTED } from "./revision.ts";
import {
  FORMAT,
  META,
  decodeNumber,
  isRevisionKey,
  leaseKey,
  mainOf,
  subOf,
  tableRange,
} from "./tables.ts";

const PAGE_ROWS = 1000;

/** Rows that are not keys: what the server remembers of itself. */
export interface StoredIdentity {
  readonly memberId: bigint | undefined;
  readonly clusterId: bigint | undefined;
  readonly term: number;
  /** Applied indexes up to this may have been used. */
  readonly reservedIndex: number;
  /** Undefined while they are as the options say. */
  readonly peerUrls: readonly string[] | undefined;
}

/** Compaction marks: one is under way when they differ. */
export interface StoredCompactions {
  readonly scheduled: number;
  readonly finished: number;
}

/** Throws StorageError "corrupt" for a layout this program does not know. */
export function loadIdentity(engine: Engine): StoredIdentity {
  const format = engine.getSync(META.format);
  if (format !== undefined && latin1(format) !== FORMAT) {
    throw new StorageError("corrupt", `Unknown data format: "${latin1(format)}"`);
  }
  return {
    memberId: readId(engine, META.memberId),
    clusterId: readId(engine, META.clusterId),
    term: readNumber(engine, META.term) ?? 0,
    reservedIndex: readNumber(engine, META.reservedIndex) ?? 0,
    peerUrls: readStrings(engine, META.peerUrls),
  };
}

export function loadCompactions(engine: Engine): StoredCompactions {
  return {
    scheduled: readNumber(engine, META.scheduledCompaction) ?? NEVER_COMPACTED,
    finished: readNumber(engine, META.finishedCompaction) ?? NEVER_COMPACTED,
  };
}

/**
 * Leases, each as long as it was granted, or as was left at its last checkpoint, plus `extensionMs`. Throws StorageError "corrupt".
 *
 * Source: etcd lessor.go, Promote.
 */
export async function loadLeases(
  engine: Engine,
  lessor: Lessor,
  time: { nowMs: number; extensionMs: number },
): Promise<void> {
  for await (const page of engine.scan({ ...tableRange("lease"), pageRows: PAGE_ROWS })) {
    for (const [rowKey, value] of page) {
      const { id, ttl, remainingTtl } = leaseOf(rowKey, value);
      const leftMs = (remainingTtl > 0 ? remainingTtl : ttl) * 1000;
      lessor.grant(id, ttl, time.nowMs + leftMs + time.extensionMs).remainingTtl = remainingTtl;
    }
  }
}

/** A lease's row; its key has the id too. */
function leaseOf(rowKey: Uint8Array, value: Uint8Array): messages.Lease {
  const place = Buffer.from(rowKey).toString("hex");
  let lease;
  try {
    lease = messages.decodeLease(value);
  } catch (error) {
    throw new StorageError("corrupt", `Unreadable row of lease: ${place}`, { cause: error });
  }
  if (!leaseKey(lease.id).equals(rowKey)) corrupt("row of lease", place);
  return lease;
}

/**
 * Keys and their attachments to leases. Revisions above the compacted one must be without gaps:
 * every one of them was written whole, so a gap is lost data.
 *
 * Throws StorageError "corrupt" with the place.
 */
export async function loadKeys(space: KeySpace, lessor: Lessor): Promise<void> {
  const { compactedRevision } = space;
  let main = FIRST_REVISION;
  let sub = 0;
  await space.engine.visitAll(tableRange("revision"), (rowKey, value) => {
    if (!isRevisionKey(rowKey)) corrupt("row key", Buffer.from(rowKey).toString("hex"));
    const row = { main: mainOf(rowKey), sub: subOf(rowKey) };
    if (row.main > compactedRevision) checkOrder({ main, sub }, row, compactedRevision);
    ({ main, sub } = row);
    loadRow(space, lessor, row, value);
  });
  space.visibleRevision = Math.max(main, compactedRevision, FIRST_REVISION);
  space.values.evict(space.visibleRevision);
}

function loadRow(
  space: KeySpace,
  lessor: Lessor,
  row: { main: number; sub: number },
  value: Uint8Array,
): void {
  const head = headOf(row, value);
  const key = latin1(value, head.keyStart, head.keyEnd);
  const history = space.tree.getOrAdd(key, newHistory);
  space.values.release(history);
  if ((history.version === 0) !== (head.version === 0)) {
    space.liveKeyCount += head.version === 0 ? -1 : 1;
  }
  history.push(row.main, row.sub, head.createRevision, head.version);
  history.rowBytes = space.countRow(value.length);
  space.values.writeEncoded(history, value, row.main);
  if (head.version === 0) lessor.detach(key);
  else lessor.attach(key, head.lease);
  // Keeps memory in bounds while a large store is read; all rows are on disk.
  space.values.evict(row.main);
}

function newHistory(key: string): KeyHistory {
  return new KeyHistory(key);
}

function headOf(
  row: { main: number; sub: number },
  value: Uint8Array,
): ReturnType<typeof decodeKeyValueHead> {
  let head;
  try {
    head = decodeKeyValueHead(value);
  } catch (error) {
    const text = `Unreadable row of revision: ${placeOf(row)}`;
    throw new StorageError("corrupt", text, { cause: error });
  }
  if (head.keyStart === head.keyEnd) corrupt("row of revision", placeOf(row));
  const expected = head.version === 0 ? 0 : row.main;
  if (head.modRevision !== expected || (head.version === 0) !== isTombstone(value)) {
    corrupt("row of revision", placeOf(row));
  }
  return head;
}

function placeOf(row: { main: number; sub: number }): string {
  return `${String(row.main)}.${String(row.sub)}`;
}

/** A row follows its predecessor in the same revision, or begins the very next revision. */
function checkOrder(
  previous: { main: number; sub: number },
  row: { main: number; sub: number },
  compacted: number,
): void {
  const samePlace = row.main === previous.main && row.sub === previous.sub + 1;
  const last = Math.max(previous.main, compacted, FIRST_REVISION);
  if (samePlace || (row.main === last + 1 && row.sub === 0)) return;
  corrupt("revisions, missing after", `${String(last)}.${String(previous.sub)}`);
}

function corrupt(what: string, place: string): never {
  throw new StorageError("corrupt", `Corrupt ${what}: ${place}`);
}

function readNumber(engine: Engine, key: Uint8Array): number | undefined {
  try {
    return decodeNumber(engine.getSync(key));
  } catch (error) {
    throw new StorageError("corrupt", `Corrupt meta row: ${latin1(key)}`, { cause: error });
  }
}

function readId(engine: Engine, key: Uint8Array): bigint | undefined {
  const value = engine.getSync(key);
  if (value === undefined) return undefined;
  if (value.length !== 8) corrupt("meta row", latin1(key));
  return Buffer.from(value).readBigUInt64BE(0);
}

function readStrings(engine: Engine, key: Uint8Array): string[] | undefined {
  const value = engine.getSync(key);
  if (value === undefined) return undefined;
  let strings: unknown;
  try {
    strings = JSON.parse(Buffer.from(value).toString());
  } catch (error) {
    throw new StorageError("corrupt", `Corrupt meta row: ${latin1(key)}`, { cause: error });
  }
  if (!Array.isArray(strings)) corrupt("meta row", latin1(key));
  return strings.map(String);
}
