/**
 * What a store had in it at one moment: keys, values, leases.
 *
 * Taking one costs no more than listing leases and their keys: the tree is forked, the engine takes a
 * snapshot, and both share with the store what has not changed since. A mark is what a store can be
 * brought back to, what a fork of it begins with, and one side of a comparison.
 */
import assert from "node:assert/strict";
import type { EngineSnapshot } from "../storage/index.ts";
import type { KeyHistory, KeyVersion } from "./key-history.ts";
import type { KeyTree } from "./key-tree.ts";
import type { Lessor } from "./lessor.ts";
import { present } from "./key-space.ts";
import type { KeySpace, SpaceContent } from "./key-space.ts";
import { revisionKey } from "./tables.ts";

/** A lease as it was granted. */
export interface MarkedLease {
  readonly id: bigint;
  /** Seconds. */
  readonly ttl: number;
  /** Attached keys, latin1. */
  readonly keys: readonly string[];
}

/** Keys and their values, as a store or a mark has them. */
export interface Content {
  readonly tree: KeyTree<KeyHistory>;
  /** The encoded KeyValue of a version of the tree, lent until the next await. Throws StorageError. */
  loadSync(version: KeyVersion): Uint8Array;
}

export class Mark implements Content, SpaceContent {
  /** The newest revision there was. */
  readonly revision: number;
  readonly compactedRevision: number;
  readonly tree: KeyTree<KeyHistory>;
  readonly rows: EngineSnapshot;
  readonly leases: readonly MarkedLease[];
  readonly newestSlab: number;
  readonly rowBytes: number;
  readonly removedBytes: number;
  readonly liveKeyCount: number;
  #holderCount = 1;

  /** Of a store of which nothing is ahead of the disk. */
  constructor(space: KeySpace, lessor: Lessor) {
    this.revision = space.visibleRevision;
    this.compactedRevision = space.compactedRevision;
    this.rows = space.engine.snapshot();
    this.tree = space.tree.fork(this.revision);
    this.leases = lessor.list().map(({ id, ttl, keys }) => ({ id, ttl, keys: [...keys] }));
    this.newestSlab = space.values.newestSlab;
    this.rowBytes = space.rowBytes;
    this.removedBytes = space.removedBytes;
    this.liveKeyCount = space.liveKeyCount;
  }

  loadSync({ modMain, modSub }: KeyVersion): Uint8Array {
    return present(this.rows.getSync(revisionKey(modMain, modSub)), modMain, modSub);
  }

  /** False when it was released by all that held it: it cannot be used any more. */
  get isHeld(): boolean {
    return this.#holderCount > 0;
  }

  /** One more holds it, who has to {@link release} it, too. */
  retain(): this {
    assert(this.isHeld, "mark is released");
    this.#holderCount++;
    return this;
  }

  /** One of those who hold it does no longer; the last one gives up what it keeps in memory. */
  async release(): Promise<void> {
    assert(this.isHeld, "mark is released");
    this.#holderCount--;
    if (this.#holderCount === 0) await this.rows.close();
  }
}
