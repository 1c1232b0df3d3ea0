/** What a store should hold after some commands: all changes in one list, searched from its start. */

export interface ModelChange {
  readonly key: string;
  readonly main: number;
  readonly sub: number;
  readonly deleted: boolean;
  readonly value: string;
  readonly lease: bigint;
  readonly createRevision: number;
  readonly version: number;
}

export class ModelStore {
  /** Everything that ever happened, compacted or not. */
  readonly changes: ModelChange[] = [];
  readonly leases = new Set<bigint>();
  revision = 1;
  compactedRevision = -1;
  #sub = 0;

  /** The revision that the command under way sees. */
  get currentRevision(): number {
    return this.#sub === 0 ? this.revision : this.revision + 1;
  }

  endCommand(): void {
    this.revision = this.currentRevision;
    this.#sub = 0;
  }

  put(key: string, value: string, lease: bigint): void {
    const before = this.at(key, this.currentRevision);
    const main = this.revision + 1;
    const createRevision = before?.createRevision ?? main;
    const version = (before?.version ?? 0) + 1;
    const sub = this.#sub++;
    this.changes.push({ key, main, sub, deleted: false, value, lease, createRevision, version });
  }

  /** Deletes `begin <= key < end` and answers how many keys there were. */
  deleteRange(begin: string, end: string | undefined): number {
    const keys = this.range(begin, end, this.currentRevision).map(({ key }) => key);
    for (const key of keys) this.#delete(key);
    return keys.length;
  }

  revoke(id: bigint): void {
    for (const key of this.keysOf(id)) this.#delete(key);
    this.leases.delete(id);
  }

  /** Keys attached to a lease, in order. */
  keysOf(id: bigint): string[] {
    return this.range("", undefined, this.currentRevision)
      .filter(({ lease }) => lease === id)
      .map(({ key }) => key);
  }

  /** The key as it was at a revision; undefined when it did not exist. */
  at(key: string, revision: number): ModelChange | undefined {
    const last = this.changes.findLast((change) => change.key === key && change.main <= revision);
    return last === undefined || last.deleted ? undefined : last;
  }

  /** `begin <= key < end` at a revision, in order of the keys. */
  range(begin: string, end: string | undefined, revision: number): ModelChange[] {
    const newest = new Map<string, ModelChange>();
    for (const change of this.changes) {
      const inside = change.key >= begin && (end === undefined || change.key < end);
      if (inside && change.main <= revision) newest.set(change.key, change);
    }
    return [...newest.values()]
      .filter(({ deleted }) => !deleted)
      .sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  /** What a watcher of `begin <= key < end` hears from a revision on. */
  changesFrom(revision: number, begin: string, end: string | undefined): ModelChange[] {
    return this.changes.filter(
      ({ key, main }) => main >= revision && key >= begin && (end === undefined || key < end),
    );
  }

  #delete(key: string): void {
    const { main, sub } = { main: this.revision + 1, sub: this.#sub++ };
    const nothing = { value: "", lease: 0n, createRevision: 0, version: 0 };
    this.changes.push({ key, main, sub, deleted: true, ...nothing });
  }
}
