import type { Row, StorageError } from "./engine.ts";
import type { LevelIterator } from "./level-database.ts";

/**
 * Rows of LevelDB, page by page.
 *
 * A class and not a generator: return() before the first next() must close the iterator, too.
 */
export class LevelScan implements AsyncIterableIterator<Row[]> {
  readonly #iterator: LevelIterator;
  readonly #pageRows: number;
  readonly #readError: (cause: unknown) => StorageError;
  #done = false;

  constructor(
    iterator: LevelIterator,
    pageRows: number,
    readError: (cause: unknown) => StorageError,
  ) {
    this.#iterator = iterator;
    this.#pageRows = pageRows;
    this.#readError = readError;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Row[], undefined>> {
    if (this.#done) return { done: true, value: undefined };
    try {
      const value = await this.#iterator.nextv(this.#pageRows);
      if (value.length > 0) return { done: false, value };
    } catch (error) {
      await this.return();
      throw this.#readError(error);
    }
    return this.return();
  }

  async return(): Promise<IteratorReturnResult<undefined>> {
    this.#done = true;
    await this.#iterator.close();
    return { done: true, value: undefined };
  }
}
