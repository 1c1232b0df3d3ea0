/** Reads a store back from its engine: every row of every table, checked. */
import { StorageError } from "../storage/index.ts";
import type { Engine } from "../storage/index.ts";
import { latin1, messages } from "../wire/index.ts";
import { KeyHistory } from "./key-history.ts";
import type { KeySpace } from "./key-space.ts";
import type { Lessor } from "./lessor.ts";
import { RowCheck } from "./row-check.ts";
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
  const check = new RowCheck(compactedRevision);
  await space.engine.visitAll(tableRange("revision"), (rowKey, value) => {
    if (!isRevisionKey(rowKey)) corrupt("row key", Buffer.from(rowKey).toString("hex"));
    const main = mainOf(rowKey);
    const sub = subOf(rowKey);
    const head = check.next({ main, sub }, value);
    const key = latin1(value, head.keyStart, head.keyEnd);
    const history = space.tree.getOrAdd(key, newHistory);
    space.values.release(history);
    if ((history.version === 0) !== (head.version === 0)) {
      space.liveKeyCount += head.version === 0 ? -1 : 1;
    }
    history.push(main, sub, head.createRevision, head.version);
    history.rowBytes = space.countRow(value.length);
    space.values.writeEncoded(history, value, main);
    if (head.version === 0) lessor.detach(key);
    else lessor.attach(key, head.lease);
    // Keeps memory in bounds while a large store is read; all rows are on disk.
    space.values.evict(main);
  });
  space.visibleRevision = Math.max(check.main, compactedRevision, FIRST_REVISION);
  space.values.evict(space.visibleRevision);
}

function newHistory(key: string): KeyHistory {
  return new KeyHistory(key);
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
