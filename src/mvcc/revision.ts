/**
 * Revisions count the changes of the store. All changes of one command share the main revision and
 * are told apart by a sub-revision, in the order in which they were made.
 *
 * A main revision is a `number`: exact to 2^53, which is 285 years at a million changes a second.
 */

/** Revision of a store that nothing was written to. Source: etcd mvcc/kvstore.go, NewStore. */
export const FIRST_REVISION = 1;

/** Compacted revision of a store that was never compacted. Source: as above. */
export const NEVER_COMPACTED = -1;
