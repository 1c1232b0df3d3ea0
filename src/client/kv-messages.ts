/** What requests to the KV service are made of, and what its answers become. */
import { messages } from "../wire/index.ts";
import { keyRange, toBuffer, toBytes } from "./key-range.ts";
import type { Bytes, KeyRangeOptions } from "./key-range.ts";

/** One version of one key. */
export interface KeyValue {
  readonly key: Buffer;
  readonly value: Buffer;
  /** Revision of the put that made the key, since it was last deleted. */
  readonly createRevision: number;
  /** Revision of the last change. */
  readonly modRevision: number;
  /** 1 for a key just made; one more for each put since. */
  readonly version: number;
  /** Lease the key hangs on; 0 for none. */
  readonly lease: bigint;
}

/** Which server answered, and at what revision. Undefined where etcd sends no header. */
export type Header = messages.ResponseHeader | undefined;

export type SortOrder = keyof typeof messages.SortOrder;
export type SortTarget = keyof typeof messages.SortTarget;

/** How to read. Left out: the one key, its newest version, whole. */
export interface GetOptions extends KeyRangeOptions {
  /** Most keys in the answer; 0 is no limit. */
  readonly limit?: number | undefined;
  /** Read as of this revision; 0 is the newest. */
  readonly revision?: number | undefined;
  readonly sortOrder?: SortOrder | undefined;
  readonly sortTarget?: SortTarget | undefined;
  /** Do not wait for the rest of the cluster: faster, may be old. */
  readonly serializable?: boolean | undefined;
  /** Leave the values out (and the leases, as etcd 3.7 does). */
  readonly keysOnly?: boolean | undefined;
  readonly countOnly?: boolean | undefined;
  /** Bounds are inclusive; 0 is no bound. `count` does not heed them. */
  readonly minModRevision?: number | undefined;
  readonly maxModRevision?: number | undefined;
  readonly minCreateRevision?: number | undefined;
  readonly maxCreateRevision?: number | undefined;
}

export interface PutOptions {
  /** Lease to hang the key on; 0 takes it off the one it hangs on. */
  readonly lease?: bigint | undefined;
  /** Answer with what was there before. */
  readonly prevKv?: boolean | undefined;
  /** Keep the value there is; the value given must be empty. */
  readonly ignoreValue?: boolean | undefined;
  /** Keep the lease there is. */
  readonly ignoreLease?: boolean | undefined;
}

export interface DeleteOptions extends KeyRangeOptions {
  /** Answer with what was deleted. */
  readonly prevKv?: boolean | undefined;
}

export interface GetResponse {
  readonly header: Header;
  readonly kvs: readonly KeyValue[];
  /** Whether the limit cut something off. */
  readonly more: boolean;
  /** Keys in the range, whatever the limit. */
  readonly count: number;
}

export interface PutResponse {
  readonly header: Header;
  readonly prevKv: KeyValue | undefined;
}

export interface DeleteResponse {
  readonly header: Header;
  readonly deleted: number;
  readonly prevKvs: readonly KeyValue[];
}

export function rangeRequest(key: Bytes, options: GetOptions): messages.RangeRequestInit {
  return {
    ...keyRange(key, options),
    limit: options.limit ?? 0,
    revision: options.revision ?? 0,
    sortOrder: messages.SortOrder[options.sortOrder ?? "none"],
    sortTarget: messages.SortTarget[options.sortTarget ?? "key"],
    serializable: options.serializable ?? false,
    keysOnly: options.keysOnly ?? false,
    countOnly: options.countOnly ?? false,
    minModRevision: options.minModRevision ?? 0,
    maxModRevision: options.maxModRevision ?? 0,
    minCreateRevision: options.minCreateRevision ?? 0,
    maxCreateRevision: options.maxCreateRevision ?? 0,
  };
}

export function putRequest(key: Bytes, value: Bytes, options: PutOptions): messages.PutRequestInit {
  return {
    key: toBytes(key),
    value: toBytes(value),
    lease: options.lease ?? 0n,
    prevKv: options.prevKv ?? false,
    ignoreValue: options.ignoreValue ?? false,
    ignoreLease: options.ignoreLease ?? false,
  };
}

export function deleteRequest(key: Bytes, options: DeleteOptions): messages.DeleteRangeRequestInit {
  return { ...keyRange(key, options), prevKv: options.prevKv ?? false };
}

export function getResponse(response: messages.RangeResponse): GetResponse {
  return {
    header: response.header,
    kvs: response.kvs.map(keyValue),
    more: response.more,
    count: response.count,
  };
}

export function putResponse(response: messages.PutResponse): PutResponse {
  const { header, prevKv } = response;
  return { header, prevKv: prevKv === undefined ? undefined : keyValue(prevKv) };
}

export function deleteResponse(response: messages.DeleteRangeResponse): DeleteResponse {
  return {
    header: response.header,
    deleted: response.deleted,
    prevKvs: response.prevKvs.map(keyValue),
  };
}

export function keyValue(kv: messages.KeyValue): KeyValue {
  return {
    key: toBuffer(kv.key),
    value: toBuffer(kv.value),
    createRevision: kv.createRevision,
    modRevision: kv.modRevision,
    version: kv.version,
    lease: kv.lease,
  };
}
