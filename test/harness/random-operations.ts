/**
 * Random requests of every kind that etcd has for keys, leases and watches, by a seed.
 *
 * Keys, lease ids and watch ids are few, so that requests meet: the parts of a transaction each other, a
 * put its lease, a watch its id. Revisions are chosen by what the store has, and about as often just
 * outside of it, because refusals are as much part of the contract as answers.
 */
import { prefixEnd } from "../../src/client/index.ts";
import { seededRandom } from "../../src/testing/index.ts";
import { messages } from "../../src/wire/index.ts";

const { CompareTarget, CompareResult, FilterType, SortOrder, SortTarget } = messages;

/** Numbers by a seed: the same on every machine. */
export class Random {
  readonly #fraction: () => number;

  constructor(seed: number) {
    this.#fraction = seededRandom(seed);
  }

  /** A fraction from 0 up to, but not, 1. */
  fraction(): number {
    return this.#fraction();
  }

  /** An integer from 0 up to, but not, `limit`. */
  below(limit: number): number {
    return Math.floor(this.fraction() * limit);
  }

  /** True in so many of a hundred cases. */
  percent(percent: number): boolean {
    return this.fraction() * 100 < percent;
  }

  pick<Item>(items: readonly Item[]): Item {
    const item = items[this.below(items.length)];
    if (item === undefined) {
      throw new Error("Cannot pick: the list is empty");
    }
    return item;
  }

  /** One of the names, each as often as its weight says. */
  weighted<Name extends string>(weights: Readonly<Record<Name, number>>): Name {
    // Object.entries() widens the keys; the parameter's type is their only source.
    const entries = Object.entries(weights) as [Name, number][];
    let rest = this.fraction() * entries.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [name, weight] of entries) {
      rest -= weight;
      if (rest < 0) {
        return name;
      }
    }
    throw new Error("Cannot pick: all weights are zero");
  }
}

/** What the store has, for the choice of revisions. */
export interface StoreState {
  /** Revision of the last change. */
  revision: number;
  /** Of the last compaction; -1 before the first. Source: etcd mvcc/kvstore.go. */
  compactedRevision: number;
  /** Of all compactions. */
  readonly compactions: number[];
}

/** Which keys there are. */
export interface KeySet {
  readonly keys: readonly string[];
  /**
   * Sort by what several keys may share. Ties keep the order of keys up to 12 rows; beyond, etcd's order is
   * an accident of Go's sort (pdqsort), which is no contract.
   */
  readonly sortsWithTies: boolean;
}

/** Ten keys that nest, touch, and hold bytes that are special to ranges. */
export const FEW_KEYS: KeySet = {
  keys: ["a", "a/", "a/1", "a/2", "ab", "b", "b\0", "\0", "\xff", "\xff\xff"],
  sortsWithTies: true,
};

/** Sixty keys: more than a chunk of a streamed range, more than a step of a compaction. */
export const MANY_KEYS: KeySet = {
  keys: Array.from({ length: 60 }, (_, index) => `k/${index.toString(36).padStart(2, "0")}`),
  sortsWithTies: false,
};

/** Ends of the 64 bits; as numbers they are encoded as the nearest int64. */
const INT64_MAX = 2 ** 63;
const INT64_MIN = -(2 ** 63);

const VALUES = ["", "", "v", "v1", "v2", "w", "\0", "\xff\x00\xfe"];
const LEASE_IDS = [1n, 2n, 3n, 7n, -5n, 2n ** 63n - 1n, -(2n ** 63n)];

/** Operations of one transaction. Source: etcd embed/config.go, DefaultMaxTxnOps. */
const TXN_OPERATIONS_MAX = 128;
const TXN_DEPTH_MAX = 3;

/** Makes requests; the store's state is read each time. */
export class RandomRequests {
  readonly random: Random;
  readonly #keySet: KeySet;
  readonly #state: Readonly<StoreState>;
  readonly #twiceChangedRevisions = new Set<number>();

  constructor(random: Random, keySet: KeySet, state: Readonly<StoreState>) {
    this.random = random;
    this.#keySet = keySet;
    this.#state = state;
  }

  range(): messages.RangeRequestInit {
    const { random } = this;
    return {
      ...this.#keyRange(),
      revision: this.revision(),
      limit: random.percent(50) ? 0 : random.pick([1, 2, 3, 5, 9, 100, -1, -7, INT64_MAX]),
      ...this.#sorting(),
      serializable: random.percent(30),
      keysOnly: random.percent(25),
      countOnly: random.percent(10),
      ...(random.percent(25) ? this.#revisionBounds() : {}),
    };
  }

  put(): messages.PutRequestInit {
    const { random } = this;
    const ignoreValue = random.percent(7);
    const ignoreLease = random.percent(7);
    const valued = !ignoreValue || random.percent(15);
    const leased = ignoreLease ? random.percent(15) : random.percent(30);
    return {
      key: this.#key(),
      value: bytes(valued ? this.#value() : ""),
      lease: leased ? this.leaseId() : 0n,
      prevKv: random.percent(40),
      ignoreValue,
      ignoreLease,
    };
  }

  deleteRange(): messages.DeleteRangeRequestInit {
    return { ...this.#keyRange(), prevKv: this.random.percent(50) };
  }

  txn(): messages.TxnRequestInit {
    const request = this.random.percent(2) ? this.#hugeTxn() : this.#txn(TXN_DEPTH_MAX);
    if (!deletesToTheEnd(request)) return request;
    // It gets past etcd's check against changing a key twice. Real etcd dies of a put after it that
    // ignores value or lease, and of a compaction at the very revision.
    this.#twiceChangedRevisions.add(this.#state.revision + 1);
    return withoutIgnoring(request);
  }

  compaction(): messages.CompactionRequestInit {
    const { random } = this;
    const { revision, compactedRevision } = this.#state;
    const least = Math.max(1, compactedRevision + 1);
    const inside = least + random.below(Math.max(1, revision - least + 1));
    const outside = random.pick([0, -1, compactedRevision, revision + 1, INT64_MAX, revision]);
    const chosen = random.percent(80) ? inside : outside;
    const isTwiceChanged = this.#twiceChangedRevisions.has(chosen);
    return { revision: isTwiceChanged ? revision + 1 : chosen, physical: random.percent(40) };
  }

  hashKV(): messages.HashKVRequestInit {
    const { compactions } = this.#state;
    const isCompaction = compactions.length > 0 && this.random.percent(30);
    return { revision: isCompaction ? this.random.pick(compactions) : this.revision() };
  }

  watchCreate(): messages.WatchCreateRequestInit {
    const { random } = this;
    const { revision } = this.#state;
    const startRevision = random.percent(45)
      ? 0
      : random.percent(25)
        ? revision + random.below(20)
        : this.revision();
    return {
      ...this.#keyRange(),
      startRevision,
      filters: random.pick([[], [], [], [FilterType.noput], [FilterType.nodelete], [0, 1], [7]]),
      prevKv: random.percent(50),
      fragment: random.percent(30),
      watchId: random.percent(60) ? 0 : this.watchId(),
    };
  }

  watchId(): number {
    return this.random.pick([1, 2, 3, 4, 5, 6, 8, 12, -1, -3]);
  }

  leaseId(): bigint {
    return this.random.percent(5) ? 99n : this.random.pick(LEASE_IDS);
  }

  /** Far beyond the length of any test, so that none ends by itself; hardly ever the same twice. */
  leaseTtl(): number {
    return this.random.percent(4) ? 9_000_000_001 : 1000 + this.random.below(8_000_000);
  }

  /** Mostly one that can be read; 0, negative ones, compacted ones, and future ones too. */
  revision(): number {
    const { random } = this;
    const { revision, compactedRevision } = this.#state;
    const least = Math.max(1, compactedRevision);
    switch (random.weighted({ latest: 35, recent: 25, any: 20, edge: 15, absurd: 5 })) {
      case "latest":
        return 0;
      case "recent":
        return Math.max(least, revision - random.below(12));
      case "any":
        return least + random.below(revision - least + 1);
      case "edge":
        return random.pick([compactedRevision - 1, compactedRevision, revision, revision + 1, 1]);
      case "absurd":
        return random.pick([-1, -2, -9, 2 ** 53, INT64_MAX, INT64_MIN]);
    }
  }

  #key(): Uint8Array {
    return bytes(this.random.percent(1) ? "" : this.random.pick(this.#keySet.keys));
  }

  #keyRange(): { readonly key: Uint8Array; readonly rangeEnd: Uint8Array } {
    const { random } = this;
    const key = this.#key();
    switch (random.weighted({ single: 30, prefix: 15, pair: 35, from: 10, all: 10 })) {
      case "single":
        return { key, rangeEnd: bytes("") };
      case "prefix":
        return { key, rangeEnd: prefixEnd(key) };
      case "pair":
        // As often as not inverted, or empty.
        return { key, rangeEnd: this.#key() };
      case "from":
        return { key, rangeEnd: bytes("\0") };
      case "all":
        return { key: bytes("\0"), rangeEnd: bytes("\0") };
    }
  }

  #value(): string {
    return this.random.percent(2)
      ? "x".repeat(1 + this.random.below(3000))
      : this.random.pick(VALUES);
  }

  #sorting(): { readonly sortOrder?: number; readonly sortTarget?: number } {
    const { random } = this;
    if (random.percent(60)) {
      return {};
    }
    if (random.percent(2)) {
      return random.pick([{ sortOrder: 3 }, { sortTarget: 5 }, { sortOrder: -1 }]);
    }
    const targets = this.#keySet.sortsWithTies ? Object.values(SortTarget) : [SortTarget.key];
    return {
      sortOrder: random.pick(Object.values(SortOrder)),
      sortTarget: random.pick(targets),
    };
  }

  #revisionBounds(): Partial<messages.RangeRequestInit> {
    const { random } = this;
    const bound = (): number => (random.percent(50) ? 0 : this.revision());
    return {
      minModRevision: bound(),
      maxModRevision: bound(),
      minCreateRevision: bound(),
      maxCreateRevision: bound(),
    };
  }

  #txn(depth: number): messages.TxnRequestInit {
    const { random } = this;
    const readOnly = random.percent(15);
    return {
      compare: this.#list(random.below(4), () => this.#compare()),
      success: this.#list(random.below(5), () => this.#operation(depth, readOnly)),
      failure: this.#list(random.below(4), () => this.#operation(depth, readOnly)),
    };
  }

  #operation(depth: number, readOnly: boolean): messages.RequestOpInit {
    const nested = depth > 1 ? 15 : 0;
    const writes = readOnly ? { put: 0, delete: 0, txn: 0, none: 0 } : undefined;
    const weights = { range: 30, put: 40, delete: 14, txn: nested, none: 0.5, ...writes };
    switch (this.random.weighted(weights)) {
      case "range":
        return { requestRange: this.#innerRange() };
      case "put":
        return { requestPut: this.put() };
      case "delete":
        return { requestDeleteRange: this.deleteRange() };
      case "txn":
        return { requestTxn: this.#txn(depth - 1) };
      case "none":
        return {};
    }
  }

  /** Mostly of the newest revision: one bad revision refuses the whole transaction. */
  #innerRange(): messages.RangeRequestInit {
    const request = this.range();
    return this.random.percent(70) ? { ...request, revision: 0 } : request;
  }

  #compare(): messages.CompareInit {
    const { random } = this;
    const target = random.percent(2) ? 9 : random.pick(Object.values(CompareTarget));
    const result = random.percent(2) ? 11 : random.pick(Object.values(CompareResult));
    const operandOf = random.percent(5) ? random.pick(Object.values(CompareTarget)) : target;
    const range = random.percent(70) ? { key: this.#key() } : this.#keyRange();
    return { ...range, target, result, ...this.#operand(operandOf) };
  }

  #operand(target: number): messages.CompareInit {
    const { random } = this;
    switch (target) {
      case CompareTarget.version:
        return { version: random.below(4) };
      case CompareTarget.create:
        return { createRevision: random.percent(50) ? 0 : this.revision() };
      case CompareTarget.mod:
        return { modRevision: random.percent(50) ? 0 : this.revision() };
      case CompareTarget.value:
        return { value: bytes(this.#value()) };
      case CompareTarget.lease:
        return { lease: random.percent(50) ? 0n : this.leaseId() };
      default:
        return {};
    }
  }

  /** At the limit of operations, in one level or over two; half of them just beyond. */
  #hugeTxn(): messages.TxnRequestInit {
    const { random } = this;
    const beyond = random.below(2);
    const read = (): messages.RequestOpInit => ({ requestRange: { key: this.#key() } });
    if (random.percent(30)) {
      return { success: this.#list(TXN_OPERATIONS_MAX + beyond, read) };
    }
    if (random.percent(30)) {
      return { compare: this.#list(TXN_OPERATIONS_MAX + beyond, () => this.#compare()) };
    }
    const outer = 1 + random.below(100);
    const inner = { failure: this.#list(TXN_OPERATIONS_MAX - outer + beyond, read) };
    const operations = [...this.#list(outer - 1, read), { requestTxn: inner }];
    return random.percent(50) ? { success: operations } : { failure: operations };
  }

  #list<Item>(length: number, make: () => Item): Item[] {
    return Array.from({ length }, make);
  }
}

function branches(request: messages.TxnRequestInit): readonly messages.RequestOpInit[] {
  return [...(request.success ?? []), ...(request.failure ?? [])];
}

function deletesToTheEnd(request: messages.TxnRequestInit): boolean {
  return branches(request).some(({ requestDeleteRange, requestTxn }) => {
    const end = requestDeleteRange?.rangeEnd;
    const isEnd = end?.length === 1 && end[0] === 0;
    return isEnd || (requestTxn !== undefined && deletesToTheEnd(requestTxn));
  });
}

function withoutIgnoring(request: messages.TxnRequestInit): messages.TxnRequestInit {
  const change = ({ requestPut, requestTxn, ...rest }: messages.RequestOpInit) => ({
    ...rest,
    requestPut:
      requestPut === undefined
        ? undefined
        : { ...requestPut, ignoreValue: false, ignoreLease: false },
    requestTxn: requestTxn === undefined ? undefined : withoutIgnoring(requestTxn),
  });
  const { compare, success = [], failure = [] } = request;
  return { compare, success: success.map(change), failure: failure.map(change) };
}

/** One byte for each character. */
export function bytes(text: string): Uint8Array {
  return Buffer.from(text, "latin1");
}
