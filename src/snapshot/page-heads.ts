/** First keys of many pages, and the pages' ids, one behind the other: no object for each. */

/** Length of a key (2 bytes), page id (6 bytes). */
const HEAD_BYTES = 8;
const CAPACITY_FIRST = 4096;

export class PageHeads {
  #bytes: Buffer = Buffer.allocUnsafeSlow(CAPACITY_FIRST);
  #used = 0;
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** Takes a copy of the key. */
  add(key: Uint8Array, page: number): void {
    const needed = this.#used + HEAD_BYTES + key.length;
    if (needed > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2));
      larger.set(this.#bytes.subarray(0, this.#used));
      this.#bytes = larger;
    }
    this.#bytes.writeUInt16LE(key.length, this.#used);
    this.#bytes.writeUIntLE(page, this.#used + 2, 6);
    this.#bytes.set(key, this.#used + HEAD_BYTES);
    this.#used = needed;
    this.#count++;
  }

  /** In the order in which they were added; keys are parts of the memory in here. */
  *[Symbol.iterator](): Generator<{ readonly key: Buffer; readonly page: number }, void> {
    for (let position = 0; position < this.#used;) {
      const end = position + HEAD_BYTES + this.#bytes.readUInt16LE(position);
      const page = this.#bytes.readUIntLE(position + 2, 6);
      yield { key: this.#bytes.subarray(position + HEAD_BYTES, end), page };
      position = end;
    }
  }
}
