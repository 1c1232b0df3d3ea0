/**
 * One change of one key, as watchers see it. The bytes of its event are made once, when the first
 * watcher asks, and shared by all.
 */
import { encodeEvent } from "../wire/index.ts";

/** What the key was just before the revision of a change. */
export interface Before {
  readonly main: number;
  readonly sub: number;
  /** Undefined when only the disk has it. */
  readonly value: Uint8Array | undefined;
}

export class Change {
  readonly key: string;
  readonly main: number;
  readonly sub: number;
  readonly deleted: boolean;
  /** The change made the key: its event never carries a previous value. */
  readonly creates: boolean;
  /** The encoded KeyValue; of a deletion, the tombstone's. */
  readonly value: Uint8Array;
  /** The key at the revision before; undefined when it did not exist, or history has forgotten. */
  readonly before: Before | undefined;
  #event: Uint8Array | undefined = undefined;
  #eventWithPrevious: Uint8Array | undefined = undefined;

  constructor(fields: {
    key: string;
    main: number;
    sub: number;
    deleted: boolean;
    creates: boolean;
    value: Uint8Array;
    before: Before | undefined;
  }) {
    this.key = fields.key;
    this.main = fields.main;
    this.sub = fields.sub;
    this.deleted = fields.deleted;
    this.creates = fields.creates;
    this.value = fields.value;
    this.before = fields.before;
  }

  /** The mvccpb.Event. */
  event(): Uint8Array {
    return (this.#event ??= encodeEvent(this, undefined));
  }

  /**
   * The mvccpb.Event with `prev_kv`, where there is one. `read` fetches a previous value that
   * memory no longer has, or answers undefined when it is gone.
   */
  eventWithPrevious(read: (main: number, sub: number) => Uint8Array | undefined): Uint8Array {
    if (this.before === undefined || this.creates) return this.event();
    if (this.#eventWithPrevious !== undefined) return this.#eventWithPrevious;
    const previous = this.before.value ?? read(this.before.main, this.before.sub);
    if (previous === undefined) return this.event();
    return (this.#eventWithPrevious = encodeEvent(this, previous));
  }
}
