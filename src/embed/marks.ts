/** Marks of one server: what it had in it at moments that somebody may want to go back to. */
import { keyValue } from "../client/index.ts";
import type { KeyValue } from "../client/index.ts";
import { contentDifference } from "../mvcc/index.ts";
import type { Mark as StoreMark } from "../mvcc/index.ts";
import type { Server } from "../server/index.ts";
import { messages } from "../wire/index.ts";

/** Marks that one server has at a time: a test suite forgets to release some, not this many. */
export const MARKS_MAX = 1000;

/**
 * What a server had in it at one moment: keys, values, leases. Users and roles are no part of it, and
 * stay as they are at a reset; a fork has them, and asks who calls as its origin does. It keeps in memory, or on disk, what
 * was overwritten since, until it is released or its server is stopped.
 */
export interface Mark {
  /** The server's revision at that moment. */
  readonly revision: number;
  /** Gives up what is kept for it. May be called more than once. */
  release(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** A key that was made, changed or deleted between two moments; with another lease, too. */
export interface ContentChange {
  readonly key: Buffer;
  /** Undefined where the key did not exist. */
  readonly before: KeyValue | undefined;
  readonly after: KeyValue | undefined;
}

export class Marks {
  readonly #server: Server;
  readonly #held = new Map<Mark, StoreMark>();
  /** Those that wait for writes under way. */
  #takingCount = 0;

  constructor(server: Server) {
    this.#server = server;
  }

  /** Throws Error at {@link MARKS_MAX}, EtcdError when the server is stopped or cannot write. */
  async take(): Promise<Mark> {
    if (this.#held.size + this.#takingCount >= MARKS_MAX) {
      throw new Error(`Cannot take a mark: ${String(MARKS_MAX)} are held already`);
    }
    this.#takingCount++;
    const storeMark = await this.#server.mark().finally(() => this.#takingCount--);
    const release = async (): Promise<void> => {
      if (this.#held.delete(mark)) await storeMark.release();
    };
    const mark: Mark = {
      revision: storeMark.revision,
      release,
      [Symbol.asyncDispose]: release,
    };
    this.#held.set(mark, storeMark);
    return mark;
  }

  async reset(mark: Mark): Promise<number> {
    const storeMark = this.of(mark).retain();
    try {
      return await this.#server.reset(storeMark);
    } finally {
      await storeMark.release();
    }
  }

  /** What was changed between two marks, in order of the keys. */
  difference(from: Mark, to: Mark): ContentChange[] {
    return contentDifference(this.of(from), this.of(to)).map(({ key, one, other }) => ({
      key: Buffer.from(key, "latin1"),
      before: one && keyValue(messages.decodeKeyValue(one)),
      after: other && keyValue(messages.decodeKeyValue(other)),
    }));
  }

  /** Throws Error for a mark that is released, or another server's. */
  of(mark: Mark): StoreMark {
    const storeMark = this.#held.get(mark);
    if (storeMark !== undefined) return storeMark;
    throw new Error("Cannot use this mark: it is released, or of another server");
  }

  async releaseAll(): Promise<void> {
    await Promise.all([...this.#held.keys()].map((mark) => mark.release()));
  }
}
