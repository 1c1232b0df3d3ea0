/** Which keys a request is about, as far as it has keys. */
import type { KeyRange } from "../client/index.ts";
import { messages } from "../wire/index.ts";
import type { Method } from "../wire/index.ts";

const m = messages;
const ONE_KEY = new Uint8Array();

/**
 * The ranges that a request reads, writes, watches or compares; none for a request without keys, and
 * for bytes that are no request. The names of locks and elections are prefixes of keys, and count as
 * keys here.
 */
export function requestKeys(method: Method, request: Uint8Array): readonly KeyRange[] {
  try {
    return RANGES[method]?.(request) ?? [];
  } catch {
    // The server will say what is wrong with it.
    return [];
  }
}

/** Whether two ranges have a key in common. */
export function haveCommonKey(one: KeyRange, other: KeyRange): boolean {
  return beginsBeforeEnd(one, other) && beginsBeforeEnd(other, one);
}

function beginsBeforeEnd({ key }: KeyRange, { key: start, rangeEnd }: KeyRange): boolean {
  if (rangeEnd.length === 0) return Buffer.compare(key, start) <= 0;
  const isToTheEnd = rangeEnd.length === 1 && rangeEnd[0] === 0;
  return isToTheEnd || Buffer.compare(key, rangeEnd) < 0;
}

/** The others have no keys. */
const RANGES: Partial<Record<Method, (request: Uint8Array) => readonly KeyRange[]>> = {
  range: (request) => [m.decodeRangeRequest(request)],
  rangeStream: (request) => [m.decodeRangeRequest(request)],
  put: (request) => one(m.decodePutRequest(request).key),
  deleteRange: (request) => [m.decodeDeleteRangeRequest(request)],
  txn: (request) => txnKeys(m.decodeTxnRequest(request)),
  watch: (request) => {
    const { createRequest } = m.decodeWatchRequest(request);
    return createRequest === undefined ? [] : [createRequest];
  },
  lock: (request) => one(m.decodeLockRequest(request).name),
  unlock: (request) => one(m.decodeUnlockRequest(request).key),
  campaign: (request) => one(m.decodeCampaignRequest(request).name),
  leader: (request) => one(m.decodeLeaderRequest(request).name),
  observe: (request) => one(m.decodeLeaderRequest(request).name),
  proclaim: (request) => one(m.decodeProclaimRequest(request).leader?.name),
  resign: (request) => one(m.decodeResignRequest(request).leader?.name),
};

function one(key: Uint8Array | undefined): KeyRange[] {
  return key === undefined ? [] : [{ key, rangeEnd: ONE_KEY }];
}

function txnKeys({ compare, success, failure }: messages.TxnRequest): KeyRange[] {
  const operations = [...success, ...failure].flatMap((operation) => [
    operation.requestRange ?? [],
    one(operation.requestPut?.key),
    operation.requestDeleteRange ?? [],
    operation.requestTxn === undefined ? [] : txnKeys(operation.requestTxn),
  ]);
  return [...compare, ...operations.flat()];
}
