/** The KV service: reading, writing, transactions, compaction. */
import type { Calls } from "./calls.ts";
import {
  deleteRequest,
  deleteResponse,
  getResponse,
  putRequest,
  putResponse,
  rangeRequest,
} from "./kv-messages.ts";
import type {
  DeleteOptions,
  DeleteResponse,
  GetOptions,
  GetResponse,
  Header,
  KeyValue,
  PutOptions,
  PutResponse,
} from "./kv-messages.ts";
import { keyRange } from "./key-range.ts";
import type { Bytes } from "./key-range.ts";
import { Txn } from "./txn.ts";

/** Keys that one call of {@link Kv.iterate} asks for. */
const PAGE_SIZE = 1000;

/** How to iterate. */
export interface IterateOptions extends Pick<GetOptions, "keysOnly" | "serializable"> {
  /** Read as of this revision; 0, the default, is the newest. */
  readonly revision?: number | undefined;
  /** Keys that are asked for at a time: 1 or more, default 1000. */
  readonly pageSize?: number | undefined;
}

/** What `client.kv` offers. Every call rejects with EtcdError when the server refuses it. */
export class Kv {
  readonly #calls: Calls;

  constructor(calls: Calls) {
    this.#calls = calls;
  }

  /** Reads a key, or with options a range of keys. A missing key is an empty answer. */
  async get(key: Bytes, options: GetOptions = {}): Promise<GetResponse> {
    return getResponse(await this.#calls.unary("range", rangeRequest(key, options)));
  }

  /**
   * Reads as {@link get} does, in pieces, all of one revision. Only the last piece has a header,
   * `count` and `more`. Sorting and revision bounds are refused by the server.
   */
  async *getStream(key: Bytes, options: GetOptions = {}): AsyncGenerator<GetResponse, void> {
    const stream = this.#calls.stream("rangeStream");
    stream.send(rangeRequest(key, options));
    stream.end();
    for await (const { rangeResponse } of stream) {
      if (rangeResponse !== undefined) {
        yield getResponse(rangeResponse);
      }
    }
  }

  /**
   * Reads every key that begins with a prefix, a page at a time, all of one revision. Rejects with
   * "compacted" when that revision is compacted away meanwhile.
   */
  async *iterate(prefix: Bytes, options: IterateOptions = {}): AsyncGenerator<KeyValue, void> {
    const { pageSize = PAGE_SIZE, ...rest } = options;
    if (!Number.isInteger(pageSize) || pageSize < 1) {
      throw new RangeError(`Cannot read pages: their size has to be 1 or more, and is ${pageSize}`);
    }
    let { key, rangeEnd } = keyRange(prefix, { prefix: true });
    let revision = options.revision ?? 0;
    for (;;) {
      const page = await this.get(key, { ...rest, rangeEnd, revision, limit: pageSize });
      yield* page.kvs;
      const last = page.kvs.at(-1);
      if (!page.more || last === undefined) return;
      // The first key after it.
      key = Buffer.concat([last.key, Buffer.of(0)]);
      if (revision === 0) revision = page.header?.revision ?? 0;
    }
  }

  async put(key: Bytes, value: Bytes, options: PutOptions = {}): Promise<PutResponse> {
    return putResponse(await this.#calls.unary("put", putRequest(key, value, options)));
  }

  /** Deletes a key, or with options a range of keys, all at one revision. */
  async delete(key: Bytes, options: DeleteOptions = {}): Promise<DeleteResponse> {
    return deleteResponse(await this.#calls.unary("deleteRange", deleteRequest(key, options)));
  }

  /** Begins a transaction; nothing is sent before its commit(). */
  txn(): Txn {
    return new Txn(this.#calls);
  }

  /** Forgets what was before a revision. `physical` waits until it is gone from the disk too. */
  async compact(revision: number, options: { readonly physical?: boolean } = {}): Promise<Header> {
    const physical = options.physical ?? false;
    return (await this.#calls.unary("compact", { revision, physical })).header;
  }
}
