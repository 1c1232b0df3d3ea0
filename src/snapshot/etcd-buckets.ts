/**
 * What etcd keeps in which bucket of its database, beside the keys: names, and small values.
 * Source: etcd server/storage/schema.
 */

/** All of them, in the order of their names. */
export const BUCKET = {
  alarm: "alarm",
  auth: "auth",
  authRoles: "authRoles",
  authUsers: "authUsers",
  cluster: "cluster",
  key: "key",
  lease: "lease",
  members: "members",
  membersRemoved: "members_removed",
  meta: "meta",
} as const;

/** Keys in the bucket `meta`. */
export const META_KEY = {
  confState: "confState",
  consistentIndex: "consistent_index",
  finishedCompaction: "finishedCompactRev",
  scheduledCompaction: "scheduledCompactRev",
  storageVersion: "storageVersion",
  term: "term",
} as const;

/** Keys in the bucket `cluster`. */
export const CLUSTER_KEY = { version: "clusterVersion" } as const;

/** Bytes of a number in the buckets `meta` and `auth`: big endian. */
export function encodeUint64(value: number | bigint): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}
