/** One change of one key, as watchers see it. */
import { NOWHERE } from "./value-log.ts";
import type { Place } from "./value-log.ts";

/** What has the KeyValues of changes: the key space, or the rows that history was read from. */
export interface ChangeSource {
  /** Lent until the next await. Throws StorageError. */
  valueOf(change: Change): Uint8Array;
}

export class Change implements Readonly<Place> {
  readonly key: string;
  readonly main: number;
  readonly sub: number;
  readonly deleted: boolean;
  /** The change made the key: its event never carries a previous value. */
  readonly creates: boolean;
  readonly slab: number;
  readonly offset: number;
  readonly #source: ChangeSource;

  /** `place` says where `source` has the KeyValue, if it wants to know. */
  constructor(
    source: ChangeSource,
    fields: { key: string; main: number; sub: number; deleted: boolean; creates: boolean },
    place: Readonly<Place> = NO_PLACE,
  ) {
    this.key = fields.key;
    this.main = fields.main;
    this.sub = fields.sub;
    this.deleted = fields.deleted;
    this.creates = fields.creates;
    this.slab = place.slab;
    this.offset = place.offset;
    this.#source = source;
  }

  /**
   * The encoded KeyValue; of a deletion, the tombstone's. Only lent until the next await. Throws
   * StorageError, also when a compaction took the row meanwhile.
   */
  get value(): Uint8Array {
    return this.#source.valueOf(this);
  }
}

const NO_PLACE: Place = { slab: NOWHERE, offset: 0 };
