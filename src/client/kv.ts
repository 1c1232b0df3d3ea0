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
  PutOptions,
  PutResponse,
} from "./kv-messages.ts";
import type { Bytes } from "./key-range.ts";
import { Txn } from "./txn.ts";

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
