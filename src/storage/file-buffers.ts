/**
 * Memory for files that are read whole, one after the other: a store has hundreds, and buffers of
 * their size, left to the collector, make it run again and again.
 */

import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";

/** Buffers that are kept for the next file. */
const SPARE_MAX = 4;

export class FileBuffers {
  readonly #spare: Buffer[] = [];

  /** The contents of a file; {@link giveBack} them when done. Rejects as the file system does. */
  async readFile(path: string): Promise<Buffer> {
    const file = await open(path);
    try {
      const { size } = await file.stat();
      return await this.read(file, size);
    } finally {
      await file.close();
    }
  }

  /** The first bytes of a file, fewer when it ends before. */
  async read(file: FileHandle, byteCount: number): Promise<Buffer> {
    const contents = this.#take(byteCount);
    let filled = 0;
    while (filled < byteCount) {
      const { bytesRead } = await file.read(contents, filled, byteCount - filled, filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return contents.subarray(0, filled);
  }

  /** Nobody looks at these contents any more. */
  giveBack(contents: Buffer): void {
    if (this.#spare.length < SPARE_MAX) this.#spare.push(Buffer.from(contents.buffer));
  }

  #take(byteCount: number): Buffer {
    const index = this.#spare.findIndex(({ length }) => length >= byteCount);
    const [spare] = index < 0 ? [] : this.#spare.splice(index, 1);
    // When none is large enough, one of those that are too small makes room.
    if (spare === undefined) this.#spare.shift();
    return spare ?? Buffer.allocUnsafeSlow(byteCount);
  }
}
