/** A store for tests: opened, changed and read in few words, and checked at its end. */
import { Store, keyRange } from "../../src/mvcc/index.ts";
import type {
  Change,
  CompactionStep,
  KeyRange,
  RangeQuery,
  StoreOptions,
  WriteTxn,
} from "../../src/mvcc/index.ts";
import { MemoryEngine } from "../../src/storage/index.ts";
import type { Engine } from "../../src/storage/index.ts";
import { keyValuesOf, latin1, messages } from "../../src/wire/index.ts";

/** Every key there is. */
export const EVERYTHING: KeyRange = { begin: "", end: undefined, single: false };

/**
 * Opens a store, by default in memory and at time 0; history that cannot be read is an error, and
 * who uses what was only lent gets nonsense.
 */
export async function openStore(
  engine: Engine = new MemoryEngine(),
  options: Partial<StoreOptions> = {},
): Promise<Store> {
  return Store.open(engine, {
    nowMs: 0,
    leaseExtensionMs: 0,
    poison: true,
    onReadFailure: (error) => {
      throw error;
    },
    ...options,
  });
}

/** Runs a body on a new store; at the end memory and engine must agree. */
export async function withStore(
  body: (store: Store, engine: Engine) => Promise<void>,
  options: Partial<StoreOptions> = {},
): Promise<void> {
  const engine = new MemoryEngine();
  const store = await openStore(engine, options);
  await body(store, engine);
  await store.checkConsistency();
  await store.close();
  await engine.close();
}

/** Carries out commands as one group, as the commit queue does, and answers their changes. */
export async function commit(
  store: Store,
  ...commands: readonly ((txn: WriteTxn) => void)[]
): Promise<readonly Change[]> {
  const txn = store.begin();
  for (const command of commands) {
    command(txn);
    txn.endCommand();
  }
  await txn.commit();
  store.publish(txn);
  return txn.changes;
}

/** A command that puts a key. */
export function putting(key: string, value = "", lease = 0n): (txn: WriteTxn) => void {
  return (txn) => {
    txn.put(key, Buffer.from(key, "latin1"), Buffer.from(value, "latin1"), lease);
  };
}

/** A command that deletes a range, given as requests do. */
export function deleting(key: string, rangeEnd = ""): (txn: WriteTxn) => void {
  return (txn) => {
    txn.deleteRange(keyRange(key, rangeEnd));
  };
}

/** Compacts, and removes the rows in steps of a few keys, each a group of its own. */
export async function compactNow(store: Store, revision: number, keysMax = 3): Promise<number> {
  await commit(store, (txn) => {
    txn.compact(revision);
  });
  let from: string | undefined = "";
  let removed = 0;
  while (from !== undefined) {
    const part = { revision, from, keysMax, removalsMax: 1000 };
    const steps: CompactionStep[] = [];
    await commit(store, (txn) => {
      steps.push(txn.compactStep(part));
    });
    from = steps[0]?.next;
    removed += steps[0]?.removed ?? 0;
  }
  store.compactionFinished(revision);
  return removed;
}

/** A query without limit, order and bounds, but for what is given. */
export function queryOf(query: Partial<RangeQuery> & { readonly revision: number }): RangeQuery {
  return {
    range: EVERYTHING,
    limit: 0,
    sortOrder: messages.SortOrder.none,
    sortTarget: messages.SortTarget.key,
    keysOnly: false,
    countOnly: false,
    minModRevision: 0,
    maxModRevision: 0,
    minCreateRevision: 0,
    maxCreateRevision: 0,
    ...query,
  };
}

/** An encoded KeyValue in plain words. */
export function plainKeyValue(kv: Uint8Array): {
  readonly key: string;
  readonly value: string;
  readonly main: number;
  readonly createRevision: number;
  readonly version: number;
  readonly lease: bigint;
} {
  const { key, value, modRevision, createRevision, version, lease } = messages.decodeKeyValue(kv);
  return {
    key: latin1(key),
    value: latin1(value),
    main: modRevision,
    createRevision,
    version,
    lease,
  };
}

/** A range that is answered in one turn, as small ones are. */
export async function rangeOf(
  store: Store,
  query: RangeQuery,
): Promise<{ readonly kvs: Buffer[]; readonly count: number; readonly more: boolean }> {
  const answer = store.range(query);
  if (answer === undefined) throw new Error("Cannot read the range in one turn");
  // What was answered at once is lent until the next await.
  const { kvs, ...rest } = answer instanceof Promise ? await answer : answer;
  return { kvs: keyValuesOf(kvs), ...rest };
}
